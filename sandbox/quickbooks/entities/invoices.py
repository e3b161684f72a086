"""Invoices: numbers, lines, taxes, and what is still to be paid."""

from datetime import date, timedelta
from decimal import Decimal

from sandbox.jsontext import Json, JsonObject
from sandbox.quickbooks import refusals
from sandbox.quickbooks.entities.applying import unapply, unapply_surplus
from sandbox.quickbooks.entities.invoice_lines import LINE, lines_of, voided_lines
from sandbox.quickbooks.entities.invoice_taxes import TAX_GIVEN, taxes_of
from sandbox.quickbooks.entities.kind import Context, EntityKind, Transaction
from sandbox.quickbooks.entities.people import ADDRESS, check_email
from sandbox.quickbooks.entities.schema import Property
from sandbox.quickbooks.entities.transactions import (
    SHARED,
    check_record_open,
    common,
    currency_of,
    customer_of,
    in_home_currency,
    unchanged,
    voided_note,
)
from sandbox.quickbooks.money import amount_in, rounded
from sandbox.quickbooks.records import Record

ALLOW_DUPLICATES = "allowduplicatedocnum"
_AUTO = "AUTO_GENERATE"
_EMAIL_STATES = ("NotSet", "NeedToSend", "EmailSent")
_REST_ON = (
    "Line",
    "CustomerRef",
    "CurrencyRef",
    "TxnTaxDetail",
    "ApplyTaxAfterDiscount",
    "GlobalTaxCalculation",
)
"""What the sums of an invoice rest on: an update that changes none of it leaves them alone."""

_EMAIL = Property("group", parts={"Address": 100})
_PROPERTIES: dict[str, Property] = {
    **SHARED,
    "DocNumber": Property("text", longest=21, filterable=True),
    "DueDate": Property("date", filterable=True),
    "Line": LINE,
    "TxnTaxDetail": Property(
        "object",
        properties={
            "TotalTax": Property("number"),
            "TxnTaxCodeRef": Property("reference"),
            "DefaultTaxCodeRef": Property("ignored"),
            "TaxLine": Property("ignored"),
            "UseAutomatedSalesTax": Property("ignored"),
            "TaxReviewStatus": Property("ignored"),
        },
    ),
    "GlobalTaxCalculation": Property("text", longest=30),
    "ApplyTaxAfterDiscount": Property("boolean", empty=False),
    "CustomerMemo": Property("group", parts={"value": 1000}),
    "BillEmail": _EMAIL,
    "BillEmailCc": _EMAIL,
    "BillEmailBcc": _EMAIL,
    "EmailStatus": Property("text", longest=30, empty="NotSet"),
    "PrintStatus": Property("text", longest=30, empty="NotSet"),
    "BillAddr": ADDRESS,
    "ShipAddr": ADDRESS,
    "ShipFromAddr": ADDRESS,
    "ShipDate": Property("date"),
    "TrackingNum": Property("text", longest=31),
    "SalesTermRef": Property("reference"),
    "ClassRef": Property("reference"),
    "DepartmentRef": Property("reference"),
    "ShipMethodRef": Property("reference"),
    "AllowIPNPayment": Property("boolean"),
    "AllowOnlinePayment": Property("boolean"),
    "AllowOnlineCreditCardPayment": Property("boolean"),
    "AllowOnlineACHPayment": Property("boolean"),
    "FreeFormAddress": Property("boolean"),
    "TotalAmt": Property("number", filterable=True, read_only=True),
    "Balance": Property("number", filterable=True, read_only=True),
    **{
        name: Property("ignored")
        for name in (
            "HomeTotalAmt",
            "HomeBalance",
            "Deposit",
            "DepositToAccountRef",
            "CustomField",
            "DeliveryInfo",
            "EInvoiceStatus",
            "InvoiceLink",
        )
    },
}


def _rules(context: Context, values: JsonObject, former: Record | None) -> JsonObject:
    values = common(context, values, former)
    values |= _dated(context, values)
    _check_email(values)
    values["DocNumber"] = _number(context, values, former)
    if not values["DocNumber"]:
        del values["DocNumber"]
    values |= _addresses(context, values)
    values |= _sums(context, values, former)
    return values | in_home_currency(context, values, "TotalAmt", "Balance")


def _dated(context: Context, values: JsonObject) -> JsonObject:
    """The due date from the company's usual terms, when none is sent."""
    if "DueDate" in values:
        return {}
    days = timedelta(context.books.preferences.default_terms_days)
    return {"DueDate": (date.fromisoformat(str(values["TxnDate"])) + days).isoformat()}


def _check_email(values: JsonObject) -> None:
    check_email(values, "BillEmail")
    state = str(values["EmailStatus"])
    if state not in _EMAIL_STATES:
        raise refusals.bad_enum("EmailStatus", state)
    if state == "NeedToSend" and "BillEmail" not in values:
        raise refusals.missing("BillEmail")


def _number(context: Context, values: JsonObject, former: Record | None) -> str:
    """The number sent, or the next one where the company does not number by hand."""
    books = context.books
    number = str(values.get("DocNumber", ""))
    if number == _AUTO:
        return books.next_document_number()
    if not number:
        by_hand = books.preferences.custom_txn_numbers or former is not None
        return "" if by_hand else books.next_document_number()
    if (
        not unchanged(values, former, "DocNumber")
        and books.preferences.duplicate_doc_numbers == "refuse"
        and ALLOW_DUPLICATES not in context.options
    ):
        for other in books.table("Invoice").found("DocNumber", number) or []:
            if former is None or other.id != former.id:
                raise refusals.duplicate_number(number, "Invoice", other.id)
    return number


def _addresses(context: Context, values: JsonObject) -> JsonObject:
    theirs = customer_of(context, values).values
    return {
        name: theirs[name]
        for name in ("BillAddr", "ShipAddr")
        if name not in values and name in theirs
    }


def _sums(context: Context, values: JsonObject, former: Record | None) -> JsonObject:
    """Lines, tax and amounts, where what they rest on has changed."""
    if former is not None and unchanged(values, former, *_REST_ON):
        return {}
    if context.books.country == "US":
        values.pop("GlobalTaxCalculation", None)
    currency = currency_of(values)
    lines = lines_of(context, values, former, currency)
    taxes = taxes_of(context, values, former, lines, currency)
    total = lines.subtotal - lines.discount + (taxes.total if taxes.on_top else 0)
    if total < 0:
        raise refusals.business_rule(
            "Business Validation Error: Transaction amount must be 0 or greater.", "TotalAmt"
        )
    total = rounded(total, currency)
    paid, payments = Decimal(0), list[Json]()
    if former is not None:
        paid = amount_in(former.values, "TotalAmt") - amount_in(former.values, "Balance")
        linked = former.values.get("LinkedTxn")
        payments = linked if isinstance(linked, list) else []
        if payments and not unchanged(values, former, "CustomerRef"):
            raise refusals.business_rule(
                "Business Validation Error: The customer of a paid invoice cannot change.",
                "CustomerRef",
            )
        if paid > total and context.settings.over_application == "error6000":
            raise refusals.business_rule(
                "Business Validation Error: The payments are more than the new total.", "TotalAmt"
            )
    return {
        "Line": lines.stored,
        "TxnTaxDetail": taxes.detail,
        TAX_GIVEN: taxes.given,
        "TotalAmt": total,
        "Balance": total - paid,
        "LinkedTxn": payments,
    }


def _voided(context: Context, former: Record) -> JsonObject:
    check_record_open(context, former)
    zero = rounded(Decimal(0), currency_of(former.values))
    values: JsonObject = former.values | {
        "Line": voided_lines(former.values),
        "TxnTaxDetail": {"TotalTax": zero},
        TAX_GIVEN: False,
        "TotalAmt": zero,
        "Balance": zero,
        "LinkedTxn": [],
        "PrivateNote": voided_note(former.values),
    }
    return values | in_home_currency(context, values, "TotalAmt", "Balance")


def _check_delete(context: Context, former: Record) -> None:
    check_record_open(context, former)
    if former.values.get("LinkedTxn"):
        raise refusals.business_rule(
            "Business Validation Error: The invoice has linked payments. Unlink them first.",
            "LinkedTxn",
        )


def _settle(context: Context, former: Record | None, record: Record | None) -> None:
    """Payments let go of a voided invoice, and of what is more than a smaller total."""
    if former is None or record is None:
        return
    if not record.values.get("LinkedTxn"):
        unapply(context, former)
    elif amount_in(record.values, "Balance") < 0:
        unapply_surplus(context, record)


INVOICE = EntityKind(
    "Invoice",
    _PROPERTIES,
    _rules,
    name_list=False,
    transaction=Transaction(_voided, _check_delete, _settle),
    indexed=("DocNumber", "CustomerRef", "TxnDate"),
    summed=("TotalAmt", "Balance"),
)
