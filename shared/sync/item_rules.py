"""What an item may say, field by field: one set of rules for the API and for imported files.

`said` maps a field (`FIELDS`) to what the caller wrote, text as text, a JSON number as Decimal. A
field that is not in it, or null, was not said, which is not the same as empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from shared.domain.errors import RequestInvalid
from shared.domain.ids import SourceId
from shared.domain.money import canonical_amount, parse_amount
from shared.domain.records import (
    MAX_CODE,
    MAX_DESCRIPTION,
    MAX_NAME,
    MAX_SOURCE_ID,
    MAX_UNIT,
    MAX_UNIT_PRICE_DECIMALS,
    MAX_UNIT_PRICE_DIGITS,
)
from shared.domain.runs import Problem
from shared.sync.currencies import CURRENCY_CODES

FIELDS: Final = ("id", "code", "name", "description", "unit", "unitPrice", "currency", "active")
"""As the API spells them; problems name them so."""

_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters but tab and line ends, and halves of surrogate pairs: no provider takes them."""

_DECODED_TWICE = re.compile("%[0-9A-Fa-f]{2}")
"""An id that reads as percent-encoding would change where a gateway decodes a path once more."""

_FINEST_PRICE: Final = Decimal(1).scaleb(-MAX_UNIT_PRICE_DECIMALS)
_YES_NO: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class FieldsInvalid(RequestInvalid):
    """Several fields at once; the first is the `problem` of the base class."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems[0])
        self.problems = tuple(problems)


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


class _Refused(Exception):  # never leaves this module
    def __init__(self, code: str, message: str, action: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.action = code, message, action


def read_values(said: Mapping[str, object]) -> ItemValues:
    """Check what was said of an item, its id apart; name and price must be said.

    Raises `FieldsInvalid` with every problem.
    """
    read: dict[str, Any] = {}
    problems = []
    for field, (attribute, rule) in _RULES.items():
        if said.get(field) is not None:
            try:
                read[attribute] = rule(said[field])
            except _Refused as refused:
                problems.append(Problem(refused.code, refused.message, refused.action, field))
        elif field in _NEEDED:
            problems.append(missing(field))
    if problems:
        raise FieldsInvalid(problems)
    return ItemValues(**read)


def missing(field: str) -> Problem:
    return Problem("MISSING", f"The {_WORDS[field]} is missing.", "Give it a value.", field)


def checked_source_id(text: object, field: str = "id") -> SourceId:
    """The id of a record, as its owner spells it. Raises `RequestInvalid`.

    Any printable text up to 128 bytes that stays itself in an address: a slash may stand inside, but
    no part between slashes may be empty or dots, and nothing may read as percent-encoding.
    """
    if not isinstance(text, str):
        raise RequestInvalid(
            Problem("WRONG_TYPE", f"The {field} must be text.", "Put it in quotes.", field)
        )
    fault = _source_id_fault(text)
    if fault:
        raise RequestInvalid(
            Problem("INVALID_ID", f"The {field} {fault}.", f"Choose another {field}.", field)
        )
    return SourceId(text)


def _source_id_fault(text: str) -> str:
    if not text.strip():
        return "is empty"
    if not text.isprintable() or text != text.strip():
        return "has a blank at an end or a character that cannot be printed"
    if len(text.encode()) > MAX_SOURCE_ID:
        return f"is longer than {MAX_SOURCE_ID} bytes"
    if any(part in {"", ".", ".."} for part in text.split("/")):
        return "has an empty part, or one of dots only, beside a slash"
    if _DECODED_TWICE.search(text):
        return "has a percent sign followed by two hexadecimal digits"
    return ""


def _text(field: str, longest: int) -> Callable[[object], str]:
    words = _WORDS[field]

    def rule(value: object) -> str:
        if not isinstance(value, str):
            raise _Refused("WRONG_TYPE", f"The {words} must be text.", "Put it in quotes.")
        kept = value.strip("\r\n")
        if len(kept) > longest:
            raise _Refused(
                "TOO_LONG",
                f"The {words} has {len(kept)} characters; at most {longest} are possible.",
                "Shorten it.",
            )
        if _UNSTORABLE.search(kept):
            raise _Refused(
                "FORBIDDEN_CHARACTER",
                f"The {words} has a control character that no accounting system accepts.",
                "Remove it.",
            )
        return kept

    return rule


def _name(value: object) -> str:
    kept = _NAME_TEXT(value)
    if not kept.strip():
        raise _Refused("EMPTY", "The name is empty.", "Give the item a name.")
    return kept


def _unit_price(value: object) -> Decimal:
    if isinstance(value, str):
        if not value.strip():
            raise _Refused("EMPTY", "The unit price is empty.", "Write 0 for an item without one.")
        try:
            amount = parse_amount(value)
        except ValueError:
            raise _Refused(
                "NOT_A_NUMBER",
                "The unit price is not a plain number such as 1234.50, or has too many digits.",
                "Write it without a currency sign, blanks or thousands separators.",
            ) from None
    elif isinstance(value, Decimal):
        amount = value
    else:
        raise _Refused("WRONG_TYPE", "The unit price must be a number.", 'Write it as "12.50".')
    if amount < 0:
        raise _Refused("NEGATIVE", "The unit price is below zero.", "Write a price of 0 or more.")
    # `adjusted` is the power of ten of the first digit: it bounds a number such as 1e999999 before
    # anything spells it out.
    if amount and amount.adjusted() >= MAX_UNIT_PRICE_DIGITS:
        raise _Refused(
            "TOO_MANY_DIGITS",
            f"The unit price has more than {MAX_UNIT_PRICE_DIGITS} digits before the point.",
            "Check the price.",
        )
    rounded = amount.quantize(_FINEST_PRICE)
    if rounded != amount:
        raise _Refused(
            "TOO_MANY_DECIMALS",
            f"The unit price has more than {MAX_UNIT_PRICE_DECIMALS} decimals.",
            "Round the price.",
        )
    exponent = amount.as_tuple().exponent
    as_written = isinstance(exponent, int) and -MAX_UNIT_PRICE_DECIMALS <= exponent <= 0
    return amount.copy_abs() if as_written else Decimal(canonical_amount(rounded))


def _currency(value: object) -> str | None:
    if not isinstance(value, str):
        raise _Refused("WRONG_TYPE", "The currency must be text.", 'Write it as "USD".')
    code = value.strip().upper()
    if not code:
        return None
    if code not in CURRENCY_CODES:
        raise _Refused(
            "UNKNOWN_CURRENCY",
            "The currency is not an ISO 4217 code such as USD.",
            "Write the three letters of the currency.",
        )
    return code


def _active(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        word = value.strip().lower()
        if not word:
            return None
        if word in _YES_NO:
            return _YES_NO[word]
    raise _Refused("WRONG_TYPE", "Active is neither true nor false.", "Write true or false.")


_WORDS: Final = {name: name for name in FIELDS} | {"unitPrice": "unit price"}
_NEEDED: Final = frozenset({"name", "unitPrice"})
_NAME_TEXT = _text("name", MAX_NAME)
_RULES: Final[Mapping[str, tuple[str, Callable[[object], object]]]] = {
    "name": ("name", _name),
    "unitPrice": ("unit_price", _unit_price),
    "code": ("code", _text("code", MAX_CODE)),
    "description": ("description", _text("description", MAX_DESCRIPTION)),
    "unit": ("unit", _text("unit", MAX_UNIT)),
    "currency": ("currency", _currency),
    "active": ("active", _active),
}
