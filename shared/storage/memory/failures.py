"""`FailureStore` in memory."""

from __future__ import annotations

from collections.abc import Sequence

from shared.domain.ids import ConnectionKey, RecordKind, SourceId
from shared.domain.runs import Failure
from shared.storage.keys import of_connection
from shared.storage.memory.table import Lock, Table
from shared.storage.ports import Page


class MemoryFailures:
    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._failures: Table[Failure] = Table()

    def save(self, failures: Sequence[Failure]) -> None:
        with self._lock:
            for failure in failures:
                pk = of_connection("failure", failure.connection, failure.kind)
                self._failures.put(pk, failure.source_id, failure)

    def clear(
        self, connection: ConnectionKey, kind: RecordKind, source_ids: Sequence[SourceId]
    ) -> None:
        pk = of_connection("failure", connection, kind)
        with self._lock:
            for source_id in source_ids:
                self._failures.remove(pk, source_id)

    def of(
        self, connection: ConnectionKey, kind: RecordKind, source_ids: Sequence[SourceId]
    ) -> Sequence[Failure]:
        pk = of_connection("failure", connection, kind)
        with self._lock:
            found = [self._failures.get(pk, source_id) for source_id in dict.fromkeys(source_ids)]
        return [failure for failure in found if failure is not None]

    def page(
        self, connection: ConnectionKey, kind: RecordKind, limit: int, cursor: str | None
    ) -> Page[Failure]:
        with self._lock:
            return self._failures.page(of_connection("failure", connection, kind), limit, cursor)
