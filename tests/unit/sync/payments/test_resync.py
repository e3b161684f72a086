"""A person syncs an invoice: what is asked for, and what is said of it afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.connections import ConnectionState, Setup
from shared.domain.errors import Conflicting, NeedsReauth, NotFound
from shared.domain.ids import PersonId, RecordKind, RunId, SourceId
from shared.domain.invoices import Invoice, InvoiceStatus
from shared.domain.runs import Failure, Problem
from shared.sync.invoice_standing import (
    Did,
    InBooks,
    InvoiceInBooks,
    invoice_in_books,
    remote_payment_ids,
)
from shared.sync.resync import Asked, sync_invoice
from tests.support.fake_faults import Lost
from tests.support.services import COMPANY
from tests.unit.sync.payments.payment_world import PaymentWorld

OFFICE = PersonId("office")
CLOSED = Problem("BOOKS_CLOSED", "The books are closed for that date.", "Ask your accountant.")


def shown(world: PaymentWorld, invoice: Invoice, asked: Asked | None = None) -> InvoiceInBooks:
    [books] = invoice_in_books(world.services, COMPANY, invoice, asked.at if asked else None)
    return books


def resync(world: PaymentWorld, invoice: Invoice) -> Asked:
    """Click, and wait for what comes of it."""
    world.clock.sleep(60)
    asked = sync_invoice(world.services, COMPANY, invoice.source_id, OFFICE)
    world.settle_down(within=60)
    return asked


def test_an_invoice_in_the_books_says_so_and_one_that_is_not_too() -> None:
    world = PaymentWorld()
    there, new = world.invoice("INV-1"), world.unlinked_invoice("INV-2")
    draft = world.unlinked_invoice("INV-3", status=InvoiceStatus.DRAFT)
    said = [(shown(world, one).sync_label, shown(world, one).state) for one in (there, new, draft)]
    assert said == [
        ("Resync to QuickBooks", InBooks.IN_STEP),
        ("Sync to QuickBooks", InBooks.WAITING),
        ("Sync to QuickBooks", InBooks.NOT_SENT),
    ]


def test_resync_posts_the_payment_that_was_recorded_since_and_again_writes_nothing() -> None:
    world = PaymentWorld()
    invoice = world.invoice()
    first = world.pays(invoice, "100", "1")
    world.settle_down()
    world.wake_ups.sent.clear()
    second = world.pays(invoice, "250", "2")
    world.wake_ups.sent.clear()  # nobody was woken: the stream's wake-up is lost
    asked = resync(world, invoice)
    assert asked.payments == 1
    assert sorted(world.paid) == ["100", "250"]
    books = shown(world, invoice, asked)
    assert (books.did, books.posted, books.voided) == (Did.UNCHANGED, ("2",), ())
    assert [one.state for one in books.payments] == [InBooks.IN_STEP] * 2
    writes = len(world.books.effects)
    again = resync(world, invoice)
    assert (again.payments, len(world.books.effects)) == (0, writes)
    assert shown(world, invoice, again).posted == ()
    ids = remote_payment_ids(world.services, COMPANY, [first, second])
    assert [list(ids[one.source_id].values()) for one in (first, second)] == [["p1"], ["p2"]]


def test_payments_of_a_refused_invoice_wait_and_say_so() -> None:
    world = PaymentWorld()
    invoice = world.invoice()
    failure = Failure(
        world.connection.key,
        RecordKind.INVOICE,
        invoice.source_id,
        CLOSED.code,
        CLOSED,
        invoice.version,
        RunId("run"),
        world.clock.now(),
    )
    world.stores.failures.save([failure])
    world.pays(invoice)
    world.settle_down(within=60)
    assert world.posted == []
    books = shown(world, invoice)
    [payment] = books.payments
    assert (books.state, payment.state) == (InBooks.FAILED, InBooks.WAITING)
    assert payment.reason is not None
    assert CLOSED.message in payment.reason.message
    assert payment.reason.action == CLOSED.action


def test_an_unknown_payment_says_that_it_is_looked_for() -> None:
    world = PaymentWorld()
    world.books.faults.add("batch", Lost(None), Lost(None))
    invoice = world.invoice()
    recorded = world.pays(invoice)
    world.settle_down(within=10)
    [payment] = shown(world, invoice).payments
    assert payment.state is InBooks.UNKNOWN
    assert payment.reason is not None
    world.voids(recorded)  # it may be in the books all the same
    assert shown(world, invoice).payments == (payment,)


def test_a_refused_payment_and_a_voided_one_say_so() -> None:
    world = PaymentWorld(refuses=lambda fields: CLOSED if fields.amount == 7 else None)
    invoice = world.invoice()
    world.pays(invoice, "7", "1")
    good = world.pays(invoice, "8", "2")
    world.settle_down()
    world.voids(good)
    world.settle_down()
    refused, voided = shown(world, invoice).payments
    assert (refused.state, refused.reason) == (InBooks.FAILED, CLOSED)
    assert (voided.state, voided.reason) == (InBooks.VOIDED, None)


def test_what_cannot_be_synced_is_said_and_asks_nothing() -> None:
    world = PaymentWorld()
    draft = world.unlinked_invoice("INV-3", status=InvoiceStatus.DRAFT)
    with pytest.raises(NotFound):
        sync_invoice(world.services, COMPANY, SourceId("nobody"), OFFICE)
    with pytest.raises(Conflicting) as told:
        sync_invoice(world.services, COMPANY, draft.source_id, OFFICE)
    assert told.value.problem.code == "INVOICE_IS_DRAFT"
    invoice = world.invoice()
    for changes, refusal in (
        ({"state": ConnectionState.NEEDS_REAUTH}, NeedsReauth),
        ({"setup": Setup()}, Conflicting),
        ({"state": ConnectionState.DISCONNECTED}, Conflicting),
    ):
        stored = world.stores.connections.get(world.connection.key)
        assert stored is not None
        changed = replace(world.connection, **changes, version=stored.version + 1)
        assert world.stores.connections.save(changed)
        with pytest.raises(refusal):
            sync_invoice(world.services, COMPANY, invoice.source_id, OFFICE)
    far = world.clock.now() + timedelta(days=1)
    look = world.stores.due.look(world.connection.key, RecordKind.INVOICE, far, 9)
    assert look.ready == ()
