"""Review & Import: what the list shows in each state, what a selection says, and what came of an import."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from time import perf_counter

import pytest
from httpx2 import Response

from functions.api.console.forms import Form
from functions.api.console.pages.review_rows import TICKS, chosen_in
from shared.domain.connections import ConnectionState, NewFromBooks, Setup, StepState
from shared.domain.ids import ConnectionKey, ProviderName, RecordKind, SourceId
from shared.domain.records import Address, Customer, Item, Record
from shared.sync.automatic.messages import serve_wake_ups
from shared.sync.engine.terms import scope_of
from tests.support.api_client import OTHER_COMPANY, ApiWorld
from tests.support.fake_faults import Dead, Lost
from tests.support.services import COMPANY
from tests.support.wake_ups import RecordingTasks

BASE = "/console/integrations/quickbooks"
CUSTOMERS = f"{BASE}/review/customers"
ITEMS = f"{BASE}/review/items"
KEY = ConnectionKey(COMPANY, ProviderName("quickbooks"))


def served(world: ApiWorld) -> None:
    tasks = world.services.tasks
    assert isinstance(tasks, RecordingTasks)
    while tasks.sent:
        kind = tasks.sent[0].kind
        serve_wake_ups(world.services, kind, tasks.event(), 300.0)


def listed(world: ApiWorld, path: str = CUSTOMERS) -> str:
    """The page of the list once it is there."""
    world.sees(path)
    served(world)
    shown = world.sees(path)
    assert shown.status_code == 200, shown.text
    return unescape(shown.text)


def has(world: ApiWorld, *records: Record) -> None:
    assert not world.services.stores.records.save(COMPANY, list(records))


def customer(source_id: str, name: str, email: str = "", **fields: object) -> Customer:
    return Customer(SourceId(source_id), name, email, version=1, **fields)  # type: ignore[arg-type]  # a test's own spelling


def imported(world: ApiWorld, answer: Response) -> str:
    """The page that an import ends on."""
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith(f"{BASE}/imports/")
    served(world)
    return unescape(world.sees(answer.headers["location"]).text)


def links(world: ApiWorld) -> dict[str, str]:
    """Remote id to ours."""
    connection = world.services.stores.connections.get(KEY)
    assert connection is not None
    scope = scope_of(RecordKind.CUSTOMER, connection)
    return dict(world.services.stores.links.all_linked(scope))


def names_here(world: ApiWorld, cls: type[Customer | Item] = Customer) -> list[str]:
    return sorted(
        one.name for one in world.services.stores.records.page(COMPANY, cls, 99, None).rows
    )


class TestWaiting:
    def test_opening_asks_for_the_list_and_shows_how_far_it_is(self, world: ApiWorld) -> None:
        world.connect()
        world.books.plant_customer("Ann")
        shown = world.sees(CUSTOMERS)
        assert "Counting the customers in QuickBooks" in shown.text
        assert f'data-refresh="{CUSTOMERS}/counting"' in shown.text
        assert '<meta http-equiv="refresh" content="2">' in shown.text
        assert world.books.calls.total() == 0, "a request called the provider"

    def test_the_part_has_the_page_load_itself_once_the_list_is_there(
        self, world: ApiWorld
    ) -> None:
        world.connect()
        world.sees(CUSTOMERS)
        part = world.sees(f"{CUSTOMERS}/counting").text
        assert "data-refresh" in part
        assert "data-whole" not in part
        served(world)
        part = world.sees(f"{CUSTOMERS}/counting").text
        assert "data-whole" in part
        assert "data-refresh" not in part

    def test_a_provider_that_does_not_answer_is_told_with_a_way_to_try_again(
        self, world: ApiWorld
    ) -> None:
        world.connect()
        world.books.faults.add("page_records", Lost(None))
        world.sees(CUSTOMERS)
        served(world)
        shown = world.sees(CUSTOMERS)
        assert shown.status_code == 503
        assert "so its customers could not be counted" in shown.text
        assert f'href="{CUSTOMERS}">Try again' in shown.text
        assert "data-whole" in world.sees(f"{CUSTOMERS}/counting").text

    def test_a_grant_that_died_asks_to_reconnect(self, world: ApiWorld) -> None:
        world.connect()
        world.books.faults.add("page_records", Dead())
        world.sees(CUSTOMERS)
        served(world)
        shown = world.sees(CUSTOMERS)
        assert shown.status_code == 409
        assert "Your QuickBooks connection has expired." in shown.text
        assert "Reconnect QuickBooks</button>" in shown.text

    def test_nothing_connected_says_what_to_do(self, world: ApiWorld) -> None:
        shown = world.sees(CUSTOMERS)
        assert shown.status_code == 409
        assert "Connect QuickBooks</button>" in shown.text

    def test_an_unknown_list_is_no_page(self, world: ApiWorld) -> None:
        world.connect()
        assert world.sees(f"{BASE}/review/vendors").status_code == 404


class TestList:
    def test_the_record_of_the_books_stands_beside_the_one_here(self, world: ApiWorld) -> None:
        world.connect()
        city = Address(city="Rye")
        has(world, customer("c-1", "Ann Hill", "ann@x.example", phone="555 1", address=city))
        world.books.plant_customer("Ann H.", email="ANN@x.example", phone="555 2")
        shown = listed(world)
        assert "Ann H." in shown
        assert "555 2" in shown
        assert "Same e-mail address, 100 of 100" in shown
        for fact in ("Ann Hill", "ann@x.example", "555 1", "Rye"):
            assert fact in shown
        assert '<option value="matched:c-1" selected>Link to “Ann Hill”' in shown

    def test_similar_names_are_never_chosen_already(self, world: ApiWorld) -> None:
        world.connect()
        has(world, customer("c-1", "Hill Bakery Supplies"))
        world.books.plant_customer("Hill Bakery Suplies")
        shown = listed(world)
        assert "Similar name, 9" in shown
        assert '<option value="" selected>Leave out' in shown
        assert '<option value="link:c-1">' in shown

    def test_of_two_that_are_equally_sure_none_is_chosen_already(self, world: ApiWorld) -> None:
        world.connect()
        has(world, customer("c-1", "Ann", "one@x.example"), customer("c-2", "Ann"))
        world.books.plant_customer("Ann")
        shown = listed(world)
        assert '<option value="" selected>Leave out' in shown
        assert "matched:" not in shown
        assert '<option value="link:c-1">Link to “Ann” (one@x.example)' in shown
        assert '<option value="link:c-2">Link to “Ann” (c-2)' in shown

    def test_items_show_code_and_price(self, world: ApiWorld) -> None:
        world.connect()
        world.books.plant("Pipe", code="CP-12", unit_price="1234.5")
        shown = listed(world, ITEMS)
        assert "CP-12" in shown
        assert "$1,234.50" in shown

    def test_filter_search_and_paging(self, world: ApiWorld) -> None:
        world.connect()
        for number in range(120):
            world.books.plant_customer(f"Customer {number:03}")
        shown = listed(world)
        assert "120 customers in QuickBooks" in shown
        assert ("Customer 049" in shown, "Customer 050" in shown) == (True, False)
        following = shown.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
        second = world.sees(following).text
        assert ("Customer 049" in second, "Customer 099" in second) == (False, True)
        assert "First page" in second
        found = world.sees(f"{CUSTOMERS}?search=customer+07&status=new").text
        assert ("Customer 075" in found, "Customer 080" in found) == (True, False)
        none = world.sees(f"{CUSTOMERS}?search=zebra").text
        assert "Nothing found" in none
        assert f'href="{CUSTOMERS}">Show all' in none
        assert "Nothing imported yet" in world.sees(f"{CUSTOMERS}?status=imported").text

    def test_a_page_of_long_names_stays_small(self, world: ApiWorld) -> None:
        world.connect()
        has(world, *(customer(f"c-{number}", f"{number:03} {'n' * 70}") for number in range(60)))
        for number in range(60):
            world.books.plant_customer(f"{number:03} {'n' * 70}", email=f"{'e' * 60}@x.example")
        world.sees(CUSTOMERS)
        served(world)
        assert len(world.sees(CUSTOMERS).content) < 100_000

    def test_a_list_that_was_replaced_begins_anew_and_says_so(self, world: ApiWorld) -> None:
        world.connect()
        for number in range(60):
            world.books.plant_customer(f"Customer {number:03}")
        shown = listed(world)
        following = shown.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
        world.clock.sleep(61)
        listed(world)
        again = world.sees(following)
        assert again.status_code == 200
        assert "listed anew in the meantime" in again.text
        assert "Customer 000" in again.text

    def test_a_list_that_lost_most_of_its_rows_is_shown_with_a_warning(
        self, world: ApiWorld
    ) -> None:
        world.connect()
        rows = [world.books.plant_customer(f"C {number}") for number in range(9)]
        listed(world)
        for row in rows[:7]:
            world.books.edit(row.remote_id, kind=RecordKind.CUSTOMER, active=False)
        world.clock.sleep(61)
        assert "The list may not be complete." in listed(world)

    def test_no_customers_at_all(self, world: ApiWorld) -> None:
        world.connect()
        assert "There are no customers in QuickBooks" in listed(world)

    @pytest.mark.parametrize(
        "name", ["<script>alert(1)</script>", '"><img src=x>', "\u202egnp.exe 🧰"]
    )
    def test_hostile_names_are_text(self, world: ApiWorld, name: str) -> None:
        world.connect()
        world.books.plant_customer(name, email="a@x.example")
        has(world, customer("c-1", name, "a@x.example"))
        world.sees(CUSTOMERS)
        served(world)
        shown = world.sees(CUSTOMERS).text.split("<main")[1]
        assert "<script>" not in shown
        assert "<img" not in shown
        assert name in unescape(shown)

    def test_who_may_only_read_chooses_nothing(self, world: ApiWorld) -> None:
        world.connect()
        has(world, customer("c-1", "Ann"))
        world.books.plant_customer("Ann")
        listed(world)
        shown = world.sees(CUSTOMERS, who="clerk").text.split("<main")[1]
        assert "May be one of yours" in shown
        for control in ("checkbox", "Import Selected", "Import All New", 'name="choice'):
            assert control not in shown
        refused = world.presses(f"{CUSTOMERS}/import", who="clerk", chosen="1")
        assert refused.status_code == 403

    def test_another_company_sees_none_of_it(self, world: ApiWorld) -> None:
        world.connect()
        world.books.plant_customer("Ann")
        listed(world)
        assert "Ann" not in world.sees(CUSTOMERS, who="other").text


class TestImportSelected:
    def test_ticked_rows_come_in_link_or_stay_out_as_chosen(self, world: ApiWorld) -> None:
        world.connect()
        has(world, customer("c-1", "Bob"), customer("c-2", "Carol"), customer("c-3", "Dan Hilll"))
        ids = [world.books.plant_customer(n).remote_id for n in ("Ann", "Bob", "Carol", "Dan Hill")]
        listed(world)
        answer = world.presses(
            f"{CUSTOMERS}/import",
            chosen=ids,
            **{
                f"choice:{ids[1]}": "matched:c-1",
                f"choice:{ids[2]}": "new",
                f"choice:{ids[3]}": "",
            },
        )
        shown = imported(world, answer)
        assert "Import of customers finished" in shown
        linked = links(world)
        assert linked[ids[1]] == "c-1"
        assert names_here(world) == ["Ann", "Bob", "Carol", "Carol", "Dan Hilll"]
        assert ids[3] not in linked

    def test_what_was_left_out_though_ticked_is_said(self, world: ApiWorld) -> None:
        world.connect()
        answer = world.presses(f"{CUSTOMERS}/import", chosen=["1", "2"], **{"choice:2": ""})
        shown = unescape(world.sees(answer.headers["location"]).text)
        assert "1 that you ticked is left out: choose first what becomes of it." in shown

    def test_a_choice_counts_without_its_tick_but_our_own_proposal_does_not(
        self, world: ApiWorld
    ) -> None:
        world.connect()
        has(world, customer("c-1", "Ann"), customer("c-2", "Bob"))
        ann, bob = (world.books.plant_customer(name).remote_id for name in ("Ann", "Bob"))
        listed(world)
        answer = world.presses(
            f"{CUSTOMERS}/import",
            **{f"choice:{ann}": "link:c-1", f"choice:{bob}": "matched:c-2"},
        )
        imported(world, answer)
        assert links(world) == {ann: "c-1"}

    def test_nothing_selected_is_said_on_the_page(self, world: ApiWorld) -> None:
        world.connect()
        world.books.plant_customer("Ann")
        listed(world)
        answer = world.presses(f"{CUSTOMERS}/import")
        assert answer.status_code == 400
        assert "No record was selected." in answer.text
        assert "Import Selected" in answer.text

    def test_a_refused_import_keeps_what_was_selected(self, world: ApiWorld) -> None:
        world.connect()
        has(world, customer("c-1", "Bob"))
        ann, bob = (world.books.plant_customer(name).remote_id for name in ("Ann", "Bob"))
        listed(world)
        assert world.presses(f"{CUSTOMERS}/import", chosen=ann).status_code == 303
        answer = world.presses(f"{CUSTOMERS}/import", chosen=ann, **{f"choice:{bob}": "new"})
        assert answer.status_code == 409
        assert "An import of customers is under way." in answer.text
        assert f'name="chosen" value="{ann}" aria-label="Select Ann" checked' in answer.text
        assert '<option value="new" selected>' in answer.text

    @pytest.mark.parametrize("remote_id", ["", "x" * 201, "a\0b"])
    def test_an_id_that_no_page_has_sent_begins_nothing(
        self, world: ApiWorld, remote_id: str
    ) -> None:
        world.connect()
        listed(world)
        assert world.presses(f"{CUSTOMERS}/import", chosen=remote_id, page=CUSTOMERS).is_redirect
        assert "This is no record of the list." in world.sees(CUSTOMERS).text
        assert world.services.stores.runs.active(KEY, RecordKind.CUSTOMER) is None


class TestImportAllNew:
    def test_it_says_how_many_and_what_is_left_to_a_person(self, world: ApiWorld) -> None:
        world.connect()
        has(world, customer("c-1", "Bob"))
        for name in ("Ann", "Bob", "Carol"):
            world.books.plant_customer(name)
        assert "data-refresh" in world.sees(f"{CUSTOMERS}/all?part=1").text
        served(world)
        shown = unescape(world.sees(f"{CUSTOMERS}/all").text)
        assert "2 new customers" in shown
        assert "1 that may be one of yours is left to you" in shown
        assert "<html" not in world.sees(f"{CUSTOMERS}/all?part=1").text
        done = imported(world, world.presses(f"{CUSTOMERS}/all"))
        assert "All imported" in done
        assert names_here(world) == ["Ann", "Bob", "Carol"]
        again = imported(world, world.presses(f"{CUSTOMERS}/all"))
        assert "There was nothing new to bring in." in again
        assert names_here(world) == ["Ann", "Bob", "Carol"]

    @pytest.mark.parametrize(
        ("ticks", "kept"),
        [({"later": "1"}, NewFromBooks.IMPORT), ({}, NewFromBooks.REVIEW)],
    )
    def test_later_ones_come_by_themselves_as_ticked(
        self, world: ApiWorld, ticks: dict[str, str], kept: NewFromBooks
    ) -> None:
        world.connect()
        world.presses(f"{CUSTOMERS}/all", **ticks)
        stored = world.services.stores.connections.get(KEY)
        assert stored is not None
        assert stored.settings.new_from_books is kept

    def test_refused_it_leaves_the_setting_too(self, world: ApiWorld) -> None:
        world.connect()
        world.presses(f"{CUSTOMERS}/all")
        answer = world.presses(f"{CUSTOMERS}/all", later="1", page=CUSTOMERS)
        assert (answer.status_code, answer.headers["location"]) == (303, CUSTOMERS)
        assert "An import of customers is under way." in unescape(world.sees(CUSTOMERS).text)
        stored = world.services.stores.connections.get(KEY)
        assert stored is not None
        assert stored.settings.new_from_books is NewFromBooks.REVIEW


class TestImport:
    def test_it_moves_then_says_what_became_of_each(self, world: ApiWorld) -> None:
        world.connect()
        has(world, customer("c-1", "Ann"))
        ann, bob = (world.books.plant_customer(name).remote_id for name in ("Ann", "Bob"))
        listed(world)
        answer = world.presses(f"{CUSTOMERS}/import", chosen=[ann, bob, "99"])
        address = answer.headers["location"]
        under_way = world.sees(address).text
        assert f'data-refresh="{address}/progress"' in under_way
        assert "0 of 3" in under_way
        assert '<meta http-equiv="refresh"' in under_way
        assert "data-refresh" in world.sees(f"{address}/progress").text
        served(world)
        assert "data-whole" in world.sees(f"{address}/progress").text
        shown = unescape(world.sees(address).text)
        assert "2 customers refused" in shown
        assert "BlueClerk has “Ann” (c-1), which may be the same customer." in shown
        assert "Link it to that one, or import it as a new one." in shown
        assert f'href="{CUSTOMERS}?search=Ann"' in shown
        assert "Id 99" in shown
        assert "Reason and what to do</th>" in shown
        assert "Bob" not in shown.split("<tbody>")[1]
        every = unescape(world.sees(f"{address}?show=all").text).split("<tbody>")[1]
        assert ("Bob" in every, "Created" in every) == (True, True)

    def test_thousands_of_results_are_paged(self, world: ApiWorld) -> None:
        world.connect()
        for number in range(250):
            world.books.plant_customer(f"Customer {number:03}")
        shown = imported(world, world.presses(f"{CUSTOMERS}/all"))
        seen = []
        while True:
            seen += [n for n in range(250) if f"Customer {n:03}" in shown]
            if 'rel="next"' not in shown:
                break
            following = shown.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
            shown = unescape(world.sees(following).text)
        assert seen == list(range(250))

    def test_a_finished_one_leads_back_to_an_unfinished_setup_and_decides_its_step(
        self, world: ApiWorld
    ) -> None:
        world.connect(setup=Setup())
        world.books.plant_customer("Ann")
        shown = imported(world, world.presses(f"{CUSTOMERS}/all"))
        assert "Reason and what to do" not in shown, "there is none to be told"
        assert f'href="{BASE}/setup">Continue the setup' in shown
        stored = world.services.stores.connections.get(KEY)
        assert stored is not None
        assert stored.setup.import_customers is StepState.DONE
        decided = Setup(StepState.DONE, StepState.SKIPPED, StepState.SKIPPED)
        assert world.services.stores.connections.save(
            replace(stored, setup=decided, version=stored.version + 1)
        )
        assert "Continue the setup" not in listed(world)

    def test_one_that_stopped_says_why(self, world: ApiWorld) -> None:
        connection = world.connect()
        answer = world.presses(f"{CUSTOMERS}/all")
        dead = replace(connection, state=ConnectionState.NEEDS_REAUTH, version=2)
        assert world.services.stores.connections.save(dead)
        shown = imported(world, answer)
        assert "Import of customers stopped" in shown
        assert "Your QuickBooks connection has expired." in shown
        assert "Reconnect QuickBooks</button>" in shown

    def test_nobody_elses_import_is_shown(self, world: ApiWorld) -> None:
        world.connect()
        world.connect(OTHER_COMPANY)
        address = world.presses(f"{CUSTOMERS}/all").headers["location"]
        assert world.sees(address, who="other").status_code == 404
        assert world.sees(f"{BASE}/imports/none").status_code == 404


class TestUnlink:
    def test_a_wrong_match_is_taken_apart_and_both_stay(self, world: ApiWorld) -> None:
        world.connect()
        ann = world.books.plant_customer("Ann").remote_id
        imported(world, world.presses(f"{CUSTOMERS}/import", chosen=ann))
        shown = listed(world)
        assert "Wrong match?" in shown
        assert "Import Selected" not in shown, "nothing is left to select"
        answer = world.presses(f"{CUSTOMERS}/unlink", record=ann, status="imported", page=CUSTOMERS)
        assert answer.headers["location"] == f"{CUSTOMERS}?status=imported"
        assert links(world) == {}
        assert names_here(world) == ["Ann"]

    def test_one_that_is_not_linked_is_said(self, world: ApiWorld) -> None:
        world.connect()
        world.presses(f"{CUSTOMERS}/unlink", record="7", page=CUSTOMERS)
        told = world.sees(CUSTOMERS).text
        assert "This customer is not linked." in told


def test_the_longest_form_there_may_be_is_read_at_once() -> None:
    """A form of ticks that nobody ticked must not keep a worker busy: seconds, if each is sought in all."""
    ticks = [f"c-{number}" for number in range(20_000)]
    began = perf_counter()
    chosen = chosen_in(Form({TICKS: ticks}))
    assert perf_counter() - began < 2
    assert len(chosen.wanted) == len(ticks)
