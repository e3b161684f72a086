"""What a payment may say, field by field (see `field_rules`).

What depends on its invoice is checked where it is stored: `shared.sync.paying`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from shared.domain.errors import RequestInvalid
from shared.domain.invoices import MAX_AMOUNT_DIGITS, MAX_METHOD, MAX_NOTE, MAX_REFERENCE
from shared.domain.money import smallest_unit
from shared.domain.runs import Problem
from shared.sync.field_rules import (
    FieldRule,
    FieldsInvalid,
    Refused,
    checked_source_id,
    read_fields,
    text_field,
)
from shared.sync.value_rules import date_field, number_field, read_currency, yes_or_no_field


@dataclass(frozen=True, slots=True)
class HowPaid:
    """Everything of a payment but its amount."""

    paid_on: date
    method: str = ""
    reference: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class PaymentValues:
    """A payment as a caller said it, each value within its rule. `currency` None: the invoice's."""

    amount: Decimal
    how: HowPaid
    currency: str | None = None
    overpayment: bool = False


def checked_payment_id(text: object) -> str:
    """A payment's own id, unique under its invoice. Raises `RequestInvalid`."""
    own_id = checked_source_id(text, "paymentId")
    if "/" in own_id:
        raise RequestInvalid(
            Problem(
                "INVALID_ID", "The paymentId has a slash.", "Choose another paymentId.", "paymentId"
            )
        )
    return own_id


def read_values(said: Mapping[str, object]) -> PaymentValues:
    """Check what was said of a payment, its id apart; amount and date must be said.

    Raises `FieldsInvalid` with every problem.
    """
    read = read_fields(said, {**_MONEY_RULES, **_HOW_RULES})
    how = HowPaid(**{name: read.pop(name) for name in HowPaid.__slots__ if name in read})
    return PaymentValues(how=how, **read)


def read_how_paid(said: Mapping[str, object]) -> HowPaid:
    """The same of a payment whose amount is not said. Raises `FieldsInvalid` with every problem."""
    return HowPaid(**read_fields(said, _HOW_RULES))


def check_decimals(amount: Decimal, currency: str) -> None:
    """Raises `FieldsInvalid` for an amount that the currency has no coins for."""
    unit = smallest_unit(currency)
    if amount % unit:
        raise FieldsInvalid(
            [
                Problem(
                    "TOO_MANY_DECIMALS",
                    f"The amount has more decimals than {currency} has.",
                    f"Round it to {unit}.",
                    "amount",
                )
            ]
        )


def _amount(value: object) -> Decimal:
    amount = _AMOUNT.read(value)
    if not amount:
        raise Refused("ZERO", "The amount is zero.", "Write what was paid.")
    assert isinstance(amount, Decimal)  # noqa: S101 - of a number field
    return amount


_AMOUNT: Final = number_field("amount", "amount", digits=MAX_AMOUNT_DIGITS, decimals=3)

_MONEY_RULES: Final[Mapping[str, FieldRule]] = {
    "amount": FieldRule("amount", "amount", _amount, needed=True),
    "currency": FieldRule("currency", "currency", read_currency),
    "overpayment": yes_or_no_field("overpayment", "permission to overpay"),
}
_HOW_RULES: Final[Mapping[str, FieldRule]] = {
    "paidOn": date_field("paid_on", "date of payment", needed=True),
    "method": text_field("method", "method", MAX_METHOD),
    "reference": text_field("reference", "reference", MAX_REFERENCE),
    "note": text_field("note", "note", MAX_NOTE),
}
"""By field as the API spells it; problems name them so."""
