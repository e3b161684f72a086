"""`MappingStore` in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.domain.account_mapping import AccountMapping
from shared.domain.ids import LinkScope, SourceId
from shared.storage.keys import of_scope, require_distinct_keys, require_next_version
from shared.storage.memory.table import Lock, Table
from shared.storage.ports import Page


class MemoryMappings:
    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._mappings: Table[AccountMapping] = Table()

    def get_mappings(
        self, scope: LinkScope, source_ids: Sequence[SourceId]
    ) -> Mapping[SourceId, AccountMapping]:
        pk = of_scope("mapping", scope)
        with self._lock:
            found = ((source_id, self._mappings.get(pk, source_id)) for source_id in source_ids)
            return {source_id: mapping for source_id, mapping in found if mapping is not None}

    def page_mappings(
        self, scope: LinkScope, limit: int, cursor: str | None
    ) -> Page[AccountMapping]:
        with self._lock:
            return self._mappings.page(of_scope("mapping", scope), limit, cursor)

    def save_mappings(
        self, scope: LinkScope, mappings: Sequence[AccountMapping]
    ) -> Sequence[SourceId]:
        require_distinct_keys(mapping.source_id for mapping in mappings)
        for mapping in mappings:
            require_next_version(mapping.row_version)
        pk = of_scope("mapping", scope)
        lost: list[SourceId] = []
        with self._lock:
            for mapping in mappings:
                standing = self._mappings.get(pk, mapping.source_id)
                if (standing.row_version if standing else 0) != mapping.row_version - 1:
                    lost.append(mapping.source_id)
                else:
                    self._mappings.put(pk, mapping.source_id, mapping)
        return lost
