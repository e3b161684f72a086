"""What invoices and payments share: customer, currency, date, closed books, and what a void leaves."""

from decimal import Decimal
from zoneinfo import ZoneInfo

from sandbox.jsontext import Json, JsonObject
from sandbox.quickbooks import refusals
from sandbox.quickbooks.entities.kind import Context
from sandbox.quickbooks.entities.schema import Property
from sandbox.quickbooks.money import amount_in, is_exact, rounded
from sandbox.quickbooks.records import Record, reference_in

LONGEST_NOTE = 4000
_ZONE = ZoneInfo("America/Los_Angeles")
_VOIDED = "Voided"

SHARED: dict[str, Property] = {
    "TxnDate": Property("date", filterable=True),
    "CustomerRef": Property("reference", filterable=True),
    "CurrencyRef": Property("reference"),
    "ExchangeRate": Property("number"),
    "PrivateNote": Property("text", longest=LONGEST_NOTE),
    "LinkedTxn": Property("ignored"),
    "TaxExemptionRef": Property("ignored"),
    "TransactionLocationType": Property("ignored"),
    "TxnSource": Property("ignored"),
    "RecurDataRef": Property("ignored"),
    "domain": Property("ignored"),
    "status": Property("ignored"),
    "sparse": Property("ignored"),
    "Id": Property("ignored"),
    "SyncToken": Property("ignored"),
    "MetaData": Property("ignored"),
}


def unchanged(values: JsonObject, former: Record | None, *names: str) -> bool:
    """Whether the update leaves all of these as they are."""
    return former is not None and all(values.get(name) == former.values.get(name) for name in names)


def referenced(context: Context, values: JsonObject, name: str, entity: str) -> Record | None:
    """The record that a reference names. Raises ``Refusal`` 2500, and 610 for an inactive one."""
    row_id = reference_in(values, name)
    if not row_id:
        return None
    record = context.books.table(entity).get(row_id)
    if record is None:
        raise refusals.bad_reference(name, row_id)
    if not record.active:
        raise refusals.not_found()
    return record


def customer_of(context: Context, values: JsonObject) -> Record:
    customer = referenced(context, values, "CustomerRef", "Customer")
    if customer is None:
        raise refusals.missing("CustomerRef")
    return customer


def account_of(context: Context, values: JsonObject, name: str, types: tuple[str, ...]) -> Json:
    """The reference to an active account of one of these types; None when none is named."""
    account = referenced(context, values, name, "Account")
    if account is None:
        return None
    if account.values.get("AccountType") not in types:
        raise refusals.wrong_account_type(name)
    return {"value": account.id, "name": account.values["FullyQualifiedName"]}


def common(context: Context, values: JsonObject, former: Record | None) -> JsonObject:
    """``values`` with customer, currency and date checked and filled in. Raises ``Refusal``."""
    customer = customer_of(context, values)
    today = context.now.astimezone(_ZONE).date().isoformat()
    values = values | {
        "CustomerRef": {"value": customer.id, "name": customer.name},
        "TxnDate": values.get("TxnDate", today),
    }
    check_open(context, str(values["TxnDate"]), *_date_of(former))
    return values | _currency(context, values, customer)


def check_open(context: Context, *dates: str) -> None:
    """Raises ``Refusal`` 6200 or 6210 where the books are closed for one of the dates."""
    preferences = context.books.preferences
    until = preferences.books_closed_until
    if until and any(date <= until for date in dates):
        if preferences.books_closed_password:
            raise refusals.books_closed_with_password(until)
        raise refusals.books_closed(until)


def check_record_open(context: Context, record: Record) -> None:
    check_open(context, *_date_of(record))


def check_amount(amount: Decimal, currency: str, element: str) -> None:
    """More decimals than the currency has are refused: rounding them is documented nowhere."""
    if not is_exact(amount, currency):
        raise refusals.business_rule(
            f"Business Validation Error: {element} has more decimals than {currency} has.", element
        )


def in_home_currency(context: Context, values: JsonObject, *names: str) -> JsonObject:
    """``HomeTotalAmt`` and the like, where the company has several currencies."""
    if not context.books.preferences.multi_currency_enabled:
        return {}
    rate = amount_in(values, "ExchangeRate") or Decimal(1)
    return {
        f"Home{name}": rounded(amount_in(values, name) * rate, context.books.currency)
        for name in names
    }


def voided_note(values: JsonObject) -> str:
    """Recorded: the word stands before whatever the note said."""
    note = str(values.get("PrivateNote", ""))
    if note == _VOIDED or note.startswith(f"{_VOIDED} - "):
        return note
    return f"{_VOIDED} - {note}"[:LONGEST_NOTE] if note else _VOIDED


def currency_of(values: JsonObject) -> str:
    return reference_in(values, "CurrencyRef")


def _date_of(record: Record | None) -> tuple[str, ...]:
    return (
        (str(record.values["TxnDate"]),)
        if record is not None and "TxnDate" in record.values
        else ()
    )


def _currency(context: Context, values: JsonObject, customer: Record) -> JsonObject:
    books = context.books
    home, given = books.currency, currency_of(values)
    if not books.preferences.multi_currency_enabled:
        if given and given != home:
            raise refusals.business_rule("Multicurrency is not turned on.", "CurrencyRef")
        return {"CurrencyRef": {"value": home}}
    theirs = reference_in(customer.values, "CurrencyRef") or home
    if not given:
        raise refusals.missing("CurrencyRef")
    if given != theirs:
        raise refusals.business_rule(
            f"The currency of the transaction must be the customer's: {theirs}", "CurrencyRef"
        )
    usual = Decimal(1) if given == home else books.preferences.exchange_rate
    rate = Decimal(1) if given == home else amount_in(values, "ExchangeRate") or usual
    return {"CurrencyRef": {"value": given}, "ExchangeRate": rate}
