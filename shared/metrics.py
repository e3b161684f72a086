"""Metrics as EMF log lines (Powertools), one per invocation that measured anything."""

from __future__ import annotations

from collections import deque

from shared.domain.metrics import NAMESPACE, Metric


class EmfMetrics:
    """The `Metrics` port; `flush` writes what was added up since the last one.

    The dimension `service` is the stack's name (POWERTOOLS_SERVICE_NAME), so that two stacks of an
    account are told apart.
    """

    def __init__(self) -> None:
        self._added: deque[tuple[Metric, float]] = deque()  # appending is atomic

    def add(self, metric: Metric, value: float = 1) -> None:
        self._added.append((metric, value))

    def flush(self) -> None:
        if not self._added:
            return
        # Powertools' metrics are imported by the first invocation that has any.
        from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit  # noqa: PLC0415

        totals: dict[Metric, float] = {}
        while self._added:
            metric, value = self._added.popleft()
            totals[metric] = totals.get(metric, 0) + value
        emf = EphemeralMetrics(namespace=NAMESPACE)
        for metric, total in totals.items():
            seconds = metric is Metric.OLDEST_UNSYNCED_SECONDS
            emf.add_metric(metric, MetricUnit.Seconds if seconds else MetricUnit.Count, total)
        emf.flush_metrics()
