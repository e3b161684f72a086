"""How a worker's slice of a run ended, in the words the state machine chooses by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.domain.errors import ProviderUnavailable, RetryLater
from shared.domain.runs import Problem


class SliceEnd(StrEnum):
    """What is to be done next."""

    PLANNED = "planned"
    DONE = "done"
    MORE = "more"
    REJECTED = "rejected"
    """Batches were refused as a whole: the fallback pushes their entries one at a time."""
    WAIT = "wait"
    """The provider (or our storage) gives no answer: again after a pause."""
    NEEDS_REAUTH = "needs_reauth"
    STOPPED = "stopped"
    LOST = "lost"
    """Another worker holds the run, or it has ended: write nothing more."""


@dataclass(frozen=True, slots=True)
class SliceResult:
    """`problem` with STOPPED; `wait_seconds` with WAIT where the provider named it, `silent` where it is
    the provider that gives no answer (and not our own storage, or a limit that is waited for).

    `moved`: records found their end in this slice, so waiting for the provider begins anew.
    """

    end: SliceEnd
    problem: Problem | None = None
    wait_seconds: float = 0.0
    moved: bool = False
    silent: bool = False

    @classmethod
    def waiting(cls, later: RetryLater) -> SliceResult:
        """What is to be done after this."""
        silent = isinstance(later, ProviderUnavailable)
        return cls(SliceEnd.WAIT, wait_seconds=later.after, silent=silent)


class SliceOver(Exception):
    """Raised inside a slice to end it; never leaves `perform`."""

    def __init__(self, end: SliceEnd, problem: Problem | None = None) -> None:
        super().__init__(end)
        self.result = SliceResult(end, problem, silent=end is SliceEnd.WAIT)
