"""What writes cost: DynamoDB's own rule, and what the service says that calls have consumed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from mypy_boto3_dynamodb import DynamoDBClient

_WRITE_UNIT = 1024
_CONTAINER_OVERHEAD = 3
_ELEMENT_OVERHEAD = 1


def item_size(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Bytes of a row as DynamoDB counts them: UTF-8 names and values, numbers by their digits.

    Source: "Item sizes and formats" in the DynamoDB developer guide.
    """
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def write_units(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Units of one write of this row outside a transaction (inside it is twice as much).

    A write that shrinks a row is charged for the larger one. Indexes come on top.
    """
    return max(1, math.ceil(item_size(item) / _WRITE_UNIT))


def report_consumed(client: DynamoDBClient, on_consumed: Callable[[str, float], None]) -> None:
    """Have each call of this client ask for, and report, the operation's name and its units.

    Read and write operations are told apart by name. The local emulator counts each PartiQL statement
    as one unit whatever its size; `write_units` of the stored rows tells where that is too little.
    """

    def ask(params: dict[str, Any], model: OperationModel, **_: object) -> None:
        shape = model.input_shape
        if shape is not None and "ReturnConsumedCapacity" in shape.members:
            params["ReturnConsumedCapacity"] = "TOTAL"

    def report(parsed: dict[str, Any], model: OperationModel, **_: object) -> None:
        consumed = parsed.get("ConsumedCapacity") or []
        for each in [consumed] if isinstance(consumed, dict) else consumed:
            on_consumed(model.name, float(each.get("CapacityUnits", 0.0)))

    client.meta.events.register("before-parameter-build.dynamodb", ask)
    client.meta.events.register("after-call.dynamodb", report)


def _value_size(value: Mapping[str, Any]) -> int:
    kind, content = next(iter(value.items()))
    match kind:
        case "S":
            size = len(content.encode())
        case "N":
            size = _number_size(content)
        case "B":
            size = len(content)
        case "SS" | "NS" | "BS":
            size = sum(_value_size({kind[0]: member}) for member in content)
        case "L":
            size = _CONTAINER_OVERHEAD + sum(_ELEMENT_OVERHEAD + _value_size(e) for e in content)
        case "M":
            size = _CONTAINER_OVERHEAD + len(content) * _ELEMENT_OVERHEAD + item_size(content)
        case _:  # BOOL and NULL
            size = 1
    return size


def _number_size(text: str) -> int:
    """About one byte per two significant digits and one more; a sign costs one."""
    number = Decimal(text).normalize()
    digits = len(number.as_tuple().digits)
    return math.ceil(digits / 2) + 1 + (1 if number.is_signed() else 0)
