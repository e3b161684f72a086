"""What the outcomes of calls teach about the pace: pure rules over the shared budget.

- A 429 makes the connection `documented` for 24 hours; while it is so already, everything pauses.
- Several calls meet one limit together. Those that were out when it was met are *excused*: their
  answers, good or bad, say nothing new.
- A collision in a name list makes its kind go one call at a time for 24 hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.domain.outcomes import (
    Answered,
    CallOutcome,
    CallRejected,
    EntryBusy,
    NoTrustworthyAnswer,
    Throttled,
)
from shared.providers.base import CallClass, Limits
from shared.providers.budget import Budget

REMEMBERED: Final = 24 * 3600 * 1000
MOST_PAUSES: Final = 3
"""Pauses in a row that did not help, after which a person is told (quickbooks.md section 3)."""

_SHORTEST_REST: Final = 1.0
_LONGEST_REST: Final = 3600.0


@dataclass(slots=True)
class CallsOut:
    """Calls let go and not noted yet. `storm`: the 429 last known, by `Budget.throttled_at`."""

    out: int = 0
    excused: int = 0
    storm: int = 0

    def heard_of(self, throttled_at: int) -> None:
        """Somebody met the limit: what is out now was sent before we could know."""
        if throttled_at != self.storm:
            self.storm = throttled_at
            self.excused = self.out


class Ramp:
    """Calls in flight grow by steps: one full round of each, the last one for the rest."""

    def __init__(self, steps: tuple[int, ...]) -> None:
        self._steps = steps
        self._step = 0
        self._started = 0
        self._good = 0

    @property
    def limit(self) -> int:
        return self._steps[self._step]

    @property
    def full(self) -> bool:
        """Whether this round has all its calls, so that the next one waits for their answers."""
        return not self._last and self._started >= self.limit

    @property
    def _last(self) -> bool:
        return self._step == len(self._steps) - 1

    def started(self) -> None:
        self._started += 1

    def noted(self, outcome: CallOutcome) -> None:
        if self._last:
            return
        if isinstance(outcome, Throttled | NoTrustworthyAnswer):
            self._started = max(self._good, self._started - 1)  # its place is taken again
        else:
            self._good += 1
        if self._good >= self.limit:
            self._step += 1
            self._started = self._good = 0


def side(call_class: CallClass) -> str:
    """Reads and writes are capped apart: a monthly cap refuses reads only (quickbooks.md section 3)."""
    return "reads" if call_class is CallClass.READ else "writes"


def teaches(outcome: CallOutcome, call_class: CallClass, budget: Budget) -> bool:
    """Whether the shared budget may have to change."""
    return (
        isinstance(outcome, Throttled)
        or _collided(outcome)
        or budget.pauses.get(side(call_class), 0) > 0
    )


def absorb(
    budget: Budget,
    calls: CallsOut,
    outcome: CallOutcome,
    call_class: CallClass,
    *,
    kind: str,
    documented: bool,
    limits: Limits,
    now: int,
) -> bool:
    """Take one outcome into `budget` and `calls`; answers whether the budget changed.

    `documented`: whether the mode is so by choice; by experience is for the budget to know.
    """
    excused = calls.excused > 0
    calls.out = max(0, calls.out - 1)
    calls.excused = max(0, calls.excused - 1)
    changed = False
    if isinstance(outcome, Throttled) and not excused:
        known = documented or budget.documented_until > now
        _meet_limit(budget, side(call_class), outcome.after, limits, now, known=known)
        calls.storm, calls.excused = now, calls.out
        changed = True
    if isinstance(outcome, Answered | CallRejected) and not excused:
        changed = budget.pauses.pop(side(call_class), 0) > 0
    if _collided(outcome):
        budget.serial_until[kind] = now + REMEMBERED
        changed = True
    return changed


def _meet_limit(
    budget: Budget, who: str, after: float | None, limits: Limits, now: int, *, known: bool
) -> None:
    rest = after or 0.0
    if known:
        before = budget.pauses.get(who, 0)
        if after is None or before > 0:
            rest = max(rest, limits.throttle_pause)
        budget.pauses[who] = before + 1
    rest = min(max(rest, _SHORTEST_REST), _LONGEST_REST)
    budget.pause_until = max(budget.pause_until, now + int(rest * 1000))
    budget.documented_until = now + REMEMBERED
    budget.throttled_at = now


def _collided(outcome: CallOutcome) -> bool:
    return isinstance(outcome, Answered) and any(
        isinstance(entry, EntryBusy) for entry in outcome.entries.values()
    )
