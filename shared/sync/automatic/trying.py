"""How often, and how long apart, what was refused for a passing cause is tried again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from shared.domain.due import DueRow
from shared.sync.services import Services

MOST_TRIES: Final = 8
FIRST_DELAY: Final = timedelta(seconds=5)
LONGEST_DELAY: Final = timedelta(minutes=15)


def later(services: Services, row: DueRow) -> DueRow:
    """The row as it is put off: each time twice as long, give or take a half."""
    delay = min(LONGEST_DELAY, FIRST_DELAY * 2**row.tries) * (0.5 + services.chance.fraction())
    at = services.clock.now() + delay
    return replace(row, not_before=at, tries=row.tries + 1, waits_for="", late_check=False)
