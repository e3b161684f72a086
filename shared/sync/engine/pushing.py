"""Push the stored chunks of a run for one budget slice: batches in flight, saved as they arrive.

Everything but the sending itself happens on one thread. What a batch's failure means is decided in
`_settle_one`; DESIGN's table "When a batch fails as a whole" is the text it follows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.domain.connections import Connection
from shared.domain.ids import SourceId
from shared.domain.outcomes import (
    Answered,
    CallOutcome,
    CallRejected,
    CallStopped,
    Done,
    EntryBusy,
    EntryOutcome,
    EntryRefused,
    EntryUnknown,
    GrantDead,
    NoTrustworthyAnswer,
    Throttled,
)
from shared.domain.runs import Chunk, ChunkState, Problem, RunCounts
from shared.providers.base import CallClass
from shared.sync.engine.mending import Doubt, Mender, doubt_of, if_current_of
from shared.sync.engine.preparing import Preparer, stored_chunks
from shared.sync.engine.progress import Progress
from shared.sync.engine.settling import PreparedChunk, PreparedEntry, Settler, finished
from shared.sync.engine.slices import SliceEnd, SliceOver, SliceResult
from shared.sync.engine.terms import scope_of
from shared.sync.engine.urgent import UrgentRows
from shared.sync.services import Books, Services

BUSY_TRIES = 3
BUSY_PAUSE = 1.0
ANSWER_TRIES = 2
"""The request and, where the provider honours its key, its identical repeat; then read back."""
SILENT_CALLS = 6
"""Calls in a row without a trustworthy answer: the provider is down, stop and wait."""
MEND_TOGETHER = 20
"""Chunks that wait to be read back, at which that is done before more are sent."""
MENDING_SHARE = 0.25
"""Of a slice: its last part, in which every such chunk is read back at once. What still waits when the
slice is over is sent again by the next one; so for ever, were there more than a slice can send.
"""


class _MendNow(Exception):
    """Ends a map to read back what waits for it; no end of the slice."""


@dataclass(slots=True)
class _Trouble:
    prepared: PreparedChunk
    left: tuple[PreparedEntry, ...]
    doubts: Mapping[SourceId, Doubt]
    if_current: Mapping[SourceId, Problem] = field(default_factory=dict)


class PushSlice:
    """One worker's share of a run, until `until`. Every save is fenced by the run's epoch."""

    def __init__(
        self,
        services: Services,
        connection: Connection,
        books: Books,
        progress: Progress,
        until: datetime,
    ) -> None:
        self._services = services
        self._books = books
        self._progress = progress
        self._until = until
        self._connection = connection
        run = progress.run
        self.preparer = Preparer(services, connection, books.provider, run)
        self.settler = Settler(services, connection, self.preparer.terms, run)
        self.mender = Mender(
            services, books.provider, self.preparer, self.settler, scope_of(run.kind, connection)
        )
        self._again: deque[PreparedChunk] = deque()
        self._drawn: deque[PreparedChunk] = deque()
        self._flying: list[PreparedChunk] = []
        self._later: list[PreparedChunk] = []
        self._troubles: list[_Trouble] = []
        self._urgent = UrgentRows(services, connection, books.provider, progress, self.preparer)
        self._answer_tries = ANSWER_TRIES if books.provider.profile.honours_request_key else 1
        self._silent = 0
        self._exhausted = False
        self._rejected = False
        self._mend_at_once_from = until - (until - services.clock.now()) * MENDING_SHARE
        # Told from the chunks: what a crash left unsaved in the run's row is found again.
        self._counts = RunCounts()
        for chunk in stored_chunks(services.stores, run):
            self._counts = self._counts.plus(chunk.counts)
            self._rejected = self._rejected or chunk.state is ChunkState.REJECTED
            self._urgent.was_stored(chunk)

    def perform(self) -> SliceResult:
        """Raises `RetryLater` and the like from read backs, and `LostLease`."""
        stored = self.preparer.prepared(ChunkState.PLANNED)
        try:
            while True:
                self._overtake()
                if self._all_sent(stored) and self._again:
                    continue  # unheard ones first, see `_mend`
                self._mend()
                if self._later:
                    self._services.clock.sleep(BUSY_PAUSE)
                    self._again.extend(self._later)
                    self._later.clear()
                if not (self._again or self._troubles) and self._exhausted:
                    break
        except SliceOver as over:
            return self._ended(over.result)
        return SliceResult(SliceEnd.REJECTED if self._rejected else SliceEnd.DONE)

    def _all_sent(self, stored: Iterator[PreparedChunk]) -> bool:
        """Send what there is to send; False where reading back comes first."""
        try:
            self._services.in_flight.map_in_flight(
                self._tasks(stored),
                self._send,
                may_start=self._may_start,
                settle=self._settle,
                idle=self._progress.beat,
                look_ahead=self._books.provider.profile.limits.in_flight,
            )
        except _MendNow:
            self._again.extendleft(reversed(self._drawn))
            self._drawn.clear()
            return False
        return True

    def _ended(self, result: SliceResult) -> SliceResult:
        """When the provider seems to be down: reading tells, and what it can say is settled before."""
        if result.end is SliceEnd.WAIT:
            try:
                self._mend()
            except SliceOver as over:
                return over.result
        return result

    def _tasks(self, stored: Iterator[PreparedChunk]) -> Iterator[PreparedChunk]:
        while True:
            if self._again:
                prepared = self._again.popleft()
            elif len(self._troubles) >= MEND_TOGETHER and not self._unheard:
                return
            elif self._urgent.ask() or any(map(self._urgent.has, self._under_way())):
                return  # they go when nothing else does, and nothing else before they are settled
            else:
                drawn = next(stored, None)
                if drawn is None:
                    self._exhausted = True
                    return
                drawn = self._urgent.seen(drawn)
                if drawn is None:
                    continue
                if not self._as_planned(drawn):
                    self._doubt_all(drawn, Doubt.EDITED)
                    continue
                prepared = drawn
            self._drawn.append(prepared)
            yield prepared

    def _overtake(self) -> None:
        """What is urgent by now goes before everything that waits; called when nothing is in flight."""
        if self._under_way():
            return
        urgent, counts = self._urgent.chunks()
        for prepared in urgent:
            # What was edited since it was planned, a moment ago, must not go under that key either.
            if self._as_planned(prepared):
                self._again.append(prepared)
            else:
                self._doubt_all(prepared, Doubt.EDITED)
        self._counts = self._counts.plus(counts)

    def _under_way(self) -> list[PreparedChunk]:
        """Whose request is drawn, in flight, or not settled yet."""
        troubled = (trouble.prepared for trouble in self._troubles)
        return [*self._drawn, *self._flying, *self._again, *self._later, *troubled]

    def _as_planned(self, prepared: PreparedChunk) -> bool:
        """Whether the bytes may go as they were planned; else what is there is looked at first."""
        return prepared.request.body_hash == prepared.chunk.body_hash and not any(
            entry.created_before or (entry.edited and self.preparer.refusal(entry) is not None)
            for entry in prepared.entries
        )

    def _may_start(self, in_flight: int) -> float:
        now = self._services.clock.now()
        if now >= self._until:
            raise SliceOver(SliceEnd.MORE)
        waiting = len(self._troubles)
        if (
            waiting >= (1 if now >= self._mend_at_once_from else MEND_TOGETHER)
            and not self._unheard
        ):
            raise _MendNow
        pause = self._books.pacer.may_start(CallClass.BATCH, in_flight)
        if pause <= 0:
            self._flying.append(self._drawn.popleft())
        return pause

    @property
    def _unheard(self) -> bool:
        """Whether a request of ours may have been carried out and is yet to be repeated."""
        return any(prepared.unanswered for prepared in (*self._again, *self._drawn))

    def _send(self, prepared: PreparedChunk) -> CallOutcome:
        outcome = self._books.provider.send(prepared.request)
        # At once, on the thread that waited: before the freed place is taken by another call.
        self._books.pacer.note(outcome, CallClass.BATCH)
        return outcome

    def _settle(self, finished_calls: list[tuple[PreparedChunk, CallOutcome]]) -> None:
        chunks: list[Chunk] = []
        over: SliceOver | None = None
        for prepared, outcome in finished_calls:
            self._flying.remove(prepared)
            try:
                chunk = self._settle_one(prepared, outcome)
            except SliceOver as stop:
                over = stop
                continue
            if chunk is not None:
                chunks.append(chunk)
        self.settler.flush(chunks)
        self._progress.moved(self._counts, self.settler.causes)
        if over is not None:
            raise over

    def _settle_one(self, prepared: PreparedChunk, outcome: CallOutcome) -> Chunk | None:
        """The chunk to store, or None while it stays as it is stored."""
        match outcome:
            case Answered(entries):
                self._silent = 0
                return self._settle_entries(prepared, entries)
            case CallRejected() if prepared.unanswered:
                # Of the repeat: what went out before may have been carried out all the same.
                self._silent = 0
                self._doubt_all(prepared, Doubt.UNANSWERED)
            case CallRejected():
                self._silent = 0
                self._rejected = True
                return replace(
                    prepared.chunk, state=ChunkState.REJECTED, epoch=self._progress.run.epoch
                )
            case NoTrustworthyAnswer():
                self._unanswered(prepared)
            case Throttled():
                self._again.append(prepared)
            case GrantDead():
                raise SliceOver(SliceEnd.NEEDS_REAUTH)
            case CallStopped(problem):
                raise SliceOver(SliceEnd.STOPPED, problem)
        return None

    def _unanswered(self, prepared: PreparedChunk) -> None:
        """The identical bytes once more under the same request key; then read back."""
        self._silent += 1
        prepared.unanswered += 1
        if prepared.unanswered < self._answer_tries:
            self._again.append(prepared)
        else:
            self._doubt_all(prepared, Doubt.UNANSWERED)
        if self._silent >= SILENT_CALLS:
            raise SliceOver(SliceEnd.WAIT)

    def _settle_entries(
        self, prepared: PreparedChunk, outcomes: Mapping[SourceId, EntryOutcome]
    ) -> Chunk | None:
        if prepared.unanswered + 1 < self._answer_tries and any(
            isinstance(outcome, EntryUnknown) for outcome in outcomes.values()
        ):
            # Nothing is settled yet: the repeat answers every entry, these ones again.
            prepared.unanswered += 1
            self._again.append(prepared)
            return None
        counts, left, doubts = RunCounts(), [], {}
        if_current: dict[SourceId, Problem] = {}
        for entry in prepared.entries:
            outcome = outcomes[entry.record.source_id]
            if isinstance(outcome, Done):
                counts = counts.plus(self.settler.done(entry, outcome))
            elif isinstance(outcome, EntryRefused):
                counts = counts.plus(self.settler.refused(entry, outcome.problem, outcome.cause))
            elif isinstance(outcome, EntryBusy) and prepared.busy + 1 >= BUSY_TRIES:
                counts = counts.plus(self.settler.refused(entry, outcome.problem, "PROVIDER_BUSY"))
            else:
                left.append(entry)
                doubts[entry.record.source_id] = doubt_of(outcome)
                if problem := if_current_of(outcome):
                    if_current[entry.record.source_id] = problem
        self._counts = self._counts.plus(counts)
        if not left:
            return finished(prepared.chunk, counts, self._progress.run.epoch)
        chunk = replace(prepared.chunk, counts=prepared.chunk.counts.plus(counts))
        if all(doubt is Doubt.BUSY for doubt in doubts.values()):
            again = self.preparer.again(chunk, left)
            again.busy = prepared.busy + 1
            self._later.append(again)
            return again.chunk
        prepared.chunk = chunk
        self._troubles.append(_Trouble(prepared, tuple(left), doubts, if_current))
        return None

    def _doubt_all(self, prepared: PreparedChunk, doubt: Doubt) -> None:
        doubts = dict.fromkeys((entry.record.source_id for entry in prepared.entries), doubt)
        self._troubles.append(_Trouble(prepared, prepared.entries, doubts))

    def _mend(self) -> None:
        """Read back what is unclear; called when nothing is in flight.

        Names that are taken come last, and not while a request may have been carried out unheard: the
        record that has the name may be one that we created for another of our records.
        """
        troubles, self._troubles = sorted(self._troubles, key=_finds_names_taken), []
        unheard = self._unheard
        for place, trouble in enumerate(troubles):
            if unheard and _finds_names_taken(trouble):
                self._troubles = troubles[place:]
                return
            if self._services.clock.now() >= self._until:
                raise SliceOver(SliceEnd.MORE)
            mended = self.mender.mend(
                trouble.prepared.chunk, trouble.left, trouble.doubts, trouble.if_current
            )
            gone = len(trouble.prepared.chunk.entries) - len(trouble.prepared.entries)
            counts = mended.counts.plus(RunCounts(unchanged=gone))
            chunk = trouble.prepared.chunk
            self._counts = self._counts.plus(counts)
            if not mended.left:
                stored = finished(chunk, counts, self._progress.run.epoch)
            else:
                again = self.preparer.again(
                    replace(chunk, counts=chunk.counts.plus(counts)), mended.left
                )
                again.busy = trouble.prepared.busy + 1
                if mended.singly:
                    self._rejected = True
                    again.chunk = replace(again.chunk, state=ChunkState.REJECTED)
                else:
                    self._again.append(again)
                stored = again.chunk
            self.settler.flush([stored])
            self._progress.moved(self._counts, self.settler.causes)
            self._progress.beat()


def _finds_names_taken(trouble: _Trouble) -> bool:
    return Doubt.NAME_TAKEN in trouble.doubts.values()
