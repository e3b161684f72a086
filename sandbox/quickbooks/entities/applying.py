"""What payments and invoices are to each other: how much of a payment lies on which invoice.

A payment's lines say it; the invoice's ``Balance`` and ``LinkedTxn`` follow. Each change of either makes a
new version of the record, with a new SyncToken.
"""

from collections.abc import Mapping
from decimal import Decimal

from sandbox.jsontext import Json, JsonObject
from sandbox.quickbooks.entities.kind import Context
from sandbox.quickbooks.entities.transactions import in_home_currency
from sandbox.quickbooks.money import amount_in
from sandbox.quickbooks.records import Record


def applied_in(values: JsonObject) -> dict[str, Decimal]:
    """The amounts of a stored payment by invoice id."""
    lines = values.get("Line")
    amounts: dict[str, Decimal] = {}
    for line in lines if isinstance(lines, list) else []:
        if isinstance(line, dict):
            for invoice_id in linked_ids(line, "Invoice"):
                amounts[invoice_id] = amounts.get(invoice_id, Decimal(0)) + amount_in(
                    line, "Amount"
                )
    return amounts


def lines_for(amounts: Mapping[str, Decimal]) -> list[Json]:
    return [
        {"Amount": amount, "LinkedTxn": [{"TxnId": invoice_id, "TxnType": "Invoice"}]}
        for invoice_id, amount in amounts.items()
    ]


def linked_ids(values: JsonObject, kind: str) -> list[str]:
    """The ids of the transactions of one kind that a record or a line is linked to."""
    linked = values.get("LinkedTxn")
    return [
        str(one["TxnId"])
        for one in (linked if isinstance(linked, list) else [])
        if isinstance(one, dict) and one.get("TxnType") == kind
    ]


def move(
    context: Context, payment_id: str, before: Mapping[str, Decimal], after: Mapping[str, Decimal]
) -> None:
    """Let the invoices follow a payment that had ``before`` on them and has ``after`` now."""
    table = context.books.table("Invoice")
    for invoice_id in {**before, **after}:
        invoice = table.get(invoice_id)
        had, has = before.get(invoice_id, Decimal(0)), after.get(invoice_id, Decimal(0))
        if invoice is not None and had != has:
            ids = [one for one in linked_ids(invoice.values, "Payment") if one != payment_id]
            linked: list[Json] = [
                {"TxnId": one, "TxnType": "Payment"}
                for one in [*ids, *([payment_id] if has else [])]
            ]
            values: JsonObject = invoice.values | {
                "Balance": amount_in(invoice.values, "Balance") + had - has,
                "LinkedTxn": linked,
            }
            values |= in_home_currency(context, values, "TotalAmt", "Balance")
            table.replace(invoice, values, context.now)


def unapply(context: Context, invoice: Record) -> None:
    """Every payment that lay on the invoice lies on it no more."""
    for payment_id in linked_ids(invoice.values, "Payment"):
        _lower(context, payment_id, invoice.id, Decimal(0))


def unapply_surplus(context: Context, invoice: Record) -> None:
    """Take what is too much from the latest payments, until the invoice's balance is 0 again."""
    surplus = -amount_in(invoice.values, "Balance")
    for payment_id in reversed(linked_ids(invoice.values, "Payment")):
        payment = context.books.table("Payment").get(payment_id)
        if payment is not None and surplus > 0:
            before = applied_in(payment.values)
            rest = max(before[invoice.id] - surplus, Decimal(0))
            surplus -= before[invoice.id] - rest
            _lower(context, payment_id, invoice.id, rest)
            move(context, payment_id, before, before | {invoice.id: rest})


def _lower(context: Context, payment_id: str, invoice_id: str, amount: Decimal) -> None:
    table = context.books.table("Payment")
    payment = table.get(payment_id)
    if payment is None:
        return
    amounts = applied_in(payment.values)
    freed = amounts.get(invoice_id, Decimal(0)) - amount
    amounts[invoice_id] = amount
    kept = {one: amounts[one] for one in amounts if amounts[one]}
    values = payment.values | {
        "Line": lines_for(kept),
        "UnappliedAmt": amount_in(payment.values, "UnappliedAmt") + freed,
    }
    if not kept:
        del values["Line"]
    table.replace(payment, values, context.now)
