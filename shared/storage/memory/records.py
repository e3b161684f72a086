"""`RecordStore` in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.domain.ids import CompanyId, SourceId
from shared.domain.records import Item
from shared.storage.keys import join, require_distinct_keys, require_next_version
from shared.storage.memory.table import Lock, Table
from shared.storage.ports import Page


class MemoryRecords:
    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._items: Table[Item] = Table()

    def get_item(self, company_id: CompanyId, source_id: SourceId) -> Item | None:
        with self._lock:
            return self._items.get(join("item", company_id), source_id)

    def get_items(
        self, company_id: CompanyId, source_ids: Sequence[SourceId]
    ) -> Mapping[SourceId, Item]:
        pk = join("item", company_id)
        with self._lock:
            found = ((source_id, self._items.get(pk, source_id)) for source_id in source_ids)
            return {source_id: item for source_id, item in found if item is not None}

    def save_items(self, company_id: CompanyId, items: Sequence[Item]) -> Sequence[SourceId]:
        require_distinct_keys(item.source_id for item in items)
        for item in items:
            require_next_version(item.version)
        pk = join("item", company_id)
        lost: list[SourceId] = []
        with self._lock:
            for item in items:
                stored = self._items.get(pk, item.source_id)
                if (stored.version if stored else 0) == item.version - 1:
                    self._items.put(pk, item.source_id, item)
                else:
                    lost.append(item.source_id)
        return lost

    def page_items(self, company_id: CompanyId, limit: int, cursor: str | None) -> Page[Item]:
        with self._lock:
            return self._items.page(join("item", company_id), limit, cursor)
