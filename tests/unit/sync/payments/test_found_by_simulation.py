"""What simulated worlds found of payments, as the smallest story of each (tests/simulation/payments)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.domain import ledger
from shared.domain.connections import Connection
from shared.domain.errors import StorageUnavailable
from shared.domain.ids import PersonId, RecordKind, RequestKey, RunId
from shared.domain.invoices import Invoice, InvoiceStatus, Payment
from shared.domain.ledger import LedgerState, Operation
from shared.domain.runs import Failure, Problem, RunCounts
from shared.providers.base import AccountingProvider
from shared.sync.automatic.ask import retry
from shared.sync.payments.standing import ledger_scope
from shared.sync.runs import start_or_join
from shared.sync.services import Books
from shared.sync.steps import first_state, perform_step
from tests.support.contested import Contested
from tests.support.fake_faults import Busy, Fault, Limited, Lost, Rejected, Stopped
from tests.support.workflows import RecordingWorkflows
from tests.unit.sync.payments.payment_world import PaymentWorld

CLOSED = Problem("BOOKS_CLOSED", "The books are closed for that date.", "Ask your accountant.")
ANN = PersonId("ann")
HOURS = 3600.0
DAYS = 86_400.0


def counts_of_a_click(world: PaymentWorld) -> list[RunCounts]:
    """What a full run showed, each time that it was saved."""
    shown: list[RunCounts] = []
    interfering(world, "runs", "save", lambda _, run: shown.append(run.counts), losses=99)
    start_or_join(world.services, world.connection, RecordKind.PAYMENT, ANN)
    assert isinstance(world.services.workflows, RecordingWorkflows)
    world.services.workflows.execute_all(world.services)
    return shown


class HeldUpOnce:
    """A provider whose first look-up is heard of long after it was answered."""

    def __init__(self, world: PaymentWorld, provider: AccountingProvider) -> None:
        self._world = world
        self._provider = provider

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    def find_payments(self, wanted: Any) -> Any:
        found = self._provider.find_payments(wanted)
        self._world.clock.sleep(200.0 if self._world.books.calls["find_payments"] == 1 else 0.0)
        return found


def interfering(
    world: PaymentWorld, store: str, method: str, interfere: Callable[..., None], losses: int = 1
) -> None:
    """Before the next calls of that store's method, that happens."""
    contested = Contested(getattr(world.stores, store), method, interfere, losses)
    world.stores = replace(world.stores, **{store: contested})
    world.services = replace(world.services, stores=world.stores)


@pytest.mark.parametrize("repeat", [Rejected(), Limited(2.0), Busy(frozenset({0}))])
def test_a_repeat_that_is_not_carried_out_says_nothing_of_the_first_request(repeat: Fault) -> None:
    """It had been taken for the answer, and the payment went again while the first was under way."""
    world = PaymentWorld(remembers_refusals=False)
    world.books.faults.add("batch", Lost(20.0), repeat)
    payment = world.pays(world.invoice())
    world.settle_down()
    world.clock.sleep(60)
    assert (world.paid, world.state(payment)) == (["350"], "posted")


def test_a_request_whose_repeat_was_answered_is_looked_for_later() -> None:
    """The books forget a key some time, and then carry the first request out."""
    world = PaymentWorld(keys_for=timedelta(minutes=10))
    world.books.faults.add("batch", Lost(1500.0))
    payment = world.pays(world.invoice())
    world.settle_down(within=2 * DAYS)
    assert world.paid == ["350", "350"]
    assert world.failures[payment.source_id].cause == "PAYMENT_TWICE_IN_BOOKS"


def test_a_late_commit_of_a_payment_that_is_void_since_is_shown() -> None:
    """One bears something in the books, which is one too many."""
    world = PaymentWorld()
    world.books.faults.add("batch", Lost(4 * HOURS), Lost(None))
    payment = world.pays(world.invoice())
    world.settle_down(within=600)
    world.voids(payment)
    world.settle_down(within=600)
    assert world.paid == []
    world.settle_down(within=2 * DAYS)
    assert world.paid == ["350"]
    assert world.failures[payment.source_id].cause == "PAYMENT_TWICE_IN_BOOKS"
    assert "what is left of it" in world.failures[payment.source_id].problem.action


def test_a_payment_voided_while_unknown_is_looked_for_later_and_voided() -> None:
    world = PaymentWorld()
    world.books.faults.add("batch", Lost(4 * HOURS), Lost(None))
    payment = world.pays(world.invoice())
    world.settle_down(within=60)
    world.voids(payment)
    world.settle_down(within=2 * DAYS)
    assert [row.fields.active for row in world.posted] == [False]
    assert (world.due, world.failures) == ({}, {})


def unsure_and_refused(late: float | None) -> PaymentWorld:
    """A payment that went out unheard (carried out so late), and was refused when it went again."""
    world = PaymentWorld()
    world.books.faults.add("batch", Lost(late), Lost(None), Rejected())
    world.books.faults.add("single", Rejected())
    world.pays(world.invoice())
    world.settle_down(within=600)
    assert [failure.cause for failure in world.failures.values()] == ["MALFORMED"]
    return world


def test_a_late_commit_of_a_refused_payment_is_found() -> None:
    world = unsure_and_refused(4 * HOURS)
    world.settle_down(within=2 * DAYS)
    assert (world.paid, world.failures, world.due) == (["350"], {}, {})


def test_a_refused_payment_that_is_looked_for_later_comes_to_an_end() -> None:
    """Looked for and, where it is not there, tried once more: twice, not for ever."""
    world = unsure_and_refused(None)
    world.books.faults.add("batch", Rejected(), Rejected())
    world.books.faults.add("single", Rejected(), Rejected())
    calls = world.books.calls["batch"]
    world.settle_down(within=3 * DAYS)
    assert (world.paid, world.due) == ([], {})
    assert world.books.calls["batch"] == calls + 2
    assert [failure.cause for failure in world.failures.values()] == ["MALFORMED"]


def test_a_retry_does_not_wait_for_the_later_look() -> None:
    world = unsure_and_refused(None)
    retry(world.services, world.connection.key, RecordKind.PAYMENT, ANN)
    world.settle_down(within=60)
    assert (world.paid, world.failures) == (["350"], {})


def test_a_refused_payment_that_is_voided_stands_refused_no_longer() -> None:
    world = PaymentWorld(refuses=lambda _: CLOSED)
    payment = world.pays(world.invoice())
    world.settle_down()
    assert list(world.failures) == [payment.source_id]
    world.voids(payment)
    world.settle_down()
    assert (world.failures, world.due) == ({}, {})


def test_a_refusal_that_a_crash_left_goes_with_the_daily_comparison() -> None:
    """The row was posted, and the worker died before it cleared what had been refused before."""
    world = PaymentWorld()
    payment = world.pays(world.invoice())
    world.settle_down()
    left = Failure(
        world.connection.key,
        RecordKind.PAYMENT,
        payment.source_id,
        "BOOKS_CLOSED",
        CLOSED,
        payment.version,
        RunId("gone"),
        world.clock.now(),
    )
    world.stores.failures.save([left])
    world.clock.sleep(DAYS)
    world.minute()
    world.settle_down()
    assert (world.failures, world.due) == ({}, {})


def test_what_is_shown_is_stored_before_the_row_moves_on() -> None:
    """A worker that died in between had looked, and nobody was ever told."""
    world = PaymentWorld()
    world.books.faults.add("batch", Lost(4 * HOURS), Lost(None))
    payment = world.pays(world.invoice())
    world.settle_down(within=600)

    def fail(*_: Any) -> None:
        raise StorageUnavailable("failures.save")

    world.clock.sleep(6 * HOURS)
    interfering(world, "failures", "save", fail)
    world.settle_down(within=7200)
    assert world.failures[payment.source_id].cause == "PAYMENT_TWICE_IN_BOOKS"


def test_a_void_leaves_nothing_to_be_looked_at() -> None:
    world = PaymentWorld()
    payment = world.pays(world.invoice())
    world.settle_down()
    world.books.faults.add("single", Lost(0.0), Lost(0.0))
    world.voids(payment)
    world.settle_down(within=60)
    row = world.row(payment, Operation.VOID)
    assert row is not None
    assert (row.state, row.look_at) == (LedgerState.POSTED, None)


def test_a_run_that_proves_a_payment_absent_counts_and_sends_it() -> None:
    """It had been sent without being counted: one of none."""
    world = PaymentWorld()
    world.books.faults.add("batch", Lost(None), Lost(None))
    payment = world.pays(world.invoice())
    world.settle_down(within=60)
    world.clock.sleep(600)
    shown = counts_of_a_click(world)
    assert (world.paid, world.state(payment)) == (["350"], "posted")
    assert all(counts.settled <= counts.total for counts in shown)
    assert (shown[-1].created, shown[-1].total) == (1, 1)


def test_one_that_a_run_finds_in_the_books_is_counted_once() -> None:
    world = PaymentWorld()
    world.books.faults.add("batch", Lost(100.0), Lost(None))
    world.pays(world.invoice())
    world.settle_down(within=60)
    world.clock.sleep(600)
    shown = counts_of_a_click(world)
    assert {counts.settled for counts in shown} == {0, 1}
    assert (shown[-1].created, shown[-1].unchanged, shown[-1].total) == (1, 0, 1)


def test_a_request_key_never_names_two_requests() -> None:
    """Two workers had the same rows in hand, each marked one of them, and sent it under the same key."""
    world = PaymentWorld()
    invoice = world.invoice()
    world.pays(invoice, "7", "1")
    world.pays(invoice, "8", "2")
    keys: list[RequestKey] = []

    def mark_one(store: Any, scope: Any, rows: Any) -> None:
        if rows[0].state is LedgerState.IN_FLIGHT and not keys:
            keys.append(rows[0].request_key)
            assert not store.save(scope, rows[:1])

    interfering(world, "ledger", "save", mark_one, losses=9)
    world.settle_down()
    assert sorted(world.paid) == ["7", "8"]
    assert keys[0] not in {request.request_key for request in world.books.requests}


def test_who_is_held_up_after_marking_sends_nothing() -> None:
    """Its request would have been under way when others took it for over."""
    world = PaymentWorld()
    held_up: list[float] = []

    def hold_up(_: Any, _scope: Any, rows: Any) -> None:
        if rows[0].state is LedgerState.IN_FLIGHT and not held_up:
            held_up.append(130.0)
            world.clock.sleep(130.0)

    interfering(world, "ledger", "save", hold_up, losses=9)
    payment = world.pays(world.invoice())
    world.settle_down()
    row = world.row(payment)
    assert row is not None
    assert (world.paid, held_up, row.attempt) == (["350"], [130.0], 2)


def test_an_answer_counts_as_of_when_it_was_asked_for() -> None:
    """The books were asked before the request's end, and the worker was held up until after it."""
    world = PaymentWorld()
    world.books.faults.add("batch", Lost(100.0), Lost(None))
    opened = world.services.open_books

    def open_books(connection: Connection, kind: RecordKind) -> Books:
        books = opened(connection, kind)
        return replace(books, provider=HeldUpOnce(world, books.provider))

    world.services = replace(world.services, open_books=open_books)
    payment = world.pays(world.invoice())
    world.settle_down()
    assert (world.paid, world.state(payment)) == (["350"], "posted")


def test_a_payment_without_its_invoice_is_looked_at_less_and_less() -> None:
    """Every five seconds for as long as its invoice stands refused, by each worker that was ever woken."""
    world = PaymentWorld()
    payment = world.pays(world.unlinked_invoice("INV-1"))
    world.settle_down(within=DAYS)
    assert list(world.due) == [payment.source_id]
    assert len(world.ends) < 4 * 24 + 20


def reserved(world: PaymentWorld, *faults: Fault, **invoice: Any) -> tuple[Invoice, Payment]:
    """A payment that was reserved, and not sent for what is wrong with the provider."""
    bill = world.invoice(**invoice)
    world.books.faults.add("batch", *(faults or (Stopped(),)))
    payment = world.pays(bill)
    world.settle_down(within=60)
    assert world.state(payment) == "reserved"
    world.clock.sleep(1000)  # until it may be probed
    return bill, payment


def test_a_reserved_payment_of_an_invoice_that_is_void_since_is_refused() -> None:
    """The plan refused it, and the push sent it."""
    world = PaymentWorld()
    invoice, payment = reserved(world)
    void = replace(invoice, status=InvoiceStatus.VOID, version=2)
    assert not world.stores.records.save(world.connection.key.company_id, [void])
    world.minute()
    world.settle_down()
    assert (world.paid, world.state(payment), world.due) == ([], "refused", {})
    assert world.failures[payment.source_id].cause == "INVOICE_NOT_OPEN"


def test_a_reserved_payment_that_was_recorded_otherwise_since_is_not_sent() -> None:
    world = PaymentWorld()
    _, payment = reserved(world)
    other = replace(payment, amount=replace(payment.amount, amount=Decimal(9)), version=2)
    assert not world.stores.records.save(world.connection.key.company_id, [other])
    world.relay(other)
    world.minute()
    world.settle_down()
    assert (world.paid, world.state(payment)) == ([], "refused")
    assert world.failures[payment.source_id].cause == "PAYMENT_RECORDED_OTHERWISE"


def test_a_payment_that_goes_alone_and_waits_for_its_invoice_keeps_no_run_going() -> None:
    """The run went from the batches to the singles and back without end, and without a call."""
    world = PaymentWorld()
    world.books.faults.add("single", Stopped())
    invoice, payment = reserved(world, Rejected())
    row = world.row(payment)
    assert row is not None
    assert row.singly
    edited = replace(invoice, memo="Edited", version=2)
    assert not world.stores.records.save(world.connection.key.company_id, [edited])
    start_or_join(world.services, world.connection, RecordKind.PAYMENT, ANN)
    assert isinstance(world.services.workflows, RecordingWorkflows)
    step = first_state(world.services.workflows.started.pop())
    for operation in ("plan", "push"):
        step = perform_step(world.services, operation, step, 300.0)
    assert step["outcome"] == "done"


def test_a_payment_that_goes_alone_and_is_always_busy_is_given_up() -> None:
    world = PaymentWorld()
    world.books.faults.add("batch", Rejected())
    world.books.faults.add("single", *([Busy(frozenset({0}))] * 4))
    world.pays(world.invoice())
    world.deliver()
    assert world.books.calls["single"] == 3
    assert [failure.cause for failure in world.failures.values()] == ["PROVIDER_BUSY"]
    world.settle_down()
    assert (world.paid, world.failures) == (["350"], {})


def test_a_refused_row_keeps_how_often_it_was_looked_for() -> None:
    """Or the late looks of one that is refused again and again would never end."""
    world = unsure_and_refused(None)
    [payment_id] = world.failures
    scope = ledger_scope(world.connection)
    row = world.stores.ledger.of(scope, Operation.POST, [payment_id])[payment_id]
    looked = ledger.checked(row)
    again = ledger.reserved(
        looked, payment_id, Operation.POST, row.payload_hash, row.amount, world.clock.now()
    )
    assert (row.looks, again.looks, again.generation) == (0, 1, row.generation + 1)
    assert row.amount.amount == Decimal(350)
