"""`PacingStore`, `RemoteListCache` and `AuditStore` over the sync-state table."""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta

from shared.domain.ids import CompanyId, ConnectionKey, PersonId, SourceId
from shared.storage.dynamo.bulk import BulkRows
from shared.storage.dynamo.models import AuditRow, PacingRowModel, RemoteListRow
from shared.storage.dynamo.single import SingleRows
from shared.storage.keys import (
    audit_key,
    audit_keys,
    instant,
    invoice_audit_key,
    of_connection,
    read_instant,
    require_next_version,
)
from shared.storage.limits import require_fitting
from shared.storage.ports import AuditEntry, PacingRow, Page

_PACING = "pacing"


class DynamoPacing:
    def __init__(self, rows: SingleRows) -> None:
        self._rows = rows

    def load(self, connection: ConnectionKey) -> PacingRow | None:
        row = self._rows.get(PacingRowModel, of_connection(_PACING, connection), _PACING)
        return None if row is None else PacingRow(row.pacing_state, int(row.version))

    def save(self, connection: ConnectionKey, row: PacingRow) -> bool:
        require_next_version(row.version)
        stored = PacingRowModel(
            pk=of_connection(_PACING, connection),
            sk=_PACING,
            pacing_state=row.state,
            version=row.version,
        )
        if row.version == 1:
            return self._rows.put(stored, PacingRowModel.pk.does_not_exist())
        return self._rows.put(stored, PacingRowModel.version == row.version - 1)


class DynamoRemoteLists:
    def __init__(self, rows: SingleRows) -> None:
        self._rows = rows

    def get(self, connection: ConnectionKey, name: str, now: datetime) -> str | None:
        row = self._rows.get(RemoteListRow, of_connection("remote-list", connection), name)
        if row is None or now >= read_instant(row.stale_at):
            return None
        return zlib.decompress(row.text).decode()

    def put(
        self, connection: ConnectionKey, name: str, text: str, *, now: datetime, fresh: timedelta
    ) -> None:
        content = text.encode()
        require_fitting(len(content), "A list")
        stale_at = now + fresh
        self._rows.put(
            RemoteListRow(
                pk=of_connection("remote-list", connection),
                sk=name,
                text=zlib.compress(content),
                stale_at=instant(stale_at),
                expires_at=int(stale_at.timestamp()),
            )
        )


class DynamoAudit:
    def __init__(self, table_name: str, rows: SingleRows, bulk: BulkRows) -> None:
        self._name = table_name
        self._rows = rows
        self._bulk = bulk

    def add(self, entry: AuditEntry) -> None:
        """The same instant and entry id again changes nothing: what was written stays."""
        for pk in audit_keys(entry.company_id, entry.about):
            self._rows.put(
                AuditRow(
                    pk=pk,
                    sk=f"{instant(entry.at)}#{entry.entry_id}",
                    company_id=entry.company_id,
                    at=instant(entry.at),
                    entry_id=entry.entry_id,
                    who=entry.who,
                    what=entry.what,
                    about=dict(entry.about),
                ),
                AuditRow.pk.does_not_exist(),
            )

    def page(self, company_id: CompanyId, limit: int, cursor: str | None) -> Page[AuditEntry]:
        return self._page(audit_key(company_id), limit, cursor)

    def page_of_invoice(
        self, company_id: CompanyId, invoice_id: SourceId, limit: int, cursor: str | None
    ) -> Page[AuditEntry]:
        return self._page(invoice_audit_key(company_id, invoice_id), limit, cursor)

    def _page(self, pk: str, limit: int, cursor: str | None) -> Page[AuditEntry]:
        return self._bulk.page(
            self._name,
            pk,
            limit,
            cursor,
            lambda raw: _parse(AuditRow.from_raw_data(raw)),
            newest_first=True,
        )


def _parse(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        company_id=CompanyId(row.company_id),
        at=read_instant(row.at),
        entry_id=row.entry_id,
        who=PersonId(row.who),
        what=row.what,
        about=row.about,
    )
