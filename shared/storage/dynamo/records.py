"""`RecordStore` over the records table.

Several records are written in transactions, not in PartiQL batches: the local emulator's stream does
not see PartiQL writes, and this table's stream is the outbox. That costs two write units per record
instead of one; a single one costs one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from shared.domain.ids import CompanyId, SourceId
from shared.domain.invoices import Invoice, Payment
from shared.domain.records import Record, RecordType, kind_of
from shared.storage.dynamo.bulk import BulkRows, Raw, equal_to, in_groups, to_json
from shared.storage.dynamo.client import Refused, Sender
from shared.storage.dynamo.record_bodies import body_of, parsed
from shared.storage.dynamo.tables import SAME_CONTENT, SCHEMA_VERSION
from shared.storage.keys import (
    is_key,
    join,
    payments_prefix,
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

    def get(
        self, company_id: CompanyId, cls: type[RecordType], source_id: SourceId
    ) -> RecordType | None:
        return self.get_many(company_id, cls, [source_id]).get(source_id)

    def get_many(
        self, company_id: CompanyId, cls: type[RecordType], source_ids: Sequence[SourceId]
    ) -> Mapping[SourceId, RecordType]:
        pk = join(kind_of(cls), company_id)
        raws = self._bulk.get(self._name, pk, filter(is_key, source_ids))
        return {record.source_id: record for record in (parsed(cls, raw) for raw in raws)}

    def save(self, company_id: CompanyId, records: Sequence[Record]) -> Sequence[SourceId]:
        require_distinct_keys(record.source_id for record in records)
        puts = [self._put(company_id, record) for record in records]
        lost: set[str] = set()
        for group in in_groups(puts, _IN_ONE_TRANSACTION):
            lost |= self._save_group(list(group))
        return [record.source_id for record in records if record.source_id in lost]

    def page(
        self, company_id: CompanyId, cls: type[RecordType], limit: int, cursor: str | None
    ) -> Page[RecordType]:
        pk = join(kind_of(cls), company_id)
        return self._bulk.page(self._name, pk, limit, cursor, lambda raw: parsed(cls, raw))

    def payments_of(self, company_id: CompanyId, invoice_id: SourceId) -> Sequence[Payment]:
        begins = {
            "AttributeValueList": [{"S": payments_prefix(invoice_id)}],
            "ComparisonOperator": "BEGINS_WITH",
        }
        pk = equal_to(join(kind_of(Payment), company_id))
        found = self._bulk.query(
            {
                "TableName": self._name,
                "KeyConditions": {"pk": pk, "sk": begins},
                "ConsistentRead": True,
            }
        )
        return [parsed(Payment, raw) for raw in found]

    def save_payment(self, company_id: CompanyId, payment: Payment, invoice: Invoice) -> bool:
        puts = [self._put(company_id, payment), self._put_raised(company_id, invoice)]
        try:
            self._sender.send(
                self._client.transact_write_items,
                repeatable=False,
                TransactItems=[{"Put": put} for put in puts],
            )
        except Refused:
            return False
        return True

    def put_new(self, company_id: CompanyId, record: Record) -> Raw:
        """A put, for a transaction, of a record of version 1 that must not be there yet."""
        if record.version != 1:
            raise ValueError("a new record has version 1")
        return self._put(company_id, record)

    def _put(self, company_id: CompanyId, record: Record) -> Raw:
        require_next_version(record.version)
        put = self._row(company_id, record)
        if record.version == 1:
            return put | {"ConditionExpression": "attribute_not_exists(pk)"}
        return put | _on_versions(record, record.version - 1)

    def _put_raised(self, company_id: CompanyId, invoice: Invoice) -> Raw:
        raised = replace(invoice, payments_version=invoice.payments_version + 1)
        put = self._row(company_id, raised) | _on_versions(invoice, invoice.version)
        put["Item"][SAME_CONTENT] = {"BOOL": True}
        return put

    def _row(self, company_id: CompanyId, record: Record) -> Raw:
        body = to_json(body_of(record))
        require_fitting(len(body.encode()), "A record")
        row: Raw = {
            "pk": {"S": join(kind_of(type(record)), company_id)},
            "sk": {"S": record.source_id},
            "schema_version": {"N": str(SCHEMA_VERSION)},
            "correlation_id": {"S": record.correlation_id},
            "version": {"N": str(record.version)},
            "body": {"S": body},
        }
        if isinstance(record, Invoice):
            row["payments_version"] = {"N": str(record.payments_version)}
        return {"TableName": self._name, "Item": row}

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


def _on_versions(record: Record, stored: int) -> Raw:
    """The condition that the row is stored in this version (and an invoice in its `payments_version`)."""
    condition, values = "version = :stored", {":stored": {"N": str(stored)}}
    if isinstance(record, Invoice):
        condition += " AND payments_version = :payments"
        values[":payments"] = {"N": str(record.payments_version)}
    return {"ConditionExpression": condition, "ExpressionAttributeValues": values}
