"""`DueStore` and `AutomaticStore` in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from shared.domain.due import AutomaticState, DueLook, DueRow
from shared.domain.ids import ConnectionKey, RecordKind
from shared.storage.keys import OLDEST_AMONG, due_key, of_connection, require_next_version
from shared.storage.memory.table import Lock, Table


class MemoryDue:
    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._rows: Table[DueRow] = Table()

    def add(self, rows: Sequence[DueRow]) -> None:
        with self._lock:
            for row in rows:
                stored = self._get(row)
                if stored is None:
                    self._put(replace(row, tries=0, waits_for=""))
                elif row.asked or stored.version < row.version:
                    version = max(stored.version, row.version)
                    asked = row.asked or stored.asked
                    raised = replace(row, version=version, since=stored.since, asked=asked)
                    self._put(replace(raised, tries=0, waits_for=""))

    def look(
        self, connection: ConnectionKey, kind: RecordKind, now: datetime, limit: int
    ) -> DueLook:
        ready: list[DueRow] = []
        next_at: datetime | None = None
        with self._lock:
            for row in self._rows.rows(_pk(connection, kind)):
                if row.not_before <= now:
                    ready.append(row)
                    if len(ready) == limit:
                        break
                elif not row.waits_for:
                    next_at = min(next_at, row.not_before) if next_at else row.not_before
        return DueLook(tuple(ready), next_at)

    def urgent(self, connection: ConnectionKey, kind: RecordKind, limit: int) -> Sequence[DueRow]:
        with self._lock:
            rows = [row for row in self._rows.rows(_pk(connection, kind)) if row.urgent]
        return rows[:limit]

    def remove(self, rows: Sequence[DueRow]) -> None:
        with self._lock:
            for row in rows:
                stored = self._get(row)
                if stored and _unmoved(stored, row) and stored.tries == row.tries:
                    self._rows.remove(_pk(row.connection, row.kind), _sk(row))

    def put_off(self, rows: Sequence[DueRow]) -> None:
        with self._lock:
            for row in rows:
                stored = self._get(row)
                if stored and _unmoved(stored, row):
                    moved = replace(stored, not_before=row.not_before, tries=row.tries)
                    self._put(replace(moved, waits_for=row.waits_for, late_check=row.late_check))

    def waiting(self, connection: ConnectionKey, kind: RecordKind, most: int) -> Sequence[DueRow]:
        with self._lock:
            rows = self._rows.rows(_pk(connection, kind))
            return list(islice((row for row in rows if row.waits_for), most))

    def count(self, connection: ConnectionKey, kind: RecordKind, most: int) -> int:
        with self._lock:
            rows = self._rows.rows(_pk(connection, kind))
            return min(most, sum(1 for row in rows if not row.late_check))

    def oldest_since(self, connection: ConnectionKey, kind: RecordKind) -> datetime | None:
        with self._lock:
            rows = self._rows.rows(_pk(connection, kind))
            free = (row for row in rows if not row.waits_for and not row.late_check)
            return min((row.since for row in islice(free, OLDEST_AMONG)), default=None)

    def _get(self, row: DueRow) -> DueRow | None:
        return self._rows.get(_pk(row.connection, row.kind), _sk(row))

    def _put(self, row: DueRow) -> None:
        self._rows.put(_pk(row.connection, row.kind), _sk(row), row)


class MemoryAutomatic:
    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._states: dict[ConnectionKey, AutomaticState] = {}

    def load(self, connection: ConnectionKey) -> AutomaticState | None:
        with self._lock:
            return self._states.get(connection)

    def save(self, state: AutomaticState) -> bool:
        require_next_version(state.version)
        with self._lock:
            stored = self._states.get(state.connection)
            if (stored.version if stored else 0) != state.version - 1:
                return False
            self._states[state.connection] = replace(state, batches=dict(state.batches))
            return True

    def due_everywhere(self, now: datetime, limit: int) -> Sequence[ConnectionKey]:
        with self._lock:
            due = [state for state in self._states.values() if state.due_at <= now]
        due.sort(key=lambda state: (state.due_at, of_connection("", state.connection)))
        return [state.connection for state in due[:limit]]


def _unmoved(stored: DueRow, row: DueRow) -> bool:
    return (stored.version, stored.asked) == (row.version, row.asked)


def _pk(connection: ConnectionKey, kind: RecordKind) -> str:
    return of_connection("due", connection, kind)


def _sk(row: DueRow) -> str:
    return due_key(row.source_id, urgent=row.urgent)
