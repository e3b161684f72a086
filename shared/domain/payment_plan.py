"""Pure: what a payment needs next, given its ledger rows; and what the books should say of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from shared.domain import ledger
from shared.domain.ids import RemoteId
from shared.domain.invoice_fields import PaymentFields
from shared.domain.invoice_rules import InvoiceRules
from shared.domain.invoices import ZERO, Payment
from shared.domain.ledger import LedgerRow, LedgerState, Operation
from shared.domain.runs import Problem

LATE_CHECK: Final = timedelta(hours=6)
"""After a payment was unsure: queued writes have turned up some four hours later (X-minimul, 2017)."""

NIGHT: Final = time(3)
"""Of the company's day: when it is looked for once more."""

_LATE_CHECKS: Final = 2


class Step(StrEnum):
    NOTHING = "nothing"
    WAIT = "wait"
    """Until `Decision.until`."""
    SEND = "send"
    """Reserve it, if it is not, and send it."""
    LOOK = "look"
    """Its outcome is unknown: look it up before anything else."""
    CHECK = "check"
    """Its outcome is known, but once was not: look whether the provider committed late."""
    CANCEL = "cancel"
    """Voided here before it was in the books: it is not to be sent."""


@dataclass(frozen=True, slots=True)
class Decision:
    step: Step
    operation: Operation = Operation.POST
    until: datetime | None = None


def decide(
    payment: Payment, post: LedgerRow | None, void: LedgerRow | None, now: datetime
) -> Decision:
    """What comes next. A payment is voided in the books only once it is known to be in them.

    A refused one is to be sent again: whoever asks this says by asking that it is to be tried. But
    when it is time to look for a late commit of it, that comes first.
    """
    if post is None:
        return Decision(Step.SEND if payment.active else Step.NOTHING)
    match post.state:
        case LedgerState.RESERVED:
            return Decision(Step.SEND if payment.active else Step.CANCEL)
        case LedgerState.IN_FLIGHT | LedgerState.UNKNOWN:
            return _at(post, Step.LOOK, Operation.POST, now)
        case LedgerState.REFUSED if payment.active:
            check = post.look_at is not None and post.look_at <= now
            return Decision(Step.CHECK if check else Step.SEND)
        case LedgerState.POSTED if not payment.active:
            return _of_void(post, void, now)
    return _at(post, Step.CHECK, Operation.POST, now)


def _of_void(post: LedgerRow, void: LedgerRow | None, now: datetime) -> Decision:
    if void is None or void.state in (LedgerState.RESERVED, LedgerState.REFUSED):
        return Decision(Step.SEND, Operation.VOID)
    if void.state is not LedgerState.POSTED:
        return _at(void, Step.LOOK, Operation.VOID, now)
    return _at(post, Step.CHECK, Operation.POST, now)


def _at(row: LedgerRow, step: Step, operation: Operation, now: datetime) -> Decision:
    if row.state is LedgerState.IN_FLIGHT:
        return Decision(step, operation)  # whoever sent it is gone
    if row.look_at is None:
        return Decision(Step.NOTHING)
    if now < row.look_at:
        return Decision(Step.WAIT, operation, row.look_at)
    return Decision(step, operation)


def next_check(row: LedgerRow, now: datetime, time_zone: str) -> datetime | None:
    """When a row whose outcome was unsure is looked at for a late commit; None: not any more.

    Not a void's: one that comes late finds the payment void, or quotes a version that is old.
    """
    if row.unsure_at is None or row.looks >= _LATE_CHECKS or row.operation is Operation.VOID:
        return None
    if row.looks == 0:
        return max(now, row.unsure_at + LATE_CHECK)
    zone = ZoneInfo(time_zone) if time_zone else UTC
    tonight = now.astimezone(zone).replace(
        hour=NIGHT.hour, minute=NIGHT.minute, second=0, microsecond=0
    )
    return (tonight if tonight > now else tonight + timedelta(days=1)).astimezone(UTC)


def checked_later(row: LedgerRow, now: datetime, time_zone: str) -> LedgerRow:
    """The row, to be looked at when its `next_check` is; `time_zone`: of the company in the books."""
    return ledger.to_be_checked(row, next_check(row, now, time_zone))


def payload_hash(payment: Payment) -> str:
    """Of what it says; that it was voided since does not count."""
    said = replace(payment, active=True).content()
    return hashlib.blake2b(json.dumps(said, sort_keys=True).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class PaidInvoice:
    """What a payment must know of its invoice there. `balance`: what is open, None where not told."""

    remote_id: RemoteId
    customer_id: RemoteId
    balance: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PaymentMapping:
    """Where a connection books money received. `methods`: the office's word, case folded, to the
    provider's method and deposit account, either empty where none is chosen.
    """

    deposit_account_id: str = ""
    methods: tuple[tuple[str, str, str], ...] = ()

    def of(self, method: str) -> tuple[str, str]:
        """The provider's method and the account for a payment by this method."""
        word = method.strip().casefold()
        for known, method_id, account_id in self.methods:
            if known == word:
                return method_id, account_id or self.deposit_account_id
        return "", self.deposit_account_id


def desired_payment(
    payment: Payment,
    invoice: PaidInvoice,
    reference: str,
    mapping: PaymentMapping,
    rules: InvoiceRules,
) -> PaymentFields:
    """What the books should say. What is above the invoice's balance there stays unapplied."""
    amount = payment.amount.amount
    applied = amount if invoice.balance is None else max(ZERO, min(amount, invoice.balance))
    method_id, account_id = mapping.of(payment.method)
    return PaymentFields(
        name=reference,
        customer_id=invoice.customer_id,
        invoice_id=invoice.remote_id,
        amount=amount,
        applied=applied,
        currency=payment.amount.currency,
        paid_on=payment.paid_on,
        method_id=method_id,
        deposit_account_id=account_id,
        number=payment.reference.strip()[: rules.max_payment_number],
        note=payment.note,
        active=payment.active,
    )


CHANGED_SINCE: Final = Problem(
    "PAYMENT_RECORDED_OTHERWISE",
    "This payment was recorded with another amount, date or note when it was first sent.",
    "Void it, and record it under another id.",
)
VOIDED_HERE: Final = Problem("VOIDED", "It was voided before it was in the books.")
