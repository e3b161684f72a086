"""A remote list as a job: who fetches it, how far it is, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.errors import SyncError
from shared.domain.ids import CorrelationId, LinkScope
from shared.domain.runs import Problem

FRESH: Final = timedelta(seconds=60)
"""How long after the provider's last answer a list is shown without asking again."""

PAGES_KEPT: Final = timedelta(hours=2)
"""How long its pages can be read: whoever pages through Review & Import, or imports, goes on with them."""

FAILURE_SHOWN: Final = timedelta(seconds=10)
"""How long a failure is the answer before asking again begins anew."""


class ListingState(StrEnum):
    LISTING = "listing"
    MATCHING = "matching"
    """Every row is here; what of ours each may be is being looked for."""
    READY = "ready"
    FAILED = "failed"
    NEEDS_REAUTH = "needs_reauth"

    @property
    def active(self) -> bool:
        return self in (ListingState.LISTING, ListingState.MATCHING)

    @property
    def listed(self) -> bool:
        """Whether every row is here."""
        return self in (ListingState.MATCHING, ListingState.READY)


@dataclass(frozen=True, slots=True)
class Listing:
    """One per scope: the list that is there, or is being fetched. `version` is for compare-and-set.

    `listing_id` names its pages; `stored_by` says of each that counts which attempt stored it, so that what
    a worker stores that was taken over and does not know it yet stands apart. `cursor` is the provider's
    place of the next page. `attempt` grows with whoever is to work at it, `claimed` is the last one who
    does: a message that comes twice finds both equal. `rows` are the records listed so far, `rows_before`
    those of the list before this one. `doubt` says why the list is not to be believed (it came back empty,
    or cut off). `listed_at` is when the provider's last answer was asked for.
    """

    scope: LinkScope
    listing_id: str
    state: ListingState
    started_at: datetime
    heartbeat_at: datetime
    attempt: int = 1
    claimed: int = 0
    stored_by: tuple[int, ...] = ()
    cursor: str | None = None
    rows: int = 0
    rows_before: int = 0
    listed_at: datetime | None = None
    doubt: Problem | None = None
    problem: Problem | None = None
    correlation_id: CorrelationId = CorrelationId("")
    version: int = 1

    @property
    def pages(self) -> int:
        return len(self.stored_by)

    def is_fresh(self, now: datetime) -> bool:
        return self.listed_at is not None and self.state.listed and now < self.listed_at + FRESH

    def can_be_read(self, now: datetime) -> bool:
        """Whether its pages are still there."""
        return self.state.listed and now < self.started_at + PAGES_KEPT


class NotListed(SyncError):
    """The books could not be listed; `problem` says it in the words of whoever asked."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem
