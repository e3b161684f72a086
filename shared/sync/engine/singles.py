"""The fallback: the entries of a rejected batch pushed one at a time, with create and update.

Keys are derived from the chunk's, so a worker that comes after a crash repeats the same request. Only
what is definitely refused is refused; the rest of the batch goes through, and an entry that gets no
answer is set aside, so that it holds up no other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.domain.connections import Connection
from shared.domain.errors import LostLease, SyncError
from shared.domain.ids import RequestKey
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
from shared.providers.base import CallClass, WriteRequest
from shared.sync.engine.mending import Doubt, Mender, doubt_of, if_current_of
from shared.sync.engine.preparing import Preparer, counts_of, sent_mark, stored_chunks
from shared.sync.engine.progress import Progress
from shared.sync.engine.settling import PreparedEntry, Settler, finished
from shared.sync.engine.slices import SliceEnd, SliceOver, SliceResult
from shared.sync.engine.terms import scope_of
from shared.sync.services import Books, Services

TRIES = 4
"""Of one entry in one slice, under changing names and versions or after a passing refusal."""
BUSY_TRIES = 3
BUSY_PAUSE = 1.0
SILENT_ENTRIES = 3
"""In a row without an answer: then it is the provider, not the record. Stop and wait."""
LONGEST_WAIT = 1.0
"""Between two looks at the pacer, so that heartbeats go on while waiting for a limit."""


@dataclass(slots=True)
class _Left:
    """What is left of one chunk: `waiting` in turn, the first of them being pushed, `aside` what got no
    answer yet. `counts` are of what was settled since the chunk was stored.
    """

    chunk: Chunk
    waiting: deque[PreparedEntry]
    counts: RunCounts
    aside: list[PreparedEntry] = field(default_factory=list)


class SinglesSlice:
    """One worker's share of the fallback, until `until`. Every save is fenced by the run's epoch.

    `last_chance`: waiting is at its end, so what still gets no answer is refused for that.
    """

    def __init__(
        self,
        services: Services,
        connection: Connection,
        books: Books,
        progress: Progress,
        until: datetime,
        *,
        last_chance: bool = False,
    ) -> None:
        run = progress.run
        self._services = services
        self._books = books
        self._progress = progress
        self._until = until
        self._last_chance = last_chance
        self._preparer = Preparer(services, connection, books.provider, run)
        self._settler = Settler(services, connection, self._preparer.terms, run)
        self._mender = Mender(
            services, books.provider, self._preparer, self._settler, scope_of(run.kind, connection)
        )
        self._counts = counts_of(stored_chunks(services.stores, run))
        self._answered = False
        self._silent = 0
        self._aside: list[tuple[Chunk, list[PreparedEntry]]] = []

    def perform(self) -> SliceResult:
        """Raises `RetryLater` and the like from read backs, and `LostLease`."""
        try:
            for prepared in self._preparer.prepared(ChunkState.REJECTED):
                gone = len(prepared.chunk.entries) - len(prepared.entries)
                self._push(prepared.chunk, prepared.entries, RunCounts(unchanged=gone))
            aside, self._aside = self._aside, []
            if aside and not (self._answered or self._last_chance):
                return SliceResult(SliceEnd.WAIT, silent=True)
            for chunk, entries in aside:
                self._push(chunk, entries, RunCounts(), last_try=True)
        except SliceOver as over:
            return over.result
        return SliceResult(SliceEnd.MORE)

    def _push(
        self,
        chunk: Chunk,
        entries: Sequence[PreparedEntry],
        counts: RunCounts,
        *,
        last_try: bool = False,
    ) -> None:
        """Each of these entries in turn. `last_try`: what gets no answer is refused, not set aside."""
        left = _Left(chunk, deque(entries), counts)
        try:
            while left.waiting:
                settled = self._push_first(left)
                entry = left.waiting.popleft()
                if settled is None and last_try:
                    settled = self._mender.never_answered(entry)
                if settled is None:
                    left.aside.append(entry)
                    self._count_silence()
                else:
                    left.counts = left.counts.plus(settled)
                    self._settler.flush([])
                self._progress.moved(self._counts.plus(left.counts), self._settler.causes)
                self._progress.beat()
        except LostLease:
            raise
        except (SliceOver, SyncError):
            self._store(left)
            raise
        self._store(left)
        if left.aside:
            self._aside.append((left.chunk, left.aside))

    def _count_silence(self) -> None:
        self._silent += 1
        if self._silent >= SILENT_ENTRIES:
            raise SliceOver(SliceEnd.WAIT)

    def _store(self, left: _Left) -> None:
        """At its end or amid it. What was set aside stands last, so that the next slice begins with the
        others.
        """
        stored = finished(left.chunk, left.counts, self._progress.run.epoch)
        entries = tuple(prepared.entry for prepared in (*left.waiting, *left.aside))
        if entries:
            stored = replace(stored, state=ChunkState.REJECTED, entries=entries)
        self._settler.flush([stored])
        self._counts = self._counts.plus(left.counts)
        left.chunk, left.counts = stored, RunCounts()
        self._progress.moved(self._counts, self._settler.causes)

    def _push_first(self, left: _Left) -> RunCounts | None:
        """What it adds to the counts; None: no answer, and it is proved absent."""
        prepared = left.waiting[0]
        if not (prepared.edited or prepared.created_before):
            return self._push_known(left, prepared)
        step = self._read_back(left.chunk, prepared, Doubt.EDITED)
        return step if isinstance(step, RunCounts) else self._push_known(left, step)

    def _push_known(self, left: _Left, prepared: PreparedEntry) -> RunCounts | None:
        for attempt in range(TRIES):
            prepared = self._foretold(left, prepared)
            key = self._preparer.single_key(left.chunk, prepared, attempt)
            outcome = self._sent(prepared, key)
            settled = self._settled(prepared, outcome, attempt)
            if settled is not None:
                return settled
            if isinstance(outcome, EntryBusy):
                self._services.clock.sleep(BUSY_PAUSE)
                continue
            step = self._read_back(left.chunk, prepared, doubt_of(outcome), if_current_of(outcome))
            if isinstance(step, RunCounts):
                return step
            if isinstance(outcome, EntryUnknown) and step.entry.action is prepared.entry.action:
                return None
            prepared = step  # under another name, or an update of what turned out to be there
        return self._mender.give_up(prepared)

    def _foretold(self, left: _Left, prepared: PreparedEntry) -> PreparedEntry:
        """What goes out otherwise than it is stored is stored first: should this worker be killed, and the
        record be edited once more, the next one knows it for ours.
        """
        entry = prepared.entry.sending(sent_mark(prepared.write))
        if entry is prepared.entry:
            return prepared
        first = left.waiting[0]  # as the chunk has it, whatever it became since
        left.waiting[0] = replace(first, entry=replace(first.entry, sent=entry.sent))
        self._store(left)
        return replace(prepared, entry=entry)

    def _settled(
        self, prepared: PreparedEntry, outcome: EntryOutcome, attempt: int
    ) -> RunCounts | None:
        match outcome:
            case Done():
                return self._settler.done(prepared, outcome)
            case EntryRefused(problem, cause):
                return self._settler.refused(prepared, problem, cause)
            case EntryBusy(problem) if attempt + 1 >= BUSY_TRIES:
                return self._settler.refused(prepared, problem, "PROVIDER_BUSY")
        return None

    def _sent(self, prepared: PreparedEntry, key: RequestKey) -> EntryOutcome:
        """The outcome of one request: after a lost answer the identical one goes once more. Where that is
        refused as a whole it is not its end: the first one may have been carried out all the same.
        """
        request = self._books.provider.write_request(
            self._progress.run.kind, [prepared.write], key, single=True
        )
        outcome = self._entry_outcome(prepared, self._in_turn(request))
        if isinstance(outcome, EntryUnknown) and self._books.provider.profile.honours_request_key:
            repeated = self._in_turn(request)
            if not isinstance(repeated, CallRejected):
                outcome = self._entry_outcome(prepared, repeated)
        if not isinstance(outcome, EntryUnknown):
            self._answered, self._silent = True, 0
        return outcome

    def _in_turn(self, request: WriteRequest) -> CallOutcome:
        """Sent when the pacer lets it, and again as often as the answer is only that it must wait."""
        while True:
            self._wait_for_turn()
            outcome = self._books.provider.send(request)
            self._books.pacer.note(outcome, CallClass.SINGLE)
            if not isinstance(outcome, Throttled):
                return outcome

    def _wait_for_turn(self) -> None:
        while True:
            if self._services.clock.now() >= self._until:
                raise SliceOver(SliceEnd.MORE)
            pause = self._books.pacer.may_start(CallClass.SINGLE, 0)
            if pause <= 0:
                return
            self._services.clock.sleep(min(pause, LONGEST_WAIT))
            self._progress.beat()

    def _entry_outcome(self, prepared: PreparedEntry, outcome: CallOutcome) -> EntryOutcome:
        match outcome:
            case Answered(entries):
                return entries[prepared.record.source_id]
            case CallRejected(problem):
                return EntryRefused(problem, problem.code)
            case GrantDead():
                raise SliceOver(SliceEnd.NEEDS_REAUTH)
            case CallStopped(problem):
                raise SliceOver(SliceEnd.STOPPED, problem)
            case NoTrustworthyAnswer(reason):
                return EntryUnknown(reason)
            case Throttled():  # `_in_turn` waits for something better
                raise AssertionError

    def _read_back(
        self,
        chunk: Chunk,
        prepared: PreparedEntry,
        doubt: Doubt,
        if_current: Problem | None = None,
    ) -> PreparedEntry | RunCounts:
        source_id = prepared.record.source_id
        lasting = {source_id: if_current} if if_current else {}
        mended = self._mender.mend(chunk, [prepared], {source_id: doubt}, lasting)
        return mended.left[0] if mended.left else mended.counts
