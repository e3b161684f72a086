"""Amounts of money: how many decimals a currency has, and rounding to them, half up."""

from decimal import ROUND_HALF_UP, Decimal

from sandbox.jsontext import Json, JsonObject

_DECIMALS = 2
_WITHOUT = ("BIF", "CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF")
_WITH_THREE = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")


def decimals_of(currency: str) -> int:
    """ISO 4217: how many decimals the currency's amounts have."""
    if currency in _WITHOUT:
        return 0
    return 3 if currency in _WITH_THREE else _DECIMALS


def rounded(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-decimals_of(currency)), ROUND_HALF_UP)


def is_exact(amount: Decimal, currency: str) -> bool:
    """Whether the amount needs no more decimals than its currency has."""
    return rounded(amount, currency) == amount


def number(value: Json) -> Decimal:
    """A stored number; nothing is 0."""
    return Decimal(value) if isinstance(value, int | Decimal) else Decimal(0)


def amount_in(values: JsonObject, name: str) -> Decimal:
    return number(values.get(name))
