"""What an item may say, field by field (see `field_rules`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from shared.domain.money import canonical_amount, parse_amount
from shared.domain.records import (
    MAX_CODE,
    MAX_DESCRIPTION,
    MAX_UNIT,
    MAX_UNIT_PRICE_DECIMALS,
    MAX_UNIT_PRICE_DIGITS,
)
from shared.sync.currencies import CURRENCY_CODES
from shared.sync.field_rules import (
    ACTIVE_FIELD,
    FieldRule,
    Refused,
    name_field,
    read_fields,
    text_field,
)

_FINEST_PRICE: Final = Decimal(1).scaleb(-MAX_UNIT_PRICE_DECIMALS)


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


def _unit_price(value: object) -> Decimal:
    if isinstance(value, str):
        if not value.strip():
            raise Refused("EMPTY", "The unit price is empty.", "Write 0 for an item without one.")
        try:
            amount = parse_amount(value)
        except ValueError:
            raise Refused(
                "NOT_A_NUMBER",
                "The unit price is not a plain number such as 1234.50, or has too many digits.",
                "Write it without a currency sign, blanks or thousands separators.",
            ) from None
    elif isinstance(value, Decimal):
        amount = value
    else:
        raise Refused("WRONG_TYPE", "The unit price must be a number.", 'Write it as "12.50".')
    if amount < 0:
        raise Refused("NEGATIVE", "The unit price is below zero.", "Write a price of 0 or more.")
    # `adjusted` is the power of ten of the first digit: it bounds a number such as 1e999999 before
    # anything spells it out.
    if amount and amount.adjusted() >= MAX_UNIT_PRICE_DIGITS:
        raise Refused(
            "TOO_MANY_DIGITS",
            f"The unit price has more than {MAX_UNIT_PRICE_DIGITS} digits before the point.",
            "Check the price.",
        )
    rounded = amount.quantize(_FINEST_PRICE)
    if rounded != amount:
        raise Refused(
            "TOO_MANY_DECIMALS",
            f"The unit price has more than {MAX_UNIT_PRICE_DECIMALS} decimals.",
            "Round the price.",
        )
    exponent = amount.as_tuple().exponent
    as_written = isinstance(exponent, int) and -MAX_UNIT_PRICE_DECIMALS <= exponent <= 0
    return amount.copy_abs() if as_written else Decimal(canonical_amount(rounded))


def _currency(value: object) -> str | None:
    if not isinstance(value, str):
        raise Refused("WRONG_TYPE", "The currency must be text.", 'Write it as "USD".')
    code = value.strip().upper()
    if not code:
        return None
    if code not in CURRENCY_CODES:
        raise Refused(
            "UNKNOWN_CURRENCY",
            "The currency is not an ISO 4217 code such as USD.",
            "Write the three letters of the currency.",
        )
    return code


_RULES: Final[Mapping[str, FieldRule]] = {
    "name": name_field("item"),
    "unitPrice": FieldRule("unit_price", "unit price", _unit_price, needed=True),
    "code": text_field("code", "code", MAX_CODE),
    "description": text_field("description", "description", MAX_DESCRIPTION),
    "unit": text_field("unit", "unit", MAX_UNIT),
    "currency": FieldRule("currency", "currency", _currency),
    "active": ACTIVE_FIELD,
}
"""By field as the API spells it; problems name them so."""
