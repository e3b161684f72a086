"""JSON in and out with decimals that keep their digits: ``300.00`` comes in and goes out as ``300.00``."""

import json
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, TypeAlias

Json: TypeAlias = "bool | int | Decimal | str | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = dict[str, Json]


class Raw(str):
    """Text that is JSON already; :func:`dumps` puts it in as it stands."""

    __slots__ = ()


class InvalidJson(ValueError):
    """The text is not JSON (``NaN``, a lone surrogate or nesting beyond reason included)."""


def loads(text: str | bytes) -> Json:
    """Parse, decimals as ``Decimal``. Raises :class:`InvalidJson`."""
    try:
        parsed: Json = json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidJson(str(error)) from error
    return parsed


def dumps(value: Json) -> str:
    """Render. Decimals become numbers with exactly the digits they have."""
    return _WRITERS[type(value)](value)


def as_object(value: Json) -> JsonObject:
    """The value as an object. Raises :class:`InvalidJson` when it is anything else."""
    if not isinstance(value, dict):
        raise InvalidJson("an object is needed here")
    return value


def as_list(value: Json) -> list[Json]:
    """The value as a list. Raises :class:`InvalidJson` when it is anything else."""
    if not isinstance(value, list):
        raise InvalidJson("a list is needed here")
    return value


def _refuse_constant(name: str) -> Json:
    raise InvalidJson(f"{name} is not JSON")


def _write_list(items: list[Json]) -> str:
    return f"[{','.join([_WRITERS[type(item)](item) for item in items])}]"


def _write_object(members: JsonObject) -> str:
    return f"{{{','.join([f'{_key(key)}:{_WRITERS[type(item)](item)}' for key, item in members.items()])}}}"


_key = lru_cache(maxsize=4096)(encode_basestring)

# By exact type: the standard encoder cannot write a Decimal as a number, and this runs for every row.
_WRITERS: dict[type, Callable[[Any], str]] = {
    str: encode_basestring,
    Raw: str.__str__,
    type(None): lambda _: "null",
    bool: lambda value: "true" if value else "false",
    int: int.__repr__,
    Decimal: lambda value: format(value, "f"),
    list: _write_list,
    dict: _write_object,
}
