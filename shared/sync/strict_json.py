"""JSON as the suite takes it from others: numbers exact, nothing said twice, nothing that is not JSON."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any


class NotJson(ValueError):
    """The text is not JSON, or not JSON that means one thing. The message says why, without the text."""


def parse_json(text: bytes | str) -> Any:  # noqa: ANN401 - JSON is whatever its sender wrote
    """Read UTF-8 JSON; every number becomes a Decimal, exact to what was written.

    Raises `NotJson`, also for what Python would let pass: NaN, Infinity, a name given twice in one
    object, and nesting too deep to read.
    """
    try:
        return json.loads(
            text.decode("utf-8") if isinstance(text, bytes) else text,
            parse_float=_exact,
            parse_int=_exact,
            parse_constant=_no_number,
            object_pairs_hook=_said_once,
        )
    except UnicodeDecodeError:
        raise NotJson("it is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise NotJson("it is nested too deeply") from None


def _exact(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond what any number has
        raise NotJson("it has a number that cannot be read") from None


def _no_number(name: str) -> Decimal:
    raise NotJson(f"{name} is not JSON")


def _said_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) != len(pairs):
        raise NotJson("an object gives the same name twice")
    return said
