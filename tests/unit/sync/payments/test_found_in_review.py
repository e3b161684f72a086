"""What a reading of the payments' code found, as the smallest story of each."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from shared.domain.ids import PersonId, RecordKind
from shared.domain.invoices import Invoice
from shared.domain.ledger import Operation
from shared.domain.runs import Problem
from shared.sync.automatic.ask import retry
from shared.sync.automatic.compare import compare
from shared.sync.automatic.waiting import Waiting, waiting_of
from shared.sync.engine.terms import scope_of
from tests.support.contested import Contested
from tests.support.fake_faults import Lost, Rejected
from tests.unit.sync.payments.payment_world import PaymentWorld

CLOSED = Problem("BOOKS_CLOSED", "The books are closed for that date.", "Ask your accountant.")
ANN = PersonId("ann")
HOURS = 3600.0
DAYS = 86_400.0


@pytest.mark.parametrize("base", [{"customer_id": ""}, {"customer_id": "c-2"}])
def test_an_unheard_payment_is_looked_for_where_it_was_sent(base: dict[str, str]) -> None:
    """Voided here, then its invoice voided or given to another customer: it was looked for with that
    one's payments, taken for absent, and stood in the books for ever.
    """
    world = PaymentWorld()
    world.books.faults.add("batch", Lost(100.0), Lost(None))
    invoice = world.invoice()
    payment = world.pays(invoice)
    world.settle_down(within=60)
    assert world.state(payment) == "unknown"
    scope = scope_of(RecordKind.INVOICE, world.connection)
    [link] = world.stores.links.get_links(scope, [invoice.source_id]).values()
    assert not world.stores.links.save_links(
        scope, [replace(link, base=base, row_version=link.row_version + 1)]
    )
    world.voids(payment)
    world.settle_down(within=2 * HOURS)
    assert world.state(payment, Operation.VOID) == "posted"
    assert [row.fields.active for row in world.posted] == [False]


def test_a_payment_once_unheard_is_looked_for_before_it_goes_again() -> None:
    """Refused when it went again, and carried out late all the same: a retry had made another."""
    world = PaymentWorld()
    world.books.faults.add("batch", Lost(4 * HOURS), Lost(None), Rejected())
    world.books.faults.add("single", Rejected())
    payment = world.pays(world.invoice())
    world.settle_down(within=600)
    assert world.state(payment) == "refused"
    world.clock.sleep(4 * HOURS)
    retry(world.services, world.connection.key, RecordKind.PAYMENT, ANN)
    world.settle_down(within=60)
    assert (world.paid, world.state(payment), world.failures) == (["350"], "posted", {})


def test_a_void_of_a_payment_that_was_deleted_in_the_books_is_at_its_end() -> None:
    """It had been refused as one that keeps changing, and each retry again."""
    world = PaymentWorld()
    payment = world.pays(world.invoice())
    world.settle_down()
    world.books.till.delete(world.posted[0].remote_id)
    world.voids(payment)
    world.settle_down()
    assert (world.failures, world.due) == ({}, {})
    assert world.state(payment, Operation.VOID) == "posted"


def test_a_refused_void_that_a_crash_left_goes_with_the_daily_comparison() -> None:
    """The void was stored as carried out, and the worker died before it cleared what had refused it."""
    world = PaymentWorld()
    payment = world.pays(world.invoice())
    world.settle_down()
    world.books.till.locked.add(world.posted[0].remote_id)
    voided = world.voids(payment)
    world.settle_down()
    [failure] = world.failures.values()
    world.books.till.locked.clear()
    retry(world.services, world.connection.key, RecordKind.PAYMENT, ANN)
    world.settle_down()
    assert (world.paid, world.failures) == ([], {})
    world.stores.failures.save([failure])
    world.relay(voided)
    world.settle_down()
    assert world.failures == {}


def test_late_checks_keep_no_wake_ups_going_and_are_not_told_as_waiting() -> None:
    """A wake-up lasts a quarter of an hour: each payment, and each message that came meanwhile, had kept
    a chain of them going until the night, and a change had seemed to wait all the time.
    """
    world = PaymentWorld()
    invoice = world.invoice(total="1000")
    world.books.faults.add("batch", Lost(0.0), Lost(0.0))
    payments = [world.pays(invoice, "10", str(number)) for number in range(12)]
    deliver_all(world)
    world.relay(payments[0])
    deliver_all(world)
    assert len(world.due) == 5
    assert world.wake_ups.sent == []
    assert waiting_of(world.services, world.connection.key) == Waiting()
    world.settle_down(within=2 * DAYS)
    assert (world.due, len(world.paid)) == ({}, 12)


def deliver_all(world: PaymentWorld) -> None:
    while world.wake_ups.sent:
        world.deliver()


def test_a_void_in_a_closed_period_is_refused_with_that_reason() -> None:
    """It had been called one that keeps changing."""
    closed = Problem("PERIOD_CLOSED", "Its period is probably closed.", "Ask your accountant.")
    world = PaymentWorld()
    payment = world.pays(world.invoice())
    world.settle_down()
    world.books.till.closed = closed
    world.voids(payment)
    world.settle_down()
    assert world.failures[payment.source_id].problem == closed
    assert world.state(payment, Operation.VOID) == "refused"
    assert (len(world.books.requests), world.due) == (2, {})


def test_a_payment_whose_invoice_was_paid_in_the_books_is_shown() -> None:
    """All of it had become the customer's credit, and nobody was told."""
    world = PaymentWorld()
    payment = world.pays(paid_there(world, "350"))
    world.settle_down()
    failure = world.failures[payment.source_id]
    assert (world.paid, failure.cause) == (["350"], "PAYMENT_NOT_APPLIED")
    assert "350 USD of this payment is not applied" in failure.problem.message
    retried(world)
    assert world.failures.keys() == {payment.source_id}
    world.books.till.change(world.posted[0].remote_id, unapplied=Decimal(0))
    retried(world)
    assert (world.failures, world.due) == ({}, {})


def test_an_overpayment_that_was_allowed_is_not_told() -> None:
    world = PaymentWorld()
    world.pays(paid_there(world, "0"), "400", overpaid=True)
    world.settle_down()
    assert [row.fields.unapplied for row in world.posted] == [Decimal(50)]
    assert world.failures == {}


@pytest.mark.parametrize("kept", [0, 1])
def test_a_payment_that_was_made_twice_is_well_once_a_person_voided_one(kept: int) -> None:
    """It had stood as failed for ever. Whichever is kept is the one that is voided later."""
    world = PaymentWorld()
    world.books.faults.add("batch", Lost(4 * HOURS), Lost(None))
    payment = world.pays(world.invoice())
    world.settle_down(within=2 * DAYS)
    assert [failure.cause for failure in world.failures.values()] == ["PAYMENT_TWICE_IN_BOOKS"]
    retried(world)
    assert [failure.cause for failure in world.failures.values()] == ["PAYMENT_TWICE_IN_BOOKS"]
    world.books.till.change(world.posted[1 - kept].remote_id, active=False)
    retried(world)
    assert (world.failures, world.due) == ({}, {})
    world.voids(payment)
    world.settle_down()
    assert (world.paid, world.failures) == ([], {})


def test_the_daily_comparison_reads_payments_and_ledger_alone() -> None:
    """It had read the invoice of each, with its link and failure, of which it needs nothing."""
    world = PaymentWorld()
    world.pays(world.invoice())
    world.wake_ups.sent.clear()
    read: list[object] = []
    links = Contested(world.stores.links, "get_links", lambda *asked: read.append(asked), losses=9)
    services = replace(world.services, stores=replace(world.stores, links=links))
    assert compare(services, world.connection, RecordKind.PAYMENT) == 1
    assert read == []


def paid_there(world: PaymentWorld, amount: str) -> Invoice:
    """It stands in the books, where so much less is open."""
    invoice, left = world.unlinked_invoice("INV-0047"), Decimal(350) - Decimal(amount)
    world.link(invoice, world.books.plant_invoice("INV-0047", "c-1", str(left)).remote_id)
    return invoice


def retried(world: PaymentWorld) -> None:
    retry(world.services, world.connection.key, RecordKind.PAYMENT, ANN)
    world.settle_down(within=60)
