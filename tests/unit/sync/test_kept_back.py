"""Kinds that the office keeps back: they count as waiting, and go when a person asks or others need them."""

from __future__ import annotations

from shared.domain.connections import Connection
from shared.domain.ids import PersonId, RecordKind
from shared.domain.runs import Problem, RunState
from shared.sync.automatic.ask import retry, send_selected
from shared.sync.automatic.waiting import Waiting, waiting_of
from shared.sync.automatic.work import LOOKED_AT_ONCE
from shared.sync.connection_settings import change_settings
from shared.sync.health import health_of, last_run
from shared.sync.runs import start_or_join
from tests.support.fake_faults import Lost
from tests.unit.sync.automatic_world import AutomaticWorld
from tests.unit.sync.invoice_world import InvoiceWorld
from tests.unit.sync.payments.payment_world import PaymentWorld
from tests.unit.sync.test_waiting_measured import measured

OFFICE = PersonId("office")
REFUSED = Problem("NAME_TOO_LONG", "The name is too long.", "Shorten it.", "name")


def keeps_back(world: AutomaticWorld | PaymentWorld, *kinds: RecordKind) -> None:
    """A person says that all but these go by themselves."""
    by_itself = frozenset(RecordKind).difference(kinds)
    key = world.connection.key
    world.connection = change_settings(world.services, key, OFFICE, by_itself=by_itself)
    world.settle_down(within=1)


def waiting(world: AutomaticWorld | PaymentWorld) -> Waiting:
    return waiting_of(world.services, world.connection)


def health(world: AutomaticWorld) -> tuple[str, str, str]:
    connection: Connection = world.connection
    profile, run = world.books.profile, last_run(world.services, connection)
    told = health_of(world.services, profile, connection, run, waiting(world))
    return told.colour, told.reason, told.action


def items_kept_back(**options: object) -> AutomaticWorld:
    world = AutomaticWorld(**options)
    keeps_back(world, RecordKind.ITEM)
    return world


def test_a_change_waits_and_is_said_to_until_sync_now() -> None:
    world = items_kept_back()
    world.has("Pipe", "Tap")
    world.settle_down()
    world.minute()
    world.settle_down()
    assert world.names_in_books == []
    assert (waiting(world).count, waiting(world).going) == (2, 0)
    assert health(world) == ("amber", "2 changes wait until somebody asks.", "Press Sync Now")
    assert world.sync().state is RunState.FINISHED
    world.settle_down()
    assert world.names_in_books == ["Pipe", "Tap"]
    assert waiting(world) == Waiting()
    assert health(world) == ("green", "All synced.", "")


def test_what_is_kept_back_alarms_no_operator() -> None:
    world = items_kept_back()
    world.has("Pipe")
    world.settle_down()
    assert [measured(world) for _ in range(2)] == [(0, 0), (0, 0)]


def test_what_waited_goes_when_it_is_kept_back_no_longer() -> None:
    world = items_kept_back()
    world.has("Pipe")
    world.settle_down()
    keeps_back(world)
    world.settle_down()
    assert (world.names_in_books, world.due) == (["Pipe"], [])


def test_more_than_one_look_finds_are_looked_at_once_and_left() -> None:
    """A worker that took them for the work of somebody else would look at them for ever."""
    world = items_kept_back()
    world.has(*(f"Pipe {number}" for number in range(LOOKED_AT_ONCE + 20)))
    world.settle_down()
    assert world.services.stores.due.count(world.connection.key, RecordKind.ITEM, 1000) == 220
    world.sync()
    world.settle_down()
    assert world.due == []


def test_those_that_a_person_selects_go() -> None:
    world = items_kept_back()
    first, second = world.has("Pipe", "Tap")
    send_selected(world.services, world.connection.key, RecordKind.ITEM, [second], OFFICE)
    world.settle_down()
    assert world.names_in_books == ["Tap"]
    assert world.due == [first]


def test_a_refused_one_that_a_person_tries_again_goes() -> None:
    refusing = [True]
    world = items_kept_back(refuses=lambda _: REFUSED if refusing[0] else None)
    world.has("Pipe")
    world.sync()
    world.settle_down()
    assert set(world.failures) == {"01"}
    refusing.clear()
    refusing.append(False)
    retry(world.services, world.connection.key, RecordKind.ITEM, OFFICE)
    world.settle_down()
    assert (world.names_in_books, world.failures, world.due) == (["Pipe"], {}, [])


def test_what_an_invoice_needs_goes_with_it() -> None:
    world = InvoiceWorld(linked=False)
    keeps_back(world, RecordKind.ITEM, RecordKind.CUSTOMER)
    world.invoice()
    world.settle_down()
    assert world.link_of("1042") is not None
    assert world.rows(RecordKind.ITEM) == world.rows(RecordKind.CUSTOMER) == []


def test_an_invoice_that_is_kept_back_takes_nobody_along() -> None:
    world = InvoiceWorld(linked=False)
    keeps_back(world, RecordKind.ITEM, RecordKind.CUSTOMER, RecordKind.INVOICE)
    world.invoice()
    world.settle_down()
    assert world.books.effects == []
    world.ask_for("1042")
    world.settle_down()
    assert world.link_of("1042") is not None


def test_payments_wait_and_go_with_a_full_sync() -> None:
    world = PaymentWorld()
    keeps_back(world, RecordKind.PAYMENT)
    payment = world.pays(world.invoice())
    world.settle_down()
    assert (world.paid, waiting(world).kept_back) == ([], 1)
    send_selected(
        world.services, world.connection.key, RecordKind.PAYMENT, [payment.source_id], OFFICE
    )
    world.settle_down()
    assert (world.paid, world.due) == (["350"], {})


def test_a_payment_whose_outcome_is_unknown_is_looked_for_all_the_same() -> None:
    """Switched off after it was sent and not heard of: money is never left unknown."""
    world = PaymentWorld()
    world.books.faults.add("batch", Lost(0.0), Lost(0.0))
    world.books.faults.add("find_payments", Lost(None))
    payment = world.pays(world.invoice())
    world.deliver()
    assert world.state(payment) == "unknown"
    keeps_back(world, RecordKind.PAYMENT)
    world.settle_down(within=60)
    assert (world.paid, world.state(payment)) == (["350"], "posted")


def test_a_payment_that_waits_for_its_invoice_in_a_full_sync_follows_it() -> None:
    """The person asked for all of it once."""
    world = PaymentWorld()
    keeps_back(world, RecordKind.PAYMENT)
    invoice = world.unlinked_invoice("INV-0048")
    payment = world.pays(invoice)
    world.settle_down(within=5)
    start_or_join(world.services, world.connection, RecordKind.PAYMENT, OFFICE)
    world.services.workflows.execute_all(world.services)  # type: ignore[attr-defined]
    world.link(invoice)
    world.settle_down()
    assert (world.paid, world.state(payment)) == (["350"], "posted")


def test_an_open_circuit_is_forgotten_though_something_is_kept_back() -> None:
    """A full sync found the books answering again."""
    world = items_kept_back()
    [pipe] = world.has("Pipe")
    world.books.choose_fault = lambda _: Lost(None)
    send_selected(world.services, world.connection.key, RecordKind.ITEM, [pipe], OFFICE)
    world.settle_down(within=5)
    assert "does not answer" in health(world)[1]
    world.books.choose_fault = lambda _: None
    assert world.sync().state is RunState.FINISHED
    world.has("Tap")
    world.minute()
    world.settle_down()
    assert world.names_in_books == ["Pipe"]
    assert health(world) == ("amber", "1 change waits until somebody asks.", "Press Sync Now")
