"""Around every request: a correlation id, one log line, safe headers, and a last resort for errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request

from shared.correlation import caused_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.logging import Logger
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from shared.domain.effects import Clock, Ids

CORRELATION_HEADER: Final = "X-Correlation-Id"
_GIVEN_ID: Final = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)
_ALWAYS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Envelope:
    """ASGI middleware. The id comes from the caller's header where it is one, else it is new.

    The log line names the route's template, never the path or query, which hold ids and codes.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        clock: Clock,
        ids: Ids,
        logger: Logger,
        answer_unexpected: Callable[[Request], Response],
    ) -> None:
        self._app = app
        self._clock = clock
        self._ids = ids
        self._logger = logger
        self._answer_unexpected = answer_unexpected

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = self._clock.now()
        given = Headers(scope=scope).get(CORRELATION_HEADER, "")
        correlation_id = given if _GIVEN_ID.fullmatch(given) else self._ids.new()
        scope.setdefault("state", {})["correlation_id"] = correlation_id
        self._logger.thread_safe_append_keys(correlation_id=correlation_id)
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[CORRELATION_HEADER] = correlation_id
                for name, value in _ALWAYS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            with caused_by(correlation_id):
                await self._app(scope, receive, send_with_headers)
        except Exception:  # whatever it is: the caller gets a problem, the log its place
            self._logger.exception("unexpected error")
            if not status:
                answer = self._answer_unexpected(Request(scope))
                await answer(scope, receive, send_with_headers)
        finally:
            taken = self._clock.now() - began
            self._logger.info(
                "request",
                method=scope["method"],
                route=_route_of(scope),
                status=status,
                milliseconds=round(taken.total_seconds() * 1000),
                **scope["state"].get("log", {}),
            )
            self._logger.thread_safe_clear_keys()


def correlation_of(request: Request) -> str:
    return str(request.state.correlation_id)


def add_to_log(request: Request, **keys: Any) -> None:  # noqa: ANN401 - what the line may hold
    """Put keys on the request's one log line: ids and codes only."""
    request.scope["state"].setdefault("log", {}).update(keys)


def _route_of(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", "(none)"))
