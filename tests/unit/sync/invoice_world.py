"""A company whose invoices go to the books: customers, items and invoices of ours, told of as they change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from shared.domain.connections import RemoteCompany
from shared.domain.due import Change, DueRow
from shared.domain.ids import PersonId, RecordKind, RemoteCompanyId, RemoteId, SourceId
from shared.domain.invoices import Invoice, InvoiceLine, InvoiceStatus
from shared.domain.links import Link
from shared.domain.record_plan import Terms
from shared.domain.records import Customer
from shared.sync.automatic.ask import send_selected
from shared.sync.automatic.relay import relay
from shared.sync.engine.survey import paired
from shared.sync.engine.terms import scope_of, terms_of
from tests.support.services import COMPANY
from tests.unit.sync.automatic_world import AutomaticWorld

AMERICAN = RemoteCompany(RemoteCompanyId("realm-1"), "Hill Plumbing", "USD", country="US")
ISSUED = date(2026, 11, 2)


def line(item_id: str = "01", price: str = "10.00", **values: Any) -> InvoiceLine:
    decimals = {
        name: Decimal(value) for name, value in values.items() if name not in ("description",)
    }
    said = {name: value for name, value in values.items() if name == "description"}
    return InvoiceLine(SourceId(item_id), unit_price=Decimal(price), **decimals, **said)


class InvoiceWorld(AutomaticWorld):
    """Item "01" and customer "c1" are there from the first, in the books too unless `linked` is False."""

    def __init__(self, *, linked: bool = True, **options: Any) -> None:
        super().__init__(**{"kind": RecordKind.INVOICE, "company": AMERICAN, **options})
        self.has("Pipe")
        self.customer("c1", "Ann")
        if linked:
            self.settle_down()
        else:
            self.wake_ups.sent.clear()

    def customer(self, source_id: str, name: str, **values: Any) -> Customer:
        customer = self.has_customer(source_id, name, **values)
        self._tell(RecordKind.CUSTOMER, customer.source_id, customer.version)
        return customer

    def invoice(self, own_id: str = "1042", **values: Any) -> Invoice:
        """A new one of this id, which is its number too; or the next version of the one there is."""
        source_id = SourceId(own_id)
        stored = self.services.stores.records.get(COMPANY, Invoice, source_id)
        if stored is None:
            given: dict[str, Any] = {
                "source_id": source_id,
                "number": own_id,
                "customer_id": SourceId("c1"),
                "status": InvoiceStatus.SENT,
                "currency": "USD",
                "issued_on": ISSUED,
                "lines": (line(),),
                "version": 1,
            }
            invoice = Invoice(**{**given, **values})
        else:
            invoice = replace(stored, version=stored.version + 1, **values)
        assert not self.services.stores.records.save(COMPANY, [invoice])
        self._tell(RecordKind.INVOICE, source_id, invoice.version)
        return invoice

    def ask_for(self, *source_ids: str) -> None:
        """A person syncs these invoices."""
        wanted = [SourceId(each) for each in source_ids]
        send_selected(
            self.services, self.connection.key, RecordKind.INVOICE, wanted, PersonId("p-1")
        )

    def _tell(self, kind: RecordKind, source_id: SourceId, version: int) -> None:
        if self.streams:
            relay(self.services, [Change(COMPANY, kind, source_id, version)])

    def rows(self, kind: RecordKind = RecordKind.INVOICE) -> list[DueRow]:
        stores, key = self.services.stores, self.connection.key
        ready = stores.due.look(key, kind, self.clock.now(), 1000).ready
        return [*stores.due.waiting(key, kind, 1000), *(row for row in ready if not row.waits_for)]

    def link_of(self, source_id: str, kind: RecordKind = RecordKind.INVOICE) -> Link | None:
        rows = paired(self.services.stores, scope_of(kind, self.connection))
        return next((link for _, link in rows if link and link.source_id == source_id), None)

    def remote(self, source_id: str) -> Any:
        link = self.link_of(source_id)
        assert link is not None
        return {row.remote_id: row.fields for row in self.books.invoices}[link.remote_id]

    def customer_in_books(self, source_id: str = "c1") -> RemoteId:
        link = self.link_of(source_id, RecordKind.CUSTOMER)
        assert link is not None
        return link.remote_id

    @property
    def terms(self) -> Terms:
        return terms_of(RecordKind.INVOICE, self.connection, self.books.profile)

    @property
    def invoice_writes(self) -> list[tuple[str, str]]:
        effects = self.books.effects
        return [(e.action.value, e.source_id) for e in effects if e.kind is RecordKind.INVOICE]
