"""Where write requests of the fake books are carried out: entries, remembered keys, late commits."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from shared.domain.effects import Clock
from shared.domain.ids import RecordKind, RequestKey, SourceId
from shared.domain.outcomes import (
    Answered,
    CallOutcome,
    CallRejected,
    Done,
    EntryBusy,
    EntryOutcome,
    EntryUnknown,
)
from shared.domain.runs import Problem
from shared.providers.base import WriteRequest
from tests.support.fake_faults import REJECTION
from tests.support.fake_shelf import Shelf

COLLISION = Problem("6000", "Another write of the list was running.", "Nothing to do.")
NOWHERE: frozenset[int] = frozenset()


class Keys(Enum):
    """What the books do with a request key they have seen."""

    HONOURED = auto()
    FORGOTTEN = auto()


@dataclass(frozen=True, slots=True)
class _Remembered:
    outcome: EntryOutcome
    at: datetime


class RequestDesk:
    """Carries requests out at once; what takes time or fails on the way is `FakeBooks`' part.

    A key is remembered per entry, as QuickBooks does it: request key and entry label together.
    """

    def __init__(
        self,
        shelves: Mapping[RecordKind, Shelf],
        clock: Clock,
        *,
        keys: Keys,
        keys_for: timedelta | None,
        remembers_refusals: bool,
        malformed: Callable[[Any], bool],
    ) -> None:
        self._shelves = shelves
        self._clock = clock
        self._keys, self._keys_for = keys, keys_for
        self._remembers_refusals = remembers_refusals
        self.malformed = malformed
        self._remembered: dict[tuple[RequestKey, str], _Remembered] = {}
        self._bodies: dict[RequestKey, bytes] = {}
        self._late: list[tuple[datetime, int, WriteRequest, int | None]] = []
        self._late_count = 0
        self.key_misuses: list[RequestKey] = []
        """Request keys that came again with other bytes: never right."""

    @property
    def late_until(self) -> datetime | None:
        return max((due for due, *_ in self._late), default=None)

    def late_at(self, due: datetime, request: WriteRequest, first: int | None) -> None:
        """Carry the request (or its first entries) out at that instant."""
        self._late_count += 1
        heapq.heappush(self._late, (due, self._late_count, request, first))

    def catch_up(self) -> None:
        """Carry out what was late and is due by now."""
        while self._late and self._late[0][0] <= self._clock.now():
            due, _, request, first = heapq.heappop(self._late)
            count = len(request.entries)
            skipped = range(count if first is None else first, count)
            self.execute(request, skipped=frozenset(skipped), at=due)

    def execute(
        self,
        request: WriteRequest,
        *,
        busy: frozenset[int] = NOWHERE,
        missing: frozenset[int] = NOWHERE,
        skipped: frozenset[int] = NOWHERE,
        at: datetime | None = None,
    ) -> CallOutcome:
        """Entries at these places are refused as busy, left out of the answer, or not even looked at."""
        if self._bodies.setdefault(request.request_key, request.body) != request.body:
            self.key_misuses.append(request.request_key)
        entries = json.loads(request.body)
        shelf = self._shelves[request.kind]
        if any(self.malformed(shelf.shape.fields_of(entry["fields"])) for entry in entries):
            return CallRejected(REJECTION)
        outcomes: dict[SourceId, EntryOutcome] = {}
        for place, (label, source_id) in enumerate(request.entries):
            outcomes[source_id] = EntryUnknown("no answer for this entry")
            if place not in skipped:
                refusal = EntryBusy(COLLISION) if place in busy else None
                key = (request.request_key, label)
                outcome = self._execute_entry(shelf, key, entries[place], refusal, at)
                if place not in missing:
                    outcomes[source_id] = outcome
        return Answered(outcomes)

    def _execute_entry(
        self,
        shelf: Shelf,
        key: tuple[RequestKey, str],
        entry: Mapping[str, Any],
        busy: EntryBusy | None,
        at: datetime | None,
    ) -> EntryOutcome:
        now = at or self._clock.now()
        known = self._remembered.get(key)
        if known is not None and self._honours(known, now):
            return known.outcome
        outcome = busy or shelf.write(entry, now, key[0], late=at is not None)
        if isinstance(outcome, Done) or self._remembers_refusals:
            self._remembered[key] = _Remembered(outcome, now)
        return outcome

    def _honours(self, known: _Remembered, now: datetime) -> bool:
        if self._keys is Keys.FORGOTTEN:
            return False
        return self._keys_for is None or now - known.at <= self._keys_for
