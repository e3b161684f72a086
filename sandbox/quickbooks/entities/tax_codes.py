"""Tax codes: those a company starts with. Reading and querying only; control can plant more."""

from sandbox.jsontext import JsonObject
from sandbox.quickbooks import refusals
from sandbox.quickbooks.entities.kind import Books, EntityKind
from sandbox.quickbooks.entities.schema import Property
from sandbox.quickbooks.records import Record
from sandbox.quickbooks.settings import QuickBooksSettings

_PROPERTIES: dict[str, Property] = {
    "Name": Property("text", longest=100, filterable=True),
    "Description": Property("text", longest=4000),
    "Active": Property("boolean", empty=True, filterable=True),
    "Taxable": Property("boolean", empty=True),
    "TaxGroup": Property("boolean", empty=False),
    "FullyQualifiedName": Property("ignored"),
    "domain": Property("ignored"),
    "sparse": Property("ignored"),
    "Id": Property("ignored"),
    "SyncToken": Property("ignored"),
    "MetaData": Property("ignored"),
}


def _rules(
    _books: Books, values: JsonObject, _former: Record | None, _settings: QuickBooksSettings
) -> JsonObject:
    if not isinstance(values.get("Name"), str):
        raise refusals.missing("Name")
    return values


TAX_CODE = EntityKind("TaxCode", _PROPERTIES, _rules, writable=False)

# id, name, description, taxable, active
_US = (
    ("TAX", "TAX", "Taxable", True, True),
    ("NON", "NON", "Not taxable", False, True),
    ("2", "California", "California sales tax", True, True),
    ("3", "Tucson City (closed)", "", True, False),
)
_ELSEWHERE = (
    ("2", "Standard", "Standard rate", True, True),
    ("3", "Reduced", "Reduced rate", True, True),
    ("4", "Exempt", "", False, True),
)


def tax_codes_of(country: str) -> list[tuple[str, JsonObject]]:
    """The tax codes of a new company with their ids: US lines say TAX or NON, others a number."""
    return [
        (
            number,
            {
                "Name": name,
                "Description": description,
                "Active": active,
                "Taxable": taxable,
                "TaxGroup": taxable,
            },
        )
        for number, name, description, taxable, active in (_US if country == "US" else _ELSEWHERE)
    ]
