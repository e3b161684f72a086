"""Payment methods: those a company starts with. Reading and querying only; control can plant more."""

from sandbox.jsontext import JsonObject
from sandbox.quickbooks import refusals
from sandbox.quickbooks.entities.kind import Context, EntityKind
from sandbox.quickbooks.entities.schema import Property
from sandbox.quickbooks.records import Record

_TYPES = ("CREDIT_CARD", "NON_CREDIT_CARD")

_PROPERTIES: dict[str, Property] = {
    "Name": Property("text", longest=31, filterable=True),
    "Type": Property("text", longest=30, empty="NON_CREDIT_CARD", filterable=True),
    "Active": Property("boolean", empty=True, filterable=True),
    "domain": Property("ignored"),
    "sparse": Property("ignored"),
    "Id": Property("ignored"),
    "SyncToken": Property("ignored"),
    "MetaData": Property("ignored"),
}


def _rules(context: Context, values: JsonObject, former: Record | None) -> JsonObject:
    name = values.get("Name")
    if not isinstance(name, str):
        raise refusals.missing("Name")
    if values["Type"] not in _TYPES:
        raise refusals.bad_enum("Type", str(values["Type"]))
    for other in context.books.table("PaymentMethod").named(name):
        if former is None or other.id != former.id:
            raise refusals.duplicate_name(f"Id={other.id}")
    return values


PAYMENT_METHOD = EntityKind("PaymentMethod", _PROPERTIES, _rules, writable=False)

# id, name, whether it is a card, active
_LIST = (
    (1, "Cash", False, True),
    (2, "Check", False, True),
    (3, "Visa", True, True),
    (4, "MasterCard", True, True),
    (5, "Discover", True, True),
    (6, "American Express", True, True),
    (7, "Diners Club", True, False),
    (8, "Direct Deposit", False, True),
)


def payment_methods() -> list[tuple[str, JsonObject]]:
    """The methods of a new company with their ids."""
    return [
        (
            str(number),
            {
                "Name": name,
                "Type": "CREDIT_CARD" if card else "NON_CREDIT_CARD",
                "Active": active,
            },
        )
        for number, name, card, active in _LIST
    ]
