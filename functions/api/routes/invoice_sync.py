"""Sync one invoice with its payments, and how it stands in the books."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from functions.api.dependencies import ServicesOf, Since
from functions.api.models.invoice_sync import (
    InvoiceInBooksAnswer,
    InvoiceSyncAnswer,
    InvoiceSyncAsked,
)
from functions.api.own_money import CONTRADICTS, InvoiceId
from functions.api.security import CallerOf, protected_router
from shared.domain.invoices import Invoice
from shared.sync.invoice_rules import checked_invoice_id
from shared.sync.invoice_standing import invoice_in_books
from shared.sync.records import get_record
from shared.sync.resync import sync_invoice

router = protected_router("/v1/invoices", tag="invoices")


@router.post(
    "/{id:path}/sync",
    status_code=HTTPStatus.ACCEPTED,
    responses={HTTPStatus.CONFLICT: {"description": CONTRADICTS}},
)
def sync_invoice_now(
    invoice_id: InvoiceId, services: ServicesOf, caller: CallerOf
) -> InvoiceSyncAsked:
    """The invoice's changes, then every payment that is not in the books yet; ahead of all others."""
    source_id = checked_invoice_id(invoice_id)
    asked = sync_invoice(services, caller.company_id, source_id, caller.person_id)
    return InvoiceSyncAsked(id=source_id, asked_at=asked.at, payments=asked.payments)


@router.get("/{id:path}/sync")
def get_invoice_sync(
    invoice_id: InvoiceId, services: ServicesOf, caller: CallerOf, since: Since = None
) -> InvoiceSyncAnswer:
    """How the invoice and its payments stand in each of the company's books."""
    source_id = checked_invoice_id(invoice_id)
    invoice = get_record(services.stores.records, caller.company_id, Invoice, source_id)
    moment: datetime | None = since
    books = invoice_in_books(services, caller.company_id, invoice, moment)
    return InvoiceSyncAnswer(
        id=source_id, books=[InvoiceInBooksAnswer.of(there) for there in books]
    )
