"""Payments are posted once, whatever the answer was, and end as what is known of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from shared.domain.ids import PersonId, RecordKind
from shared.domain.ledger import Operation
from shared.domain.runs import Problem
from shared.sync.automatic.ask import retry
from shared.sync.automatic.dependencies import release
from shared.sync.runs import start_or_join
from tests.support.fake_faults import Busy, Limited, Lost, Missing, Rejected
from tests.unit.sync.payments.payment_world import PaymentWorld

OFFICE = PersonId("office")
CLOSED = Problem("BOOKS_CLOSED", "The books are closed for that date.", "Ask your accountant.")


def test_a_recorded_payment_is_posted_once_and_needs_nothing_more() -> None:
    world = PaymentWorld()
    payment = world.pays(world.invoice())
    world.settle_down()
    assert world.paid == ["350"]
    assert (world.state(payment), world.due, world.failures) == ("posted", {}, {})
    [row] = world.posted
    assert (row.fields.invoice_id, row.fields.customer_id) == ("i-INV-0047", "c-1")
    world.relay(payment)  # the stream tells twice
    world.settle_down()
    assert world.paid == ["350"]


def test_many_payments_go_in_batches() -> None:
    world = PaymentWorld()
    invoice = world.invoice(total="1000")
    payments = [world.pays(invoice, "10", str(number)) for number in range(12)]
    world.settle_down()
    assert world.paid == ["10"] * 12
    assert world.books.calls["batch"] <= 4
    assert {world.state(payment) for payment in payments} == {"posted"}


def test_a_lost_answer_is_repeated_identically_and_posts_once() -> None:
    world = PaymentWorld()
    world.books.faults.add("batch", Lost(0.0))
    payment = world.pays(world.invoice())
    world.settle_down()
    assert world.paid == ["350"]
    assert world.state(payment) == "posted"
    first, second = world.books.requests
    assert (first.body, first.request_key) == (second.body, second.request_key)


def test_two_lost_answers_are_unknown_and_found_by_looking() -> None:
    world = PaymentWorld()
    world.books.faults.add("batch", Lost(0.0), Lost(0.0))
    payment = world.pays(world.invoice())
    world.settle_down(within=60)
    assert world.paid == ["350"]
    assert world.state(payment) == "posted"
    assert world.books.calls["find_payments"] == 1
    # It is looked for once more six hours later, and in the night after that; then never again.
    world.settle_down(within=2 * 86_400)
    assert world.books.calls["find_payments"] == 3
    assert world.due == {}


def test_what_never_arrived_goes_again_only_when_nothing_can_be_under_way() -> None:
    world = PaymentWorld()
    world.books.faults.add("batch", Lost(None), Lost(None))
    began = world.clock.now()
    payment = world.pays(world.invoice())
    world.settle_down(within=3600)
    assert world.paid == ["350"]
    assert world.state(payment) == "posted"
    [effect] = world.books.effects
    limit = world.books.profile.invoices.request_limit
    assert effect.at - began > limit
    assert effect.at - began < limit + timedelta(seconds=120)


def test_a_commit_within_the_request_s_time_is_found_not_doubled() -> None:
    world = PaymentWorld()
    world.books.faults.add("batch", Lost(100.0), Lost(None))
    payment = world.pays(world.invoice())
    world.settle_down(within=3600)
    assert world.paid == ["350"]
    assert world.state(payment) == "posted"


def test_a_commit_four_hours_late_is_found_and_shown() -> None:
    world = PaymentWorld()
    world.books.faults.add("batch", Lost(4 * 3600.0), Lost(None))
    payment = world.pays(world.invoice())
    world.settle_down(within=3600)
    assert world.paid == ["350"]
    world.settle_down(within=86_400)
    assert world.paid == ["350", "350"]  # the books carried out what they had given no answer to
    assert world.failures[payment.source_id].cause == "PAYMENT_TWICE_IN_BOOKS"
    assert world.state(payment) == "posted"


def test_a_refused_payment_is_one_failure_and_the_rest_is_posted() -> None:
    world = PaymentWorld(refuses=lambda fields: CLOSED if fields.amount == 7 else None)
    invoice = world.invoice()
    bad, good = world.pays(invoice, "7", "1"), world.pays(invoice, "8", "2")
    world.settle_down()
    assert world.paid == ["8"]
    assert (world.state(bad), world.state(good)) == ("refused", "posted")
    assert world.failures[bad.source_id].problem == CLOSED
    assert world.due == {}


def test_a_batch_refused_as_a_whole_goes_one_at_a_time_on_the_same_rows() -> None:
    world = PaymentWorld()
    world.books.desk.malformed = lambda fields: fields.amount == 7
    invoice = world.invoice()
    bad, good = world.pays(invoice, "7", "1"), world.pays(invoice, "8", "2")
    world.settle_down()
    assert world.paid == ["8"]
    assert (world.state(bad), world.state(good)) == ("refused", "posted")
    row = world.row(good)
    assert row is not None
    assert (row.generation, row.attempt) == (1, 2)
    assert world.books.calls["batch"] == 1
    assert world.books.calls["single"] == 2


def test_an_unknown_payment_never_goes_singly() -> None:
    world = PaymentWorld()
    world.books.faults.add("batch", Missing(frozenset({0})), Rejected())
    invoice = world.invoice()
    world.pays(invoice, "7", "1")
    world.pays(invoice, "8", "2")
    world.settle_down(within=3600)
    assert sorted(world.paid) == ["7", "8"]


def test_a_busy_provider_is_tried_again_in_the_same_run() -> None:
    world = PaymentWorld()
    world.books.faults.add("batch", Busy(frozenset({0})), Limited(3.0))
    payment = world.pays(world.invoice())
    world.settle_down()
    assert world.paid == ["350"]
    assert world.state(payment) == "posted"
    assert world.failures == {}


def test_a_voided_payment_is_voided_in_the_books() -> None:
    world = PaymentWorld()
    payment = world.pays(world.invoice())
    world.settle_down()
    world.voids(payment)
    world.settle_down()
    assert world.paid == []
    assert world.state(payment, Operation.VOID) == "posted"
    assert world.due == {}


def test_a_void_quotes_the_version_that_the_books_have() -> None:
    world = PaymentWorld()
    payment = world.pays(world.invoice())
    world.settle_down()
    world.books.till.change(world.posted[0].remote_id, note="seen")
    world.voids(payment)
    world.settle_down()
    assert world.paid == []


def test_a_void_refused_as_stale_though_nobody_changed_the_payment_is_told_what_is_wrong() -> None:
    world = PaymentWorld()
    payment = world.pays(world.invoice())
    world.settle_down()
    world.books.close(RecordKind.PAYMENT, CLOSED)
    world.voids(payment)
    world.settle_down()
    assert world.failures[payment.source_id].problem == CLOSED
    assert world.state(payment, Operation.VOID) == "refused"
    assert world.books.calls["single"] == 1
    world.books.close(RecordKind.PAYMENT, None)
    retry(world.services, world.connection.key, RecordKind.PAYMENT, OFFICE)
    world.settle_down()
    assert (world.paid, world.failures) == ([], {})


def test_a_payment_voided_before_it_was_sent_is_never_sent() -> None:
    world = PaymentWorld()
    payment = world.pays(world.invoice())
    world.voids(payment)
    world.settle_down()
    assert world.posted == []
    assert world.due == {}


def test_a_void_whose_answer_is_lost_is_looked_up() -> None:
    world = PaymentWorld()
    payment = world.pays(world.invoice())
    world.settle_down()
    world.books.faults.add("single", Lost(0.0), Lost(0.0))
    world.voids(payment)
    world.settle_down(within=60)
    assert world.paid == []
    assert world.state(payment, Operation.VOID) == "posted"


def test_a_payment_waits_for_its_invoice_and_follows_it() -> None:
    world = PaymentWorld()
    invoice = world.unlinked_invoice("INV-1")
    payment = world.pays(invoice)
    world.settle_down(within=10)
    assert (world.posted, world.state(payment)) == ([], "")
    assert list(world.due) == [payment.source_id]
    world.link(invoice)
    release(world.services, world.connection, RecordKind.INVOICE)  # its run has ended
    world.settle_down(within=60)
    assert world.paid == ["350"]


def test_no_more_is_applied_than_the_invoice_is_open_for_and_the_rest_is_told() -> None:
    world = PaymentWorld()
    world.books.till.keeps_back = lambda fields: Decimal(100)
    payment = world.pays(world.invoice())
    world.settle_down()
    assert world.paid == ["350"]
    assert world.failures[payment.source_id].cause == "PAYMENT_NOT_APPLIED"
    assert "100" in world.failures[payment.source_id].problem.message
    assert world.due == {}


def test_the_same_id_with_another_amount_is_never_sent() -> None:
    world = PaymentWorld(refuses=lambda fields: CLOSED)
    payment = world.pays(world.invoice())
    world.settle_down()
    other = replace(payment, amount=replace(payment.amount, amount=Decimal(9)), version=2)
    assert not world.stores.records.save(world.connection.key.company_id, [other])
    world.relay(other)
    world.settle_down()
    assert world.failures[payment.source_id].cause == "PAYMENT_RECORDED_OTHERWISE"
    assert world.posted == []


def test_retrying_a_refused_payment_raises_its_generation() -> None:
    closed = [True]
    world = PaymentWorld(
        remembers_refusals=True, refuses=lambda fields: CLOSED if closed[0] else None
    )
    payment = world.pays(world.invoice())
    world.settle_down()
    assert world.state(payment) == "refused"
    closed[0] = False
    world.relay(replace(payment, version=2))
    world.settle_down()
    row = world.row(payment)
    assert row is not None
    assert (row.state, row.generation) == ("posted", 2)
    assert (world.paid, world.failures) == (["350"], {})


def test_what_a_repeat_is_told_does_not_say_what_became_of_the_request() -> None:
    for told in (Busy(frozenset({0})), Rejected(), Limited(1.0)):
        world = PaymentWorld()
        world.books.faults.add("batch", Lost(30.0), told)
        payment = world.pays(world.invoice())
        world.settle_down(within=20)
        assert world.state(payment) == "unknown", told
        world.settle_down(within=3600)
        assert (world.paid, world.state(payment)) == (["350"], "posted"), told


def test_a_payment_waits_while_its_invoice_is_edited_so_that_it_is_open_for_it() -> None:
    world = PaymentWorld()
    invoice = world.invoice(total="100.00")
    edited = replace(invoice, memo="More", version=2)
    assert not world.stores.records.save(world.connection.key.company_id, [edited])
    world.pays(edited)
    world.settle_down(within=60)
    assert world.posted == []
    world.link_again(edited)
    release(world.services, world.connection, RecordKind.INVOICE)
    world.settle_down(within=60)
    assert world.paid == ["350"]


def test_a_full_run_leaves_out_what_waits_and_has_it_due() -> None:
    world = PaymentWorld()
    ready, waiting = world.invoice(), world.unlinked_invoice("INV-2")
    world.pays(ready, "1", "1")
    world.pays(waiting, "2", "1")
    world.wake_ups.sent.clear()
    started = start_or_join(world.services, world.connection, RecordKind.PAYMENT, OFFICE)
    world.services.workflows.execute_all(world.services)  # type: ignore[attr-defined]
    run = world.stores.runs.get(world.connection.key, started.run.run_id)
    assert run is not None
    assert (run.counts.total, run.counts.created) == (1, 1)
    assert world.paid == ["1"]
    assert list(world.due) != []
