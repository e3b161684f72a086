"""Rules of values that are not plain text: numbers, dates, currencies, yes or no (see `field_rules`)."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Final

from shared.domain.money import canonical_amount, parse_amount
from shared.sync.currencies import CURRENCY_CODES
from shared.sync.field_rules import FieldRule, Refused

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_YEARS: Final = range(1970, 2200)
"""Outside of them a date of business is a slip of the hand."""


def number_field(
    attribute: str,
    words: str,
    *,
    digits: int,
    decimals: int,
    negative: bool = False,
    most: Decimal | None = None,
    needed: bool = False,
) -> FieldRule:
    """A number written plainly, exact: so many digits before the point, so many decimals at most."""

    def read(value: object) -> Decimal:
        amount = _as_decimal(value, words)
        if amount < 0 and not negative:
            raise Refused("NEGATIVE", f"The {words} is below zero.", "Write 0 or more.")
        # `adjusted` is the power of ten of the first digit: it bounds a number such as 1e999999 before
        # anything spells it out.
        if amount and amount.adjusted() >= digits:
            raise Refused(
                "TOO_MANY_DIGITS",
                f"The {words} has more than {digits} digits before the point.",
                f"Check the {words}.",
            )
        if most is not None and amount > most:
            raise Refused("OUT_OF_RANGE", f"The {words} is above {most}.", f"Write at most {most}.")
        rounded = amount.quantize(Decimal(1).scaleb(-decimals))
        if rounded != amount:
            raise Refused(
                "TOO_MANY_DECIMALS",
                f"The {words} has more than {decimals} decimals.",
                f"Round the {words}.",
            )
        exponent = amount.as_tuple().exponent
        as_written = isinstance(exponent, int) and -decimals <= exponent <= 0
        kept = amount if as_written else Decimal(canonical_amount(rounded))
        return kept or kept.copy_abs()

    return FieldRule(attribute, words, read, needed=needed)


def _as_decimal(value: object, words: str) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str):
        raise Refused("WRONG_TYPE", f"The {words} must be a number.", 'Write it as "12.50".')
    if not value.strip():
        raise Refused("EMPTY", f"The {words} is empty.", "Write 0 where there is none.")
    try:
        return parse_amount(value)
    except ValueError:
        raise Refused(
            "NOT_A_NUMBER",
            f"The {words} is not a plain number such as 1234.50, or has too many digits.",
            "Write it without a currency sign, blanks or thousands separators.",
        ) from None


def date_field(attribute: str, words: str, *, needed: bool = False) -> FieldRule:
    """A business date as YYYY-MM-DD."""

    def read(value: object) -> date:
        if not isinstance(value, str):
            raise Refused("WRONG_TYPE", f"The {words} must be text.", "Write it as 2026-03-31.")
        if not _DATE.fullmatch(value):
            raise Refused(
                "NOT_A_DATE",
                f"The {words} is not a date such as 2026-03-31.",
                "Write year, month and day, with hyphens.",
            )
        try:
            read_date = date.fromisoformat(value)
        except ValueError:
            raise Refused(
                "IMPOSSIBLE_DATE", f"The {words} is a day that does not exist.", "Correct it."
            ) from None
        if read_date.year not in _YEARS:
            raise Refused(
                "IMPOSSIBLE_DATE",
                f"The {words} is before {_YEARS.start} or after {_YEARS.stop - 1}.",
                "Correct the year.",
            )
        return read_date

    return FieldRule(attribute, words, read, needed=needed)


def read_currency(value: object) -> str | None:
    """An ISO 4217 code, in capitals; None for an empty text."""
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


def yes_or_no_field(attribute: str, words: str) -> FieldRule:
    def read(value: object) -> bool:
        if not isinstance(value, bool):
            raise Refused(
                "WRONG_TYPE", f"The {words} is neither true nor false.", "Write true or false."
            )
        return value

    return FieldRule(attribute, words, read)
