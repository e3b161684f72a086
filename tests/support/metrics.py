"""Metrics and announcements that a test sees."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from shared.domain.metrics import Metric
from shared.domain.notifications import Notification


class RecordingMetrics:
    """The `Metrics` port: keeps the sum of each."""

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter()

    def add(self, metric: Metric, value: float = 1) -> None:
        self.totals[metric.value] += value  # type: ignore[assignment]  # a Counter adds floats as well

    def flush(self) -> None:
        """Keeps them."""


@dataclass(slots=True)
class RecordingAnnouncer:
    """The `Announcer` port."""

    announced: list[Notification] = field(default_factory=list)

    def announce(self, notification: Notification) -> None:
        self.announced.append(notification)
