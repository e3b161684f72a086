"""Customers, vendors and employees: three lists of people and firms that share one list of names.

Vendors and employees are there to have names: control plants them, and they are read and queried.
"""

from sandbox.jsontext import JsonObject
from sandbox.quickbooks import refusals
from sandbox.quickbooks.entities.kind import Books, Context, EntityKind, Rules
from sandbox.quickbooks.entities.naming import checked_name, stored_name
from sandbox.quickbooks.entities.schema import Property
from sandbox.quickbooks.records import Record, reference_in

_LISTS = ("Customer", "Vendor", "Employee")
_NAME_PARTS = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")
_DEEPEST = 5

_PHONE = Property("group", parts={"FreeFormNumber": 30})
ADDRESS = Property(
    "group",
    parts={
        **dict.fromkeys(("Line1", "Line2", "Line3", "Line4", "Line5"), 500),
        **dict.fromkeys(("City", "Country", "CountrySubDivisionCode", "Note"), 255),
        **dict.fromkeys(("PostalCode", "Lat", "Long", "Id", "CountryCode"), 30),
    },
)
_SHARED: dict[str, Property] = {
    "DisplayName": Property("text", longest=500, filterable=True),
    "Title": Property("text", longest=16),
    "GivenName": Property("text", longest=100, filterable=True),
    "MiddleName": Property("text", longest=100, filterable=True),
    "FamilyName": Property("text", longest=100, filterable=True),
    "Suffix": Property("text", longest=16),
    "CompanyName": Property("text", longest=100, filterable=True),
    "PrintOnCheckName": Property("text", longest=110, filterable=True),
    "Active": Property("boolean", empty=True, filterable=True),
    "PrimaryPhone": _PHONE,
    "AlternatePhone": _PHONE,
    "Mobile": _PHONE,
    "Fax": _PHONE,
    "PrimaryEmailAddr": Property("group", parts={"Address": 100}, filterable=True),
    "WebAddr": Property("group", parts={"URI": 1000}),
    "BillAddr": ADDRESS,
    "Balance": Property("ignored", filterable=True),
    "CurrencyRef": Property("reference"),
    "domain": Property("ignored"),
    "sparse": Property("ignored"),
    "Id": Property("ignored"),
    "SyncToken": Property("ignored"),
    "MetaData": Property("ignored"),
}
_CUSTOMER: dict[str, Property] = {
    **_SHARED,
    "ShipAddr": ADDRESS,
    "Notes": Property("text", longest=2000),
    "Job": Property("boolean", empty=False, filterable=True),
    "ParentRef": Property("reference"),
    "BillWithParent": Property("boolean", empty=False),
    "Taxable": Property("boolean", empty=True),
    "ResaleNum": Property("text", longest=16),
    "PreferredDeliveryMethod": Property("text", longest=30),
    "DefaultTaxCodeRef": Property("reference"),
    "SalesTermRef": Property("reference"),
    "PaymentMethodRef": Property("reference"),
    "ARAccountRef": Property("reference"),
    "FullyQualifiedName": Property("ignored", filterable=True),
    "Level": Property("ignored"),
    "BalanceWithJobs": Property("ignored"),
    "IsProject": Property("ignored"),
    "OpenBalanceDate": Property("ignored"),
    "PrimaryTaxIdentifier": Property("ignored"),
}


def _rules(entity: str) -> Rules:
    def rules(context: Context, values: JsonObject, former: Record | None) -> JsonObject:
        books = context.books
        if not values.get("DisplayName"):
            parts = (str(values.get(part, "")).strip() for part in _NAME_PARTS)
            values = values | {"DisplayName": " ".join(part for part in parts if part)}
        name = checked_name(values, "DisplayName", context.settings)
        check_email(values, "PrimaryEmailAddr")
        values = values | {
            "DisplayName": stored_name(
                name,
                former,
                lambda wanted: _owner(books, entity, wanted, former),
                context.settings,
                active=values["Active"] is not False,
            )
        }
        if entity != "Customer":
            return values
        _check_currency(context, values, former)
        _check_balance(context, values, former)
        return _placed(books, values, former)

    return rules


def _owner(books: Books, entity: str, name: str, former: Record | None) -> Record | None:
    for other_list in _LISTS:
        for other in books.table(other_list).named(name):
            if former is None or other_list != entity or other.id != former.id:
                return other
    return None


def check_email(values: JsonObject, element: str) -> None:
    email = values.get(element)
    address = str(email.get("Address", "")) if isinstance(email, dict) else ""
    if address and not ("@" in address and "." in address):
        raise refusals.bad_email(element)


def _check_currency(context: Context, values: JsonObject, former: Record | None) -> None:
    """One currency for good: the home currency unless the company has several."""
    books, home = context.books, context.books.currency
    wanted = reference_in(values, "CurrencyRef") or home
    if wanted != home and not books.preferences.multi_currency_enabled:
        raise refusals.business_rule("Multicurrency is not turned on.", "CurrencyRef")
    if former is not None and wanted != (reference_in(former.values, "CurrencyRef") or home):
        raise refusals.business_rule("The currency of a customer cannot change.", "CurrencyRef")


def _check_balance(context: Context, values: JsonObject, former: Record | None) -> None:
    """Recorded: a customer who owes something cannot be made inactive through the API."""
    if former is None or not former.active or values["Active"] is not False:
        return
    owing = context.books.table("Invoice").found("CustomerRef", former.id) or []
    if any(invoice.values.get("Balance") for invoice in owing):
        raise refusals.open_balance(context.settings.open_balance_code)


def _placed(books: Books, values: JsonObject, former: Record | None) -> JsonObject:
    """Under the customer that it is a job of, if it is one."""
    reference = values.get("ParentRef")
    if not isinstance(reference, dict):
        if values.get("Job") is True:
            raise refusals.missing("ParentRef")
        return values | {"FullyQualifiedName": values["DisplayName"]}
    parent_id = str(reference["value"])
    parent = books.table("Customer").get(parent_id)
    if parent is None or (former is not None and former.id == parent_id):
        raise refusals.bad_reference("ParentRef", parent_id)
    full_name = f"{parent.values['FullyQualifiedName']}:{values['DisplayName']}"
    if full_name.count(":") + 1 > _DEEPEST:
        raise refusals.business_rule(
            f"Business Validation Error: Customers go {_DEEPEST} levels deep.", "ParentRef"
        )
    return values | {"Job": True, "FullyQualifiedName": full_name}


CUSTOMER = EntityKind("Customer", _CUSTOMER, _rules("Customer"))
VENDOR = EntityKind("Vendor", _SHARED, _rules("Vendor"), writable=False)
EMPLOYEE = EntityKind("Employee", _SHARED, _rules("Employee"), writable=False)
