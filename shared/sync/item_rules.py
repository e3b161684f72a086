"""What an item may say, field by field (see `field_rules`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from shared.domain.records import (
    MAX_CODE,
    MAX_DESCRIPTION,
    MAX_UNIT,
    MAX_UNIT_PRICE_DECIMALS,
    MAX_UNIT_PRICE_DIGITS,
)
from shared.sync.field_rules import ACTIVE_FIELD, FieldRule, name_field, read_fields, text_field
from shared.sync.value_rules import number_field, read_currency


@dataclass(frozen=True, slots=True)
class ItemValues:
    """An item as a caller said it, each value within its rule; None means: not said."""

    name: str
    unit_price: Decimal
    code: str | None = None
    description: str | None = None
    unit: str | None = None
    currency: str | None = None
    active: bool | None = None


def read_values(said: Mapping[str, object]) -> ItemValues:
    """Check what was said of an item, its id apart; name and price must be said.

    Raises `FieldsInvalid` with every problem.
    """
    return ItemValues(**read_fields(said, _RULES))


_RULES: Final[Mapping[str, FieldRule]] = {
    "name": name_field("item"),
    "unitPrice": number_field(
        "unit_price",
        "unit price",
        digits=MAX_UNIT_PRICE_DIGITS,
        decimals=MAX_UNIT_PRICE_DECIMALS,
        needed=True,
    ),
    "code": text_field("code", "code", MAX_CODE),
    "description": text_field("description", "description", MAX_DESCRIPTION),
    "unit": text_field("unit", "unit", MAX_UNIT),
    "currency": FieldRule("currency", "currency", read_currency),
    "active": ACTIVE_FIELD,
}
"""By field as the API spells it; problems name them so."""
