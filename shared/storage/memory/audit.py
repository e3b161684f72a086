"""`AuditStore` in memory."""

from __future__ import annotations

from dataclasses import replace

from shared.domain.ids import CompanyId, SourceId
from shared.storage.keys import audit_key, audit_keys, instant, invoice_audit_key
from shared.storage.memory.table import Lock, Table
from shared.storage.ports import AuditEntry, Page


class MemoryAudit:
    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._entries: Table[AuditEntry] = Table()

    def add(self, entry: AuditEntry) -> None:
        """The same instant and entry id again changes nothing: what was written stays."""
        sk = f"{instant(entry.at)}#{entry.entry_id}"
        with self._lock:
            for pk in audit_keys(entry.company_id, entry.about):
                if self._entries.get(pk, sk) is None:
                    self._entries.put(pk, sk, _copy(entry))

    def page(self, company_id: CompanyId, limit: int, cursor: str | None) -> Page[AuditEntry]:
        return self._page(audit_key(company_id), limit, cursor)

    def page_of_invoice(
        self, company_id: CompanyId, invoice_id: SourceId, limit: int, cursor: str | None
    ) -> Page[AuditEntry]:
        return self._page(invoice_audit_key(company_id, invoice_id), limit, cursor)

    def _page(self, pk: str, limit: int, cursor: str | None) -> Page[AuditEntry]:
        with self._lock:
            page = self._entries.page(pk, limit, cursor, newest_first=True)
        return Page(tuple(_copy(entry) for entry in page.rows), page.cursor)


def _copy(entry: AuditEntry) -> AuditEntry:
    return replace(entry, about=dict(entry.about))
