"""From stored chunks to requests: records are read again, bodies rebuilt, hashes compared."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from shared.domain.connections import Connection
from shared.domain.ids import RequestKey
from shared.domain.links import Link, content_mark
from shared.domain.names import marked_name, plain_name
from shared.domain.record_plan import changed_fields, kept_name
from shared.domain.records import Record, class_of
from shared.domain.runs import Chunk, ChunkEntry, ChunkState, Problem, PushAction, Run, RunCounts
from shared.providers.base import AccountingProvider, RecordWrite
from shared.storage.paging import every_row
from shared.storage.ports import Stores
from shared.sync.engine.joined import joined
from shared.sync.engine.settling import PreparedChunk, PreparedEntry
from shared.sync.engine.terms import request_key, scope_of, terms_of
from shared.sync.services import Services

CHUNKS_OF_A_PAGE = 40
CHUNKS_TOGETHER = 3
"""Prepared by one bulk read: few, so that a finished call is not kept waiting."""


def stored_chunks(stores: Stores, run: Run, state: ChunkState | None = None) -> Iterator[Chunk]:
    """The chunks of the run's plan (in that state), in order, as they stand when drawn."""
    return every_row(
        lambda cursor: stores.runs.page_chunks(
            run.connection, run.run_id, run.plan_attempt, CHUNKS_OF_A_PAGE, cursor, state
        )
    )


def counts_of(chunks: Iterable[Chunk]) -> RunCounts:
    """What a run has done, told from what is stored."""
    counts = RunCounts()
    for chunk in chunks:
        counts = counts.plus(chunk.counts)
    return counts


class Preparer:
    """Rebuilds what a chunk sends. Reads records and links, writes nothing."""

    def __init__(
        self, services: Services, connection: Connection, provider: AccountingProvider, run: Run
    ) -> None:
        self._services = services
        self._connection = connection
        self._provider = provider
        self._run = run
        self._scope = scope_of(run.kind, connection)
        self._joined = joined(services.stores, self._scope)
        self.terms = terms_of(run.kind, connection, provider.profile)

    def forget_what_is_joined(self) -> None:
        """What was asked once for the whole slice is asked again: something was chosen since, maybe."""
        self._joined = joined(self._services.stores, self._scope)

    def prepared(self, state: ChunkState) -> Iterator[PreparedChunk]:
        together: list[Chunk] = []
        for chunk in stored_chunks(self._services.stores, self._run, state):
            together.append(chunk)
            if len(together) == CHUNKS_TOGETHER:
                yield from self.prepare(together)
                together = []
        if together:
            yield from self.prepare(together)

    def prepare(self, chunks: Sequence[Chunk], *, with_links: bool = False) -> list[PreparedChunk]:
        """With the records and links as they are now; entries whose record is gone are left out.

        `with_links`: of creates too, which nobody has linked unless a chunk was sent before.
        """
        ids = [entry.source_id for chunk in chunks for entry in chunk.entries]
        records = self._joined.onto(
            self._services.stores.records.get_many(
                self._connection.key.company_id, class_of(self._run.kind), ids
            )
        )
        linked_ids = [
            entry.source_id
            for chunk in chunks
            for entry in chunk.entries
            if with_links or entry.action is not PushAction.CREATE or self._may_be_sent(chunk)
        ]
        links = self._services.stores.links.get_links(self._scope, linked_ids) if linked_ids else {}
        prepared = []
        for chunk in chunks:
            entries = []
            for entry in chunk.entries:
                record = records.get(entry.source_id)
                if record is None:
                    continue
                link = links.get(entry.source_id)
                edited = record.version != entry.source_version
                if edited:
                    record = self._as_planned(entry, record, link)
                write = self._write(entry, record, link)
                entries.append(PreparedEntry(entry, record, link, write, edited))
            prepared.append(self.with_request(chunk, entries))
        return prepared

    def _may_be_sent(self, chunk: Chunk) -> bool:
        """Whether a worker before this one, but after the one that stored the chunk, may have sent it.

        Of a rejected one that worker may itself: a record of it may have gone ahead as an urgent one since.
        """
        return chunk.state is ChunkState.REJECTED or chunk.epoch + 1 < self._run.epoch

    def _as_planned(self, entry: ChunkEntry, record: Record, link: Link | None) -> Record:
        """The record under the name that the plan chose for it, if it was renamed since.

        Its version is then the planned one as well, so that the link leaves the rename to the next
        sync: only a plan can say which names are free.
        """
        if entry.action is PushAction.VOID:
            return record  # whatever it is called
        name = self.terms.name_of(record)
        chosen_for_it = (
            plain_name(name),
            marked_name(name, record.source_id, self.terms.names),
            kept_name(record, link, self.terms) if link else None,
        )
        if entry.remote_name in chosen_for_it:
            return record
        planned: Record = self.terms.called(record, entry.remote_name)
        return replace(planned, version=entry.source_version)

    def with_request(self, chunk: Chunk, entries: Sequence[PreparedEntry]) -> PreparedChunk:
        request = self._provider.write_request(
            self._run.kind,
            [prepared.write for prepared in entries],
            chunk.request_key,
            single=False,
        )
        return PreparedChunk(chunk, tuple(entries), request)

    def again(self, chunk: Chunk, entries: Sequence[PreparedEntry]) -> PreparedChunk:
        """These entries of the chunk under a new request key; the chunk is to be stored before sending."""
        generation = chunk.generation + 1
        # Two workers that do not know of each other may come here with different content.
        content = "".join(_content(prepared.write) for prepared in entries)
        key = request_key(
            self._connection,
            self._run.run_id,
            chunk.plan_attempt,
            chunk.number,
            generation,
            content,
        )
        sending = [
            replace(prepared, entry=prepared.entry.sending(sent_mark(prepared.write)))
            for prepared in entries
        ]
        renewed = replace(
            chunk,
            entries=tuple(prepared.entry for prepared in sending),
            request_key=key,
            generation=generation,
            state=ChunkState.PLANNED,
            epoch=self._run.epoch,
        )
        prepared = self.with_request(renewed, sending)
        prepared.chunk = replace(renewed, body_hash=prepared.request.body_hash)
        return prepared

    def rebuilt(self, prepared: PreparedEntry, entry: ChunkEntry) -> PreparedEntry:
        """The same record as another entry (a new name, a newer remote version, an update instead)."""
        write = self._write(entry, prepared.record, prepared.link)
        return replace(prepared, entry=entry, write=write)

    def single_key(self, chunk: Chunk, prepared: PreparedEntry, attempt: int) -> RequestKey:
        """Derived, not drawn: a worker that comes after a crash sends the same write under the same key."""
        text = f"{chunk.request_key}/{attempt}{_content(prepared.write)}"
        return RequestKey(hashlib.blake2b(text.encode(), digest_size=16).hexdigest())

    def refusal(self, prepared: PreparedEntry) -> Problem | None:
        """Why the record as it is now may not go; a plan has asked that of the record as it was."""
        return self.terms.refusal(prepared.record)

    def _write(self, entry: ChunkEntry, record: Record, link: Link | None) -> RecordWrite:
        fields = self.terms.desired(record, entry.remote_name)
        if entry.action is PushAction.CREATE:
            return RecordWrite(record.source_id, PushAction.CREATE, fields)
        changed = changed_fields(fields, link) if link else frozenset(fields.canonical())
        return RecordWrite(
            source_id=record.source_id,
            action=entry.action,
            fields=fields,
            changed=changed,
            remote_id=entry.remote_id,
            remote_version=entry.remote_version,
            answered=link.answered if link else {},
        )


def sent_mark(write: RecordWrite) -> str:
    """Of what the books say once it is carried out: fields that are not written stay as they have them."""
    kept = {name: text for name, text in write.answered.items() if name not in write.changed}
    return content_mark(write.fields, kept)


def _content(write: RecordWrite) -> str:
    """All that a write says: one request key never stands for two of these."""
    fields = sorted(write.fields.canonical().items())
    return f"/{write.source_id}/{write.remote_version}/{sorted(write.changed)}/{fields}"
