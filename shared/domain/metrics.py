"""What is measured: the names that alarms and the dashboard of template.yaml use."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

NAMESPACE: Final = "BlueClerk/AccountingSync"


class Metric(StrEnum):
    """Counts, but for the seconds."""

    OLDEST_UNSYNCED_SECONDS = "OldestUnsyncedSeconds"
    DUE_ROWS = "DueRows"
    CIRCUITS_OPEN = "CircuitsOpen"
    DEAD_LETTERS = "DeadLetters"
    RECORDS_SYNCED = "RecordsSynced"
    RECORDS_FAILED = "RecordsFailed"
    THROTTLED = "Throttled"
    REFRESH_FAILURES = "RefreshFailures"


class Unmeasured:
    """The `Metrics` port of whoever does not measure."""

    def add(self, metric: Metric, value: float = 1) -> None:
        """Drops it."""

    def flush(self) -> None:
        """Has nothing."""
