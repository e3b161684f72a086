"""`ConnectionStore` over the sync-state table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from shared.domain.connections import (
    Connection,
    ConnectionSettings,
    ConnectionState,
    NewFromBooks,
    PacingMode,
    RemoteCompany,
    Setup,
    StepState,
)
from shared.domain.ids import (
    CompanyId,
    ConnectionKey,
    CorrelationId,
    GrantId,
    ProviderName,
    RecordKind,
    RemoteCompanyId,
)
from shared.storage.dynamo.models import ConnectionRow, RemoteCompanyRow
from shared.storage.dynamo.single import SingleRows
from shared.storage.keys import instant, join, read_instant, require_next_version

_CLAIM = "claim"


class DynamoConnections:
    def __init__(self, rows: SingleRows) -> None:
        self._rows = rows

    def get(self, key: ConnectionKey) -> Connection | None:
        row = self._rows.get(ConnectionRow, join("connection", key.company_id), key.provider)
        return None if row is None else _parse(row)

    def of_company(self, company_id: CompanyId) -> Sequence[Connection]:
        rows = self._rows.partition(ConnectionRow, join("connection", company_id))
        return tuple(map(_parse, rows))

    def save(self, connection: Connection) -> bool:
        require_next_version(connection.version)
        company, settings = connection.remote_company, connection.settings
        row = ConnectionRow(
            pk=join("connection", connection.key.company_id),
            sk=connection.key.provider,
            correlation_id=connection.correlation_id,
            company_id=connection.key.company_id,
            provider=connection.key.provider,
            connection_state=connection.state,
            grant_id=connection.grant_id,
            remote_company_id=company.remote_company_id,
            remote_company_name=company.name,
            home_currency=company.home_currency,
            country=company.country,
            time_zone=company.time_zone,
            default_income_account_id=settings.default_income_account_id,
            pacing_mode=settings.pacing_mode,
            default_tax_code_id=settings.default_tax_code_id or None,
            invoices_from=settings.invoices_from.isoformat() if settings.invoices_from else None,
            payment_mapping=_payment_mapping(settings),
            notify=settings.notify,
            new_from_books=(
                None if settings.new_from_books is NewFromBooks.REVIEW else settings.new_from_books
            ),
            by_itself=(
                None
                if settings.by_itself == frozenset(RecordKind)
                else [kind.value for kind in RecordKind if kind in settings.by_itself]
            ),
            setup=asdict(connection.setup),
            connected_at=instant(connection.connected_at) if connection.connected_at else None,
            version=connection.version,
        )
        if connection.version == 1:
            return self._rows.put(row, ConnectionRow.pk.does_not_exist())
        return self._rows.put(row, ConnectionRow.version == connection.version - 1)

    def claim_remote_company(
        self, provider: ProviderName, remote_company_id: RemoteCompanyId, company_id: CompanyId
    ) -> CompanyId:
        row = RemoteCompanyRow(
            pk=join("remote-company", provider, remote_company_id),
            sk=_CLAIM,
            company_id=company_id,
        )
        standing = self._rows.put_or_standing(row, RemoteCompanyRow.pk.does_not_exist())
        return company_id if standing is None else CompanyId(standing.company_id)

    def owner_of_remote_company(
        self, provider: ProviderName, remote_company_id: RemoteCompanyId
    ) -> CompanyId | None:
        pk = join("remote-company", provider, remote_company_id)
        row = self._rows.get(RemoteCompanyRow, pk, _CLAIM)
        return None if row is None else CompanyId(row.company_id)

    def release_remote_company(
        self, provider: ProviderName, remote_company_id: RemoteCompanyId, company_id: CompanyId
    ) -> None:
        self._rows.delete(
            join("remote-company", provider, remote_company_id),
            _CLAIM,
            RemoteCompanyRow.company_id == company_id,
        )


def _parse(row: ConnectionRow) -> Connection:
    return Connection(
        key=ConnectionKey(CompanyId(row.company_id), ProviderName(row.provider)),
        state=ConnectionState(row.connection_state),
        grant_id=GrantId(row.grant_id),
        remote_company=RemoteCompany(
            remote_company_id=RemoteCompanyId(row.remote_company_id),
            name=row.remote_company_name,
            home_currency=row.home_currency,
            country=row.country,
            time_zone=row.time_zone,
        ),
        settings=ConnectionSettings(
            default_income_account_id=row.default_income_account_id,
            pacing_mode=PacingMode(row.pacing_mode),
            default_tax_code_id=row.default_tax_code_id or "",
            invoices_from=date.fromisoformat(row.invoices_from) if row.invoices_from else None,
            **_read_payment_mapping(row.payment_mapping),
            notify=row.notify is not False,  # rows from before there was the setting have none
            new_from_books=NewFromBooks(row.new_from_books or NewFromBooks.REVIEW),
            by_itself=_kinds(row.by_itself),
        ),
        setup=Setup(**{step: StepState(state) for step, state in row.setup.items()}),
        connected_at=read_instant(row.connected_at) if row.connected_at else None,
        version=int(row.version),
        correlation_id=CorrelationId(row.correlation_id),
    )


def _kinds(stored: Sequence[str] | None) -> frozenset[RecordKind]:
    """All where nothing is stored, as in rows from before there was the setting."""
    return frozenset(RecordKind if stored is None else map(RecordKind, stored))


def _payment_mapping(settings: ConnectionSettings) -> dict[str, object] | None:
    """None where nothing is chosen, so that the row stays as small as it was."""
    if not settings.default_deposit_account_id and not settings.payment_methods:
        return None
    return {
        "deposit": settings.default_deposit_account_id,
        "methods": [list(one) for one in settings.payment_methods],
    }


def _read_payment_mapping(stored: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    if not stored:
        return {}
    return {
        "default_deposit_account_id": stored["deposit"],
        "payment_methods": tuple((one[0], one[1], one[2]) for one in stored["methods"]),
    }
