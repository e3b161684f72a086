"""A person syncs one invoice: its changes go first, then every payment that is not in the books yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.auth.audit import write_down
from shared.domain.connections import Connection, ConnectionState
from shared.domain.errors import Conflicting, NeedsReauth
from shared.domain.ids import CompanyId, PersonId, ProviderName, RecordKind, SourceId
from shared.domain.invoices import Invoice, InvoiceStatus
from shared.domain.payment_plan import Step
from shared.domain.runs import Problem
from shared.sync.automatic.relay import make_due
from shared.sync.connections import existing_connections
from shared.sync.payments.standing import standings
from shared.sync.records import get_record
from shared.sync.services import Services


@dataclass(frozen=True, slots=True)
class Asked:
    """`at`: what happens from here on is this click's doing. `payments`: how many are to go."""

    at: datetime
    payments: int


def sync_invoice(
    services: Services,
    company_id: CompanyId,
    invoice_id: SourceId,
    person_id: PersonId,
    provider: ProviderName | None = None,
) -> Asked:
    """Have the invoice and its payments looked at ahead of all others, in each connected provider or in
    this one.

    Raises `NotFound`, `Conflicting` (a draft; nothing connected; imports not decided) and
    `NeedsReauth`: then nothing is asked of any provider.
    """
    invoice = get_record(services.stores.records, company_id, Invoice, invoice_id)
    if invoice.status is InvoiceStatus.DRAFT:
        raise Conflicting(
            Problem(
                "INVOICE_IS_DRAFT",
                "A draft is not synced.",
                "Send the invoice to the customer first.",
                "status",
            )
        )
    connections = _usable(services, company_id, provider)
    at, payments = services.clock.now(), 0
    for connection in connections:
        payments += _ask(services, connection, invoice, at)
        write_down(services, connection.key, person_id, "invoice.sync_asked", invoice=invoice_id)
    return Asked(at, payments)


def _usable(
    services: Services, company_id: CompanyId, provider: ProviderName | None
) -> list[Connection]:
    found = [
        connection
        for connection in existing_connections(services, company_id)
        if provider in (None, connection.key.provider)
    ]
    if not found:
        raise Conflicting(
            Problem(
                "NOT_CONNECTED",
                "No accounting provider is connected.",
                "Go to Settings → Integrations and connect one.",
            )
        )
    for connection in found:
        if connection.state is ConnectionState.NEEDS_REAUTH:
            raise NeedsReauth(connection.key.provider)
        if not connection.setup.decided:
            raise Conflicting(
                Problem(
                    "IMPORTS_UNDECIDED",
                    "The import of customers and items is not decided yet, so nothing is sent.",
                    "Finish or skip the import steps of the setup.",
                )
            )
    return found


def _ask(services: Services, connection: Connection, invoice: Invoice, now: datetime) -> int:
    key, stores = connection.key, services.stores
    versions = [(invoice.source_id, invoice.version)]
    make_due(services, key, RecordKind.INVOICE, versions, urgent=True)
    payments = stores.records.payments_of(key.company_id, invoice.source_id)
    open_payments = [
        (one.payment.source_id, one.payment.version)
        for one in standings(stores, connection, payments)
        if one.decision(now).step not in (Step.NOTHING, Step.WAIT)
    ]
    make_due(services, key, RecordKind.PAYMENT, open_payments, urgent=True)
    return len(open_payments)
