"""Payments of an invoice: record one, pay what is open, void one. What was typed is kept when refused."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, ClassVar

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from functions.api.console.addresses import INVOICES, invoice_address
from functions.api.console.forms import FormOf
from functions.api.console.invoice_page import InvoicePagesOf
from functions.api.console.payment_form import PaymentForm, methods_known
from functions.api.console.rendering import Page
from functions.api.console.session import console_router, done
from functions.api.console.shell import Console, ConsoleOf
from functions.api.dependencies import ServicesOf
from functions.api.own_money import InvoiceId, PaymentsOf
from shared.domain.balances import balance_of
from shared.domain.errors import RequestInvalid
from shared.sync.invoice_rules import checked_invoice_id
from shared.sync.payment_rules import checked_payment_id, read_how_paid, read_values
from shared.sync.records import SaveOutcome

router = console_router()


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkPaidPage(Page):
    """Asked plainly before it is done. `left` is empty where nothing is open."""

    template: ClassVar[str] = "mark_paid.html"
    place: ClassVar[str] = INVOICES
    address: str
    number: str
    left: str
    form: PaymentForm
    methods: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidPaymentPage(Page):
    template: ClassVar[str] = "void_payment.html"
    place: ClassVar[str] = INVOICES
    address: str
    number: str
    payment_id: str
    amount: str
    day: str
    method: str
    reference: str
    voided: bool


@router.post("/invoices/{id:path}/payments")
def press_record(
    pages: InvoicePagesOf,
    form: FormOf,
    request: Request,
    services: ServicesOf,
    payments: PaymentsOf,
    console: ConsoleOf,
) -> Response:
    typed = PaymentForm.typed(form)
    invoice_id = pages.invoice.source_id
    try:
        own_id = checked_payment_id(typed.payment_id)
        saved = payments.record(invoice_id, own_id, read_values(typed.said))
    except RequestInvalid as error:
        again = pages.page(form=typed.refused(error, services.ids))
        return console.page(again, HTTPStatus.UNPROCESSABLE_ENTITY)
    amount = console.words.money(saved.record.amount)
    told = f"A payment of {amount} is recorded."
    if saved.outcome is SaveOutcome.UNCHANGED:
        told = f"This payment of {amount} was recorded already; it was not recorded twice."
    return done(request, invoice_address(invoice_id), told)


@router.get("/invoices/{id:path}/payments/rest")
def ask_before_marking_paid(
    invoice_id: InvoiceId,
    services: ServicesOf,
    payments: PaymentsOf,
    console: ConsoleOf,
) -> Response:
    form = PaymentForm.empty(services.ids, console.words)
    return console.page(_mark_paid(invoice_id, payments, console, form))


@router.post("/invoices/{id:path}/payments/rest")
def press_mark_paid(
    invoice_id: InvoiceId,
    form: FormOf,
    request: Request,
    services: ServicesOf,
    payments: PaymentsOf,
    console: ConsoleOf,
) -> Response:
    typed = PaymentForm.typed(form)
    source_id = checked_invoice_id(invoice_id)
    try:
        own_id = checked_payment_id(typed.payment_id)
        paid = payments.mark_paid(source_id, own_id, read_how_paid(typed.said))
    except RequestInvalid as error:
        refused = typed.refused(error, services.ids)
        again = _mark_paid(invoice_id, payments, console, refused)
        return console.page(again, HTTPStatus.UNPROCESSABLE_ENTITY)
    told = "Nothing was open: no payment was recorded."
    if paid.payment is not None and paid.outcome is not SaveOutcome.UNCHANGED:
        told = (
            f"The open balance of {console.words.money(paid.payment.amount)} is recorded as paid."
        )
    return done(request, invoice_address(source_id), told)


@router.get("/invoices/{id:path}/payments/void")
def ask_before_voiding(
    invoice_id: InvoiceId,
    payment: Annotated[str, Query()],
    payments: PaymentsOf,
    console: ConsoleOf,
) -> Response:
    source_id, own_id = checked_invoice_id(invoice_id), checked_payment_id(payment)
    found, (invoice, _) = payments.get(source_id, own_id), payments.of(source_id)
    amount = console.words.money(found.amount)
    page = VoidPaymentPage(
        title=f"Void the payment of {amount}?",
        address=invoice_address(source_id),
        number=invoice.number,
        payment_id=own_id,
        amount=amount,
        day=console.words.day(found.paid_on),
        method=found.method,
        reference=found.reference,
        voided=not found.active,
    )
    return console.page(page)


@router.post("/invoices/{id:path}/payments/void")
def press_void(
    invoice_id: InvoiceId, form: FormOf, request: Request, payments: PaymentsOf, console: ConsoleOf
) -> Response:
    source_id = checked_invoice_id(invoice_id)
    voided = payments.void(source_id, checked_payment_id(form.text("payment")))
    told = f"The payment of {console.words.money(voided.amount)} is void and no longer counted."
    return done(request, invoice_address(source_id), told)


def _mark_paid(
    invoice_id: InvoiceId,
    payments: PaymentsOf,
    console: Console,
    form: PaymentForm,
) -> MarkPaidPage:
    invoice, stored = payments.of(checked_invoice_id(invoice_id))
    left = balance_of(invoice, stored).open
    return MarkPaidPage(
        title=f"Mark invoice {invoice.number} as paid?",
        address=invoice_address(invoice.source_id),
        number=invoice.number,
        left=console.words.amount(left, invoice.currency) if left > 0 else "",
        form=form,
        methods=methods_known(console.connections()),
    )
