"""Payments: money of a customer, lying on invoices or unapplied. Nothing about them is unique."""

from collections.abc import Mapping
from decimal import Decimal

from sandbox.jsontext import Json, JsonObject
from sandbox.quickbooks import refusals
from sandbox.quickbooks.entities.applying import applied_in, lines_for, linked_ids, move
from sandbox.quickbooks.entities.kind import Context, EntityKind, Transaction
from sandbox.quickbooks.entities.schema import Property
from sandbox.quickbooks.entities.transactions import (
    SHARED,
    account_of,
    check_amount,
    check_record_open,
    common,
    currency_of,
    referenced,
    voided_note,
)
from sandbox.quickbooks.money import amount_in, rounded
from sandbox.quickbooks.records import Record, reference_in

_LONGEST_NUMBER = 21
_DEPOSITED_TO = ("Bank", "Other Current Asset")

_LINE = Property(
    "list",
    properties={
        "Amount": Property("number"),
        "LinkedTxn": Property(
            "list",
            properties={
                "TxnId": Property("text", longest=30),
                "TxnType": Property("text", longest=30),
                "TxnLineId": Property("ignored"),
            },
        ),
        "Id": Property("ignored"),
        "LineNum": Property("ignored"),
        "LineEx": Property("ignored"),
        "DetailType": Property("ignored"),
        "Description": Property("ignored"),
    },
)
_PROPERTIES: dict[str, Property] = {
    **SHARED,
    "TotalAmt": Property("number"),
    "Line": _LINE,
    "PaymentRefNum": Property("text", longest=_LONGEST_NUMBER, filterable=True),
    "PaymentMethodRef": Property("reference"),
    "DepositToAccountRef": Property("reference"),
    "ProcessPayment": Property("boolean", empty=False),
    "ARAccountRef": Property("reference"),
    "UnappliedAmt": Property("ignored"),
    "CreditCardPayment": Property("ignored"),
    "TxnStatus": Property("ignored"),
    "PaymentType": Property("ignored"),
    "CustomField": Property("ignored"),
}


def _rules(context: Context, values: JsonObject, former: Record | None) -> JsonObject:
    _check_not_deposited(former)
    if "TotalAmt" not in values:
        raise refusals.missing("TotalAmt")
    values = common(context, values, former)
    currency, total = currency_of(values), amount_in(values, "TotalAmt")
    if total < 0:
        raise refusals.business_rule(
            "Business Validation Error: The amount of a payment is not below 0.", "TotalAmt"
        )
    check_amount(total, currency, "TotalAmt")
    if values["ProcessPayment"] is True:
        raise refusals.business_rule("No card can be charged here.", "ProcessPayment")
    values |= _method_and_account(context, values)
    before = applied_in(former.values) if former is not None else {}
    amounts = _applied(context, values, before)
    applied = sum(amounts.values(), Decimal(0))
    values |= {
        "Line": lines_for(amounts),
        "TotalAmt": rounded(total, currency),
        "UnappliedAmt": rounded(total - applied, currency),
    }
    if not amounts:
        del values["Line"]
    return values


def _method_and_account(context: Context, values: JsonObject) -> JsonObject:
    checked: JsonObject = {}
    method = referenced(context, values, "PaymentMethodRef", "PaymentMethod")
    if method is not None:
        checked["PaymentMethodRef"] = {"value": method.id, "name": method.name}
    account = account_of(context, values, "DepositToAccountRef", _DEPOSITED_TO)
    checked["DepositToAccountRef"] = account or _undeposited_funds(context)
    return checked


def _undeposited_funds(context: Context) -> Json:
    for account in context.books.table("Account").rows():
        if account.values.get("AccountSubType") == "UndepositedFunds" and account.active:
            return {"value": account.id, "name": account.name}
    raise refusals.missing("DepositToAccountRef")


def _applied(
    context: Context, values: JsonObject, before: Mapping[str, Decimal]
) -> dict[str, Decimal]:
    """What lies on each invoice. Lines that do not fit the customer stay unapplied without a word."""
    asked = _asked(context, values)
    if sum(asked.values(), Decimal(0)) > amount_in(values, "TotalAmt"):
        raise refusals.business_rule(
            "Business Validation Error: The lines are more than the payment's total.", "Line"
        )
    amounts: dict[str, Decimal] = {}
    for invoice_id, amount in asked.items():
        invoice = _invoice(context, invoice_id)
        if not _same_customer(context, values, invoice):
            continue
        open_amount = amount_in(invoice.values, "Balance") + before.get(invoice_id, Decimal(0))
        if amount > open_amount and context.settings.over_application == "error6000":
            raise refusals.business_rule(
                f"Business Validation Error: The amount is more than the balance of {open_amount}.",
                "Line",
            )
        if min(amount, open_amount) > 0:
            amounts[invoice_id] = min(amount, open_amount)
    return amounts


def _asked(context: Context, values: JsonObject) -> dict[str, Decimal]:
    """The amounts that the lines ask for by invoice id, several lines for one invoice added up."""
    lines = values.get("Line")
    asked: dict[str, Decimal] = {}
    for line in lines if isinstance(lines, list) else []:
        if not isinstance(line, dict):
            continue
        if "Amount" not in line:
            raise refusals.missing("Line.Amount")
        amount = amount_in(line, "Amount")
        if amount <= 0:
            raise refusals.business_rule(
                "Business Validation Error: The amount of a line is above 0.", "Line"
            )
        check_amount(amount, currency_of(values), "Line.Amount")
        invoice_id = _link(line)
        _invoice(context, invoice_id)
        asked[invoice_id] = asked.get(invoice_id, Decimal(0)) + amount
    return asked


def _link(line: JsonObject) -> str:
    """The one transaction that a line is for."""
    linked = line.get("LinkedTxn")
    if not isinstance(linked, list) or not isinstance(linked[0], dict):
        raise refusals.missing("Line.LinkedTxn")
    if len(linked) > 1:
        raise refusals.business_rule("A line has one linked transaction.", "LinkedTxn")
    for name in ("TxnId", "TxnType"):
        if name not in linked[0]:
            raise refusals.missing(f"LinkedTxn.{name}")
    if linked[0]["TxnType"] != "Invoice":
        raise refusals.bad_enum("TxnType", str(linked[0]["TxnType"]))
    return str(linked[0]["TxnId"])


def _invoice(context: Context, invoice_id: str) -> Record:
    """Raises ``Refusal`` 620 for the id of a transaction of another kind, 610 where there is none."""
    invoice = context.books.table("Invoice").get(invoice_id)
    if invoice is not None:
        return invoice
    other = context.books.table("Payment").get(invoice_id)
    if other is not None or context.settings.unknown_linked_txn == "620":
        raise refusals.cannot_link(invoice_id)
    raise refusals.not_found()


def _same_customer(context: Context, values: JsonObject, invoice: Record) -> bool:
    payer, owing = reference_in(values, "CustomerRef"), reference_in(invoice.values, "CustomerRef")
    if payer == owing:
        return True
    if context.settings.payments_for_jobs == "unapplied":
        return False
    return payer in _above(context, owing) or owing in _above(context, payer)


def _above(context: Context, customer_id: str) -> list[str]:
    """The customers that one is a job of."""
    above: list[str] = []
    while (customer := context.books.table("Customer").get(customer_id)) is not None:
        customer_id = reference_in(customer.values, "ParentRef")
        if not customer_id or customer_id in above:
            break
        above.append(customer_id)
    return above


def _check_not_deposited(former: Record | None) -> None:
    if former is not None and linked_ids(former.values, "Deposit"):
        raise refusals.deposited()


def _voided(context: Context, former: Record) -> JsonObject:
    _check_not_deposited(former)
    check_record_open(context, former)
    zero = rounded(Decimal(0), currency_of(former.values))
    return {name: value for name, value in former.values.items() if name != "Line"} | {
        "TotalAmt": zero,
        "UnappliedAmt": zero,
        "PrivateNote": voided_note(former.values),
    }


def _check_delete(context: Context, former: Record) -> None:
    _check_not_deposited(former)
    check_record_open(context, former)


def _settle(context: Context, former: Record | None, record: Record | None) -> None:
    """The invoices follow."""
    either = record or former
    if either is not None:
        before, after = (
            applied_in(one.values) if one is not None else {} for one in (former, record)
        )
        move(context, either.id, before, after)


PAYMENT = EntityKind(
    "Payment",
    _PROPERTIES,
    _rules,
    name_list=False,
    transaction=Transaction(_voided, _check_delete, _settle),
    indexed=("CustomerRef", "TxnDate", "PaymentRefNum"),
    summed=("TotalAmt", "UnappliedAmt"),
)
