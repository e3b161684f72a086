"""From outcomes of entries to links, failures and counts, saved in bulk.

Saved in this order, so that a crash in between repeats work and loses none: links and failures, then
the chunk, then the run's counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from shared.domain.connections import Connection
from shared.domain.errors import LostLease
from shared.domain.ids import SourceId
from shared.domain.links import Fields, Link, LinkOrigin, base_value
from shared.domain.outcomes import Done
from shared.domain.record_plan import ACTIVE_FIELD, NAME_FIELD, Terms, linked_after_write
from shared.domain.records import Record
from shared.domain.runs import (
    Chunk,
    ChunkEntry,
    ChunkState,
    Failure,
    Problem,
    PushAction,
    Run,
    RunCounts,
)
from shared.providers.base import RecordWrite, RemoteRecord, WriteRequest
from shared.sync.engine.failures import causes_of, count_cause, failure_of, standing_failures
from shared.sync.engine.terms import scope_of
from shared.sync.services import Services


@dataclass(frozen=True, slots=True)
class PreparedEntry:
    """A chunk's entry with what it was built from. `edited`: the record changed since the plan."""

    entry: ChunkEntry
    record: Record
    link: Link | None
    write: RecordWrite
    edited: bool = False

    @property
    def created_before(self) -> bool:
        """Whether an earlier worker carried this create out already."""
        return self.entry.action is PushAction.CREATE and self.link is not None


@dataclass(slots=True)
class PreparedChunk:
    """A chunk ready to send. `unanswered` and `busy` count tries of this worker only."""

    chunk: Chunk
    entries: tuple[PreparedEntry, ...]
    request: WriteRequest
    unanswered: int = 0
    busy: int = 0


class Settler:
    """Collects what became of entries; `flush` stores it. Used from one thread."""

    def __init__(self, services: Services, connection: Connection, terms: Terms, run: Run) -> None:
        self._services = services
        self._connection = connection
        self._run = run
        self._scope = scope_of(run.kind, connection)
        self._terms = terms
        self._links: list[Link] = []
        self._failures: list[Failure] = []
        self._healed: list[SourceId] = []
        self._failing: set[SourceId] = set()
        self._causes = causes_of(self._standing(), run.run_id)

    def _standing(self) -> Iterator[Failure]:
        """What stands refused, each remembered by its id as it passes."""
        for failure in standing_failures(
            self._services.stores, self._connection.key, self._run.kind, self._run.only
        ):
            self._failing.add(failure.source_id)
            yield failure

    @property
    def causes(self) -> Mapping[str, tuple[int, str]]:
        """Refusals of this run, and disagreements, by cause: how many, and one sentence."""
        return dict(self._causes)

    def done(self, prepared: PreparedEntry, done: Done) -> RunCounts:
        """Written, or found written. Answers what it adds to the counts."""
        before, write = prepared.link, prepared.write
        origin, differing = LinkOrigin.CREATED, tuple[str, ...]()
        if before is not None:
            origin = before.origin
            differing = tuple(each for each in before.differing if each not in write.changed)
        link = self._linked(prepared, write.fields, done, origin, differing)
        self._links.append(link)
        self._heal(prepared.record, link)
        renamed = 1 if prepared.entry.renamed else 0
        if prepared.entry.action is PushAction.CREATE:
            return RunCounts(created=1, renamed=renamed)
        return RunCounts(updated=1, renamed=renamed)

    def adopted(self, prepared: PreparedEntry, done: Done, differing: tuple[str, ...]) -> RunCounts:
        """Somebody's record of the very name: linked, not overwritten; what differs is shown."""
        fields, origin = prepared.write.fields, LinkOrigin.ADOPTED
        link = self._linked(prepared, fields, done, origin, differing)
        self._links.append(link)
        self._heal(prepared.record, link)
        return RunCounts(adopted=1, adopted_differing=1 if differing else 0)

    def settled_before(self, prepared: PreparedEntry) -> RunCounts:
        """Created or adopted, and linked, by an earlier worker of this run; nothing has changed since."""
        link = prepared.link
        self._heal(prepared.record, link)
        if link is not None and link.origin is LinkOrigin.ADOPTED:
            return RunCounts(adopted=1, adopted_differing=1 if link.differing else 0)
        return RunCounts(created=1, renamed=1 if prepared.entry.renamed else 0)

    def at_rest(self, prepared: PreparedEntry, row: RemoteRecord | None) -> RunCounts:
        """Archived here, and inactive or gone in the books: nothing to send, see `record_plan.at_rest`."""
        link = prepared.link
        if link is not None:
            renamed = {NAME_FIELD: base_value(row.fields.name)} if row else {}
            self._links.append(
                replace(
                    link,
                    remote_version=row.remote_version if row else link.remote_version,
                    source_version=prepared.record.version,
                    base={**link.base, ACTIVE_FIELD: "false"},
                    answered={**link.answered, **renamed},
                    row_version=link.row_version + 1,
                )
            )
        self._heal(prepared.record)
        return RunCounts(unchanged=1)

    def found_older(self, prepared: PreparedEntry, found: Done) -> Link:
        """Our own record with older content: linked as it is now, so that an update can follow.

        Stored at once: the update's chunk entry relies on it.
        """
        origin = prepared.link.origin if prepared.link else LinkOrigin.CREATED
        link = replace(
            _keeping(prepared.link, self._linked(prepared, found.fields, found, origin)),
            remote_name=prepared.entry.remote_name,
            source_version=0,
        )
        self._services.stores.links.save_links(self._scope, [link])
        return link

    def refused(self, prepared: PreparedEntry, problem: Problem, cause: str) -> RunCounts:
        self._fail(prepared.record, problem, cause)
        return RunCounts(refused=1)

    def _fail(self, record: Record, problem: Problem, cause: str) -> None:
        failure = failure_of(self._run, record, problem, cause, self._services.clock.now())
        self._failures.append(failure)
        self._failing.add(record.source_id)
        count_cause(self._causes, failure)

    def flush(self, chunks: list[Chunk]) -> None:
        """Store links and failures, then the chunks. Raises `LostLease` when a chunk has a newer epoch."""
        stores = self._services.stores
        if self._links:
            # A lost condition is our own earlier save of the same pair, found again after a crash,
            # or another worker's newer one; either way the stored link is at least as good.
            stores.links.save_links(self._scope, self._links)
            self._links.clear()
        if self._failures:
            stores.failures.save(self._failures)
            self._failures.clear()
        if self._healed:
            stores.failures.clear(self._connection.key, self._run.kind, self._healed)
            self._healed.clear()
        if chunks and stores.runs.save_chunks(self._connection.key, chunks):
            raise LostLease(f"run {self._run.run_id} was taken over")

    def _linked(
        self,
        prepared: PreparedEntry,
        sent: Fields,
        done: Done,
        origin: LinkOrigin = LinkOrigin.CREATED,
        differing: tuple[str, ...] = (),
    ) -> Link:
        return linked_after_write(
            prepared.link,
            record=prepared.record,
            sent=sent,
            answered=done.fields,
            remote_id=done.remote_id,
            remote_version=done.remote_version,
            terms=self._terms,
            run_id=self._run.run_id,
            origin=origin,
            differing=differing,
        )

    def _heal(self, record: Record, link: Link | None = None) -> None:
        """It is in step; what stood of it is over, unless the books made something else of it."""
        problem = self._terms.disagreement(link) if link is not None else None
        source_id = record.source_id
        if problem is not None:
            self._fail(record, problem, problem.code)
        elif source_id in self._failing:
            self._failing.discard(source_id)
            self._healed.append(source_id)


def finished(chunk: Chunk, counts: RunCounts, epoch: int) -> Chunk:
    return replace(chunk, state=ChunkState.DONE, counts=chunk.counts.plus(counts), epoch=epoch)


def _keeping(before: Link | None, found: Link) -> Link:
    """The link of what was found, but for the fields that the books had otherwise all along: what we
    would say of those is no change of ours, and is not to go out.
    """
    if before is None:
        return found
    kept = {name for name, text in before.answered.items() if found.base.get(name) == text}
    return replace(
        found,
        base={**found.base, **{name: before.base[name] for name in kept & before.base.keys()}},
        answered={**found.answered, **{name: before.answered[name] for name in kept}},
    )
