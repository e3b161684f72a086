"""Reads and conditional writes of one row, as PynamoDB models and expressions over the shared client."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from pynamodb.connection.base import Connection, MetaTable
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from shared.domain.ids import CorrelationId
from shared.storage.dynamo.capacity import item_size
from shared.storage.dynamo.client import Refused, Sender, unavailable
from shared.storage.dynamo.models import Row
from shared.storage.limits import require_fitting

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

M = TypeVar("M", bound=Row)


class SingleRows:
    """One table. Reads are strongly consistent; raises `StorageUnavailable` as `Sender.send` does.

    `correlation_id` answers what the present work was caused by, for rows whose domain object does
    not carry it.
    """

    def __init__(
        self,
        table_name: str,
        client: DynamoDBClient,
        sender: Sender,
        correlation_id: Callable[[], CorrelationId],
    ) -> None:
        self._name = table_name
        self._client = client
        self._sender = sender
        self._correlation_id = correlation_id
        # Never connects: it only turns models and conditions into the arguments of a call.
        self._expressions = Connection(region="unused")
        self._expressions.add_meta_table(
            MetaTable(
                {
                    "TableName": table_name,
                    "KeySchema": [
                        {"AttributeName": "pk", "KeyType": "HASH"},
                        {"AttributeName": "sk", "KeyType": "RANGE"},
                    ],
                    "AttributeDefinitions": [
                        {"AttributeName": "pk", "AttributeType": "S"},
                        {"AttributeName": "sk", "AttributeType": "S"},
                    ],
                }
            )
        )

    def get(self, model: type[M], pk: str, sk: str) -> M | None:
        answer = self._sender.send(
            self._client.get_item,
            repeatable=True,
            TableName=self._name,
            Key=_key(pk, sk),
            ConsistentRead=True,
        )
        raw = answer.get("Item")
        return None if raw is None else model.from_raw_data(raw)

    def put(self, row: Row, condition: Condition | None = None) -> bool:
        """Whether the condition held. Raises `TooLarge` above 300 KB."""
        arguments = self.put_action(row, condition)
        try:
            self._sender.send(self._client.put_item, repeatable=condition is None, **arguments)
        except Refused:
            return False
        return True

    def put_or_standing(self, row: M, condition: Condition) -> M | None:
        """None when the condition held, else the row that stands there, as the refusal told it."""
        arguments = self.put_action(row, condition)
        arguments["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        try:
            self._sender.send(self._client.put_item, repeatable=False, **arguments)
        except Refused as refused:
            if refused.row is None:
                raise unavailable("put_item", "the refusal did not tell the row") from None
            return type(row).from_raw_data(refused.row)
        return None

    def replace(self, row: M) -> M | None:
        """Put it; answers what stood there before."""
        arguments = self.put_action(row) | {"ReturnValues": "ALL_OLD"}
        answer = self._sender.send(self._client.put_item, repeatable=False, **arguments)
        raw = answer.get("Attributes")
        return None if raw is None else type(row).from_raw_data(raw)

    def update(
        self, model: type[M], pk: str, sk: str, actions: Sequence[Action], condition: Condition
    ) -> M | None:
        """The row as it is afterwards; None when the condition did not hold."""
        actions = [*actions, model.correlation_id.set(self._correlation_id())]
        arguments = self._expressions.get_operation_kwargs(
            self._name, pk, sk, actions=actions, condition=condition, return_values="ALL_NEW"
        )
        try:
            answer = self._sender.send(self._client.update_item, repeatable=False, **arguments)
        except Refused:
            return None
        return model.from_raw_data(answer["Attributes"])

    def delete(self, pk: str, sk: str, condition: Condition) -> None:
        """Only if the condition holds; that it does not is no matter, so a repeat does no harm."""
        arguments = self.delete_action(pk, sk, condition)
        try:
            self._sender.send(self._client.delete_item, repeatable=True, **arguments)
        except Refused:
            return

    def take(self, model: type[M], pk: str, sk: str) -> M | None:
        """Read and remove in one atomic step."""
        answer = self._sender.send(
            self._client.delete_item,
            repeatable=False,
            TableName=self._name,
            Key=_key(pk, sk),
            ReturnValues="ALL_OLD",
        )
        raw = answer.get("Attributes")
        return None if raw is None else model.from_raw_data(raw)

    def take_if(self, pk: str, sk: str, condition: Condition) -> bool:
        """Remove it and say that it was so: False where the condition did not hold."""
        arguments = self.delete_action(pk, sk, condition)
        try:
            self._sender.send(self._client.delete_item, repeatable=False, **arguments)
        except Refused:
            return False
        return True

    def put_action(self, row: Row, condition: Condition | None = None) -> dict[str, Any]:
        """The arguments of a put, alone or in a transaction. Raises `TooLarge` above 300 KB."""
        if row.correlation_id is None:
            row.correlation_id = self._correlation_id()
        raw = row.serialize()
        require_fitting(item_size(raw), "A row")
        arguments: dict[str, Any] = self._expressions.get_operation_kwargs(
            self._name, row.pk, row.sk, key="Item", attributes=raw, condition=condition
        )
        return arguments

    def delete_action(self, pk: str, sk: str, condition: Condition) -> dict[str, Any]:
        arguments: dict[str, Any] = self._expressions.get_operation_kwargs(
            self._name, pk, sk, condition=condition
        )
        return arguments

    def transact(self, actions: Sequence[dict[str, Any]]) -> None:
        """All of `{"Put": put_action(...)}` and the like, or none. Raises `Refused` with the reasons."""
        self._sender.send(
            self._client.transact_write_items, repeatable=False, TransactItems=actions
        )

    def partition(self, model: type[M], pk: str) -> Iterator[M]:
        """All rows of a partition, in order: for partitions that stay small."""
        arguments: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": pk}},
            "ConsistentRead": True,
        }
        while True:
            answer = self._sender.send(self._client.query, repeatable=True, **arguments)
            yield from (model.from_raw_data(raw) for raw in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            arguments["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _key(pk: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}
