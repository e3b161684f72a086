"""Tax codes: those a company starts with. Reading and querying only; control can plant more."""

from sandbox.jsontext import Json, JsonObject
from sandbox.quickbooks import refusals
from sandbox.quickbooks.entities.kind import Context, EntityKind
from sandbox.quickbooks.entities.schema import Property
from sandbox.quickbooks.records import Record, reference_in

_RATES = Property(
    "object",
    properties={
        "TaxRateDetail": Property(
            "list",
            properties={
                "TaxRateRef": Property("reference"),
                "TaxTypeApplicable": Property("text", longest=30),
                "TaxOrder": Property("number"),
            },
        )
    },
)
_PROPERTIES: dict[str, Property] = {
    "Name": Property("text", longest=100, filterable=True),
    "Description": Property("text", longest=4000),
    "Active": Property("boolean", empty=True, filterable=True),
    "Taxable": Property("boolean", empty=True),
    "TaxGroup": Property("boolean", empty=False),
    "SalesTaxRateList": _RATES,
    "PurchaseTaxRateList": _RATES,
    "FullyQualifiedName": Property("ignored"),
    "domain": Property("ignored"),
    "sparse": Property("ignored"),
    "Id": Property("ignored"),
    "SyncToken": Property("ignored"),
    "MetaData": Property("ignored"),
}


def _rules(context: Context, values: JsonObject, _former: Record | None) -> JsonObject:
    if not isinstance(values.get("Name"), str):
        raise refusals.missing("Name")
    for rate_id in sales_rate_ids(values):
        if context.books.table("TaxRate").get(rate_id) is None:
            raise refusals.bad_reference("TaxRateRef", rate_id)
    return values


TAX_CODE = EntityKind("TaxCode", _PROPERTIES, _rules, writable=False)

# id, name, description, taxable, active, id of its rate
_US = (
    ("TAX", "TAX", "Taxable", True, True, ""),
    ("NON", "NON", "Not taxable", False, True, ""),
    ("2", "California", "California sales tax", True, True, "1"),
    ("3", "Tucson City (closed)", "", True, False, ""),
)
_ELSEWHERE = (
    ("2", "Standard", "Standard rate", True, True, "1"),
    ("3", "Reduced", "Reduced rate", True, True, "2"),
    ("4", "Exempt", "", False, True, "3"),
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
                **(_rate_list(rate) if rate else {}),
            },
        )
        for number, name, description, taxable, active, rate in (
            _US if country == "US" else _ELSEWHERE
        )
    ]


def sales_rate_ids(values: JsonObject) -> list[str]:
    """The ids of the rates that a code takes on sales."""
    rates = values.get("SalesTaxRateList")
    details = rates.get("TaxRateDetail") if isinstance(rates, dict) else None
    return [
        reference_in(one, "TaxRateRef")
        for one in (details if isinstance(details, list) else [])
        if isinstance(one, dict)
    ]


def _rate_list(rate_id: str) -> JsonObject:
    detail: Json = {
        "TaxRateRef": {"value": rate_id},
        "TaxTypeApplicable": "TaxOnAmount",
        "TaxOrder": 0,
    }
    return {"SalesTaxRateList": {"TaxRateDetail": [detail]}}
