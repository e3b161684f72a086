"""`LedgerStore` in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.domain.ids import SourceId
from shared.domain.ledger import LedgerRow, LedgerScope, Operation
from shared.storage.keys import of_ledger, require_distinct_keys, require_next_version
from shared.storage.memory.table import Lock, Table
from shared.storage.ports import Page


class MemoryLedger:
    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._rows: Table[LedgerRow] = Table()

    def of(
        self, scope: LedgerScope, operation: Operation, payment_ids: Sequence[SourceId]
    ) -> Mapping[SourceId, LedgerRow]:
        pk = of_ledger(scope, operation)
        with self._lock:
            found = ((payment_id, self._rows.get(pk, payment_id)) for payment_id in payment_ids)
            return {payment_id: row for payment_id, row in found if row is not None}

    def save(self, scope: LedgerScope, rows: Sequence[LedgerRow]) -> Sequence[SourceId]:
        require_distinct_keys(row.payment_id for row in rows)
        for row in rows:
            require_next_version(row.version)
        lost: list[SourceId] = []
        with self._lock:
            for row in rows:
                pk = of_ledger(scope, row.operation)
                standing = self._rows.get(pk, row.payment_id)
                if (standing.version if standing else 0) != row.version - 1:
                    lost.append(row.payment_id)
                else:
                    self._rows.put(pk, row.payment_id, row)
        return lost

    def page(
        self, scope: LedgerScope, operation: Operation, limit: int, cursor: str | None
    ) -> Page[LedgerRow]:
        with self._lock:
            return self._rows.page(of_ledger(scope, operation), limit, cursor)
