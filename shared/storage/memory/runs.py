"""`RunStore` in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shared.domain.ids import ConnectionKey, RecordKind, RunId
from shared.domain.runs import Chunk, ChunkState, Run, is_listed
from shared.storage import keys
from shared.storage.memory.table import Lock, Table
from shared.storage.ports import Page

_EVERYWHERE = "active-runs"


class MemoryRuns:
    """`_by_start` lists runs of a connection, `_active` those under way in all companies."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._runs: Table[Run] = Table()
        self._by_start: Table[RunId] = Table()
        self._active: Table[tuple[ConnectionKey, RunId]] = Table()
        self._pointers: dict[tuple[ConnectionKey, RecordKind], RunId] = {}
        self._chunks: Table[Chunk] = Table()

    def start(self, run: Run) -> Run:
        """Once started and ended, the same run id again answers the ended run and starts nothing."""
        with self._lock:
            active = self.active(run.connection, run.kind) or self.get(run.connection, run.run_id)
            if active is not None:
                return active
            self._put(run)
            self._pointers[run.connection, run.kind] = run.run_id
            return run

    def get(self, connection: ConnectionKey, run_id: RunId) -> Run | None:
        with self._lock:
            run = self._runs.get(keys.of_connection("run", connection), run_id)
            return None if run is None else _copy(run)

    def active(self, connection: ConnectionKey, kind: RecordKind) -> Run | None:
        with self._lock:
            run_id = self._pointers.get((connection, kind))
            return None if run_id is None else self.get(connection, run_id)

    def all_active(self, connection: ConnectionKey) -> Sequence[Run]:
        with self._lock:
            kinds = [kind for key, kind in self._pointers if key == connection]
            return tuple(run for kind in kinds if (run := self.active(connection, kind)))

    def page(self, connection: ConnectionKey, limit: int, cursor: str | None) -> Page[Run]:
        with self._lock:
            page = self._by_start.page(
                keys.of_connection("run", connection), limit, cursor, newest_first=True
            )
            found = (self.get(connection, run_id) for run_id in page.rows)
            return Page(tuple(run for run in found if run is not None), page.cursor)

    def active_everywhere(self, limit: int, cursor: str | None) -> Page[Run]:
        with self._lock:
            page = self._active.page(_EVERYWHERE, limit, cursor)
            found = (self.get(connection, run_id) for connection, run_id in page.rows)
            return Page(tuple(run for run in found if run is not None), page.cursor)

    def save(self, run: Run, *, expected_epoch: int) -> bool:
        with self._lock:
            stored = self.get(run.connection, run.run_id)
            if stored is None or stored.epoch != expected_epoch or not stored.state.active:
                return False
            self._put(run)
            place = (run.connection, run.kind)
            if not run.state.active and self._pointers.get(place) == run.run_id:
                del self._pointers[place]
            return True

    def _put(self, run: Run) -> None:
        self._runs.put(keys.of_connection("run", run.connection), run.run_id, _copy(run))
        place = keys.join(
            keys.shard_of(run.run_id),
            keys.instant(run.started_at),
            run.connection.company_id,
            run.connection.provider,
            run.run_id,
        )
        if run.state.active:
            self._active.put(_EVERYWHERE, place, (run.connection, run.run_id))
        else:
            self._active.remove(_EVERYWHERE, place)
        if is_listed(run):
            started = f"{keys.instant(run.started_at)}#{run.run_id}"
            self._by_start.put(keys.of_connection("run", run.connection), started, run.run_id)

    def add_chunks(self, connection: ConnectionKey, chunks: Sequence[Chunk]) -> None:
        with self._lock:
            for chunk in chunks:
                self._chunks.put(
                    _chunk_pk(connection, chunk.run_id, chunk.plan_attempt),
                    keys.chunk_number(chunk.number),
                    chunk,
                )

    def save_chunks(self, connection: ConnectionKey, chunks: Sequence[Chunk]) -> Sequence[int]:
        """A chunk that was never added has lost as well: it is not of a plan that counts."""
        lost: list[int] = []
        with self._lock:
            for chunk in chunks:
                pk = _chunk_pk(connection, chunk.run_id, chunk.plan_attempt)
                stored = self._chunks.get(pk, keys.chunk_number(chunk.number))
                if stored is None or stored.epoch > chunk.epoch:
                    lost.append(chunk.number)
                else:
                    self._chunks.put(pk, keys.chunk_number(chunk.number), chunk)
        return lost

    def page_chunks(
        self,
        connection: ConnectionKey,
        run_id: RunId,
        plan_attempt: int,
        limit: int,
        cursor: str | None,
        state: ChunkState | None = None,
    ) -> Page[Chunk]:
        with self._lock:
            page = self._chunks.page(_chunk_pk(connection, run_id, plan_attempt), limit, cursor)
        return Page(
            tuple(chunk for chunk in page.rows if state is None or chunk.state is state),
            page.cursor,
        )


def _chunk_pk(connection: ConnectionKey, run_id: RunId, plan_attempt: int) -> str:
    return keys.of_connection("chunk", connection, run_id, str(plan_attempt))


def _copy(run: Run) -> Run:
    return replace(run, causes=dict(run.causes))
