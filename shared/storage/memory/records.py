"""`RecordStore` in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from shared.domain.ids import CompanyId, SourceId
from shared.domain.invoices import Invoice, Payment
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
                if self._may_be_saved(company_id, record):
                    self._put(company_id, record)
                else:
                    lost.append(record.source_id)
        return lost

    def save_payment(self, company_id: CompanyId, payment: Payment, invoice: Invoice) -> bool:
        require_next_version(payment.version)
        raised = replace(invoice, payments_version=invoice.payments_version + 1)
        with self._lock:
            stored = self._stored(company_id, invoice)
            holds = isinstance(stored, Invoice) and _versions(stored) == _versions(invoice)
            if not holds or not self._may_be_saved(company_id, payment):
                return False
            self._put(company_id, payment)
            self._put(company_id, raised)
            return True

    def page(
        self, company_id: CompanyId, cls: type[RecordType], limit: int, cursor: str | None
    ) -> Page[RecordType]:
        with self._lock:
            page = self._records.page(join(kind_of(cls), company_id), limit, cursor)
        return Page(tuple(row for row in page.rows if isinstance(row, cls)), page.cursor)

    def _stored(self, company_id: CompanyId, record: Record) -> Record | None:
        return self._records.get(join(kind_of(type(record)), company_id), record.source_id)

    def _put(self, company_id: CompanyId, record: Record) -> None:
        self._records.put(join(kind_of(type(record)), company_id), record.source_id, record)

    def _may_be_saved(self, company_id: CompanyId, record: Record) -> bool:
        stored = self._stored(company_id, record)
        if isinstance(record, Invoice) and isinstance(stored, Invoice):
            return _versions(stored) == (record.version - 1, record.payments_version)
        return (stored.version if stored else 0) == record.version - 1


def _versions(invoice: Invoice) -> tuple[int, int]:
    return invoice.version, invoice.payments_version
