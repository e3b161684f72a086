"""Structured logs: JSON lines with a correlation id, from which secrets and values are kept out.

A log line carries codes, ids, counts and durations. Bodies, names of customers, tokens and query
strings are never given to the logger; the formatter here is the second line of defence.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import IO, Any, Final

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.logging.types import LogRecord

from shared.config import ConfigurationError
from shared.domain.errors import SyncError

REDACTED: Final = "<redacted>"

_SECRET_FIELDS: Final = re.compile(
    r"(?i)token|secret|password|authorization|cookie|verifier|sealed|^(code|state|key)$"
)
_SECRET_TEXTS: Final = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"',]+"), r"\1 " + REDACTED),
    (
        re.compile(
            r"(?i)([\"']?\b(?:\w*token|\w*secret|password|code|state|assertion)[\"']?\s*[=:]\s*[\"']?)"
            r"[^\s\"'&,;}]+"
        ),
        r"\1" + REDACTED,
    ),
    (re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]*)*"), REDACTED),
    (re.compile(r"[A-Za-z0-9_+=-]{40,}"), REDACTED),
)
"""Authorization headers, parameters and fields by name, JWTs, and any long opaque run of characters.

Our own ids have 32 characters and stay.
"""

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def make_logger(service: str, stream: IO[str] | None = None) -> Logger:
    """The logger of one function; the same service gives the same output. Standard output by default."""
    formatter = RedactingFormatter(utc=True, use_rfc3339=True)
    return Logger(service=service, stream=stream, logger_formatter=formatter)


class RedactingFormatter(LambdaPowertoolsFormatter):
    """Powertools' JSON lines, redacted; an exception becomes its class and places, not its text."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - handed through as Powertools has them
        super().__init__(serialize_stacktrace=False, **options)

    def serialize(self, log: LogRecord) -> str:
        shown = redacted(log)
        if isinstance(shown, dict):
            shown.pop("exception_notes", None)
        return super().serialize(shown)

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802 - logging's own name
        return "\n".join(described(ei[1])) if ei[1] is not None else ""


def described(error: BaseException) -> list[str]:
    """Class and places of an error and of what caused it, outermost first.

    The text is left out, because others' errors quote what they were given; ours say nothing secret.
    """
    lines = []
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        text = (
            f": {redacted(str(link))}" if isinstance(link, SyncError | ConfigurationError) else ""
        )
        lines.append(f"{type(link).__module__}.{type(link).__qualname__}{text}")
        lines.extend(
            f"  {frame.f_code.co_filename}:{line} {frame.f_code.co_qualname}"
            for frame, line in traceback.walk_tb(link.__traceback__)
        )
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return lines


def redacted(value: Any) -> Any:  # noqa: ANN401 - whatever a log line may hold
    """The same shape with secrets replaced."""
    if isinstance(value, str):
        for pattern, replacement in _SECRET_TEXTS:
            value = pattern.sub(replacement, value)
        return value
    if isinstance(value, Mapping):
        return {
            name: REDACTED
            if _SECRET_FIELDS.search(str(name)) and not isinstance(inner, int | float | None)
            else redacted(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted(inner) for inner in value]
    return value
