"""What the present work was caused by: one id from the API call to rows, logs and later steps.

Set where work comes in (an HTTP request, an invocation) and read where rows are written, so that it
need not be handed through every call in between. Each thread and request has its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from shared.domain.ids import CorrelationId

_CURRENT: Final[ContextVar[CorrelationId]] = ContextVar("correlation_id")
_NOBODY: Final = CorrelationId("")


def current() -> CorrelationId:
    """Empty where nothing was set."""
    return _CURRENT.get(_NOBODY)


@contextmanager
def caused_by(correlation_id: str) -> Iterator[None]:
    token = _CURRENT.set(CorrelationId(correlation_id))
    try:
        yield
    finally:
        _CURRENT.reset(token)
