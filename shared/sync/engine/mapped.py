"""Records with what was chosen for each of them: an item with an account of its own carries it.

Terms ask the record for its account (see `joined`). Memory holds a page of mappings at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from shared.domain.account_mapping import AccountMapping
from shared.domain.connections import Connection
from shared.domain.ids import LinkScope, RecordKind, SourceId
from shared.domain.item_plan import with_account
from shared.domain.records import Item, Record
from shared.storage.paging import every_row
from shared.storage.ports import MappingStore, Stores

MAPPINGS_OF_A_PAGE: Final = 500


class Mappings:
    """The mappings of a connection's records of a kind. Whether there are any is asked once."""

    def __init__(self, store: MappingStore, scope: LinkScope) -> None:
        self._store = store
        self._scope = scope
        self._any: bool | None = False if scope.kind is not RecordKind.ITEM else None

    def onto(self, records: Mapping[SourceId, Record]) -> Mapping[SourceId, Record]:
        """The same records, each with its account; one bulk read where there are mappings at all."""
        if not records or not self._are_there():
            return records
        found = self._store.get_mappings(self._scope, list(records))
        return {
            source_id: mapped(record, found.get(source_id)) for source_id, record in records.items()
        }

    def beside(self, records: Iterator[Record]) -> Iterator[Record]:
        """The same records, which come in order of source id, while mappings are read beside them."""
        if self._any is False:
            yield from records
            return
        mappings = stored_mappings(self._store, self._scope)
        mapping = next(mappings, None)
        for record in records:
            while mapping is not None and mapping.source_id < record.source_id:
                mapping = next(mappings, None)
            own = mapping if mapping and mapping.source_id == record.source_id else None
            yield mapped(record, own)

    def _are_there(self) -> bool:
        if self._any is None:
            self._any = bool(self._store.page_mappings(self._scope, 1, None).rows)
        return self._any


def mapped(record: Record, mapping: AccountMapping | None) -> Record:
    if mapping is None or not mapping.income_account_id or not isinstance(record, Item):
        return record
    return with_account(record, mapping.income_account_id)


def stored_mappings(store: MappingStore, scope: LinkScope) -> Iterator[AccountMapping]:
    return every_row(lambda cursor: store.page_mappings(scope, MAPPINGS_OF_A_PAGE, cursor))


def any_account_chosen(stores: Stores, connection: Connection) -> bool:
    """Whether some item could go: there is a default income account, or one of an item's own."""
    if connection.settings.default_income_account_id:
        return True
    company = connection.remote_company.remote_company_id
    scope = LinkScope(connection.key, company, RecordKind.ITEM)
    return any(one.income_account_id for one in stored_mappings(stores.mappings, scope))
