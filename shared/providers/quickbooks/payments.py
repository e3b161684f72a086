"""QuickBooks' Payment to and from the suite's fields (quickbooks.md 2.6, 6.5).

Nothing about a payment is unique there, so our reference stands first in its note and a blank behind
it: `find_payments` compares that word, whatever else the note says.
"""

from __future__ import annotations

from collections.abc import Mapping
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, Final

from shared.domain.ids import RemoteId
from shared.domain.invoice_fields import PaymentFields
from shared.domain.invoices import ZERO
from shared.domain.money import canonical_amount
from shared.domain.runs import PushAction
from shared.providers.base import RecordWrite, RemoteMethod, RemoteRecord
from shared.providers.quickbooks.profile import PROFILE
from shared.providers.quickbooks.transactions import (
    cut_to,
    is_void,
    needed_date,
    note_of,
    reference,
    referred,
    rows_of,
    total_of,
    void_object,
)
from shared.providers.quickbooks.wire import identity, number_of, text_of

ELEMENTS: Final = {
    "TotalAmt": "amount",
    "CurrencyRef": "amount",
    "TxnDate": "paidOn",
    "PaymentRefNum": "reference",
    "PaymentMethodRef": "method",
    "PrivateNote": "note",
    "Line": "amount",
}
"""Which field of our API an error's `element` is about."""

_INVOICE: Final = "Invoice"


def payment_object(write: RecordWrite, _country: str) -> str:
    """The entity of a create or void as JSON text; the same write gives the same text, ASCII only.

    `ProcessPayment` is never sent: true would charge a card (6.5). `CurrencyRef` as for invoices.
    Raises ValueError for an update: a payment that was wrong is voided and made anew.
    """
    if write.action is PushAction.VOID:
        return void_object(write)
    if write.action is not PushAction.CREATE:
        raise ValueError("a payment is created or voided, never updated")
    fields = write.fields
    assert isinstance(fields, PaymentFields)  # noqa: S101 - `ENTITIES` is keyed by kind
    rules = PROFILE.invoices
    parts = [
        f'"TotalAmt":{canonical_amount(fields.amount)}',
        reference("CustomerRef", fields.customer_id),
        reference("CurrencyRef", fields.currency),
        f'"TxnDate":"{fields.paid_on.isoformat()}"',
    ]
    if fields.number:
        parts.append(f'"PaymentRefNum":{quoted(cut_to(fields.number, rules.max_payment_number))}')
    if fields.method_id:
        parts.append(reference("PaymentMethodRef", fields.method_id))
    if fields.deposit_account_id:
        parts.append(reference("DepositToAccountRef", fields.deposit_account_id))
    note = f"{fields.name} {fields.note}" if fields.note else fields.name
    parts.append(f'"PrivateNote":{quoted(cut_to(note, rules.max_note))}')
    if fields.applied > 0:
        linked = f'[{{"TxnId":{quoted(fields.invoice_id)},"TxnType":"{_INVOICE}"}}]'
        parts.append(
            f'"Line":[{{"Amount":{canonical_amount(fields.applied)},"LinkedTxn":{linked}}}]'
        )
    return "{" + ",".join(parts) + "}"


def payment_fields(row: Mapping[str, Any]) -> PaymentFields:
    """A payment as QuickBooks has it. Raises `wire.ShapeUnknown`.

    Of one that is not ours `name` is the first word of its note. One that pays several invoices is told
    with the first of them.
    """
    applied = [
        (text_of(linked, "TxnId"), number_of(line, "Amount"))
        for line in rows_of(row, "Line")
        for linked in rows_of(line, "LinkedTxn")
        if linked.get("TxnType") == _INVOICE
    ]
    invoice_id = applied[0][0] if applied else ""
    name, _, note = note_of(row).partition(" ")
    return PaymentFields(
        name=name,
        customer_id=RemoteId(referred(row, "CustomerRef", needed=True)),
        invoice_id=RemoteId(invoice_id),
        amount=total_of(row),
        applied=sum((amount for paid, amount in applied if paid == invoice_id), ZERO),
        currency=referred(row, "CurrencyRef"),
        paid_on=needed_date(row, "TxnDate"),
        method_id=referred(row, "PaymentMethodRef"),
        deposit_account_id=referred(row, "DepositToAccountRef"),
        number=text_of(row, "PaymentRefNum"),
        note=note,
        active=not is_void(row, emptied=not rows_of(row, "Line")),
        unapplied=None if row.get("UnappliedAmt") is None else number_of(row, "UnappliedAmt"),
    )


def remote_payment(row: Mapping[str, Any]) -> RemoteRecord:
    """Raises `wire.ShapeUnknown`."""
    remote_id, remote_version = identity(row)
    return RemoteRecord(remote_id, remote_version, payment_fields(row), linkable=True)


def carries(row: Mapping[str, Any], name: str) -> bool:
    """Whether a payment of the books carries our reference at the beginning of its note.

    Of one that bears nothing any more it may stand behind another word than "Voided", which may be
    translated (2.6). Raises `wire.ShapeUnknown`.
    """
    words = text_of(row, "PrivateNote").split()
    return name in words[:1] or (not total_of(row) and name in words)


def age_key(record: RemoteRecord) -> tuple[int, str]:
    """Ids of transactions grow: the older one has the smaller number."""
    return len(record.remote_id), record.remote_id


def payment_method(row: Mapping[str, Any]) -> RemoteMethod | None:
    """None for an inactive one. Raises `wire.ShapeUnknown`."""
    if row.get("Active", True) is False:
        return None
    return RemoteMethod(
        RemoteId(text_of(row, "Id", needed=True)), text_of(row, "Name", needed=True)
    )
