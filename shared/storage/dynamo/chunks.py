"""Chunks of runs over the sync-state table.

The entries of a chunk are one zlib-compressed JSON attribute: ids and names of thirty records repeat
themselves, and write units are paid by the KB each time the chunk is saved.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence
from datetime import timedelta

from shared.domain.effects import Clock
from shared.domain.ids import (
    ConnectionKey,
    CorrelationId,
    RemoteId,
    RemoteVersion,
    RequestKey,
    RunId,
    SourceId,
)
from shared.domain.runs import Chunk, ChunkEntry, ChunkState, PushAction, RunCounts
from shared.storage.dynamo.bulk import BulkRows, Raw, to_json, update
from shared.storage.dynamo.run_rows import counts_to_json
from shared.storage.dynamo.tables import SCHEMA_VERSION, TTL_ATTRIBUTE
from shared.storage.keys import chunk_number, of_connection
from shared.storage.limits import require_fitting
from shared.storage.ports import Page


class DynamoChunks:
    """`kept` is how long after its last save a chunk may be removed."""

    def __init__(
        self,
        table_name: str,
        bulk: BulkRows,
        clock: Clock,
        correlation_id: Callable[[], CorrelationId],
        kept: timedelta,
    ) -> None:
        self._name = table_name
        self._bulk = bulk
        self._clock = clock
        self._correlation_id = correlation_id
        self._kept = kept

    def add(self, connection: ConnectionKey, chunks: Sequence[Chunk]) -> None:
        """The last of several under one number counts."""
        rows = {
            (row["pk"]["S"], row["sk"]["S"]): row
            for row in (self._row(connection, chunk) for chunk in chunks)
        }
        self._bulk.write(self._name, [{"PutRequest": {"Item": row}} for row in rows.values()])

    def save(self, connection: ConnectionKey, chunks: Sequence[Chunk]) -> list[int]:
        statements = [
            update(self._name, self._row(connection, chunk), {"epoch <=": {"N": str(chunk.epoch)}})
            for chunk in chunks
        ]
        # The same save again writes the same: its own epoch does not stand in its way.
        held = self._bulk.execute(statements, repeatable=True)
        return [chunk.number for chunk, saved in zip(chunks, held, strict=True) if not saved]

    def page(
        self,
        connection: ConnectionKey,
        run_id: RunId,
        plan_attempt: int,
        limit: int,
        cursor: str | None,
        state: ChunkState | None,
    ) -> Page[Chunk]:
        page = self._bulk.page(
            self._name, _pk(connection, run_id, plan_attempt), limit, cursor, dict
        )
        return Page(
            tuple(
                _parse(raw, run_id, plan_attempt)
                for raw in page.rows
                if state is None or raw["chunk_state"]["S"] == state
            ),
            page.cursor,
        )

    def _row(self, connection: ConnectionKey, chunk: Chunk) -> Raw:
        entries = zlib.compress(
            to_json(
                [
                    (
                        entry.source_id,
                        entry.source_version,
                        entry.action,
                        entry.remote_name,
                        entry.renamed,
                        entry.remote_id,
                        entry.remote_version,
                        entry.sent,
                    )
                    for entry in chunk.entries
                ]
            ).encode()
        )
        require_fitting(len(entries), "A chunk")
        head = {
            "request_key": chunk.request_key,
            "body_hash": chunk.body_hash,
            "generation": chunk.generation,
            "counts": counts_to_json(chunk.counts),
        }
        return {
            "pk": {"S": _pk(connection, chunk.run_id, chunk.plan_attempt)},
            "sk": {"S": chunk_number(chunk.number)},
            "schema_version": {"N": str(SCHEMA_VERSION)},
            "correlation_id": {"S": self._correlation_id()},
            TTL_ATTRIBUTE: {"N": str(int((self._clock.now() + self._kept).timestamp()))},
            "chunk_state": {"S": chunk.state},
            "epoch": {"N": str(chunk.epoch)},
            "head": {"S": to_json(head)},
            "entries": {"B": entries},
        }


def _pk(connection: ConnectionKey, run_id: RunId, plan_attempt: int) -> str:
    return of_connection("chunk", connection, run_id, str(plan_attempt))


def _parse(raw: Raw, run_id: RunId, plan_attempt: int) -> Chunk:
    head = json.loads(raw["head"]["S"])
    return Chunk(
        run_id=run_id,
        plan_attempt=plan_attempt,
        number=int(raw["sk"]["S"]),
        entries=tuple(
            ChunkEntry(
                source_id=SourceId(source_id),
                source_version=version,
                action=PushAction(action),
                remote_name=name,
                renamed=renamed,
                remote_id=RemoteId(remote_id),
                remote_version=RemoteVersion(remote_version),
                sent=tuple(sent),
            )
            for source_id, version, action, name, renamed, remote_id, remote_version, sent in (
                json.loads(zlib.decompress(raw["entries"]["B"]))
            )
        ),
        request_key=RequestKey(head["request_key"]),
        body_hash=head["body_hash"],
        state=ChunkState(raw["chunk_state"]["S"]),
        generation=head["generation"],
        counts=RunCounts(**head["counts"]),
        epoch=int(raw["epoch"]["N"]),
    )
