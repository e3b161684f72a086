"""Kinds that the office keeps back: they count as waiting, and go when a person asks or others need them."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.domain.connections import Connection
from shared.domain.ids import PersonId, RecordKind, SourceId
from shared.domain.invoices import InvoiceStatus
from shared.domain.runs import Problem, RunState
from shared.sync.account_mapping import Choice, assign
from shared.sync.automatic.ask import retry, send_selected
from shared.sync.automatic.gate import state_of
from shared.sync.automatic.kept_back import kinds_that_wait
from shared.sync.automatic.waiting import waiting_of
from shared.sync.connection_settings import change_settings
from shared.sync.health import health_of, last_run
from shared.sync.runs import start_or_join
from tests.support.fake_books import SERVICES_ACCOUNT
from tests.support.fake_faults import Lost
from tests.unit.sync.automatic_world import AutomaticWorld
from tests.unit.sync.invoice_world import InvoiceWorld
from tests.unit.sync.payments.payment_world import PaymentWorld
from tests.unit.sync.test_waiting_measured import measured

OFFICE = PersonId("office")
FAR = datetime(2099, 1, 1, tzinfo=UTC)
REFUSED = Problem("NAME_TOO_LONG", "The name is too long.", "Shorten it.", "name")


def keeps_back(world: AutomaticWorld | PaymentWorld, *kinds: RecordKind) -> None:
    """A person says that all but these go by themselves."""
    by_itself = frozenset(RecordKind).difference(kinds)
    key = world.connection.key
    world.connection = change_settings(world.services, key, OFFICE, by_itself=by_itself)
    world.settle_down(within=1)


def health(world: AutomaticWorld) -> tuple[str, str, str]:
    connection: Connection = world.connection
    profile, run = world.books.profile, last_run(world.services, connection)
    waiting = waiting_of(world.services, connection.key)
    told = health_of(world.services, profile, connection, run, waiting)
    return told.colour, told.reason, told.action


def waiting(world: AutomaticWorld | PaymentWorld) -> list[RecordKind]:
    """What the office is told of that waits until somebody asks."""
    state = state_of(world.services, world.connection.key)
    return list(kinds_that_wait(world.connection, state))


ITEMS_WAIT = (
    "amber",
    "Items have changed since they were last synced, and wait until somebody asks.",
    "Press Sync Now",
)


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
    assert health(world) == ITEMS_WAIT
    world.clock.sleep(1)
    assert world.sync().state is RunState.FINISHED
    world.settle_down()
    assert world.names_in_books == ["Pipe", "Tap"]
    assert health(world) == ("green", "All synced.", "")


def test_a_change_while_the_full_sync_runs_is_said_to_wait() -> None:
    """It may have been too late for it."""
    world = items_kept_back()
    [pipe, _] = world.has("Pipe", "Tap")
    world.clock.sleep(1)
    world.meets("runs.save_chunks", lambda: world.edit(pipe, name="Hose"))
    world.sync()
    world.settle_down()
    assert health(world) == ITEMS_WAIT


def test_a_change_that_the_stream_lost_is_said_to_wait_from_the_next_comparison() -> None:
    world = items_kept_back()
    world.streams = False
    world.has("Pipe")
    world.clock.sleep(86_400)
    world.minute()
    world.settle_down()
    assert (world.names_in_books, health(world)) == ([], ITEMS_WAIT)


def test_another_account_waits_too() -> None:
    world = items_kept_back()
    [pipe] = world.has("Pipe")
    world.clock.sleep(1)
    world.sync()
    world.settle_down()
    account = SERVICES_ACCOUNT.remote_id
    assign(world.services, world.connection.key, [pipe], Choice(account), OFFICE)
    world.settle_down()
    assert world.in_books(pipe).income_account_id != account
    assert health(world) == ITEMS_WAIT


def test_what_a_person_sent_by_its_own_button_is_not_said_to_wait() -> None:
    world = items_kept_back()
    world.minute()  # the first comparison: the next one is a day away
    [pipe] = world.has("Pipe")
    send_selected(world.services, world.connection.key, RecordKind.ITEM, [pipe], OFFICE)
    world.settle_down()
    world.minute()
    assert (world.names_in_books, health(world)) == (["Pipe"], ("green", "All synced.", ""))


def test_what_is_in_step_or_never_goes_is_not_said_to_wait() -> None:
    world = InvoiceWorld()
    keeps_back(world, *RecordKind)
    world.invoice("1042", status=InvoiceStatus.DRAFT)
    world.relay("01")  # the stream tells of the item once more
    world.settle_down()
    world.minute()
    assert health(world) == ("green", "All synced.", "")


def test_what_the_stream_tells_of_once_more_is_not_said_to_wait() -> None:
    world = items_kept_back()
    [pipe] = world.has("Pipe")
    send_selected(world.services, world.connection.key, RecordKind.ITEM, [pipe], OFFICE)
    world.settle_down()
    world.minute()
    world.relay(pipe)
    assert waiting(world) == []
    world.edit(pipe, price="4")
    assert waiting(world) == [RecordKind.ITEM]


def test_a_void_goes_when_asked_whatever_is_kept_back_and_is_not_said_to_wait() -> None:
    world = InvoiceWorld()
    world.invoice()
    world.settle_down()
    keeps_back(world, RecordKind.INVOICE)
    world.minute()
    world.invoice(status=InvoiceStatus.VOID)
    assert waiting(world) == []


def test_what_goes_with_its_invoice_is_not_said_to_wait() -> None:
    world = InvoiceWorld()
    keeps_back(world, RecordKind.CUSTOMER)
    world.customer("c2", "Bea")
    world.invoice(customer_id=SourceId("c2"))
    world.settle_down()
    world.minute()
    assert world.link_of("1042") is not None
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
    world.minute()
    world.settle_down()
    assert (world.names_in_books, world.due) == (["Pipe"], [])
    keeps_back(world, RecordKind.ITEM)
    world.minute()
    assert health(world) == ("green", "All synced.", "")


def test_switching_on_while_the_schedule_looks_has_the_next_minute_compare_again() -> None:
    world = items_kept_back()

    def switched_on() -> None:
        world.clock.sleep(1)
        keeps_back(world)

    world.meets("automatic.load", switched_on, nth=2)
    world.minute()
    assert not world.connection.keeps_back(RecordKind.ITEM)
    assert state_of(world.services, world.connection.key).compare_at <= world.clock.now()


def test_those_that_a_person_selects_go() -> None:
    world = items_kept_back()
    _, second = world.has("Pipe", "Tap")
    send_selected(world.services, world.connection.key, RecordKind.ITEM, [second], OFFICE)
    world.settle_down()
    assert world.names_in_books == ["Tap"]
    assert (world.due, health(world)) == ([], ITEMS_WAIT)


def test_a_refused_one_is_told_and_goes_when_a_person_tries_again() -> None:
    refusing = [REFUSED]
    world = items_kept_back(refuses=lambda _: refusing[0] if refusing else None)
    world.has("Pipe")
    world.clock.sleep(1)
    world.sync()
    world.settle_down()
    assert set(world.failures) == {"01"}
    assert health(world)[1] == "1 item could not be synced."
    refusing.clear()
    retry(world.services, world.connection.key, RecordKind.ITEM, OFFICE)
    world.settle_down()
    assert (world.names_in_books, world.failures, world.due) == (["Pipe"], {}, [])
    assert health(world) == ("green", "All synced.", "")


def test_what_an_invoice_needs_goes_with_it() -> None:
    world = InvoiceWorld()
    keeps_back(world, RecordKind.ITEM, RecordKind.CUSTOMER)
    world.customer("c2", "Bea")
    world.invoice(customer_id=SourceId("c2"))
    world.settle_down()
    assert world.link_of("1042") is not None
    assert world.rows(RecordKind.CUSTOMER) == []


def test_an_invoice_that_is_kept_back_takes_nobody_along() -> None:
    world = InvoiceWorld()
    keeps_back(world, RecordKind.ITEM, RecordKind.CUSTOMER, RecordKind.INVOICE)
    effects = len(world.books.effects)
    world.customer("c2", "Bea")
    world.invoice(customer_id=SourceId("c2"))
    world.settle_down()
    assert len(world.books.effects) == effects
    world.ask_for("1042")
    world.settle_down()
    assert world.link_of("1042") is not None


def test_a_customer_is_corrected_for_the_invoice_that_waits_for_it() -> None:
    """Nobody has to ask for it once more."""
    refusing = [REFUSED]
    world = InvoiceWorld(
        linked=False,
        refuses=lambda fields: refusing[0] if refusing and fields.name == "Ann" else None,
    )
    keeps_back(world, RecordKind.CUSTOMER)
    world.invoice()
    world.settle_down()
    assert world.link_of("1042") is None
    world.customer("c1", "Anna")
    world.settle_down()
    assert world.link_of("1042") is not None


def test_sync_now_has_invoices_wait_for_customers_that_are_under_way() -> None:
    """All kinds begin at once; whoever pressed it asked for the invoice too."""
    world = InvoiceWorld()
    keeps_back(world, *RecordKind)
    world.customer("c2", "Bea")
    world.invoice(customer_id=SourceId("c2"))
    world.settle_down()
    world.sync()  # of invoices, whose plan comes before the customers are there
    world.settle_down()
    assert world.link_of("1042") is not None


def test_payments_wait_and_go_when_a_person_asks() -> None:
    world = PaymentWorld()
    keeps_back(world, RecordKind.PAYMENT)
    payment = world.pays(world.invoice())
    world.settle_down()
    assert (world.paid, world.due) == ([], {})
    send_selected(
        world.services, world.connection.key, RecordKind.PAYMENT, [payment.source_id], OFFICE
    )
    world.settle_down()
    assert (world.paid, world.due) == (["350"], {})


def test_the_comparison_sends_no_payment_that_is_kept_back() -> None:
    world = PaymentWorld()
    keeps_back(world, RecordKind.PAYMENT)
    world.pays(world.invoice())
    world.minute()
    world.settle_down()
    assert (world.paid, world.due) == ([], {})
    assert waiting(world) == [RecordKind.PAYMENT]


def test_a_payment_that_stands_refused_is_not_said_to_wait() -> None:
    """It is among the problems, where a person tries it again."""
    world = PaymentWorld(refuses=lambda _: REFUSED)
    keeps_back(world, RecordKind.PAYMENT)
    payment = world.pays(world.invoice())
    assert waiting(world) == [RecordKind.PAYMENT]
    send_selected(
        world.services, world.connection.key, RecordKind.PAYMENT, [payment.source_id], OFFICE
    )
    world.settle_down()
    assert list(world.failures) == [payment.source_id]
    world.minute()
    assert waiting(world) == []


def test_the_comparison_finds_an_unknown_one_whose_row_is_lost() -> None:
    world = PaymentWorld()
    world.books.faults.add("batch", Lost(100.0), Lost(None))
    payment = world.pays(world.invoice())
    world.settle_down(within=60)
    due = world.stores.due
    due.remove(due.look(world.connection.key, RecordKind.PAYMENT, FAR, 10).ready)
    assert world.state(payment) == "unknown"
    keeps_back(world, RecordKind.PAYMENT)
    world.minute()
    world.settle_down()
    assert (world.paid, world.state(payment)) == (["350"], "posted")


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
