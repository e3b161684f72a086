"""BlueClerk's invoices: put, read, list, void, mark paid."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Depends, Query
from starlette.responses import Response

from functions.api.dependencies import DEFAULT_LIMIT, Cursor, ServicesOf
from functions.api.models.invoices import InvoiceAnswer, InvoiceBody, InvoicePage, MarkPaidAnswer
from functions.api.models.payments import MarkPaidBody
from functions.api.own_money import (
    CONTRADICTS,
    AnswersOf,
    InvoiceId,
    PaymentsOf,
)
from functions.api.own_records import OwnRecords, own_records
from functions.api.paging import page_answer
from functions.api.security import CallerOf, protected_router
from shared.domain.ids import SourceId
from shared.domain.invoices import Invoice
from shared.sync.invoice_rules import checked_invoice_id, read_invoice
from shared.sync.invoicing import voided_invoice, wanted_invoice
from shared.sync.payment_rules import checked_payment_id, read_how_paid
from shared.sync.records import SaveOutcome, get_record

router = protected_router("/v1/invoices", tag="invoices")

RecordsOf = Annotated[OwnRecords, Depends(own_records)]
_MOST_OF_A_PAGE: Final = 100
"""Fewer than of other records: the payments of each are read with it."""


@router.put(
    "/{id:path}",
    responses={
        HTTPStatus.CREATED: {"model": InvoiceAnswer, "description": "There was none before."},
        HTTPStatus.CONFLICT: {"description": CONTRADICTS},
    },
)
def put_invoice(
    invoice_id: InvoiceId,
    body: InvoiceBody,
    records: RecordsOf,
    payments: PaymentsOf,
    answers: AnswersOf,
    response: Response,
) -> InvoiceAnswer:
    """Make the invoice say exactly this. Equal content writes nothing and keeps the version.

    Its customer and items must be stored. While payments of it stand it keeps currency and customer and
    becomes neither a draft nor void; once void it stays as it is.
    """
    source_id = checked_invoice_id(invoice_id)
    said = read_invoice(source_id, body.model_dump(by_alias=True, exclude_none=True))

    def wanted(stored: Invoice | None, _source_id: SourceId) -> Invoice:
        return wanted_invoice(payments.records, payments.company_id, stored, said)

    records.put(Invoice, invoice_id, body.id, wanted, response)
    return answers.invoice(*payments.of(source_id))


@router.get("", response_model=InvoicePage)
def list_invoices(
    services: ServicesOf,
    caller: CallerOf,
    answers: AnswersOf,
    limit: Annotated[
        int, Query(ge=1, le=_MOST_OF_A_PAGE, description="Rows of a page at most.")
    ] = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Invoices in order of id, void ones included. A page may be shorter than its limit."""
    records = services.stores.records
    return page_answer(
        lambda rows: records.page(caller.company_id, Invoice, rows, cursor),
        limit,
        lambda page: InvoicePage(
            invoices=[
                answers.invoice(invoice, records.payments_of(caller.company_id, invoice.source_id))
                for invoice in page.rows
            ],
            next_cursor=page.cursor,
        ),
    )


@router.post("/{id:path}:mark-paid", responses={HTTPStatus.CONFLICT: {"description": CONTRADICTS}})
def mark_invoice_paid(
    invoice_id: InvoiceId, body: MarkPaidBody, payments: PaymentsOf, answers: AnswersOf
) -> MarkPaidAnswer:
    """Record a payment of the open balance. Where nothing is open nothing is recorded."""
    own_id = None if body.payment_id is None else checked_payment_id(body.payment_id)
    how = read_how_paid(body.model_dump(by_alias=True, exclude_none=True))
    paid = payments.mark_paid(checked_invoice_id(invoice_id), own_id, how)
    recorded = paid.outcome is not SaveOutcome.UNCHANGED
    return MarkPaidAnswer(
        recorded=recorded,
        message="The open balance is recorded as paid."
        if recorded
        else "Nothing was open: no payment was recorded.",
        payment=answers.payment(paid.payment) if paid.payment else None,
        invoice=answers.invoice(paid.invoice, paid.payments),
    )


@router.get("/{id:path}")
def get_invoice(invoice_id: InvoiceId, payments: PaymentsOf, answers: AnswersOf) -> InvoiceAnswer:
    """One invoice with its payments, void or not."""
    return answers.invoice(*payments.of(checked_invoice_id(invoice_id)))


@router.delete("/{id:path}", responses={HTTPStatus.CONFLICT: {"description": CONTRADICTS}})
def void_invoice(
    invoice_id: InvoiceId, records: RecordsOf, payments: PaymentsOf, answers: AnswersOf
) -> InvoiceAnswer:
    """Void: the invoice stays and bears nothing, for good. Its payments are voided first."""
    source_id = checked_invoice_id(invoice_id)
    store, company_id = payments.records, payments.company_id

    def wanted(stored: Invoice | None) -> Invoice:
        return voided_invoice(
            store, company_id, stored or get_record(store, company_id, Invoice, source_id)
        )

    records.change(Invoice, source_id, wanted)
    return answers.invoice(*payments.of(source_id))
