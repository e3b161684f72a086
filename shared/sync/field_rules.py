"""What records may say, field by field: one set of rules for the API and for imported files.

`said` maps a field to what the caller wrote, text as text, a JSON number as Decimal. A field that is not
in it, or null, was not said, which is not the same as empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.domain.errors import RequestInvalid
from shared.domain.ids import SourceId
from shared.domain.records import MAX_NAME, MAX_SOURCE_ID
from shared.domain.runs import Problem

_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters but tab and line ends, and halves of surrogate pairs: no provider takes them."""

_DECODED_TWICE = re.compile("%[0-9A-Fa-f]{2}")
"""An id that reads as percent-encoding would change where a gateway decodes a path once more."""

_YES_NO: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class FieldsInvalid(RequestInvalid):
    """Several fields at once; the first is the `problem` of the base class."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems[0])
        self.problems = tuple(problems)


class Refused(Exception):
    """A rule's answer to a value; becomes a problem that names the field. Never leaves `read_fields`."""

    def __init__(self, code: str, message: str, action: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.action = code, message, action


@dataclass(frozen=True, slots=True)
class FieldRule:
    """`attribute` of the values that it fills; `words` for sentences. `read` raises `Refused`."""

    attribute: str
    words: str
    read: Callable[[object], object]
    needed: bool = False


def read_fields(said: Mapping[str, object], rules: Mapping[str, FieldRule]) -> dict[str, Any]:
    """What was said, by attribute. Raises `FieldsInvalid` with every problem."""
    read: dict[str, Any] = {}
    problems = []
    for field, rule in rules.items():
        if said.get(field) is not None:
            try:
                read[rule.attribute] = rule.read(said[field])
            except Refused as refused:
                problems.append(Problem(refused.code, refused.message, refused.action, field))
        elif rule.needed:
            problems.append(missing(field, rule.words))
    if problems:
        raise FieldsInvalid(problems)
    return read


def missing(field: str, words: str) -> Problem:
    return Problem("MISSING", f"The {words} is missing.", "Give it a value.", field)


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


def text_field(attribute: str, words: str, longest: int) -> FieldRule:
    """Text of at most so many characters, kept to the byte but for line ends around it."""

    def read(value: object) -> str:
        if not isinstance(value, str):
            raise Refused("WRONG_TYPE", f"The {words} must be text.", "Put it in quotes.")
        kept = value.strip("\r\n")
        if len(kept) > longest:
            raise Refused(
                "TOO_LONG",
                f"The {words} has {len(kept)} characters; at most {longest} are possible.",
                "Shorten it.",
            )
        if _UNSTORABLE.search(kept):
            raise Refused(
                "FORBIDDEN_CHARACTER",
                f"The {words} has a control character that no accounting system accepts.",
                "Remove it.",
            )
        return kept

    return FieldRule(attribute, words, read)


def name_field(noun: str) -> FieldRule:
    """The name of an item, a customer: text that is needed and not blank."""
    text = text_field("name", "name", MAX_NAME)

    def read(value: object) -> object:
        kept = text.read(value)
        if not str(kept).strip():
            raise Refused("EMPTY", "The name is empty.", f"Give the {noun} a name.")
        return kept

    return FieldRule("name", "name", read, needed=True)


def _active(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        word = value.strip().lower()
        if not word:
            return None
        if word in _YES_NO:
            return _YES_NO[word]
    raise Refused("WRONG_TYPE", "Active is neither true nor false.", "Write true or false.")


ACTIVE_FIELD: Final = FieldRule("active", "active", _active)
