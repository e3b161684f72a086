"""What an entity's properties may hold, and the reading of a request body against that."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Literal, TypeAlias

from sandbox.jsontext import Json, JsonObject
from sandbox.quickbooks import refusals
from sandbox.quickbooks.settings import QuickBooksSettings

Kind: TypeAlias = Literal[
    "text", "number", "boolean", "date", "reference", "group", "object", "list", "ignored"
]

LARGEST_NUMBER = Decimal(99_999_999_999)
_MOST_DECIMALS = 10
# XML 1.0 cannot carry these, and the service speaks XML inside; a lone surrogate is not a character at all.
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Property:
    """One property. ``ignored`` ones may be sent (clients send back what they read) and change nothing.

    A ``group`` is an object of texts, ``parts`` with their greatest lengths. It is written as a whole:
    what a sparse update leaves out of it is emptied, the reading that asks most of a client. An ``object``
    has ``properties`` of its own, a ``list`` holds such objects; both are written as a whole too.
    """

    kind: Kind
    longest: int = 4000
    empty: Json = None
    filterable: bool = False
    parts: Mapping[str, int] = field(default_factory=dict)
    properties: Mapping[str, "Property"] = field(default_factory=dict)
    read_only: bool = False
    """Reckoned by the server: like an ``ignored`` one, but compared by its kind in queries."""


def read_properties(
    properties: Mapping[str, Property], body: JsonObject, settings: QuickBooksSettings
) -> JsonObject:
    """The writable properties that the body names, None for those it empties. Raises ``Refusal``."""
    read: JsonObject = {}
    for name, value in body.items():
        rule = properties.get(name)
        if rule is None:
            raise refusals.unknown_property(name, sorted(properties))
        if rule.kind != "ignored" and not rule.read_only:
            read[name] = _read(name, rule, value, settings)
    return read


def blank(properties: Mapping[str, Property]) -> JsonObject:
    """The values of an object of which nothing is said: where a create and a full update start from."""
    return {name: rule.empty for name, rule in properties.items() if rule.empty is not None}


def applied(properties: Mapping[str, Property], start: JsonObject, given: JsonObject) -> JsonObject:
    """``start`` with what is given; what is emptied goes back to its default, or out."""
    values = dict(start)
    for name, value in given.items():
        stored = properties[name].empty if value is None else value
        if stored is None:
            values.pop(name, None)
        else:
            values[name] = stored
    return values


def text_length(text: str) -> int:
    """Length as Java counts it, in UTF-16 units: an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def identifier(body: JsonObject, name: str) -> str:
    """``Id`` or ``SyncToken``, which some clients send as a number; empty when missing."""
    value = body.get(name)
    if value is None or isinstance(value, bool | list | dict):
        return ""
    return str(value)


def _read(name: str, rule: Property, value: Json, settings: QuickBooksSettings) -> Json:
    if value is None or value == "":
        return None
    match rule.kind:
        case "text":
            return _text(name, rule, value)
        case "number":
            return _number(name, value, settings)
        case "boolean" if isinstance(value, bool):
            return value
        case "date":
            return _date(name, value)
    return _nested(name, rule, value, settings)


def _nested(name: str, rule: Property, value: Json, settings: QuickBooksSettings) -> Json:
    """What consists of parts; None for what has none of them."""
    if isinstance(value, dict):
        match rule.kind:
            case "reference" | "group":
                return _group(name, rule.parts, value) if rule.parts else _reference(name, value)
            case "object":
                return _object(name, rule.properties, value, settings) or None
    if rule.kind == "list" and isinstance(value, list):
        return [_element(name, rule.properties, one, settings) for one in value] or None
    raise refusals.invalid_property(f"Property Name:{name} has a value of a wrong type", name)


def _text(name: str, rule: Property, value: Json) -> str:
    if not isinstance(value, str):
        raise refusals.invalid_property(f"Property Name:{name} has a value of a wrong type", name)
    if _NOT_TEXT.search(value):
        raise refusals.bad_characters(name)
    if text_length(value) > rule.longest:
        raise refusals.bad_length(name, 0, rule.longest, text_length(value))
    return value


def _number(name: str, value: Json, settings: QuickBooksSettings) -> int | Decimal:
    if isinstance(value, str) and settings.numbers_as_strings:
        try:
            value = Decimal(value)
        except InvalidOperation:
            value = None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise refusals.invalid_property(f"Property Name:{name} has a value of a wrong type", name)
    exact = Decimal(value)
    exponent = exact.as_tuple().exponent
    if not exact.is_finite() or abs(exact) > LARGEST_NUMBER or not isinstance(exponent, int):
        raise refusals.out_of_range(name, f"-{LARGEST_NUMBER}", str(LARGEST_NUMBER))
    if exponent < -_MOST_DECIMALS:
        raise refusals.out_of_range(
            name, f"-{LARGEST_NUMBER}", f"{LARGEST_NUMBER}, {_MOST_DECIMALS} decimals"
        )
    return value


def _date(name: str, value: Json) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise refusals.invalid_property(f"Property Name:{name} is not a date", name) from None


def _group(name: str, parts: Mapping[str, int], value: JsonObject) -> Json:
    """The parts that have a text; None for a group without any."""
    read: JsonObject = {}
    for part, text in value.items():
        if part not in parts:
            raise refusals.unknown_property(f"{name}.{part}", sorted(parts))
        if text is not None and text != "":
            read[part] = _text(name, Property("text", longest=parts[part]), text)
    return read or None


def _object(
    name: str, properties: Mapping[str, Property], value: JsonObject, settings: QuickBooksSettings
) -> JsonObject:
    """The nested properties that have a value."""
    read: JsonObject = {}
    for part, one in value.items():
        rule = properties.get(part)
        if rule is None:
            raise refusals.unknown_property(f"{name}.{part}", sorted(properties))
        if (
            rule.kind != "ignored"
            and (given := _read(f"{name}.{part}", rule, one, settings)) is not None
        ):
            read[part] = given
    return read


def _element(
    name: str, properties: Mapping[str, Property], value: Json, settings: QuickBooksSettings
) -> JsonObject:
    if not isinstance(value, dict):
        raise refusals.invalid_property(f"Property Name:{name} has a value of a wrong type", name)
    return _object(name, properties, value, settings)


def _reference(name: str, value: JsonObject) -> Json:
    """The ``value`` of a reference; the ``name`` that clients send along is not looked at."""
    unknown = sorted(set(value) - {"value", "name", "type"})
    if unknown:
        raise refusals.unknown_property(f"{name}.{unknown[0]}", ["name", "type", "value"])
    target = identifier(value, "value")
    return {"value": target} if target else None
