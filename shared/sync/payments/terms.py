"""What a connection's payments are measured by: whether one may go, waits or is refused, and what is sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from shared.domain.connections import Connection
from shared.domain.ids import RemoteId
from shared.domain.invoice_fields import PaymentFields
from shared.domain.invoices import InvoiceStatus, Payment
from shared.domain.ledger import Operation, reference_of
from shared.domain.money import canonical_amount
from shared.domain.payment_plan import (
    CHANGED_SINCE,
    PaidInvoice,
    PaymentMapping,
    desired_payment,
    payload_hash,
)
from shared.domain.runs import Problem, PushAction
from shared.providers.base import ProviderProfile, RecordWrite
from shared.sync.payable import may_be_paid
from shared.sync.payments.standing import Standing, ledger_scope

CUSTOMER: Final = "customer_id"
"""The field of an invoice's link that says whose it is in the books."""


class PaymentTerms:
    def __init__(self, connection: Connection, profile: ProviderProfile) -> None:
        self._scope = ledger_scope(connection)
        self._rules = profile.invoices
        self._mapping = payment_mapping(connection)

    def waits(self, standing: Standing) -> bool:
        """For its invoice, which is not in the books yet, or not as it is here, or stands refused.

        What is in the books already waits for nothing.
        """
        if standing.posted:
            return False
        invoice = standing.invoice
        if invoice is None or not invoice.active:
            return False  # refused, see below
        return not may_be_paid(invoice, standing.link, standing.refused)

    def refusal(self, standing: Standing) -> Problem | None:
        """Why it cannot be posted at all, told without asking the provider; None when it can."""
        payment, invoice, post = standing.payment, standing.invoice, standing.post
        if post is not None and post.payload_hash != payload_hash(payment):
            return CHANGED_SINCE
        if invoice is None:
            return Problem(
                "INVOICE_MISSING",
                "The invoice that this payment is for does not exist.",
                "Void the payment, or record the invoice.",
                "invoiceId",
            )
        if invoice.status in (InvoiceStatus.VOID, InvoiceStatus.DRAFT):
            return Problem(
                "INVOICE_NOT_OPEN",
                f"The invoice that this payment is for is {invoice.status.lower()}.",
                "Void the payment, or record it on the invoice that was paid.",
                "invoiceId",
            )
        if invoice.currency != payment.amount.currency:
            return Problem(
                "CURRENCY_DIFFERS",
                f"The payment is in {payment.amount.currency}, its invoice in {invoice.currency}.",
                "Void the payment, and record it in the invoice's currency.",
                "currency",
            )
        return None

    def fields(self, standing: Standing, balance: Decimal | None = None) -> PaymentFields:
        """What the books should say. Raises `ValueError` for a payment whose invoice has no link."""
        if standing.link is None:
            raise ValueError("the payment's invoice is not linked")
        invoice = PaidInvoice(
            standing.link.remote_id, RemoteId(standing.link.base.get(CUSTOMER, "")), balance
        )
        reference = reference_of(self._scope, standing.payment.source_id)
        return desired_payment(standing.payment, invoice, reference, self._mapping, self._rules)

    def write(self, standing: Standing, operation: Operation, fields: PaymentFields) -> RecordWrite:
        source_id, post = standing.payment.source_id, standing.post
        if operation is Operation.POST or post is None:
            return RecordWrite(source_id, PushAction.CREATE, fields)
        return RecordWrite(
            source_id,
            PushAction.VOID,
            fields,
            remote_id=post.remote_id,
            remote_version=post.remote_version,
        )


def payment_mapping(connection: Connection) -> PaymentMapping:
    settings = connection.settings
    return PaymentMapping(settings.default_deposit_account_id, settings.payment_methods)


def not_as_recorded(
    label: str, payment: Payment, remote: PaymentFields, over: Decimal
) -> Problem | None:
    """What the books made of it, where that is another sum; it stands there all the same.

    `over`: how much more was paid here than its invoice comes to, which may stay unapplied there.
    """
    amount, currency = payment.amount.amount, payment.amount.currency
    if remote.amount != amount:
        return Problem(
            "PAYMENT_AMOUNT_DIFFERS",
            f"The payment is {_said(amount)} {currency} here, and {_said(remote.amount)} in {label}.",
            f"Look at the payment in {label}, correct it there, then retry.",
            "amount",
        )
    if remote.unapplied is not None and remote.unapplied > over:
        return Problem(
            "PAYMENT_NOT_APPLIED",
            f"{_said(remote.unapplied)} {currency} of this payment is not applied to the invoice in "
            f"{label}, where {_said(over)} was expected: maybe the invoice was paid there already.",
            f"Look at the invoice in {label}: apply the payment to it, or void there what was paid "
            "twice; then retry.",
            "amount",
        )
    return None


def twice_in_books(label: str, payment: Payment, count: int) -> Problem:
    keep = "all but one of them" if payment.active else "what is left of it"
    return Problem(
        "PAYMENT_TWICE_IN_BOOKS",
        f"This payment was made {count} times in {label}: {label} carried a request out long after "
        "it had given no answer.",
        f"Void {keep} in {label}, each has our reference in its note; then retry.",
    )


def _said(amount: Decimal) -> str:
    return canonical_amount(amount)
