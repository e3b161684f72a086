"""`MappingStore` over the sync-state table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.domain.account_mapping import AccountMapping
from shared.domain.ids import CorrelationId, LinkScope, SourceId
from shared.storage.dynamo.bulk import BulkRows, Raw, insert, update
from shared.storage.dynamo.tables import SCHEMA_VERSION
from shared.storage.keys import is_key, of_scope, require_distinct_keys, require_next_version
from shared.storage.ports import Page


class DynamoMappings:
    def __init__(self, table_name: str, bulk: BulkRows) -> None:
        self._name = table_name
        self._bulk = bulk

    def get_mappings(
        self, scope: LinkScope, source_ids: Sequence[SourceId]
    ) -> Mapping[SourceId, AccountMapping]:
        raws = self._bulk.get(self._name, of_scope("mapping", scope), filter(is_key, source_ids))
        return {mapping.source_id: mapping for mapping in map(_parse, raws)}

    def page_mappings(
        self, scope: LinkScope, limit: int, cursor: str | None
    ) -> Page[AccountMapping]:
        return self._bulk.page(self._name, of_scope("mapping", scope), limit, cursor, _parse)

    def save_mappings(
        self, scope: LinkScope, mappings: Sequence[AccountMapping]
    ) -> Sequence[SourceId]:
        require_distinct_keys(mapping.source_id for mapping in mappings)
        for mapping in mappings:
            require_next_version(mapping.row_version)
        pk = {"S": of_scope("mapping", scope)}
        held = self._bulk.execute(
            [self._statement(pk, mapping) for mapping in mappings], repeatable=False
        )
        return [
            mapping.source_id for mapping, saved in zip(mappings, held, strict=True) if not saved
        ]

    def _statement(self, pk: Raw, mapping: AccountMapping) -> Raw:
        row = {
            "pk": pk,
            "sk": {"S": mapping.source_id},
            "schema_version": {"N": str(SCHEMA_VERSION)},
            "correlation_id": {"S": mapping.correlation_id},
            "row_version": {"N": str(mapping.row_version)},
            "income_account_id": {"S": mapping.income_account_id},
            "tax_code_id": {"S": mapping.tax_code_id},
        }
        if mapping.row_version == 1:
            return insert(self._name, row)
        return update(self._name, row, {"row_version =": {"N": str(mapping.row_version - 1)}})


def _parse(raw: Raw) -> AccountMapping:
    return AccountMapping(
        source_id=SourceId(raw["sk"]["S"]),
        income_account_id=raw["income_account_id"]["S"],
        tax_code_id=raw["tax_code_id"]["S"],
        row_version=int(raw["row_version"]["N"]),
        correlation_id=CorrelationId(raw["correlation_id"]["S"]),
    )
