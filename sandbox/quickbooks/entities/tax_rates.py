"""Tax rates: what the tax codes are made of. Reading and querying only; control can plant more."""

from sandbox.jsontext import JsonObject
from sandbox.quickbooks import refusals
from sandbox.quickbooks.entities.kind import Context, EntityKind
from sandbox.quickbooks.entities.schema import Property
from sandbox.quickbooks.records import Record

_PROPERTIES: dict[str, Property] = {
    "Name": Property("text", longest=100, filterable=True),
    "Description": Property("text", longest=4000),
    "Active": Property("boolean", empty=True, filterable=True),
    "RateValue": Property("number", empty=0),
    "AgencyRef": Property("reference"),
    "SpecialTaxType": Property("ignored"),
    "DisplayType": Property("ignored"),
    "EffectiveTaxRate": Property("ignored"),
    "domain": Property("ignored"),
    "sparse": Property("ignored"),
    "Id": Property("ignored"),
    "SyncToken": Property("ignored"),
    "MetaData": Property("ignored"),
}


def _rules(_context: Context, values: JsonObject, _former: Record | None) -> JsonObject:
    if not isinstance(values.get("Name"), str):
        raise refusals.missing("Name")
    return values


TAX_RATE = EntityKind("TaxRate", _PROPERTIES, _rules, writable=False)

# id, name, percent
_US = ((1, "California", 8),)
_ELSEWHERE = ((1, "Standard", 20), (2, "Reduced", 5), (3, "Exempt", 0))


def tax_rates_of(country: str) -> list[tuple[str, JsonObject]]:
    """The rates of a new company with their ids; the tax codes name them."""
    return [
        (str(number), {"Name": name, "Active": True, "RateValue": percent})
        for number, name, percent in (_US if country == "US" else _ELSEWHERE)
    ]
