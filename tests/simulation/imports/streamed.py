"""The store of records with their links, as the records table has it: what is stored, the stream tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from shared.domain.ids import CompanyId, LinkScope, RecordKind, SourceId
from shared.domain.links import Link
from shared.domain.records import Record
from shared.storage.ports import LinkedRecordStore, LinkLoss


class StreamedImports:
    """A `LinkedRecordStore`; `told` hears of the records that were stored."""

    def __init__(
        self,
        store: LinkedRecordStore,
        told: Callable[[CompanyId, RecordKind, list[Record]], None],
    ) -> None:
        self._store = store
        self._told = told

    def add(
        self, company_id: CompanyId, scope: LinkScope, pairs: Sequence[tuple[Record, Link]]
    ) -> Mapping[SourceId, LinkLoss]:
        """See the port."""
        lost = self._store.add(company_id, scope, pairs)
        stored = [record for record, _ in pairs if record.source_id not in lost]
        if stored:
            self._told(company_id, scope.kind, stored)
        return lost
