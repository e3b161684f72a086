"""The fallback: the entries of a rejected batch pushed one at a time, with create and update.

Keys are derived from the chunk's, so a worker that comes after a crash repeats the same request. Only
what is definitely refused is refused; the rest of the batch goes through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from shared.domain.connections import Connection
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
    NameTaken,
    Throttled,
)
from shared.domain.runs import Chunk, ChunkState, Problem, RunCounts
from shared.providers.base import CallClass
from shared.sync.item_mending import Doubt, ItemMender
from shared.sync.item_preparing import ItemPreparer, counts_of, stored_chunks
from shared.sync.item_settling import ItemSettler, PreparedChunk, PreparedEntry, finished
from shared.sync.item_terms import item_scope
from shared.sync.progress import Progress
from shared.sync.services import Books, Services
from shared.sync.slices import SliceEnd, SliceOver, SliceResult

TRIES = 4
"""Of one entry in one slice, under changing names, versions or after a passing refusal."""
BUSY_PAUSE = 1.0
THROTTLED = Problem(
    "THROTTLED", "The provider asked us to slow down.", "Nothing to do: it goes on by itself."
)
LONGEST_WAIT = 1.0
"""Between two looks at the pacer, so that heartbeats go on while waiting for a limit."""


class SinglesSlice:
    """One worker's share of the fallback, until `until`. Every save is fenced by the run's epoch."""

    def __init__(
        self,
        services: Services,
        connection: Connection,
        books: Books,
        progress: Progress,
        until: datetime,
    ) -> None:
        run = progress.run
        self._services = services
        self._books = books
        self._progress = progress
        self._until = until
        self._preparer = ItemPreparer(services, connection, books.provider, run)
        self._settler = ItemSettler(services, connection, self._preparer.rules, run)
        self._mender = ItemMender(
            services, books.provider, self._preparer, self._settler, item_scope(connection)
        )
        self._counts = counts_of(stored_chunks(services.stores, run))

    def perform(self) -> SliceResult:
        """Raises `RetryLater` and the like from read backs, and `LostLease`."""
        try:
            for prepared in self._preparer.prepared(ChunkState.REJECTED):
                self._push_chunk(prepared)
        except SliceOver as over:
            return over.result
        return SliceResult(SliceEnd.MORE)

    def _push_chunk(self, prepared: PreparedChunk) -> None:
        counts = RunCounts(unchanged=len(prepared.chunk.entries) - len(prepared.entries))
        for place, entry in enumerate(prepared.entries):
            try:
                counts = counts.plus(self._push_entry(prepared.chunk, entry))
            except SliceOver:
                self._store(prepared.chunk, counts, prepared.entries[place:])
                raise
            self._progress.moved(self._counts.plus(counts), self._settler.causes)
            self._progress.beat()
        self._store(prepared.chunk, counts, ())

    def _store(self, chunk: Chunk, counts: RunCounts, left: Sequence[PreparedEntry]) -> None:
        self._counts = self._counts.plus(counts)
        epoch = self._progress.run.epoch
        stored = finished(chunk, counts, epoch)
        if left:
            entries = tuple(prepared.entry for prepared in left)
            stored = replace(stored, state=ChunkState.REJECTED, entries=entries)
        self._settler.flush([stored])
        self._progress.moved(self._counts, self._settler.causes)

    def _push_entry(self, chunk: Chunk, prepared: PreparedEntry) -> RunCounts:
        if not self._preparer.still_wanted(prepared):
            return RunCounts(unchanged=1)
        unanswered = 0
        for attempt in range(TRIES):
            key = self._preparer.single_key(chunk, prepared, attempt - unanswered)
            request = self._books.provider.item_request([prepared.write], key, single=True)
            self._wait_for_turn()
            outcome = self._entry_outcome(prepared, self._books.provider.send(request))
            if isinstance(outcome, Done):
                return self._settler.done(prepared, outcome)
            if isinstance(outcome, EntryRefused):
                return self._settler.refused(prepared, outcome.problem, outcome.cause)
            if isinstance(outcome, EntryBusy):
                self._services.clock.sleep(BUSY_PAUSE)
                continue
            if isinstance(outcome, EntryUnknown) and not unanswered:
                unanswered = 1  # the identical request once more, then read back
                continue
            step = self._read_back(chunk, prepared, outcome)
            if isinstance(step, RunCounts):
                return step
            prepared = step
        raise SliceOver(SliceEnd.WAIT)

    def _entry_outcome(self, prepared: PreparedEntry, outcome: CallOutcome) -> EntryOutcome:
        self._books.pacer.note(outcome, CallClass.SINGLE)
        match outcome:
            case Answered(entries):
                return entries[prepared.item.source_id]
            case CallRejected(problem):
                return EntryRefused(problem, problem.code)
            case Throttled():
                return EntryBusy(THROTTLED)
            case GrantDead():
                raise SliceOver(SliceEnd.NEEDS_REAUTH)
            case CallStopped(problem):
                raise SliceOver(SliceEnd.STOPPED, problem)
            case _:
                return EntryUnknown(outcome.reason)

    def _read_back(
        self, chunk: Chunk, prepared: PreparedEntry, outcome: EntryOutcome
    ) -> PreparedEntry | RunCounts:
        if isinstance(outcome, EntryUnknown):
            doubt = Doubt.UNANSWERED
        else:
            doubt = Doubt.NAME_TAKEN if isinstance(outcome, NameTaken) else Doubt.STALE
        mended = self._mender.mend(chunk, [prepared], {prepared.item.source_id: doubt})
        return mended.left[0] if mended.left else mended.counts

    def _wait_for_turn(self) -> None:
        while True:
            if self._services.clock.now() >= self._until:
                raise SliceOver(SliceEnd.MORE)
            pause = self._books.pacer.may_start(CallClass.SINGLE, 0)
            if pause <= 0:
                return
            self._services.clock.sleep(min(pause, LONGEST_WAIT))
            self._progress.beat()
