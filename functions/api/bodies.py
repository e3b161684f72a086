"""Request bodies: bounded, of the right type, and JSON read exactly. What is not is refused first."""

from __future__ import annotations

import re
from email.message import Message
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request

from shared.domain.errors import RequestInvalid, TooLarge
from shared.domain.runs import Problem
from shared.sync.strict_json import NotJson, parse_json

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_BODY: Final = 4_718_592
"""4.5 MiB: with base64 and the event around it still below the 6 MB that invoke a function."""

MAX_IMPORT: Final = 4_194_304
"""4 MiB; larger files need an upload address."""

_MIB: Final = 1_048_576
_JSON: Final = re.compile(r"application/(json|[^/]+\+json)")


class UnsupportedMediaType(RequestInvalid):
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class JsonRequest(Request):
    """A request whose body was read already, as JSON with every number a Decimal."""

    def __init__(self, request: Request, raw: bytes, parsed: Any) -> None:  # noqa: ANN401 - any JSON
        super().__init__(request.scope, request.receive)
        self._raw = raw
        self._parsed = parsed

    async def body(self) -> bytes:
        return self._raw

    async def json(self) -> Any:  # noqa: ANN401 - as Starlette has it
        return self._parsed


async def with_json(request: Request) -> Request:
    """The request with its JSON body read; FastAPI asks for the JSON only where there is a body.

    Raises `TooLarge`, `UnsupportedMediaType`, or `RequestInvalid` (MALFORMED_JSON, WRONG_TYPE).
    """
    body = await bounded_body(request, MAX_BODY)
    if not body:
        return JsonRequest(request, body, None)
    media_type = media_type_of(request)
    if not _JSON.fullmatch(media_type):
        raise unsupported(["application/json"])
    try:
        parsed = parse_json(body)
    except NotJson as fault:
        raise RequestInvalid(
            Problem(
                "MALFORMED_JSON", f"The body is not JSON: {fault}.", "Correct it and send it again."
            )
        ) from None
    if not isinstance(parsed, dict):
        raise RequestInvalid(
            Problem("WRONG_TYPE", "The body must be a JSON object.", "Send a JSON object.")
        )
    return JsonRequest(request, body, parsed)


async def bounded_body(request: Request, limit: int) -> bytes:
    """The whole body. Raises `TooLarge` as soon as it is known to be larger than `limit` bytes."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise _too_large(limit)
    parts = []
    received = 0
    async for part in request.stream():
        received += len(part)
        if received > limit:
            raise _too_large(limit)
        parts.append(part)
    return b"".join(parts)


def media_type_of(request: Request) -> str:
    header = Message()
    header["content-type"] = request.headers.get("content-type", "none/none")
    return header.get_content_type()


def unsupported(accepted: Iterable[str]) -> UnsupportedMediaType:
    return UnsupportedMediaType(
        Problem(
            "UNSUPPORTED_MEDIA_TYPE",
            "The body is of a type that this address does not read.",
            f"Send it with Content-Type {' or '.join(accepted)}.",
        )
    )


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        Problem(
            "BODY_TOO_LARGE",
            f"The body is larger than {limit / _MIB:g} MB.",
            "Send less at once.",
        )
    )
