"""Each HTTP call to a provider is logged and counted: where to, what came of it, and what caused it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from shared import correlation
from shared.domain.effects import Clock, Metrics
from shared.domain.metrics import Metric
from shared.providers.http import HttpAnswer, HttpFailure, HttpRequest, Transport

if TYPE_CHECKING:
    from aws_lambda_powertools.logging import Logger

_REFRESH: Final = b"grant_type=refresh_token"
"""RFC 6749, section 6: the same with every provider."""


class ObservedTransport:
    """Another transport, with its calls logged and measured.

    Logged are method, host and path; never the query (it holds names to look for), headers or bodies.
    """

    def __init__(
        self, transport: Transport, logger: Logger, metrics: Metrics, clock: Clock
    ) -> None:
        self._transport = transport
        self._logger = logger
        self._metrics = metrics
        self._clock = clock

    def exchange(self, request: HttpRequest) -> HttpAnswer | HttpFailure:
        """See the port."""
        began = self._clock.now()
        answer = self._transport.exchange(request)
        status = answer.status if isinstance(answer, HttpAnswer) else None
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            self._metrics.add(Metric.THROTTLED)
        if _REFRESH in request.body and status != HTTPStatus.OK:
            self._metrics.add(Metric.REFRESH_FAILURES)
        address = urlsplit(request.url)
        self._logger.info(
            "called",
            extra={
                "method": request.method,
                "host": address.hostname,
                "path": address.path,
                "status": status,
                "seconds": round((self._clock.now() - began).total_seconds(), 3),
                "correlation_id": correlation.current(),
            },
        )
        return answer
