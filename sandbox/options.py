"""Frozen dataclasses from camelCase JSON and back, each key and type checked.

Settings, fault rules and the bodies of control calls are all read through here, so a mistyped name is
refused by name and never silently ignored.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Literal, TypeVar

from sandbox.jsontext import Json, JsonObject

T = TypeVar("T")


class InvalidOption(ValueError):
    """A key that does not exist, or a value of the wrong kind; the text names it."""


def read(kind: type[T], given: Mapping[str, Json], where: str = "") -> T:
    """A new ``kind`` from its defaults and what is given. Raises :class:`InvalidOption`."""
    fields = _fields(kind)
    values = dict(_checked(fields, given, {}, where))
    missing = [
        camel_case(field.name)
        for field in dataclasses.fields(kind)  # type: ignore[arg-type]  # kind is always a dataclass
        if field.default is dataclasses.MISSING
        and field.default_factory is dataclasses.MISSING
        and field.name not in values
    ]
    if missing:
        raise InvalidOption(f"{where or kind.__name__} needs {', '.join(missing)}")
    return kind(**values)


def patched(current: T, given: Mapping[str, Json], where: str = "") -> T:
    """A copy of ``current`` with only the given keys changed, nested objects likewise."""
    fields = _fields(type(current))
    now = {name: getattr(current, name) for name, _ in fields.values()}
    changed: T = dataclasses.replace(current, **dict(_checked(fields, given, now, where)))  # type: ignore[type-var]
    return changed


def described(value: object) -> Json:
    """The camelCase JSON of a dataclass, tuple or plain value."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            camel_case(f.name): described(getattr(value, f.name)) for f in dataclasses.fields(value)
        }
    if isinstance(value, list | tuple):
        return [described(item) for item in value]
    if isinstance(value, dict):
        return {str(key): described(item) for key, item in value.items()}
    if isinstance(value, float):
        return Decimal(str(value))
    if value is None or isinstance(value, bool | int | str | Decimal):
        return value
    raise TypeError(f"cannot describe {type(value).__name__}")


def camel_case(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _fields(kind: type) -> dict[str, tuple[str, Any]]:
    hints = typing.get_type_hints(kind)
    return {camel_case(f.name): (f.name, hints[f.name]) for f in dataclasses.fields(kind)}


def _checked(
    fields: dict[str, tuple[str, Any]],
    given: Mapping[str, Json],
    current: Mapping[str, object],
    where: str,
) -> list[tuple[str, Any]]:
    result = []
    for key, value in given.items():
        if key not in fields:
            raise InvalidOption(
                f"unknown option {where + key!r}; known: {', '.join(sorted(fields))}"
            )
        name, hint = fields[key]
        result.append((name, _convert(value, hint, where + key, current.get(name))))
    return result


def _convert(value: Json, hint: Any, where: str, current: object) -> Any:  # noqa: ANN401 - by the hint
    origin = typing.get_origin(hint) or hint
    if origin in (typing.Union, types.UnionType):
        return _convert_union(value, typing.get_args(hint), where, current)
    if dataclasses.is_dataclass(hint):
        kind, given = typing.cast(type[Any], hint), need_object(value, where)
        return (
            read(kind, given, f"{where}.")
            if current is None
            else patched(current, given, f"{where}.")
        )
    convert = _CONVERTERS.get(origin)
    if convert is None:
        raise TypeError(f"no converter for {hint}")
    return convert(value, typing.get_args(hint), where)


def _convert_union(value: Json, hints: tuple[Any, ...], where: str, current: object) -> object:
    if value is None and type(None) in hints:
        return None
    wrong = InvalidOption(f"{where} has a value of the wrong kind")
    for hint in hints:
        if hint is not type(None):
            try:
                return _convert(value, hint, where, current)
            except InvalidOption as error:
                wrong = error
    raise wrong


def _literal(value: Json, choices: tuple[Any, ...], where: str) -> Json:
    if value in choices:
        return value
    raise InvalidOption(f"{where} must be one of {', '.join(map(repr, choices))}")


def _tuple(value: Json, hints: tuple[Any, ...], where: str) -> tuple[object, ...]:
    """A single value stands for a list of one."""
    items = value if isinstance(value, list) else [value]
    return tuple(_convert(item, hints[0], where, None) for item in items)


def _dict(value: Json, hints: tuple[Any, ...], where: str) -> dict[str, object]:
    given = need_object(value, where)
    return {key: _convert(one, hints[1], f"{where}.{key}", None) for key, one in given.items()}


def _plain(kind: type) -> Callable[[Json, tuple[Any, ...], str], object]:
    def convert(value: Json, _hints: tuple[Any, ...], where: str) -> object:
        if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return value
        raise InvalidOption(f"{where} has a value of the wrong kind")

    return convert


def _float(value: Json, _hints: tuple[Any, ...], where: str) -> float:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return float(value)
    raise InvalidOption(f"{where} must be a number")


def _decimal(value: Json, _hints: tuple[Any, ...], where: str) -> Decimal:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    raise InvalidOption(f"{where} must be a number")


_CONVERTERS: dict[Any, Callable[[Json, tuple[Any, ...], str], object]] = {
    Literal: _literal,
    tuple: _tuple,
    dict: _dict,
    object: lambda value, _hints, _where: value,
    float: _float,
    Decimal: _decimal,
    int: _plain(int),
    str: _plain(str),
    bool: _plain(bool),
}


def need_object(value: Json, where: str = "the body") -> JsonObject:
    """The value as an object. Raises :class:`InvalidOption` naming the place."""
    if not isinstance(value, dict):
        raise InvalidOption(f"{where} must be a JSON object")
    return value
