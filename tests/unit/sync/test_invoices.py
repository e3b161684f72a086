"""Invoices on their way to the books: created, edited, voided when asked, linked where they are there."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from shared.domain.connections import ConnectionSettings, ConnectionState
from shared.domain.ids import RecordKind, RemoteId, SourceId
from shared.domain.invoices import InvoiceStatus
from shared.domain.runs import Problem, RunState
from shared.domain.totals import totals_of
from shared.sync.automatic.ask import retry
from shared.sync.automatic.dependencies import release, waiting_reason
from shared.sync.automatic.waiting import waiting_of
from shared.sync.engine.terms import scope_of
from shared.sync.health import Colour, health_of, last_run
from tests.support.fake_faults import Dead, Lost, Rejected
from tests.unit.sync.invoice_world import ISSUED, InvoiceWorld, line
from tests.unit.sync.item_world import PERSON, Killed

VOID, SENT, PAID, DRAFT = (
    InvoiceStatus.VOID,
    InvoiceStatus.SENT,
    InvoiceStatus.PAID,
    InvoiceStatus.DRAFT,
)


def told(world: InvoiceWorld) -> tuple[str, str]:
    """The connection's health, which is amber: reason and action."""
    run, waiting = (
        last_run(world.services, world.connection),
        waiting_of(world.services, world.connection.key),
    )
    health = health_of(world.services, world.books.profile, world.connection, run, waiting)
    assert health.colour is Colour.AMBER
    return health.reason, health.action


class TestGoing:
    def test_an_invoice_goes_by_itself_with_its_customer_items_and_total(self) -> None:
        world = InvoiceWorld()
        world.invoice(
            lines=(
                line(price="12.50", quantity="3", tax_percent="10"),
                line("", description="Thanks"),
            ),
            discount_amount=Decimal("7.50"),
            due_on=date(2026, 12, 2),
            memo="By the garden gate",
        )
        world.settle_down()
        remote = world.remote("1042")
        assert (remote.customer_id, remote.name) == (world.customer_in_books(), "1042")
        assert [each.amount for each in remote.lines] == [Decimal("37.50"), Decimal(0)]
        assert (remote.discount, remote.tax, remote.total) == (
            Decimal("7.50"),
            Decimal("3.00"),
            Decimal("33.00"),
        )
        assert (remote.due_on, remote.memo) == (date(2026, 12, 2), "By the garden gate")
        assert remote.reference == "BlueClerk invoice 1042"
        assert world.failures == {}

    def test_an_edit_of_the_lines_is_one_update_that_names_the_books_own_lines(self) -> None:
        world = InvoiceWorld()
        world.invoice()
        world.settle_down()
        assert world.links[SourceId("1042")].answered == {"line_ids": "1"}
        world.invoice(lines=(line(), line(price="5.00")))
        world.settle_down()
        assert world.invoice_writes == [("create", "1042"), ("update", "1042")]
        assert world.remote("1042").total == Decimal("15.00")
        assert world.links[SourceId("1042")].answered == {"line_ids": "1,2"}

    @pytest.mark.parametrize(("status", "goes"), [(DRAFT, False), (SENT, True), (PAID, True)])
    def test_a_draft_stays_here(self, status: InvoiceStatus, *, goes: bool) -> None:
        world = InvoiceWorld()
        world.invoice(status=status)
        world.settle_down()
        assert bool(world.books.invoices) is goes
        assert world.rows() == []
        assert world.sync().counts.total == int(goes)

    def test_a_second_sync_with_nothing_changed_writes_nothing(self) -> None:
        world = InvoiceWorld()
        for number in range(12):
            world.invoice(str(number))
        world.wake_ups.sent.clear()
        run = world.sync()
        assert (run.state, run.counts.created) == (RunState.FINISHED, 12)
        writes = len(world.books.effects)
        again = world.sync()
        assert (again.counts.unchanged, len(world.books.effects)) == (12, writes)
        world.settles(again)

    def test_a_missing_tax_code_is_one_cause_and_another_one_leaves_what_was_sent(self) -> None:
        company = replace(InvoiceWorld().books.company, country="GB")
        world = InvoiceWorld(company=company)
        world.invoice(lines=(line(tax_percent="20"),))
        world.settle_down()
        failure = world.failures[SourceId("1042")]
        assert (failure.cause, failure.problem.field) == ("TAX_MAPPING_MISSING", "taxCodeId")
        world.reconnect(
            settings=replace(world.connection.settings, default_tax_code_id="tax-1"),
        )
        world.clock.sleep(86_400)
        world.minute()
        world.settle_down()
        assert world.remote("1042").lines[0].tax_code_id == "tax-1"
        assert world.failures == {}
        world.reconnect(settings=replace(world.connection.settings, default_tax_code_id="tax-2"))
        world.clock.sleep(86_400)
        world.minute()
        world.settle_down()
        assert world.remote("1042").lines[0].tax_code_id == "tax-1"


class TestNumbers:
    def test_a_number_that_the_books_cannot_take_is_refused_and_never_replaced(self) -> None:
        world = InvoiceWorld()
        world.invoice("2026/11/02-0000000000000042")
        world.settle_down()
        (failure,) = world.failures.values()
        assert (failure.cause, failure.problem.field) == ("NUMBER_NOT_ALLOWED", "number")
        assert world.books.invoices == []

    def test_the_second_of_two_invoices_of_one_number_is_refused(self) -> None:
        world = InvoiceWorld()
        world.invoice("a", number="1042")
        world.invoice("b", number="1042")
        world.wake_ups.sent.clear()
        run = world.sync()
        assert (run.counts.created, run.counts.refused) == (1, 1)
        failure = world.failures[SourceId("b")]
        assert (failure.cause, failure.problem.field) == ("NUMBER_TAKEN", "number")
        world.invoice("b", number="1043")
        world.settle_down()
        assert [row.fields.name for row in world.books.invoices] == ["1042", "1043"]
        assert world.failures == {}

    def test_a_number_that_no_listing_shows_is_refused_when_the_books_say_so(self) -> None:
        world = InvoiceWorld()
        world.books.hold_name("1042", RecordKind.INVOICE)
        world.invoice()
        world.settle_down()
        (failure,) = world.failures.values()
        assert failure.cause == "NUMBER_TAKEN"
        assert world.books.invoices == []

    def test_an_invoice_numbered_anew_keeps_its_place_in_the_books(self) -> None:
        world = InvoiceWorld()
        world.invoice()
        world.settle_down()
        world.invoice(number="1042-A")
        world.settle_down()
        assert [row.fields.name for row in world.books.invoices] == ["1042-A"]

    def test_numbered_anew_to_one_that_is_taken_it_is_refused_and_stays_as_it_was(self) -> None:
        world = InvoiceWorld()
        world.invoice("1")
        world.invoice("2")
        world.settle_down()
        world.invoice("2", number="1")
        world.settle_down()
        assert world.failures[SourceId("2")].cause == "NUMBER_TAKEN"
        assert [row.fields.name for row in world.books.invoices] == ["1", "2"]


class TestVoids:
    def test_a_void_goes_only_when_a_person_asks(self) -> None:
        world = InvoiceWorld()
        world.invoice()
        world.settle_down()
        world.invoice(status=VOID)
        world.settle_down()
        run = world.sync()
        assert run.counts.unchanged == 1
        world.settle_down()
        world.clock.sleep(86_400)
        world.minute()
        assert world.rows() == []
        assert world.remote("1042").active
        world.ask_for("1042")
        world.settle_down()
        assert world.invoice_writes == [("create", "1042"), ("void", "1042")]
        assert not world.remote("1042").active
        assert world.rows() == []
        world.ask_for("1042")
        world.settle_down()
        assert len(world.invoice_writes) == 2, "a voided one is at rest"

    def test_what_was_void_before_the_books_heard_of_it_is_in_step(self) -> None:
        world = InvoiceWorld()
        world.invoice(status=VOID)
        world.ask_for("1042")
        world.settle_down()
        assert (list(world.books.invoices), world.rows()) == ([], [])

    def test_voided_between_plan_and_push_an_invoice_is_not_voided_there_unasked(self) -> None:
        world = InvoiceWorld()
        world.invoice()
        world.settle_down()
        world.streams = False
        world.invoice(memo="new")
        world.meets("runs.add_chunks", lambda: world.invoice(status=VOID), when="after")
        run = world.sync()
        assert run.counts.unchanged == 1
        assert world.invoice_writes == [("create", "1042")]

    def test_a_void_whose_answer_is_lost_is_found_and_not_repeated(self) -> None:
        world = InvoiceWorld()
        world.invoice()
        world.settle_down()
        world.invoice(status=VOID)
        for _ in range(2):
            world.books.faults.add("batch", Lost(0.0))
        world.ask_for("1042")
        world.settle_down()
        assert world.invoice_writes == [("create", "1042"), ("void", "1042")]
        assert (world.rows(), world.failures) == ([], {})

    def test_a_void_goes_although_somebody_edited_the_invoice_there(self) -> None:
        world = InvoiceWorld()
        world.invoice()
        world.settle_down()
        (row,) = world.books.invoices
        world.books.edit(row.remote_id, kind=RecordKind.INVOICE, issued_on=date(2026, 11, 9))
        world.invoice(status=VOID)
        world.ask_for("1042")
        world.settle_down()
        assert not world.remote("1042").active


class TestDependencies:
    def test_customer_and_item_go_first_and_the_invoice_follows_by_itself(self) -> None:
        world = InvoiceWorld(linked=False)
        world.invoice()
        world.wake_ups.sent = [each for each in world.wake_ups.sent if each[2] == "invoice"]
        world.settle_down()
        kinds = [effect.kind for effect in world.books.effects]
        assert kinds[-1] is RecordKind.INVOICE
        assert set(kinds[:-1]) == {RecordKind.CUSTOMER, RecordKind.ITEM}
        assert world.rows() == []

    def test_it_waits_untried_and_says_for_whom(self) -> None:
        world = InvoiceWorld(linked=False)
        world.invoice()
        world.wake_ups.sent = [each for each in world.wake_ups.sent if each[2] == "invoice"]
        world.deliver()
        (row,) = world.rows()
        assert (row.waits_for, row.tries) == ("customer:c1", 0)
        reason = waiting_reason(world.services, row)
        assert reason is not None
        assert (reason.code, reason.message) == (
            "WAITS_FOR_DEPENDENCY",
            "It waits for the customer “Ann”, which goes first.",
        )
        (customer,) = [each for each in world.rows(RecordKind.CUSTOMER) if each.urgent]
        assert customer.source_id == "c1"

    def test_while_the_customer_stands_refused_it_waits_and_says_why(self) -> None:
        world = InvoiceWorld()
        world.customer("c2", "Bea", email="not an address")
        world.invoice(customer_id=SourceId("c2"))
        world.settle_down()
        (row,) = world.rows()
        reason = waiting_reason(world.services, row)
        assert reason is not None
        assert reason.code == "EMAIL_MALFORMED"
        assert told(world) == (
            "1 customer could not be synced. 1 change waits for other records.",
            "See what failed and correct it",
        )
        assert reason.message.startswith("It waits for the customer “Bea”: QuickBooks does not")
        assert world.failures == {}
        runs = world.store_calls["runs.start"]
        world.clock.sleep(86_400)
        world.minute()
        world.settle_down()
        assert world.store_calls["runs.start"] == runs, "nothing goes again for those that wait"
        world.customer("c2", "Bea", email="bea@example.com")
        world.settle_down()
        assert world.remote("1042").customer_id == world.customer_in_books("c2")
        assert world.rows() == []

    def test_a_batch_looks_up_only_what_it_was_about_for_those_that_wait(self) -> None:
        """Each batch of a long queue had looked up what all the rows of it wait for."""
        world = InvoiceWorld()
        world.invoice(customer_id=SourceId("c2"))
        world.settle_down()
        link = world.link_of("c1", RecordKind.CUSTOMER)
        assert link is not None
        other = replace(link, source_id=SourceId("c2"), remote_id=RemoteId("9"), row_version=1)
        scope = scope_of(RecordKind.CUSTOMER, world.connection)
        assert not world.services.stores.links.save_links(scope, [other])
        for only, waits_for in (("c1", "customer:c2"), ("c2", "")):
            release(world.services, world.connection, RecordKind.CUSTOMER, [SourceId(only)])
            assert [row.waits_for for row in world.rows()] == [waits_for]

    def test_one_that_waits_does_not_make_the_change_an_old_one(self) -> None:
        world = InvoiceWorld()
        world.invoice(customer_id=SourceId("nobody"))
        world.settle_down()
        waiting = waiting_of(world.services, world.connection.key)
        assert (waiting.count, waiting.oldest_since) == (1, None)
        (row,) = world.rows()
        reason = waiting_reason(world.services, row)
        assert reason is not None
        assert reason.code == "DEPENDENCY_MISSING"

    def test_an_archived_customer_is_said_to_be_one(self) -> None:
        world = InvoiceWorld()
        world.customer("c2", "Bea", active=False)
        world.invoice(customer_id=SourceId("c2"))
        world.settle_down()
        reason = waiting_reason(world.services, world.rows()[0])
        assert reason is not None
        assert reason.code == "DEPENDENCY_INACTIVE"
        world.invoice("1043", customer_id=SourceId("c2"))
        world.settle_down()
        assert told(world) == (
            (
                "2 changes wait for other records. It waits for the customer “Bea”, which is not active "
                "and so does not go to the books."
            ),
            "Make that customer active again.",
        )

    def test_a_whole_sync_leaves_those_that_wait_out_and_they_follow(self) -> None:
        world = InvoiceWorld()
        world.streams = False
        world.customer("c2", "Bea")
        world.invoice("1")
        world.invoice("2", customer_id=SourceId("c2"))
        run = world.sync()
        assert (run.counts.total, run.counts.created, run.counts.refused) == (1, 1, 0)
        world.settle_down()
        assert {row.fields.name for row in world.books.invoices} == {"1", "2"}
        assert world.rows() == []

    def test_linked_just_as_the_invoice_is_put_off_it_goes_at_once(self) -> None:
        world = InvoiceWorld(linked=False)
        world.invoice()
        of_kind = {each[2]: each for each in world.wake_ups.sent}
        assert of_kind.keys() == {"invoice"}

        def others_go_meanwhile() -> None:
            world.customer("c1", "Ann")
            world.edit("01", name="Pipe 2")
            world.wake_ups.sent.sort(key=lambda each: each[2] == "invoice")
            performing = world._performing
            for _ in range(2):
                world.deliver()
            world._performing = performing

        world.meets("due.put_off", others_go_meanwhile, nth=1)
        world.deliver()
        at = world.clock.now()
        world.settle_down(within=30)
        assert [row.fields.name for row in world.books.invoices] == ["1042"]
        assert (world.clock.now() - at).total_seconds() < 30

    def test_an_item_added_between_plan_and_push_makes_the_invoice_wait(self) -> None:
        world = InvoiceWorld()
        world.streams = False
        world.has("Elbow")
        world.invoice()
        edited = (line(), line("02"))
        world.meets("runs.add_chunks", lambda: world.invoice(lines=edited), when="after")
        run = world.sync()
        assert (run.counts.created, run.counts.refused) == (0, 0)
        assert list(world.books.invoices) == []


class TestGoLive:
    @pytest.mark.parametrize(
        ("theirs", "ends"),
        [
            ({}, "linked"),
            ({"customer": "c2"}, "INVOICE_UNSURE"),
            ({"price": "11.00"}, "INVOICE_UNSURE"),
            ({"active": False}, "INVOICE_UNSURE"),
            (None, "created"),
        ],
    )
    @pytest.mark.parametrize("whole", [True, False])
    @pytest.mark.parametrize("old", [True, False])
    def test_what_the_books_have_of_that_number_decides(
        self, theirs: dict[str, Any] | None, ends: str, *, whole: bool, old: bool
    ) -> None:
        world = InvoiceWorld()
        world.customer("c2", "Bea")
        world.settle_down()
        if old:
            settings = replace(world.connection.settings, invoices_from=date(2026, 11, 3))
            world.reconnect(settings=settings)
        if theirs is not None:
            customer = world.customer_in_books(theirs.get("customer", "c1"))
            planted = world.books.plant_invoice("1042", customer, theirs.get("price", "10.00"))
            if "active" in theirs:
                world.books.edit(planted.remote_id, kind=RecordKind.INVOICE, active=False)
        there = len(world.books.invoices)
        world.invoice()
        if whole:
            world.wake_ups.sent.clear()
            world.sync()
        else:
            world.settle_down()
        if ends == "linked":
            assert world.links[SourceId("1042")].origin == "adopted"
            assert (world.invoice_writes, world.failures) == ([], {})
        elif ends == "created" and not old:
            assert (len(world.books.invoices), world.failures) == (1, {})
        elif ends == "created":
            failure = world.failures[SourceId("1042")]
            assert (failure.cause, failure.problem.field) == ("NOT_IN_BOOKS", "issuedOn")
            assert world.invoice_writes == []
        else:
            cause = "NOT_IN_BOOKS" if old and "active" in (theirs or {}) else ends
            assert world.failures[SourceId("1042")].cause == cause
            assert (len(world.books.invoices), world.invoice_writes) == (there, [])
            assert world.links == {}

    def test_the_sentence_says_what_differs(self) -> None:
        world = InvoiceWorld()
        world.customer("c2", "Bea")
        world.settle_down()
        world.books.plant_invoice("1042", world.customer_in_books("c2"), "11")
        world.invoice()
        world.settle_down()
        problem = world.failures[SourceId("1042")].problem
        assert problem.message == (
            "There is an invoice of that number in QuickBooks, but its customer differs and "
            "its total differs: 11.00 USD there, 10.00 USD here."
        )
        assert problem.action

    def test_an_earlier_go_live_date_lets_it_be_made(self) -> None:
        world = InvoiceWorld()
        world.reconnect(
            settings=ConnectionSettings(
                default_income_account_id="inc-1", invoices_from=date(2026, 11, 3)
            )
        )
        world.invoice()
        world.settle_down()
        assert world.failures[SourceId("1042")].cause == "NOT_IN_BOOKS"
        world.reconnect(settings=replace(world.connection.settings, invoices_from=ISSUED))
        world.clock.sleep(86_400)
        world.minute()
        world.settle_down()
        assert (len(world.books.invoices), world.failures) == (1, {})


class TestTotals:
    def test_another_total_is_linked_and_shown_with_both_figures_until_they_agree(self) -> None:
        world = InvoiceWorld(twist=lambda fields: Decimal("0.01") if fields.memo == "odd" else 0)
        world.invoice(memo="odd")
        world.settle_down()
        assert world.link_of("1042") is not None
        failure = world.failures[SourceId("1042")]
        assert failure.cause == "TOTAL_DIFFERS"
        assert failure.problem.message == (
            "QuickBooks has this invoice at 10.01 USD, BlueClerk at 10.00 USD."
        )
        assert world.rows() == []
        run = world.sync()
        assert (run.counts.unchanged, run.counts.refused) == (1, 0)
        world.settle_down()
        world.clock.sleep(86_400)
        world.minute()
        assert world.services.stores.due.count(world.connection.key, RecordKind.INVOICE, 9) == 0
        world.settle_down()
        assert world.failures[SourceId("1042")].cause == "TOTAL_DIFFERS", "nothing has changed"
        assert world.invoice_writes == [("create", "1042")]
        assert told(world)[0] == "1 invoice has another total in QuickBooks."
        world.invoice(memo="even")
        world.settle_down()
        assert world.failures == {}

    def test_asking_again_neither_sends_nor_clears_it(self) -> None:
        world = InvoiceWorld(twist=lambda _: Decimal(1))
        world.invoice()
        world.settle_down()
        retry(world.services, world.connection.key, RecordKind.INVOICE, PERSON)
        world.settle_down()
        assert world.failures[SourceId("1042")].cause == "TOTAL_DIFFERS"
        assert world.invoice_writes == [("create", "1042")]

    def test_a_whole_run_tells_how_many_differ_and_counts_none_refused(self) -> None:
        world = InvoiceWorld(twist=lambda fields: Decimal(int(fields.name == "1")))
        for number in ("1", "2"):
            world.invoice(number)
        world.wake_ups.sent.clear()
        run = world.sync()
        assert (run.counts.created, run.counts.refused) == (2, 0)
        assert run.causes["TOTAL_DIFFERS"][0] == 1
        world.settles(run)

    @pytest.mark.no_cover
    def test_of_1000_invoices_exactly_the_planted_differences_are_flagged(self) -> None:
        chance = random.Random(5)
        planted = {
            str(number): Decimal(chance.choice((-3, -1, 1, 2))) / 100 for number in range(20)
        }
        world = InvoiceWorld(
            batch_size=30, twist=lambda fields: planted.get(fields.name, Decimal(0))
        )
        world.streams = False
        invoices = {}
        for number in range(1000):
            lines = tuple(_random_line(chance) for _ in range(chance.randint(1, 8)))
            invoices[str(number)] = world.invoice(
                str(number), lines=(line(price="900.00"), *lines), **_random_discount(chance)
            )
        run = world.sync()
        assert (run.counts.created, run.counts.refused) == (1000, 0)
        assert {failure.source_id for failure in world.failures.values()} == set(planted)
        rows = {row.fields.name: row.fields for row in world.books.invoices}
        for number, invoice in invoices.items():
            ours = totals_of(invoice).total
            assert rows[number].total == ours + planted.get(number, Decimal(0)), number
            if number in planted:
                message = world.failures[SourceId(number)].problem.message
                assert f"{ours:.2f} USD" in message
                assert f"{ours + planted[number]:.2f} USD" in message


def _random_line(chance: random.Random) -> Any:
    return line(
        price=str(Decimal(chance.randint(-2000, 90_000)) / chance.choice((1, 100, 1000))),
        quantity=str(Decimal(chance.randint(-300, 4000)) / chance.choice((1, 10, 100, 1000))),
        discount_percent=chance.choice(("0", "0", "5", "12.5")),
        tax_percent=chance.choice(("0", "8.25")),
    )


def _random_discount(chance: random.Random) -> dict[str, Decimal]:
    return chance.choice(
        ({}, {"discount_amount": Decimal("12.34")}, {"discount_percent": Decimal("7.5")})
    )


class TestLostAnswers:
    @pytest.mark.parametrize("edited", [False, True])
    def test_a_create_that_nobody_heard_of_is_found_by_its_number(self, *, edited: bool) -> None:
        world = InvoiceWorld()
        world.streams = False
        world.invoice()
        for _ in range(2):
            world.books.faults.add("batch", Lost(0.0))
        world.books.faults.add("records_by_name", Dead())  # so the run stops before it can look
        world.sync()
        assert world.links == {}
        world.reconnect(state=ConnectionState.CONNECTED)
        if edited:
            world.invoice(memo="edited since")
        run = world.sync()
        assert run.state is RunState.FINISHED
        assert [action for action, _ in world.invoice_writes].count("create") == 1
        assert world.links[SourceId("1042")].origin == "created"
        assert world.remote("1042").memo == ("edited since" if edited else "")
        assert world.failures == {}

    def test_found_with_another_total_it_is_ours_all_the_same(self) -> None:
        world = InvoiceWorld(twist=lambda _: Decimal("0.02"))
        world.invoice()
        for _ in range(2):
            world.books.faults.add("batch", Lost(0.0))
        world.settle_down()
        assert [action for action, _ in world.invoice_writes].count("create") == 1
        assert world.failures[SourceId("1042")].cause == "TOTAL_DIFFERS"

    def test_somebody_elses_invoice_that_came_meanwhile_is_not_written_over(self) -> None:
        world = InvoiceWorld()
        world.invoice()

        def planted() -> None:
            world.books.plant_invoice("1042", world.customer_in_books(), "99.00")

        world.meets("runs.add_chunks", planted, when="after")
        world.settle_down()
        assert world.failures[SourceId("1042")].cause == "INVOICE_UNSURE"
        assert world.invoice_writes == []

    @pytest.mark.parametrize("nth", range(1, 40, 3))
    def test_a_death_at_any_store_call_makes_no_second_invoice(self, nth: int) -> None:
        world = InvoiceWorld(twist=lambda fields: Decimal(int(fields.name == "1")))
        world.streams = False
        for number in range(7):
            world.invoice(str(number))

        def dies() -> None:
            world._dead = True
            raise Killed

        world.at_any_call(nth, dies, "after")
        world.click()
        world.work()
        world.take_over()
        world.work()
        run = world.sync()
        assert run.counts.settled == run.counts.total == 7
        assert sorted(world.invoice_writes) == [("create", str(number)) for number in range(7)]
        assert {f.source_id: f.cause for f in world.failures.values()} == {"1": "TOTAL_DIFFERS"}


class TestRefusals:
    @pytest.mark.parametrize(
        ("values", "cause"),
        [
            ({"lines": (line("", description="only text"),)}, "NO_LINES"),
            ({"lines": tuple(line(price="1") for _ in range(751))}, "TOO_MANY_LINES"),
            ({"lines": (line(price="999999999999"),)}, "AMOUNT_TOO_HIGH"),
        ],
    )
    def test_what_the_books_cannot_take_is_refused_before(
        self, values: dict[str, Any], cause: str
    ) -> None:
        world = InvoiceWorld()
        world.invoice(**values)
        world.settle_down()
        problem = world.failures[SourceId("1042")].problem
        assert (problem.code, problem.field, world.invoice_writes) == (cause, "lines", [])

    @pytest.mark.parametrize("singly", [False, True])
    def test_stale_though_nobody_changed_it_it_is_told_what_is_wrong(self, *, singly: bool) -> None:
        closed = Problem("PERIOD_CLOSED", "The period is closed.", "Open it.", "issuedOn")
        world = InvoiceWorld()
        world.invoice()
        world.settle_down()
        world.books.close(RecordKind.INVOICE, closed)
        if singly:
            world.books.faults.add("batch", Rejected())
        world.invoice(memo="edited")
        world.settle_down()
        assert world.failures[SourceId("1042")].problem == closed
        world.books.close(RecordKind.INVOICE, None)
        retry(world.services, world.connection.key, RecordKind.INVOICE, PERSON)
        world.settle_down()
        assert (world.remote("1042").memo, world.failures) == ("edited", {})

    def test_what_the_books_refuse_says_so_and_goes_when_retried(self) -> None:
        refusing = [True]
        closed = Problem("BOOKS_CLOSED", "The books are closed.", "Open them.")
        world = InvoiceWorld(
            refuses=lambda fields: closed if refusing[0] and hasattr(fields, "lines") else None
        )
        world.invoice()
        world.settle_down()
        assert world.failures[SourceId("1042")].cause == "BOOKS_CLOSED"
        refusing.clear()
        refusing.append(False)
        assert retry(world.services, world.connection.key, RecordKind.INVOICE, PERSON) == 1
        world.settle_down()
        assert (len(world.books.invoices), world.failures) == (1, {})
