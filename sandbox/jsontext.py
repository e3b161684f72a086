"""JSON in and out with decimals that keep their digits: ``300.00`` comes in and goes out as ``300.00``."""

import json
from decimal import Decimal
from json.encoder import encode_basestring
from typing import TypeAlias

Json: TypeAlias = "bool | int | Decimal | str | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = dict[str, Json]


_CONSTANTS = {None: "null", True: "true", False: "false"}


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
    if isinstance(value, str):
        return value if isinstance(value, Raw) else encode_basestring(value)
    if value is None or isinstance(value, bool):
        return _CONSTANTS[value]
    if isinstance(value, int | Decimal):
        return str(value) if isinstance(value, int) else format(value, "f")
    if isinstance(value, list):
        return f"[{','.join(map(dumps, value))}]"
    return (
        "{"
        + ",".join(f"{encode_basestring(key)}:{dumps(item)}" for key, item in value.items())
        + "}"
    )


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
