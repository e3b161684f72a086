"""`RecordStore` in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.domain.ids import CompanyId, SourceId
from shared.domain.invoices import Payment
from shared.domain.records import Record, RecordType, kind_of
from shared.storage.keys import join, payments_prefix, require_distinct_keys, require_next_version
from shared.storage.memory.table import Lock, Table
from shared.storage.ports import Page


class MemoryRecords:
    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._records: Table[Record] = Table()

    def get(
        self, company_id: CompanyId, cls: type[RecordType], source_id: SourceId
    ) -> RecordType | None:
        return self.get_many(company_id, cls, [source_id]).get(source_id)

    def get_many(
        self, company_id: CompanyId, cls: type[RecordType], source_ids: Sequence[SourceId]
    ) -> Mapping[SourceId, RecordType]:
        pk = join(kind_of(cls), company_id)
        with self._lock:
            found = ((source_id, self._records.get(pk, source_id)) for source_id in source_ids)
            return {source_id: record for source_id, record in found if isinstance(record, cls)}

    def payments_of(self, company_id: CompanyId, invoice_id: SourceId) -> Sequence[Payment]:
        prefix = payments_prefix(invoice_id)
        with self._lock:
            rows = list(self._records.rows(join(kind_of(Payment), company_id)))
        return [
            row for row in rows if isinstance(row, Payment) and row.source_id.startswith(prefix)
        ]

    def save(self, company_id: CompanyId, records: Sequence[Record]) -> Sequence[SourceId]:
        require_distinct_keys(record.source_id for record in records)
        for record in records:
            require_next_version(record.version)
        lost: list[SourceId] = []
        with self._lock:
            for record in records:
                pk = join(kind_of(type(record)), company_id)
                stored = self._records.get(pk, record.source_id)
                if (stored.version if stored else 0) == record.version - 1:
                    self._records.put(pk, record.source_id, record)
                else:
                    lost.append(record.source_id)
        return lost

    def page(
        self, company_id: CompanyId, cls: type[RecordType], limit: int, cursor: str | None
    ) -> Page[RecordType]:
        with self._lock:
            page = self._records.page(join(kind_of(cls), company_id), limit, cursor)
        return Page(tuple(row for row in page.rows if isinstance(row, cls)), page.cursor)
