"""Many rows at a time, with boto3 directly: attribute maps by hand, PartiQL batches for conditions.

A batch of 25 PartiQL statements writes each row on its own condition for one write unit per KB, which
neither BatchWriteItem (no conditions) nor a transaction (twice the units, all or nothing) does:
`INSERT` is refused when the row exists, `UPDATE ... WHERE` when it does not or a comparison fails.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from shared.storage import cursors
from shared.storage.dynamo.client import (
    ATTEMPTS,
    Refused,
    Sender,
    Verdict,
    unavailable,
    verdict_of_code,
)
from shared.storage.ports import Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")

Raw = dict[str, Any]
"""A row as DynamoDB spells it: attribute name to `{"S": ...}`, `{"N": ...}`, `{"B": ...}`."""

to_json: Callable[[object], str] = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":")
).encode
"""Compact, with every character as itself: escapes would cost write units."""

_STATEMENTS = 25
_WRITES = 25
_READS = 100


def insert(table: str, row: Mapping[str, Any]) -> Raw:
    """Write the row if there is none under its key."""
    names = ", ".join(f"'{name}': ?" for name in row)
    return {
        "Statement": f'INSERT INTO "{table}" VALUE {{{names}}}',
        "Parameters": list(row.values()),
    }


def update(table: str, row: Mapping[str, Any], conditions: Mapping[str, Any]) -> Raw:
    """Set the row's attributes if it exists and all conditions hold.

    A condition is an attribute's name with a comparison ("epoch <=") and the value to compare with.
    """
    changed = [name for name in row if name not in ("pk", "sk")]
    sets = " ".join(f'SET "{name}" = ?' for name in changed)
    where = "".join(f" AND {_comparison(text)} ?" for text in conditions)
    return {
        "Statement": f'UPDATE "{table}" {sets} WHERE "pk" = ? AND "sk" = ?{where}',
        "Parameters": [
            *(row[name] for name in changed),
            row["pk"],
            row["sk"],
            *conditions.values(),
        ],
    }


def equal_to(text: str) -> Raw:
    """For `KeyConditions`, the older spelling of a key condition.

    DynamoDB takes both; the local emulator reads a KeyConditionExpression anew for each row of the
    partition, and with it a page takes six times as long.
    """
    return {"AttributeValueList": [{"S": text}], "ComparisonOperator": "EQ"}


def _comparison(text: str) -> str:
    name, sign = text.split(" ")
    return f'"{name}" {sign}'


def in_groups(things: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    for start in range(0, len(things), size):
        yield things[start : start + size]


class BulkRows:
    """Any table. Raises `StorageUnavailable` when some of it could not be done in reasonable time."""

    def __init__(self, client: DynamoDBClient, sender: Sender) -> None:
        self._client = client
        self._sender = sender

    def execute(self, statements: Sequence[Raw], *, repeatable: bool) -> list[bool]:
        """Which statements' conditions held, in order. No two may concern the same row.

        `repeatable` says that a statement may be sent again when its answer was lost.
        """
        held = [True] * len(statements)
        todo = list(range(len(statements)))
        for attempt in range(ATTEMPTS):
            again: list[int] = []
            for group in in_groups(todo, _STATEMENTS):
                answer = self._sender.send(
                    self._client.batch_execute_statement,
                    repeatable=repeatable,
                    Statements=[statements[place] for place in group],
                )
                for place, response in zip(group, answer["Responses"], strict=True):
                    error = response.get("Error")
                    if error is None:
                        continue
                    verdict = verdict_of_code(error.get("Code", ""))
                    if verdict is Verdict.REFUSED:
                        held[place] = False
                    elif verdict is Verdict.NOT_DONE or (verdict is Verdict.UNKNOWN and repeatable):
                        again.append(place)
                    elif verdict is Verdict.UNKNOWN:
                        raise unavailable("batch_execute_statement", error.get("Code", ""))
                    else:
                        raise RuntimeError(f"statement refused: {error.get('Code')}")
            if not again:
                return held
            todo = again
            self._sender.pause(attempt)
        raise unavailable("batch_execute_statement", "throttled")

    def write(self, table: str, requests: Sequence[Raw]) -> None:
        """Unconditional puts and deletes (`{"PutRequest": ...}`); no two of the same row."""
        todo = list(requests)
        for attempt in range(ATTEMPTS):
            again: list[Any] = []
            for group in in_groups(todo, _WRITES):
                answer = self._sender.send(
                    self._client.batch_write_item, repeatable=True, RequestItems={table: group}
                )
                again += answer.get("UnprocessedItems", {}).get(table, [])
            if not again:
                return
            todo = again
            self._sender.pause(attempt)
        raise unavailable("batch_write_item", "throttled")

    def delete_if(self, table: str, pk: str, sk: str, attribute: str, value: str) -> None:
        """Remove one row if a text attribute of it has this value; that it has not is no matter."""
        with suppress(Refused):
            self._sender.send(
                self._client.delete_item,
                repeatable=True,
                TableName=table,
                Key={"pk": {"S": pk}, "sk": {"S": sk}},
                ConditionExpression="#attribute = :value",
                ExpressionAttributeNames={"#attribute": attribute},
                ExpressionAttributeValues={":value": {"S": value}},
            )

    def get(self, table: str, pk: str, sks: Iterable[str]) -> list[Raw]:
        """Those rows of a partition that exist, in no order; a repeated sort key counts once."""
        todo: list[Any] = [{"pk": {"S": pk}, "sk": {"S": sk}} for sk in dict.fromkeys(sks)]
        return self.get_keys(table, todo)

    def get_keys(self, table: str, keys: Sequence[Raw]) -> list[Raw]:
        """Those of the rows that exist, in no order. No key may occur twice."""
        found: list[Raw] = []
        todo: list[Any] = list(keys)
        for attempt in range(ATTEMPTS):
            again: list[Any] = []
            for group in in_groups(todo, _READS):
                answer = self._sender.send(
                    self._client.batch_get_item,
                    repeatable=True,
                    RequestItems={table: {"Keys": group, "ConsistentRead": True}},
                )
                found += answer["Responses"].get(table, [])
                unprocessed: Any = answer.get("UnprocessedKeys", {})
                again += unprocessed.get(table, {}).get("Keys", [])
            if not again:
                return found
            todo = again
            self._sender.pause(attempt)
        raise unavailable("batch_get_item", "throttled")

    def delete_together(self, table: str, rows: Sequence[tuple[str, str, str, Raw]]) -> bool:
        """Remove all or none: each a partition and sort key, and an attribute with the value it must have."""
        try:
            self._sender.send(
                self._client.transact_write_items,
                repeatable=False,
                TransactItems=[
                    {
                        "Delete": {
                            "TableName": table,
                            "Key": {"pk": {"S": pk}, "sk": {"S": sk}},
                            "ConditionExpression": "#attribute = :value",
                            "ExpressionAttributeNames": {"#attribute": attribute},
                            "ExpressionAttributeValues": {":value": value},
                        }
                    }
                    for pk, sk, attribute, value in rows
                ],
            )
        except Refused:
            return False
        return True

    def page(
        self,
        table: str,
        pk: str,
        limit: int,
        cursor: str | None,
        parse: Callable[[Raw], T],
        *,
        newest_first: bool = False,
    ) -> Page[T]:
        """Raises `InvalidCursor` for a cursor of another partition, ValueError for a limit below 1.

        One row more than asked for is read, so that the last page is known for what it is.
        """
        if limit < 1:
            raise ValueError("a page has at least one row")
        arguments: Raw = {
            "TableName": table,
            "KeyConditions": {"pk": equal_to(pk)},
            "ConsistentRead": True,
            "ScanIndexForward": not newest_first,
        }
        if cursor is not None:
            (after,) = cursors.decode(pk, cursor)
            arguments["ExclusiveStartKey"] = {"pk": {"S": pk}, "sk": {"S": after}}
        rows = self.query(arguments, limit + 1)
        shown = rows[:limit]
        following = cursors.encode(pk, shown[-1]["sk"]["S"]) if len(rows) > limit else None
        return Page(tuple(map(parse, shown)), following)

    def sort_keys_between(self, table: str, pk: str, first: str, last: str) -> list[str]:
        """Of the rows of a partition, both ends included."""
        between = {
            "AttributeValueList": [{"S": first}, {"S": last}],
            "ComparisonOperator": "BETWEEN",
        }
        arguments: Raw = {
            "TableName": table,
            "KeyConditions": {"pk": equal_to(pk), "sk": between},
            "AttributesToGet": ["sk"],
            "ConsistentRead": True,
        }
        return [raw["sk"]["S"] for raw in self.query(arguments)]

    def query(self, arguments: Raw, limit: int | None = None) -> list[Raw]:
        """The first rows of a query, or all, over as many of its 1 MB pages as that takes."""
        rows: list[Any] = []
        while True:
            if limit is not None:
                arguments = {**arguments, "Limit": limit - len(rows)}
            answer = self._sender.send(self._client.query, repeatable=True, **arguments)
            rows += answer["Items"]
            if "LastEvaluatedKey" not in answer or len(rows) == limit:
                return rows
            arguments = {**arguments, "ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def count(self, arguments: Raw) -> int:
        """How many rows a query finds, over all its pages."""
        counted = 0
        while True:
            answer = self._sender.send(
                self._client.query, repeatable=True, Select="COUNT", **arguments
            )
            counted += answer["Count"]
            if "LastEvaluatedKey" not in answer:
                return counted
            arguments = {**arguments, "ExclusiveStartKey": answer["LastEvaluatedKey"]}
