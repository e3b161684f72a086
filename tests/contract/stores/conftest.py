"""One suite for all stores: each test runs over the stores in memory and over DynamoDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from shared.domain.ids import CorrelationId, LinkScope, RemoteId, SourceId
from shared.storage import keys
from shared.storage.dynamo.client import client_config
from shared.storage.dynamo.stores import dynamo_stores
from shared.storage.dynamo.tables import TableNames
from shared.storage.memory import memory_stores
from shared.storage.memory.links import MemoryLinks
from shared.storage.ports import Stores
from tests.contract.stores.builders import CORRELATION, link
from tests.support.effects import SeededChance, VirtualClock
from tests.support.local_aws import ACCESS_KEY, REGION, LocalAws
from tests.support.tables import create_tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_numbers = count(1)


class Crash(BaseException):
    """The process died; nothing of ours may catch it."""


@dataclass(frozen=True)
class Dynamo:
    """DynamoDB stores over tables of their own, and what is behind them."""

    stores: Stores
    client: DynamoDBClient
    tables: TableNames

    def rows(self, table_name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in self.client.get_paginator("scan").paginate(TableName=table_name):
            found += page["Items"]
        return found

    def with_client(self, client: Any, **changes: Any) -> Stores:
        """The same tables through another client."""
        return dynamo_stores(
            self.tables,
            client,
            clock=VirtualClock(),
            chance=SeededChance(),
            correlation_id=lambda: CorrelationId(CORRELATION),
            **changes,
        )


class DyingClient:
    """A client whose process dies at its `at`-th call of one operation, before it is sent."""

    def __init__(self, client: Any, operation: str, at: int) -> None:
        self._client = client
        self._operation = operation
        self._left = at

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if name != self._operation:
            return method

        def call(**arguments: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                raise Crash
            return method(**arguments)

        return call


@pytest.fixture(scope="session")
def dynamodb() -> Iterator[DynamoDBClient]:
    with LocalAws() as aws:
        client = boto3.client(
            "dynamodb",
            endpoint_url=aws.endpoint_url,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key="local",
            config=client_config(),
        )
        yield client
        client.close()


@pytest.fixture
def dynamo(dynamodb: DynamoDBClient) -> Dynamo:
    number = next(_numbers)
    names = TableNames(f"records-{number}", f"sync-state-{number}", f"grants-{number}")
    create_tables(dynamodb, names)
    stores = dynamo_stores(
        names,
        dynamodb,
        clock=VirtualClock(),
        chance=SeededChance(),
        correlation_id=lambda: CorrelationId(CORRELATION),
    )
    return Dynamo(stores, dynamodb, names)


@pytest.fixture(params=["memory", "dynamo"])
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "memory":
        return memory_stores()
    found: Dynamo = request.getfixturevalue("dynamo")
    return found.stores


LeaveClaim = Callable[[LinkScope, RemoteId, SourceId], None]


@pytest.fixture
def leave_claim(stores: Stores, request: pytest.FixtureRequest) -> LeaveClaim:
    """Claims a remote id the way a worker does that dies before it writes the link."""

    def leave(scope: LinkScope, remote_id: RemoteId, source_id: SourceId) -> None:
        if isinstance(stores.links, MemoryLinks):
            stores.links.claims.put(keys.of_scope("remote", scope), remote_id, source_id)
            return
        dynamo: Dynamo = request.getfixturevalue("dynamo")
        dying = dynamo.with_client(DyingClient(dynamo.client, "batch_execute_statement", at=2))
        with pytest.raises(Crash):
            dying.links.save_links(scope, [link(source_id, remote_id)])

    return leave
