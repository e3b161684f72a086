"""Records as terms read them: an item with its account, an invoice with its customer's and items' links.

Whatever hands records to terms reads them through here, so that what is planned, sent and compared is
the same. Memory holds a page of records and of what they carry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Final, Protocol

from shared.domain.ids import LinkScope, RecordKind, RemoteId, SourceId
from shared.domain.invoice_plan import LineLink, line_items, with_links
from shared.domain.invoices import Invoice
from shared.domain.records import Record
from shared.storage.ports import Stores
from shared.sync.engine.mapped import Mappings

INVOICES_TOGETHER: Final = 100
UNLINKED: Final = RemoteId("")


class Joined(Protocol):
    """What a kind of record carries besides its own content. Reads, writes nothing."""

    def onto(self, records: Mapping[SourceId, Record]) -> Mapping[SourceId, Record]:
        """The same records with it, by bulk reads."""

    def beside(self, records: Iterator[Record]) -> Iterator[Record]:
        """The same records with it; they come in order of source id."""


def joined(stores: Stores, scope: LinkScope) -> Joined:
    if scope.kind is RecordKind.INVOICE:
        return InvoiceLinks(stores, scope)
    return Mappings(stores.mappings, scope)


class InvoiceLinks:
    """Each invoice's customer and items as they are linked, and the items' own tax codes."""

    def __init__(self, stores: Stores, scope: LinkScope) -> None:
        self._links = stores.links
        self._customers = replace(scope, kind=RecordKind.CUSTOMER)
        self._items = replace(scope, kind=RecordKind.ITEM)
        self._mappings = stores.mappings

    def onto(self, records: Mapping[SourceId, Record]) -> Mapping[SourceId, Record]:
        invoices = [record for record in records.values() if isinstance(record, Invoice)]
        if not invoices:
            return records
        customer_ids = list(dict.fromkeys(invoice.customer_id for invoice in invoices))
        item_ids = list(dict.fromkeys(one for invoice in invoices for one in line_items(invoice)))
        customers = self._links.get_links(self._customers, customer_ids)
        items = self._links.get_links(self._items, item_ids) if item_ids else {}
        mappings = self._mappings.get_mappings(self._items, item_ids) if item_ids else {}
        of_item = {
            item_id: LineLink(
                items[item_id].remote_id if item_id in items else UNLINKED,
                mappings[item_id].tax_code_id if item_id in mappings else "",
            )
            for item_id in item_ids
        }
        nothing = LineLink()
        return {
            invoice.source_id: with_links(
                invoice,
                customers[invoice.customer_id].remote_id
                if invoice.customer_id in customers
                else UNLINKED,
                [of_item.get(line.item_id, nothing) for line in invoice.lines],
            )
            for invoice in invoices
        }

    def beside(self, records: Iterator[Record]) -> Iterator[Record]:
        while page := list(islice(records, INVOICES_TOGETHER)):
            yield from self.onto({record.source_id: record for record in page}).values()
