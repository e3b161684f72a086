"""Records of a simulated company: few names for many items, so that they meet; some that nobody takes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from random import Random

from shared.domain.customer_plan import CustomerFields
from shared.domain.ids import CompanyId, SourceId
from shared.domain.invoice_fields import PaymentFields
from shared.domain.links import Fields, ItemFields
from shared.domain.money import Money
from shared.domain.records import Item, RecordType
from shared.domain.runs import Problem

NAMES = (
    "Pipe",
    "pipe",
    "PIPE ",
    "Ball valve",
    "Caf\u00e9 filter",
    "Cafe\u0301 filter",
    "Stra\u00dfe",
    "STRASSE",
    "Labour: hour",
    "Labour- hour",
    'Elbow 3/4"',
    "Tee",
    "Tap",
    "Hose",
    "Boiler " + "x" * 110,
    "Boiler " + "x" * 120,
    "Pump",
    "Seal",
)
MALFORMED = "malformed"
"""A description (or phone number, or note) with this makes the books refuse the whole request."""
REFUSED = "refused"
"""A code (or phone number, or note) of this makes them refuse the record."""
ODD = 0.04


def source_id(company_id: CompanyId, number: int) -> SourceId:
    return SourceId(f"{company_id}/{number:03}")


def malformed(fields: Fields) -> bool:
    text = fields.description if isinstance(fields, ItemFields) else _text_of(fields)
    return MALFORMED in text


def refuses(fields: Fields) -> Problem | None:
    text = fields.code if isinstance(fields, ItemFields) else _text_of(fields)
    if text == REFUSED:
        return Problem("CODE_REFUSED", "The books do not take this code.", "Change it.", "code")
    return None


def _text_of(fields: Fields) -> str:
    match fields:
        case CustomerFields():
            return fields.phone
        case PaymentFields():
            return fields.note
    return ""


def allowed(name: str) -> str:
    """The name as a person would type it into the books."""
    return name.replace(":", "-").replace('"', "").strip()[:100]


def new_item(random: Random, company_id: CompanyId, number: int) -> Item:
    name = random.choice(NAMES) if random.random() < 0.5 else f"Item {number}"
    item = Item(
        source_id=source_id(company_id, number),
        name=name,
        unit_price=_price(random),
        code=f"C{number}" if random.random() < 0.5 else "",
        description=random.choice(("", "Galvanised", "As agreed\nby the hour")),
        active=random.random() > 0.03,
        version=1,
    )
    return odd(random, item, number, malformed="description", refused="code")


def odd(
    random: Random, record: RecordType, number: int, *, malformed: str, refused: str
) -> RecordType:
    """The record, now and then such that nobody takes it; told in these fields."""
    if random.random() < ODD:
        record = replace(record, **{malformed: f"{MALFORMED} {number}"})
    if random.random() < ODD:
        record = replace(record, **{refused: REFUSED})
    return record


def edited(random: Random, item: Item, number: int) -> Item:
    """The next version of an item: one edit as an office makes them."""
    match random.choice(
        ("price", "text", "name", "name", "clash", "case", "archive", "cure", "touch")
    ):
        case "price":
            item = replace(item, unit_price=_price(random))
        case "text":
            item = replace(item, description=f"Note {number}")
        case "name":
            item = replace(item, name=f"Item {number} new")
        case "clash":
            item = replace(item, name=random.choice(NAMES))
        case "case":
            item = replace(item, name=item.name.swapcase())
        case "archive":
            item = replace(item, active=not item.active)
        case "cure":
            item = replace(item, code="", description="", unit_price=Money(Decimal(7), "USD"))
    return replace(item, version=item.version + 1)


def _price(random: Random) -> Money:
    currency = "EUR" if random.random() < ODD else "USD"
    return Money(Decimal(random.randrange(10_000)) / 100, currency)
