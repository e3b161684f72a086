"""Payments of BlueClerk's invoices: record, read, list, void."""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import Response

from functions.api.models.payments import PaymentAnswer, PaymentBody, PaymentList
from functions.api.own_money import (
    CONTRADICTS,
    AnswersOf,
    InvoiceId,
    PaymentId,
    PaymentsOf,
    payment_address,
)
from functions.api.security import protected_router
from shared.sync.invoice_rules import checked_invoice_id
from shared.sync.payment_rules import checked_payment_id, read_values
from shared.sync.records import SaveOutcome

router = protected_router("/v1/invoices/{id:path}/payments", tag="payments")


@router.put(
    "/{paymentId}",
    responses={
        HTTPStatus.CREATED: {"model": PaymentAnswer, "description": "There was none before."},
        HTTPStatus.CONFLICT: {"description": CONTRADICTS},
    },
)
def put_payment(
    invoice_id: InvoiceId,
    payment_id: PaymentId,
    body: PaymentBody,
    payments: PaymentsOf,
    answers: AnswersOf,
    response: Response,
) -> PaymentAnswer:
    """Record a payment. The very same again writes nothing; a recorded payment never changes.

    An amount above the open balance needs `overpayment`.
    """
    source_id, own_id = checked_invoice_id(invoice_id), checked_payment_id(payment_id)
    values = read_values(body.model_dump(by_alias=True, exclude_none=True))
    saved = payments.record(source_id, own_id, values)
    if saved.outcome is SaveOutcome.CREATED:
        response.status_code = HTTPStatus.CREATED
        response.headers["Location"] = payment_address(source_id, own_id)
    return answers.payment(saved.record)


@router.get("/{paymentId}")  # before the list, whose address would take in one called `payments`
def get_payment(
    invoice_id: InvoiceId, payment_id: PaymentId, payments: PaymentsOf, answers: AnswersOf
) -> PaymentAnswer:
    """One payment, voided or not."""
    found = payments.get(checked_invoice_id(invoice_id), checked_payment_id(payment_id))
    return answers.payment(found)


@router.get("")
def list_payments(invoice_id: InvoiceId, payments: PaymentsOf, answers: AnswersOf) -> PaymentList:
    """All payments of an invoice in order of id, voided ones included."""
    _, found = payments.of(checked_invoice_id(invoice_id))
    return PaymentList(payments=answers.payments(found))


@router.delete("/{paymentId}", responses={HTTPStatus.CONFLICT: {"description": CONTRADICTS}})
def void_payment(
    invoice_id: InvoiceId, payment_id: PaymentId, payments: PaymentsOf, answers: AnswersOf
) -> PaymentAnswer:
    """Void: the payment stays listed and is no longer counted. Its id is not used again."""
    voided = payments.void(checked_invoice_id(invoice_id), checked_payment_id(payment_id))
    return answers.payment(voided)
