"""What became of the records of a run, as far as it is stored.

Stored are the records that a run sent (its chunks), what stands refused now, and links with the run
that wrote them last. Records that were in step already are only counted, and so are those that a plan
linked to one of the same name; payments go through the ledger and have no chunks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Final

from shared.domain.ids import LinkScope, SourceId
from shared.domain.invoices import Invoice, Payment
from shared.domain.links import Link, LinkOrigin
from shared.domain.records import Record, class_of
from shared.domain.runs import Chunk, ChunkEntry, ChunkState, Failure, Problem, PushAction, Run
from shared.storage.ports import Page
from shared.sync.engine.failures import stored_failures
from shared.sync.services import Services

ROWS: Final = 100
_FAILURES_LOOKED_AT: Final = 1_000


class RecordEnd(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    VOIDED = "voided"
    LINKED = "linked"
    """It was linked to one that the books had."""
    REFUSED = "refused"
    WAITING = "waiting"
    """Not sent yet."""
    NOT_SENT = "not_sent"
    """The run ended before its turn."""
    LATER = "later"
    """A later sync has dealt with it since, and that one's trace is what is stored."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """`remote_name` is empty where it is the record's own. `problem`: it stands refused, or differs."""

    source_id: SourceId
    name: str
    end: RecordEnd
    remote_name: str = ""
    problem: Problem | None = None


_WRITTEN: Final[Mapping[PushAction, RecordEnd]] = {
    PushAction.CREATE: RecordEnd.CREATED,
    PushAction.UPDATE: RecordEnd.UPDATED,
    PushAction.VOID: RecordEnd.VOIDED,
}


def page_of_sent(services: Services, run: Run, cursor: str | None) -> Page[RunRecord]:
    """The records that it sent or is to send, in the order of its requests. Raises `InvalidCursor`."""
    size = services.profile(run.connection.provider).batch_size
    page = services.stores.runs.page_chunks(
        run.connection, run.run_id, run.plan_attempt, max(1, ROWS // size), cursor
    )
    entries = [(chunk, entry) for chunk in page.rows for entry in chunk.entries]
    ids = list(dict.fromkeys(entry.source_id for _, entry in entries))
    if not ids:
        return Page((), page.cursor)
    records = names_of(services, run, ids)
    scope = LinkScope(run.connection, run.remote_company_id, run.kind)
    links = services.stores.links.get_links(scope, ids)
    failed = services.stores.failures.of(run.connection, run.kind, ids)
    failures = {one.source_id: one for one in failed if one.run_id == run.run_id}
    rows = [
        _row(run, chunk, entry, records, links.get(entry.source_id), failures.get(entry.source_id))
        for chunk, entry in entries
    ]
    return Page(tuple(rows), page.cursor)


def refused_of(services: Services, run: Run) -> list[RunRecord]:
    """What this run refused and still stands refused, at most `ROWS` of it."""
    looked_at = islice(
        stored_failures(services.stores, run.connection, run.kind), _FAILURES_LOOKED_AT
    )
    found = list(islice((one for one in looked_at if one.run_id == run.run_id), ROWS))
    names = names_of(services, run, [one.source_id for one in found]) if found else {}
    return [
        RunRecord(
            one.source_id,
            names.get(one.source_id, one.source_id),
            RecordEnd.REFUSED,
            problem=one.problem,
        )
        for one in found
    ]


def names_of(services: Services, run: Run, ids: Sequence[SourceId]) -> Mapping[SourceId, str]:
    """What people call these records: a name, or an invoice's number."""
    found = services.stores.records.get_many(run.connection.company_id, class_of(run.kind), ids)
    return {source_id: _name(record) for source_id, record in found.items()}


def _name(record: Record) -> str:
    if isinstance(record, Invoice):
        return record.number
    if isinstance(record, Payment):
        return record.source_id
    return record.name


def _row(
    run: Run,
    chunk: Chunk,
    entry: ChunkEntry,
    names: Mapping[SourceId, str],
    link: Link | None,
    failure: Failure | None,
) -> RunRecord:
    name = names.get(entry.source_id, entry.source_id)
    return RunRecord(
        source_id=entry.source_id,
        name=name,
        end=_end(run, chunk, entry, link, failure),
        remote_name=entry.remote_name if entry.renamed and entry.remote_name != name else "",
        problem=failure.problem if failure else None,
    )


def _end(
    run: Run, chunk: Chunk, entry: ChunkEntry, link: Link | None, failure: Failure | None
) -> RecordEnd:
    if link is not None and link.run_id == run.run_id:
        adopted = entry.action is PushAction.CREATE and link.origin is not LinkOrigin.CREATED
        return RecordEnd.LINKED if adopted else _WRITTEN[entry.action]
    if failure is not None:
        return RecordEnd.REFUSED
    if chunk.state is ChunkState.DONE:
        return RecordEnd.LATER
    return RecordEnd.WAITING if run.state.active else RecordEnd.NOT_SENT
