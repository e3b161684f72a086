"""Payments as people record them: record one, void one, pay what is open.

What may be paid depends on the invoice and on all its payments, so each write is conditional on both
(`RecordStore.save_payment`): of two that fit the balance singly and not together, the second to be stored
looks again and is refused. A recorded payment never changes; whoever says it again, says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from shared.domain.balances import balance_of, spelled
from shared.domain.effects import Clock
from shared.domain.errors import Conflicting, NotFound, RetryLater
from shared.domain.ids import CompanyId, CorrelationId, SourceId
from shared.domain.invoices import MAX_PAYMENTS, Invoice, InvoiceStatus, Payment
from shared.domain.money import Money
from shared.domain.runs import Problem
from shared.storage.keys import own_payment_id, payment_id
from shared.storage.ports import RecordStore
from shared.sync.payment_rules import HowPaid, PaymentValues, check_decimals
from shared.sync.records import Saved, SaveOutcome, get_record, next_version

_TRIES: Final = 10
"""Lost races in a row after which an invoice is called busy; each loss means that somebody else won."""

_FIELDS: Final = {
    "amount": "amount",
    "currency": "currency",
    "paid_on": "paidOn",
    "method": "method",
    "reference": "reference",
    "note": "note",
    "overpaid": "overpayment",
}
"""What a caller says of a payment, by content, as the API spells it."""


@dataclass(frozen=True, slots=True)
class Paid:
    """What a payment's write left: the invoice with all its payments, and the payment, if there is one.

    `outcome` UNCHANGED: nothing was recorded.
    """

    invoice: Invoice
    payments: tuple[Payment, ...]
    payment: Payment | None
    outcome: SaveOutcome


@dataclass(frozen=True, slots=True)
class Payments:
    """The payments of a company's invoices, and who changes them.

    Methods raise `NotFound`, `Conflicting` where invoice or payment do not allow it, and `RetryLater` when
    others kept changing the invoice.
    """

    records: RecordStore
    clock: Clock
    company_id: CompanyId
    correlation_id: CorrelationId

    def of(self, invoice_id: SourceId) -> tuple[Invoice, tuple[Payment, ...]]:
        """An invoice and all its payments, void ones included."""
        invoice = get_record(self.records, self.company_id, Invoice, invoice_id)
        return invoice, tuple(self.records.payments_of(self.company_id, invoice_id))

    def get(self, invoice_id: SourceId, own_id: str) -> Payment:
        found = self.records.get(self.company_id, Payment, payment_id(invoice_id, own_id))
        if found is None:
            raise NotFound(
                Problem(
                    "PAYMENT_NOT_FOUND",
                    "The invoice has no payment with this id.",
                    "Check the ids.",
                    "paymentId",
                )
            )
        return found

    def record(self, invoice_id: SourceId, own_id: str, values: PaymentValues) -> Saved[Payment]:
        """Record a payment; the very same again answers the stored one.

        Raises besides `FieldsInvalid` for an amount that the currency has no coins for.
        """

        def wanted(invoice: Invoice, payments: Sequence[Payment]) -> Payment:
            payment = _payment(
                invoice,
                own_id,
                Money(values.amount, values.currency or invoice.currency),
                values.how,
                overpaid=values.overpayment,
            )
            stored = _stored(payments, payment.source_id)
            if stored is not None:
                return _same(stored, payment)
            _check_payable(invoice)
            _check_amount(invoice, payments, payment)
            return payment

        paid = self._save(invoice_id, wanted)
        assert paid.payment is not None  # noqa: S101 - `wanted` gives one
        return Saved(paid.payment, paid.outcome)

    def void(self, invoice_id: SourceId, own_id: str) -> Payment:
        """Void it: it stays listed and is not counted. A void one is left as it is."""
        self.get(invoice_id, own_id)

        def wanted(_invoice: Invoice, payments: Sequence[Payment]) -> Payment:
            stored = _stored(payments, payment_id(invoice_id, own_id))
            assert stored is not None  # noqa: S101 - no record is ever deleted
            return replace(stored, active=False)

        paid = self._save(invoice_id, wanted)
        assert paid.payment is not None  # noqa: S101 - `wanted` gives one
        return paid.payment

    def mark_paid(self, invoice_id: SourceId, own_id: str | None, how: HowPaid) -> Paid:
        """Record a payment of what is open; nothing where nothing is, so that a second click does nothing.

        `own_id` None: one is made. An id given that is recorded already with another content is refused.
        """

        def wanted(invoice: Invoice, payments: Sequence[Payment]) -> Payment | None:
            _check_payable(invoice)
            left = balance_of(invoice, payments).open
            if left <= 0:
                given = payment_id(invoice_id, own_id) if own_id else None
                return _stored(payments, given) if given else None
            chosen = own_id or _free_id(invoice, payments)
            payment = _payment(invoice, chosen, Money(left, invoice.currency), how)
            stored = _stored(payments, payment.source_id)
            return payment if stored is None else _same(stored, payment)

        return self._save(invoice_id, wanted)

    def _save(
        self,
        invoice_id: SourceId,
        wanted: Callable[[Invoice, Sequence[Payment]], Payment | None],
    ) -> Paid:
        """Store what `wanted` makes of the invoice and its payments; asked again after a lost race."""
        for _ in range(_TRIES):
            invoice, payments = self.of(invoice_id)
            payment = wanted(invoice, payments)
            if payment is None:
                return Paid(invoice, payments, None, SaveOutcome.UNCHANGED)
            stored = _stored(payments, payment.source_id)
            if stored is None:
                _check_room(payments)
            payment = next_version(stored, payment, self.clock, self.correlation_id)
            if payment is stored:
                return Paid(invoice, payments, payment, SaveOutcome.UNCHANGED)
            if self.records.save_payment(self.company_id, payment, invoice):
                others = [one for one in payments if one.source_id != payment.source_id]
                in_order = sorted([*others, payment], key=lambda one: one.source_id)
                outcome = SaveOutcome.UPDATED if stored else SaveOutcome.CREATED
                return Paid(invoice, tuple(in_order), payment, outcome)
        raise RetryLater(f"an invoice of {self.company_id} kept changing while it was paid", 1.0)


def _payment(
    invoice: Invoice, own_id: str, amount: Money, how: HowPaid, *, overpaid: bool = False
) -> Payment:
    return Payment(
        source_id=payment_id(invoice.source_id, own_id),
        invoice_id=invoice.source_id,
        amount=amount,
        paid_on=how.paid_on,
        method=how.method,
        reference=how.reference,
        note=how.note,
        overpaid=overpaid,
    )


def _stored(payments: Sequence[Payment], source_id: SourceId) -> Payment | None:
    return next((one for one in payments if one.source_id == source_id), None)


def _same(stored: Payment, said: Payment) -> Payment:
    """The stored payment, if that is what was said."""
    if not stored.active:
        raise Conflicting(
            Problem(
                "PAYMENT_VOIDED",
                "A payment with this id was recorded and voided.",
                "Record it anew under another id.",
                "paymentId",
            )
        )
    before, after = stored.content(), said.content()
    for name, field in _FIELDS.items():
        if before[name] != after[name]:
            raise Conflicting(
                Problem(
                    "PAYMENT_RECORDED_OTHERWISE",
                    f"A payment with this id was recorded already, with another {field}.",
                    "Record another payment under its own id; a wrong one is voided first.",
                    field,
                )
            )
    return stored


def _free_id(invoice: Invoice, payments: Sequence[Payment]) -> str:
    """The same for all who look at the same payments; nobody has chosen it."""
    taken = {own_payment_id(one.source_id) for one in payments}
    number = invoice.payments_version + 1
    while f"paid-{number}" in taken:
        number += 1
    return f"paid-{number}"


def _check_payable(invoice: Invoice) -> None:
    if invoice.status.goes_by_itself:
        return
    if invoice.status is InvoiceStatus.DRAFT:
        message, action = "The invoice is a draft.", "Send the invoice first."
    else:
        message, action = "The invoice is void.", "Make a new invoice."
    raise Conflicting(Problem(f"INVOICE_{invoice.status}", message, action, "status"))


def _check_amount(invoice: Invoice, payments: Sequence[Payment], payment: Payment) -> None:
    amount, currency = payment.amount.amount, invoice.currency
    if payment.amount.currency != currency:
        raise Conflicting(
            Problem(
                "OTHER_CURRENCY",
                f"The invoice is in {currency}.",
                f"Record what was paid in {currency}.",
                "currency",
            )
        )
    check_decimals(amount, currency)
    left = balance_of(invoice, payments).open
    if amount > left and not payment.overpaid:
        raise Conflicting(
            Problem(
                "PAYMENT_ABOVE_BALANCE",
                f"The payment of {spelled(amount, currency)} {currency} is above the open balance of "
                f"{spelled(left, currency)} {currency}.",
                "Correct the amount, or say overpayment to keep the rest as the customer's credit.",
                "amount",
            )
        )


def _check_room(payments: Sequence[Payment]) -> None:
    if len(payments) >= MAX_PAYMENTS:
        raise Conflicting(
            Problem(
                "TOO_MANY_PAYMENTS",
                f"The invoice has {len(payments)} payments; at most {MAX_PAYMENTS} are possible.",
                "Record what is left on another invoice.",
                "paymentId",
            )
        )
