"""Ten thousand payments at once, in batches of 30: each once in the books, and few calls."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from shared.domain.ids import PersonId, RecordKind, SourceId
from shared.domain.invoices import Invoice, Payment
from shared.domain.money import Money
from shared.domain.runs import RunCounts, RunState
from shared.storage.keys import payment_id
from shared.sync.runs import start_or_join
from tests.support.fake_faults import Lost, Missing, Rejected
from tests.support.fake_profile import fake_profile
from tests.support.services import COMPANY
from tests.support.workflows import RecordingWorkflows
from tests.unit.sync.payments.payment_world import PaymentWorld

pytestmark = pytest.mark.no_cover

PAYMENTS, INVOICES, BATCH = 10_000, 100, 30
BATCHES = -(-PAYMENTS // BATCH)
AT_ONCE = 500


def recorded() -> tuple[PaymentWorld, Decimal]:
    """The world, and the sum of what was paid."""
    world = PaymentWorld(profile=fake_profile(batch_size=BATCH))
    invoices = [world.invoice(f"INV-{number:04}") for number in range(INVOICES)]
    payments = [_payment(invoices[number % INVOICES], number) for number in range(PAYMENTS)]
    for start in range(0, PAYMENTS, AT_ONCE):
        assert not world.stores.records.save(COMPANY, payments[start : start + AT_ONCE])
    return world, sum((payment.amount.amount for payment in payments), Decimal(0))


def _payment(invoice: Invoice, number: int) -> Payment:
    return Payment(
        source_id=payment_id(invoice.source_id, f"{number:05}"),
        invoice_id=SourceId(invoice.source_id),
        amount=Money(Decimal(100 + number) / 100, "USD"),
        paid_on=date(2026, 11, 20),
        version=1,
    )


def click(world: PaymentWorld) -> RunCounts:
    """One full run, to its end."""
    start_or_join(world.services, world.connection, RecordKind.PAYMENT, PersonId("ann"))
    assert isinstance(world.services.workflows, RecordingWorkflows)
    world.services.workflows.execute_all(world.services)
    [run] = world.stores.runs.page(world.connection.key, 1, None).rows
    assert run.state is RunState.FINISHED
    return run.counts


def in_books(world: PaymentWorld) -> tuple[int, Decimal]:
    """How many there are, and their sum."""
    amounts = [row.fields.amount for row in world.posted if row.fields.active]
    return len(amounts), sum(amounts, Decimal(0))


def test_ten_thousand_payments_are_posted_once() -> None:
    world, total = recorded()
    assert click(world) == RunCounts(total=PAYMENTS, created=PAYMENTS)
    assert in_books(world) == (PAYMENTS, total)
    assert (world.books.calls["batch"], world.books.calls["single"]) == (BATCHES, 0)
    assert world.books.calls["find_payments"] == 0
    world.clock.sleep(60)
    before = world.books.calls.copy()
    assert click(world) == RunCounts(total=PAYMENTS, unchanged=PAYMENTS)
    assert world.books.calls == before


def test_answers_that_are_lost_on_the_way_double_nothing() -> None:
    world, total = recorded()
    some = (Lost(0.0), None, Lost(0.0), Lost(0.0), None, Missing(frozenset({3})), None, Rejected())
    world.books.faults.add("batch", *(some * 20))
    click(world)
    for _ in range(3):  # what is unknown waits until nothing can be under way
        world.settle_down(within=300)
        click(world)
    assert in_books(world) == (PAYMENTS, total)
