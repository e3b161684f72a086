"""Before a plan: what runs that were stopped had created or updated without hearing of it.

A stopped run leaves chunks that may have been sent. Most of what they created is found by its name, as
anything in the books is (adoption). Not so under a marked name, which no record of ours is called, and
not after a rename here: those would be created once more. So they are looked up by the name they were
sent under, and linked as what they are; the plan then sees what differs. An update that nobody heard of
would be taken for somebody else's change where the record was edited since: that one is looked up by its id.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from shared.domain.connections import Connection
from shared.domain.links import content_mark
from shared.domain.names import name_key
from shared.domain.outcomes import Done
from shared.domain.record_plan import ACTIVE_FIELD, differing_fields
from shared.domain.runs import Chunk, ChunkState, PushAction, Run, RunState
from shared.providers.base import AccountingProvider, RemoteRecord
from shared.storage.paging import every_row
from shared.sync.engine.preparing import Preparer, sent_mark, stored_chunks
from shared.sync.engine.progress import Progress
from shared.sync.engine.settling import PreparedEntry, Settler
from shared.sync.engine.terms import scope_of
from shared.sync.services import Services

RUNS_OF_A_PAGE: Final = 20


def link_leftovers(
    services: Services, connection: Connection, provider: AccountingProvider, progress: Progress
) -> None:
    """Raises what the provider's reads raise; a new attempt does the same again."""
    for earlier in _stopped_runs(services, progress.run):
        progress.run = replace(progress.run, recovered=True)  # stored with the plan
        recovery = _Recovery(services, connection, provider, earlier)
        for chunk in stored_chunks(services.stores, earlier):
            if chunk.state is not ChunkState.DONE:
                recovery.link_found(chunk)
                recovery.link_updated(chunk)
                progress.beat()


def _stopped_runs(services: Services, current: Run) -> Iterator[Run]:
    """Newest first, back to the last one that came so far as to push: it looked at those before it."""
    runs = services.stores.runs
    for run in every_row(lambda cursor: runs.page(current.connection, RUNS_OF_A_PAGE, cursor)):
        if run.run_id == current.run_id or run.kind is not current.kind:
            continue
        if run.remote_company_id != current.remote_company_id:
            continue
        if run.state is RunState.FINISHED:
            return
        if run.chunk_count:
            yield run
            return


class _Recovery:
    def __init__(
        self,
        services: Services,
        connection: Connection,
        provider: AccountingProvider,
        earlier: Run,
    ) -> None:
        self._provider = provider
        self._links = services.stores.links
        self._scope = scope_of(earlier.kind, connection)
        self._preparer = Preparer(services, connection, provider, earlier)
        self._settler = Settler(services, connection, self._preparer.terms, earlier)

    def link_found(self, chunk: Chunk) -> None:
        terms = self._preparer.terms
        unheard = self._unheard(chunk)
        if not unheard:
            return
        rows = self._provider.records_by_name(
            self._scope.kind, [each.entry.remote_name for each in unheard]
        )
        by_name = {name_key(terms.remote_name_of(row.fields)): row for row in rows if row.linkable}
        owned = self._links.linked_to(self._scope, [row.remote_id for row in by_name.values()])
        for prepared in unheard:
            row = by_name.get(name_key(prepared.entry.remote_name))
            if row is not None and row.remote_id not in owned and _is_ours(prepared, row):
                found = Done(row.remote_id, row.remote_version, row.fields)
                self._settler.found_older(prepared, found)

    def link_updated(self, chunk: Chunk) -> None:
        """Only what says exactly what we sent: else somebody else wrote as well, which is for a person."""
        [prepared] = self._preparer.prepare([chunk])
        unheard = {
            each.entry.remote_id: each
            for each in prepared.entries
            if each.entry.action is PushAction.UPDATE
            and each.entry.sent != (sent_mark(each.write),)
            and each.link is not None
            and each.link.remote_version == each.entry.remote_version
        }
        if not unheard:
            return
        for row in self._provider.records_by_id(self._scope.kind, list(unheard)):
            each = unheard[row.remote_id]
            moved = row.remote_version != each.entry.remote_version
            if moved and content_mark(row.fields) in each.entry.sent:
                found = Done(row.remote_id, row.remote_version, row.fields)
                self._settler.found_older(each, found)

    def _unheard(self, chunk: Chunk) -> list[PreparedEntry]:
        """Creates without a link that the plan would not find by the record's name."""
        creates = [e.source_id for e in chunk.entries if e.action is PushAction.CREATE]
        links = self._links.get_links(self._scope, creates) if creates else {}
        [prepared] = self._preparer.prepare([chunk])
        return [
            each
            for each in prepared.entries
            if each.entry.action is PushAction.CREATE
            and each.record.source_id not in links
            and (each.entry.renamed or each.edited)
        ]


def _is_ours(prepared: PreparedEntry, row: RemoteRecord) -> bool:
    """A marked name is made of our id. Under a plain one somebody else may stand: it must say what we sent.

    That is what the chunk remembers, or what we say now. (A record archived since was active when it
    was sent.)
    """
    unlike = differing_fields(prepared.write.fields, row.fields)
    as_sent = content_mark(row.fields) in prepared.entry.sent
    return prepared.entry.renamed or as_sent or set(unlike) <= {ACTIVE_FIELD}
