"""`RecordStore` over the records table.

Several items are written in transactions, not in PartiQL batches: the local emulator's stream does
not see PartiQL writes, and this table's stream is the outbox. That costs two write units per item
instead of one; a single item costs one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from shared.domain.ids import CompanyId, CorrelationId, SourceId
from shared.domain.money import Money
from shared.domain.records import Item
from shared.storage.dynamo.bulk import BulkRows, Raw, in_groups, to_json
from shared.storage.dynamo.client import Refused, Sender
from shared.storage.dynamo.tables import SCHEMA_VERSION
from shared.storage.keys import (
    instant,
    is_key,
    join,
    read_instant,
    require_distinct_keys,
    require_next_version,
)
from shared.storage.limits import require_fitting
from shared.storage.ports import Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_IN_ONE_TRANSACTION = 100


class DynamoRecords:
    def __init__(
        self, table_name: str, client: DynamoDBClient, sender: Sender, bulk: BulkRows
    ) -> None:
        self._name = table_name
        self._client = client
        self._sender = sender
        self._bulk = bulk

    def get_item(self, company_id: CompanyId, source_id: SourceId) -> Item | None:
        return self.get_items(company_id, [source_id]).get(source_id)

    def get_items(
        self, company_id: CompanyId, source_ids: Sequence[SourceId]
    ) -> Mapping[SourceId, Item]:
        raws = self._bulk.get(self._name, _pk(company_id), filter(is_key, source_ids))
        return {item.source_id: item for item in map(_parse, raws)}

    def save_items(self, company_id: CompanyId, items: Sequence[Item]) -> Sequence[SourceId]:
        require_distinct_keys(item.source_id for item in items)
        puts = [self._put(company_id, item) for item in items]
        lost: set[str] = set()
        for group in in_groups(puts, _IN_ONE_TRANSACTION):
            lost |= self._save_group(list(group))
        return [item.source_id for item in items if item.source_id in lost]

    def page_items(self, company_id: CompanyId, limit: int, cursor: str | None) -> Page[Item]:
        return self._bulk.page(self._name, _pk(company_id), limit, cursor, _parse)

    def _put(self, company_id: CompanyId, item: Item) -> Raw:
        require_next_version(item.version)
        body = to_json(
            {
                "name": item.name,
                "code": item.code,
                "description": item.description,
                "unit": item.unit,
                "unit_price": str(item.unit_price.amount),
                "currency": item.unit_price.currency,
                "active": item.active,
                "updated_at": instant(item.updated_at) if item.updated_at else None,
            }
        )
        require_fitting(len(body.encode()), "An item")
        put: Raw = {
            "TableName": self._name,
            "Item": {
                "pk": {"S": _pk(company_id)},
                "sk": {"S": item.source_id},
                "schema_version": {"N": str(SCHEMA_VERSION)},
                "correlation_id": {"S": item.correlation_id},
                "version": {"N": str(item.version)},
                "body": {"S": body},
            },
        }
        if item.version == 1:
            put["ConditionExpression"] = "attribute_not_exists(pk)"
        else:
            put["ConditionExpression"] = "version = :stored"
            put["ExpressionAttributeValues"] = {":stored": {"N": str(item.version - 1)}}
        return put

    def _save_group(self, puts: list[Raw]) -> set[str]:
        """The sort keys that lost: each refusal names some; what is left is sent without them."""
        lost: set[str] = set()
        while puts:
            try:
                if len(puts) == 1:
                    self._sender.send(self._client.put_item, repeatable=False, **puts[0])
                else:
                    self._sender.send(
                        self._client.transact_write_items,
                        repeatable=False,
                        TransactItems=[{"Put": put} for put in puts],
                    )
            except Refused as refused:
                refusals = [
                    reason.get("Code") == "ConditionalCheckFailed" for reason in refused.reasons
                ] or [True]
                lost |= {
                    put["Item"]["sk"]["S"]
                    for put, is_lost in zip(puts, refusals, strict=True)
                    if is_lost
                }
                puts = [put for put, is_lost in zip(puts, refusals, strict=True) if not is_lost]
            else:
                break
        return lost


def _pk(company_id: CompanyId) -> str:
    return join("item", company_id)


def _parse(raw: Raw) -> Item:
    body = json.loads(raw["body"]["S"])
    return Item(
        source_id=SourceId(raw["sk"]["S"]),
        name=body["name"],
        unit_price=Money(Decimal(body["unit_price"]), body["currency"]),
        code=body["code"],
        description=body["description"],
        unit=body["unit"],
        active=body["active"],
        version=int(raw["version"]["N"]),
        updated_at=read_instant(body["updated_at"]) if body["updated_at"] else None,
        correlation_id=CorrelationId(raw["correlation_id"]["S"]),
    )
