"""Money is a Decimal and a currency, made from text, exact to what was written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

_PLAIN_DECIMAL = re.compile(r"-?\d{1,28}(\.\d{1,28})?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency. Raises ValueError for a currency that is not three capital letters."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not _CURRENCY.fullmatch(self.currency):
            raise ValueError(f"{self.currency!r} is not an ISO 4217 currency code")
        if not self.amount.is_finite():
            raise ValueError("an amount is a finite number")


def parse_amount(text: str) -> Decimal:
    """Read a plain decimal ("1234.50").

    Raises ValueError for signs of another notation (exponents, grouping, blanks inside), for NaN and
    for more than 28 digits on either side of the point.
    """
    stripped = text.strip()
    if not _PLAIN_DECIMAL.fullmatch(stripped):
        raise ValueError("not a plain decimal number")
    try:
        return Decimal(stripped)
    except (
        InvalidOperation
    ) as error:  # pragma: no cover - the pattern admits only what Decimal reads
        raise ValueError("not a plain decimal number") from error


def canonical_amount(amount: Decimal) -> str:
    """One spelling per value: "12.5" for 12.5, 12.50 and 1.25E+1, so that texts can be compared."""
    text = format(amount, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def smallest_unit(currency: str) -> Decimal:
    """The smallest amount there is of it: 0.01 for USD, 1 for JPY, 0.001 for KWD (ISO 4217)."""
    return Decimal(1).scaleb(-_DECIMALS.get(currency, 2))


_NO_DECIMALS = (
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"  # ISO 4217, list one
)
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_DECIMALS = {
    **dict.fromkeys(_NO_DECIMALS.split(), 0),
    **dict.fromkeys(_THREE_DECIMALS.split(), 3),
}
"""Of the currencies whose smallest unit is not a hundredth."""
