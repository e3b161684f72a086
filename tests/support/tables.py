"""The three tables as template.yaml has them, for tests that need no deployed stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.storage.dynamo.tables import (
    GRANTS,
    RECORDS,
    SYNC_STATE,
    TTL_ATTRIBUTE,
    TableDefinition,
    TableNames,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def create_tables(client: DynamoDBClient, names: TableNames, *, expire: bool = False) -> None:
    """Rows only die where `expire` is asked for: a test's clock may stand in the past."""
    for name, definition in (
        (names.records, RECORDS),
        (names.sync_state, SYNC_STATE),
        (names.grants, GRANTS),
    ):
        client.create_table(**_arguments(name, definition))
        if expire and definition.expires:
            client.update_time_to_live(
                TableName=name,
                TimeToLiveSpecification={"AttributeName": TTL_ATTRIBUTE, "Enabled": True},
            )


def _arguments(name: str, definition: TableDefinition) -> dict[str, Any]:
    used = ["pk", "sk"]
    indexes = []
    for index in definition.indexes:
        used += [index.hash_key, index.range_key]
        indexes.append(
            {
                "IndexName": index.name,
                "KeySchema": _key_schema(index.hash_key, index.range_key),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        )
    arguments: dict[str, Any] = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _key_schema("pk", "sk"),
        "AttributeDefinitions": [{"AttributeName": one, "AttributeType": "S"} for one in used],
    }
    if indexes:
        arguments["GlobalSecondaryIndexes"] = indexes
    return arguments


def _key_schema(hash_key: str, range_key: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": hash_key, "KeyType": "HASH"},
        {"AttributeName": range_key, "KeyType": "RANGE"},
    ]
