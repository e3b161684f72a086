"""`LinkedRecordStore` in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.domain.ids import CompanyId, LinkScope, SourceId
from shared.domain.links import Link
from shared.domain.records import Record
from shared.storage.keys import require_distinct_keys
from shared.storage.memory.links import MemoryLinks
from shared.storage.memory.records import MemoryRecords
from shared.storage.memory.table import Lock
from shared.storage.ports import LinkLoss


class MemoryLinkedRecords:
    def __init__(self, lock: Lock, records: MemoryRecords, links: MemoryLinks) -> None:
        self._lock = lock
        self._records = records
        self._links = links

    def add(
        self, company_id: CompanyId, scope: LinkScope, pairs: Sequence[tuple[Record, Link]]
    ) -> Mapping[SourceId, LinkLoss]:
        require_distinct_keys(record.source_id for record, _ in pairs)
        require_distinct_keys(link.remote_id for _, link in pairs)
        lost: dict[SourceId, LinkLoss] = {}
        with self._lock:
            for record, link in pairs:
                if self._records.get(company_id, type(record), record.source_id) is not None:
                    lost[record.source_id] = LinkLoss.RECORD_EXISTS
                elif not self._links.may_be_new(scope, link):
                    lost[record.source_id] = LinkLoss.LINKED
                else:
                    self._records.save(company_id, [record])
                    self._links.save_links(scope, [link])
        return lost
