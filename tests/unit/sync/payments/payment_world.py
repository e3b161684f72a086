"""A company with invoices in the books, and payments that go there; every port in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.domain.connections import Connection, Setup, StepState
from shared.domain.due import Change
from shared.domain.ids import RecordKind, RemoteId, RemoteVersion, SourceId
from shared.domain.invoices import Invoice, InvoiceLine, InvoiceStatus, Payment
from shared.domain.ledger import LedgerRow, Operation
from shared.domain.links import Link
from shared.domain.money import Money
from shared.domain.runs import Failure
from shared.providers.base import RemoteRecord
from shared.storage.keys import payment_id
from shared.sync.automatic.gate import state_of
from shared.sync.automatic.relay import relay
from shared.sync.automatic.work import WorkedOff, work_off
from shared.sync.engine.terms import scope_of
from shared.sync.payments.standing import ledger_scope
from shared.sync.runs import take_over_abandoned_runs
from tests.support.effects import VirtualClock
from tests.support.fake_books import FakeBooks
from tests.support.services import COMPANY, build_services, connect
from tests.support.wake_ups import RecordingWakeUps, tick

DECIDED = Setup(StepState.DONE, StepState.SKIPPED, StepState.PENDING)
FUNCTION = timedelta(seconds=120)
ISSUED = date(2026, 11, 2)


class PaymentWorld:
    """Invoices are in the books from the first (`invoice`); payments are relayed as they are recorded."""

    def __init__(self, **books: Any) -> None:
        self.clock = VirtualClock()
        self.books = FakeBooks(clock=self.clock, **books)
        self.services = build_services(books=self.books, clock=self.clock)
        self.stores = self.services.stores
        self.connection: Connection = connect(self.services, self.books, setup=DECIDED)
        self.ends: list[WorkedOff] = []

    @property
    def wake_ups(self) -> RecordingWakeUps:
        wake_ups = self.services.wake_ups
        assert isinstance(wake_ups, RecordingWakeUps)
        return wake_ups

    def invoice(self, number: str = "INV-0047", total: str = "350.00", **changes: Any) -> Invoice:
        """In BlueClerk and, linked, in the books."""
        invoice = self.unlinked_invoice(number, total, **changes)
        self.link(invoice)
        return invoice

    def unlinked_invoice(self, number: str, total: str = "350.00", **changes: Any) -> Invoice:
        line = InvoiceLine(SourceId("item-1"), unit_price=Decimal(total))
        given: dict[str, Any] = {
            "source_id": SourceId(number),
            "number": number,
            "customer_id": SourceId("customer-1"),
            "status": InvoiceStatus.SENT,
            "currency": "USD",
            "issued_on": ISSUED,
            "lines": (line,),
            "version": 1,
        }
        invoice = Invoice(**{**given, **changes})
        assert not self.stores.records.save(COMPANY, [invoice])
        return invoice

    def link(self, invoice: Invoice, remote_id: str = "") -> None:
        link = Link(
            source_id=invoice.source_id,
            remote_id=RemoteId(remote_id or f"i-{invoice.number}"),
            remote_version=RemoteVersion("0"),
            remote_name=invoice.number,
            name_key=invoice.number,
            source_version=invoice.version,
            mapping_version="",
            base={"customer_id": "c-1"},
            row_version=1,
        )
        scope = scope_of(RecordKind.INVOICE, self.connection)
        assert not self.stores.links.save_links(scope, [link])

    def link_again(self, invoice: Invoice) -> None:
        """The invoice as it is now has gone to the books."""
        scope = scope_of(RecordKind.INVOICE, self.connection)
        [link] = self.stores.links.get_links(scope, [invoice.source_id]).values()
        moved = replace(link, source_version=invoice.version, row_version=link.row_version + 1)
        assert not self.stores.links.save_links(scope, [moved])

    def pays(
        self, invoice: Invoice, amount: str = "350.00", own_id: str = "1", **changes: Any
    ) -> Payment:
        """Record a payment; the stream tells of it."""
        payment = Payment(
            source_id=payment_id(invoice.source_id, own_id),
            invoice_id=invoice.source_id,
            amount=Money(Decimal(amount), invoice.currency),
            paid_on=date(2026, 11, 20),
            **{"version": 1, **changes},
        )
        assert not self.stores.records.save(COMPANY, [payment])
        self.relay(payment)
        return payment

    def voids(self, payment: Payment) -> Payment:
        voided = replace(payment, active=False, version=payment.version + 1)
        assert not self.stores.records.save(COMPANY, [voided])
        self.relay(voided)
        return voided

    def relay(self, payment: Payment) -> None:
        relay(
            self.services,
            [Change(COMPANY, RecordKind.PAYMENT, payment.source_id, payment.version)],
        )

    def deliver(self) -> WorkedOff | None:
        """The queue's next message, at its time; None: there is none."""
        message = self.wake_ups.take_next()
        if message is None:
            return None
        at, key, kind = message
        self.clock.sleep(max(0.0, (at - self.clock.now()).total_seconds()))
        if kind is not RecordKind.PAYMENT:
            return None
        end = work_off(self.services, key, kind, self.clock.now() + FUNCTION)
        self.ends.append(end)
        return end

    def settle_down(self, within: float = 3600.0) -> None:
        """Deliver messages, the schedule's too, until there are none, at most for so many seconds."""
        until = self.clock.now() + timedelta(seconds=within)
        while True:
            wake_at = state_of(self.services, self.connection.key).wake_at
            if self.wake_ups.sent and min(self.wake_ups.sent)[0] <= min(wake_at or until, until):
                self.deliver()
            elif wake_at is not None and wake_at <= until:
                self.clock.sleep(max(0.0, (wake_at - self.clock.now()).total_seconds()))
                tick(self.services)
            else:
                return

    def minute(self) -> None:
        """The schedule ticks, a minute later."""
        self.clock.sleep(60)
        take_over_abandoned_runs(self.services)
        tick(self.services)

    def row(self, payment: Payment, operation: Operation = Operation.POST) -> LedgerRow | None:
        scope = ledger_scope(self.connection)
        return self.stores.ledger.of(scope, operation, [payment.source_id]).get(payment.source_id)

    def state(self, payment: Payment, operation: Operation = Operation.POST) -> str:
        row = self.row(payment, operation)
        return row.state.value if row else ""

    @property
    def posted(self) -> list[RemoteRecord]:
        return list(self.books.records(RecordKind.PAYMENT))

    @property
    def paid(self) -> list[str]:
        """What the books have, void ones left out."""
        return [str(row.fields.amount) for row in self.posted if row.fields.active]

    @property
    def failures(self) -> dict[str, Failure]:
        page = self.stores.failures.page(self.connection.key, RecordKind.PAYMENT, 1000, None)
        return {failure.source_id: failure for failure in page.rows}

    @property
    def due(self) -> dict[str, datetime]:
        far = self.clock.now() + timedelta(days=99)
        look = self.stores.due.look(self.connection.key, RecordKind.PAYMENT, far, 10_000)
        return {row.source_id: row.not_before for row in look.ready}
