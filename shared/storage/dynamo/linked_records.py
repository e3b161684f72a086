"""`LinkedRecordStore`: a record in its table, its link and claim in theirs, in one transaction.

Six write units a pair (each row of one unit, doubled in a transaction).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from shared.domain.ids import CompanyId, LinkScope, SourceId
from shared.domain.links import Link
from shared.domain.records import Record
from shared.storage.dynamo.bulk import Raw, in_groups
from shared.storage.dynamo.client import Refused, Sender
from shared.storage.dynamo.links import claim_row, link_row
from shared.storage.dynamo.records import DynamoRecords
from shared.storage.keys import require_distinct_keys
from shared.storage.ports import LinkLoss

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ROWS_OF_A_PAIR: Final = 3
_PAIRS_TOGETHER: Final = 33
"""Of the 100 actions that a transaction takes."""


class DynamoLinkedRecords:
    def __init__(
        self, table_name: str, client: DynamoDBClient, sender: Sender, records: DynamoRecords
    ) -> None:
        """`table_name` is that of the sync state."""
        self._name = table_name
        self._client = client
        self._sender = sender
        self._records = records

    def add(
        self, company_id: CompanyId, scope: LinkScope, pairs: Sequence[tuple[Record, Link]]
    ) -> Mapping[SourceId, LinkLoss]:
        require_distinct_keys(record.source_id for record, _ in pairs)
        require_distinct_keys(link.remote_id for _, link in pairs)
        lost: dict[SourceId, LinkLoss] = {}
        for group in in_groups(pairs, _PAIRS_TOGETHER):
            lost |= self._add_group(company_id, scope, list(group))
        return lost

    def _add_group(
        self, company_id: CompanyId, scope: LinkScope, pairs: list[tuple[Record, Link]]
    ) -> dict[SourceId, LinkLoss]:
        """Each refusal names some that lost; what is left is sent without them."""
        lost: dict[SourceId, LinkLoss] = {}
        while pairs:
            puts = [put for pair in pairs for put in self._puts(company_id, scope, *pair)]
            try:
                self._sender.send(
                    self._client.transact_write_items,
                    repeatable=False,
                    TransactItems=[{"Put": put} for put in puts],
                )
            except Refused as refused:
                beaten = _losses(pairs, refused.reasons)
                lost |= beaten
                pairs = [pair for pair in pairs if pair[0].source_id not in beaten]
            else:
                break
        return lost

    def _puts(
        self, company_id: CompanyId, scope: LinkScope, record: Record, link: Link
    ) -> list[Raw]:
        absent = "attribute_not_exists(pk)"
        return [
            self._records.put_new(company_id, record),
            {
                "TableName": self._name,
                "Item": link_row(scope, link),
                "ConditionExpression": absent,
            },
            {
                "TableName": self._name,
                "Item": claim_row(scope, link),
                # A claim of its own was left by a crash, of a link that was not saved.
                "ConditionExpression": f"{absent} OR source_id = :own",
                "ExpressionAttributeValues": {":own": {"S": link.source_id}},
            },
        ]


def _losses(
    pairs: Sequence[tuple[Record, Link]], reasons: Sequence[Mapping[str, object]]
) -> dict[SourceId, LinkLoss]:
    failed = [reason.get("Code") == "ConditionalCheckFailed" for reason in reasons]
    if len(failed) != len(pairs) * _ROWS_OF_A_PAIR:
        raise RuntimeError("a refused transaction did not tell its reasons")
    lost: dict[SourceId, LinkLoss] = {}
    for place, (record, _) in enumerate(pairs):
        record_lost, *links_lost = failed[place * _ROWS_OF_A_PAIR :][:_ROWS_OF_A_PAIR]
        if record_lost:
            lost[record.source_id] = LinkLoss.RECORD_EXISTS
        elif any(links_lost):
            lost[record.source_id] = LinkLoss.LINKED
    return lost
