"""One log line per invocation: what ran, for which run, how it ended, how long it took."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from shared.correlation import caused_by
from shared.domain.effects import Clock, Metrics


class Context(Protocol):
    """What Lambda passes as context, as far as we use it."""

    def get_remaining_time_in_millis(self) -> int: ...


@contextmanager
def invocation(
    service: str,
    clock: Clock,
    correlation_id: str = "",
    *,
    metrics: Metrics | None = None,
    **about: str,
) -> Iterator[dict[str, Any]]:
    """Log once at the end; what is put into the yielded dict is logged with it.

    `correlation_id` is what caused this invocation; rows written meanwhile carry it too. What was
    added to `metrics` meanwhile is written out.

    A crash is logged with its class and places and raised on.
    """
    from shared.observability import make_logger  # noqa: PLC0415 - not needed to import a handler

    logger = make_logger(service)
    log: dict[str, Any] = {}
    began = clock.now()
    about["correlation_id"] = correlation_id
    try:
        with caused_by(correlation_id):
            yield log
    except Exception:
        logger.exception("crashed", extra={**about, **log})
        raise
    finally:
        if metrics is not None:
            metrics.flush()
    seconds = (clock.now() - began).total_seconds()
    logger.info("ended", extra={**about, **log, "seconds": round(seconds, 3)})
