"""Account Mapping: saved as it is chosen, several at once, and what is left when the provider is down."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from html import unescape
from typing import Any

import pytest

from shared.domain.connections import ConnectionSettings, ConnectionState, Setup, StepState
from shared.domain.ids import ConnectionKey, ProviderName, RecordKind, RemoteId, SourceId
from shared.domain.money import Money
from shared.domain.records import Item
from shared.providers.base import RemoteAccount
from shared.sync.engine.terms import scope_of
from tests.support.api_client import OTHER_COMPANY, ApiWorld
from tests.support.fake_faults import Dead, Lost
from tests.support.services import COMPANY

PAGE = "/console/integrations/quickbooks/account-mapping"
KEY = ConnectionKey(COMPANY, ProviderName("quickbooks"))
DECIDED = Setup(StepState.DONE, StepState.SKIPPED, StepState.DONE)
JSON = {"Sec-Fetch-Site": "same-origin", "Accept": "application/json"}


def has(world: ApiWorld, *ids: str, **fields: Any) -> None:
    items = [
        Item(
            SourceId(one),
            **{"name": f"Item {one}", "unit_price": Money(Decimal("2.5"), "USD"), **fields},
            version=1,
        )
        for one in ids
    ]
    assert not world.services.stores.records.save(COMPANY, items)


def mapped(world: ApiWorld) -> dict[str, tuple[str, str]]:
    """By item: the account and the tax code of its own."""
    connection = world.services.stores.connections.get(KEY)
    assert connection is not None
    records = world.services.stores.records.page(COMPANY, Item, 999, None).rows
    found = world.services.stores.mappings.get_mappings(
        scope_of(RecordKind.ITEM, connection), [one.source_id for one in records]
    )
    return {one: (row.income_account_id, row.tax_code_id) for one, row in found.items()}


def due(world: ApiWorld) -> list[str]:
    look = world.services.stores.due.look(KEY, RecordKind.ITEM, world.clock.now(), 1000)
    return [row.source_id for row in look.ready]


@pytest.fixture
def office(world: ApiWorld) -> ApiWorld:
    world.connect(setup=DECIDED)
    has(world, "a", "b/1 ü%?&", "c")
    return world


class TestTable:
    def test_each_item_has_a_select_with_the_default_first(self, office: ApiWorld) -> None:
        shown = unescape(office.sees_lists(PAGE).text)
        assert "where QuickBooks books what you earn with an item" in shown
        assert shown.count(f'<form method="post" action="{PAGE}/item" data-autosave>') == 6
        assert '<option value="">Default: 4000 Sales</option>' in shown
        assert '<option value="inc-2">4100 Services</option>' in shown
        assert '<option value="tax-1">Taxed</option>' in shown
        assert "<noscript><button>Save</button></noscript>" in shown
        assert 'value="b/1 ü%?&"' in shown
        assert "$2.50" in shown

    def test_without_a_default_it_says_that_the_item_cannot_be_synced(
        self, world: ApiWorld
    ) -> None:
        world.connect(settings=ConnectionSettings())
        has(world, "a")
        assert '<option value="">None: cannot be synced</option>' in world.sees_lists(PAGE).text

    def test_only_unmapped_ones(self, office: ApiWorld) -> None:
        office.presses(f"{PAGE}/item", item="a", account="inc-2")
        assert '<option value="inc-2" selected>' in office.sees_lists(PAGE).text
        shown = office.sees_lists(f"{PAGE}?unmapped=1").text
        assert ("Item a<" in shown, "Item c<" in shown) == (False, True)
        office.presses(f"{PAGE}/map-all", account="inc-1")
        assert (
            "Every item has an account of its own." in office.sees_lists(f"{PAGE}?unmapped=1").text
        )

    def test_it_is_paged_and_stays_small_with_many_accounts(self, world: ApiWorld) -> None:
        world.connect(setup=DECIDED)
        has(world, *(f"i-{number:03}" for number in range(120)))
        shown = world.sees_lists(PAGE)
        assert ("Item i-049" in shown.text, "Item i-050" in shown.text) == (True, False)
        assert len(shown.content) < 100_000
        following = unescape(shown.text.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0])
        second = world.sees_lists(following).text
        assert "Item i-099" in second
        assert "First page" in second
        assert "Item i-000" in world.sees_lists(f"{PAGE}?cursor=gone").text
        world.books.accounts += [
            RemoteAccount(RemoteId(f"n-{number}"), f"Account number {number}", "", "Income", "USD")
            for number in range(60)
        ]
        world.clock.sleep(61)
        shown = world.sees_lists(PAGE)
        assert 10 <= shown.text.count("data-autosave") / 2 < 50
        assert len(shown.content) < 100_000

    def test_an_account_that_the_books_no_longer_list_is_said_to_be_gone(
        self, office: ApiWorld
    ) -> None:
        office.presses(f"{PAGE}/item", item="a", account="inc-2")
        del office.books.accounts[1]
        office.clock.sleep(61)
        shown = office.sees_lists(PAGE).text
        assert '<option value="inc-2" selected>No longer in the books</option>' in shown

    def test_no_items_says_where_they_come_from(self, world: ApiWorld) -> None:
        world.connect()
        shown = world.sees_lists(PAGE).text
        assert "There are no items yet" in shown
        assert "/console/integrations/quickbooks/review/items" in shown

    def test_hostile_names_are_text(self, world: ApiWorld) -> None:
        world.connect()
        has(world, "a", name='"><script>alert(1)</script>')
        world.books.accounts.append(
            RemoteAccount(RemoteId("x"), "<b onclick=1>", "", "Income", "USD")
        )
        shown = world.sees_lists(PAGE).text.split("<main")[1]
        assert "<script>" not in shown
        assert "<b onclick" not in shown

    def test_who_may_only_read_sees_what_is_chosen_and_no_control(self, office: ApiWorld) -> None:
        office.presses(f"{PAGE}/item", item="a", account="inc-2")
        shown = office.sees_lists(PAGE, who="clerk").text.split("<main")[1]
        assert "4100 Services" in shown
        assert "Default: 4000 Sales" in shown
        for control in ('method="post"', "Map Selected", "Sync Selected", 'name="selected"'):
            assert control not in shown
        assert office.presses(f"{PAGE}/item", who="clerk", item="a", account="").status_code == 403

    def test_another_company_sees_and_maps_none_of_it(self, office: ApiWorld) -> None:
        office.connect(OTHER_COMPANY)
        assert "Item a" not in office.sees_lists(PAGE, who="other").text
        answer = office.presses(
            f"{PAGE}/item", who="other", headers=JSON, item="a", account="inc-2"
        )
        assert answer.status_code == 404
        assert mapped(office) == {}

    def test_an_unfinished_setup_is_led_back_to(self, world: ApiWorld) -> None:
        world.connect()
        assert "/console/integrations/quickbooks/setup" in world.sees_lists(PAGE).text

    def test_a_provider_without_income_accounts_has_tax_codes_only(self, office: ApiWorld) -> None:
        office.books.profile = replace(office.books.profile, has_income_accounts=False)
        shown = office.sees_lists(PAGE).text
        assert "Income account" not in shown
        assert 'name="tax_code"' in shown
        assert "without an account" not in shown
        office.presses(f"{PAGE}/map-all", tax_code="tax-1")
        assert set(mapped(office).values()) == {("", "tax-1")}

    def test_a_provider_without_tax_codes_has_accounts_only(self, office: ApiWorld) -> None:
        office.books.known_tax_codes.clear()
        assert "Tax code" not in office.sees_lists(PAGE).text


class TestChoosing:
    def test_a_script_is_told_saved_and_the_item_is_sent(self, office: ApiWorld) -> None:
        answer = office.presses(f"{PAGE}/item", headers=JSON, item="b/1 ü%?&", account="inc-2")
        assert (answer.status_code, answer.json()) == (200, {"message": "Saved"})
        assert mapped(office) == {"b/1 ü%?&": ("inc-2", "")}
        assert due(office) == ["b/1 ü%?&"]

    def test_without_scripts_it_leads_back_to_the_page(self, office: ApiWorld) -> None:
        here = f"{PAGE}?unmapped=1"
        answer = office.presses(f"{PAGE}/item", page=here, item="a", tax_code="tax-2")
        assert (answer.status_code, answer.headers["location"]) == (303, here)
        assert "Saved" in office.sees(here).text
        assert mapped(office) == {"a": ("", "tax-2")}

    def test_the_default_again(self, office: ApiWorld) -> None:
        office.presses(f"{PAGE}/item", item="a", account="inc-2")
        office.presses(f"{PAGE}/item", item="a", tax_code="tax-1")
        office.presses(f"{PAGE}/item", item="a", account="")
        assert mapped(office) == {"a": ("", "tax-1")}

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"item": "a", "account": "nope"}, "UNKNOWN_ACCOUNT"),
            ({"item": "zz", "account": "inc-2"}, "ITEM_NOT_FOUND"),
            ({"item": "", "account": "inc-2"}, "INVALID_ID"),
            ({"item": "a"}, "MISSING"),
        ],
    )
    def test_what_is_refused_is_told_to_a_script(
        self, office: ApiWorld, fields: dict[str, str], code: str
    ) -> None:
        answer = office.presses(f"{PAGE}/item", headers=JSON, **fields)
        assert answer.json()["code"] == code
        assert mapped(office) == {}


class TestSeveral:
    def test_map_selected(self, office: ApiWorld) -> None:
        answer = office.presses(f"{PAGE}/map", selected=["a", "c"], account="inc-2", unmapped="1")
        assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}?unmapped=1")
        assert "2 items are mapped." in office.sees(PAGE).text
        assert mapped(office) == {"a": ("inc-2", ""), "c": ("inc-2", "")}

    def test_map_all_unmapped_overwrites_nothing(self, office: ApiWorld) -> None:
        office.presses(f"{PAGE}/item", item="a", account="inc-2")
        office.presses(f"{PAGE}/map-all", account="inc-1")
        assert "2 items are mapped." in office.sees(PAGE).text
        assert mapped(office)["a"] == ("inc-2", "")
        office.presses(f"{PAGE}/map-all", account="inc-1")
        assert "Every item was mapped already." in office.sees(PAGE).text

    @pytest.mark.parametrize("button", ["map", "map-all"])
    def test_nothing_chosen_is_refused_and_the_ticks_stay(
        self, office: ApiWorld, button: str
    ) -> None:
        answer = office.presses(f"{PAGE}/{button}", selected="a")
        assert answer.status_code == 400
        assert "Neither an income account nor a tax code was given." in answer.text
        assert 'value="a" aria-label="Select Item a" checked' in answer.text
        assert mapped(office) == {}

    @pytest.mark.parametrize("button", ["map", "sync"])
    def test_no_item_selected_is_refused(self, office: ApiWorld, button: str) -> None:
        answer = office.presses(f"{PAGE}/{button}", account="inc-2")
        assert answer.status_code == 400
        assert "was selected. Select some." in answer.text
        assert '<option value="inc-2" selected>' in answer.text

    def test_sync_selected(self, office: ApiWorld) -> None:
        office.presses(f"{PAGE}/sync", selected=["a", "b/1 ü%?&"])
        assert "2 items are on the way to QuickBooks" in office.sees(PAGE).text
        assert due(office) == ["a", "b/1 ü%?&"]

    def test_more_than_a_hundred_are_refused_in_the_words_of_the_api(
        self, office: ApiWorld
    ) -> None:
        ids = [f"i-{number:03}" for number in range(101)]
        has(office, *ids)
        answer = office.presses(f"{PAGE}/sync", selected=ids)
        assert answer.status_code == 400
        assert "At most 100 records can be synced at once; 101 were selected." in answer.text
        assert due(office) == []
        assert "At most 100 items can be synced with one click." in office.sees_lists(PAGE).text


class TestTrouble:
    def test_a_provider_that_is_down_leaves_the_page_usable(self, office: ApiWorld) -> None:
        office.presses(f"{PAGE}/item", item="a", account="inc-2")
        office.clock.sleep(61)
        office.books.faults.add("income_accounts", Lost(None))
        answer = office.sees_lists(PAGE)
        assert answer.status_code == 200
        assert "QuickBooks gave no answer that can be used." in answer.text
        assert "One of its own" in answer.text
        assert "data-autosave" not in answer.text
        assert "Sync Selected to QuickBooks" in answer.text
        assert "data-autosave" in office.sees_lists(PAGE).text, "the next look asks again"

    def test_a_dead_grant_asks_to_reconnect(self, office: ApiWorld) -> None:
        office.books.faults.add("income_accounts", Dead())
        for _ in range(2):
            shown = office.sees_lists(PAGE)
            assert shown.status_code == 200
            assert "Your QuickBooks connection has expired." in shown.text
            assert "Reconnect QuickBooks</button>" in shown.text
            assert "Sync Selected" not in shown.text
            assert "Item a" in shown.text
        stored = office.services.stores.connections.get(KEY)
        assert stored is not None
        assert stored.state is ConnectionState.NEEDS_REAUTH
        assert office.books.calls["income_accounts"] == 1

    def test_nothing_connected(self, world: ApiWorld) -> None:
        shown = world.sees_lists(PAGE)
        assert shown.status_code == 409
        assert "Connect QuickBooks</button>" in shown.text

    def test_within_a_minute_the_books_are_asked_once(self, office: ApiWorld) -> None:
        for _ in range(3):
            office.sees_lists(PAGE)
        assert (office.books.calls["income_accounts"], office.books.calls["tax_codes"]) == (1, 1)


class TestStart:
    def test_it_leads_on_to_the_one_that_is_connected(self, office: ApiWorld) -> None:
        answer = office.sees("/console/account-mapping")
        assert (answer.status_code, answer.headers["location"]) == (303, PAGE)

    def test_nothing_connected_says_what_to_do(self, world: ApiWorld) -> None:
        shown = world.sees("/console/account-mapping").text
        assert "Nothing is connected yet" in shown
        assert "Go to Integrations" in shown


def test_an_endless_name_does_not_push_the_accounts_out_of_sight(office: ApiWorld) -> None:
    has(office, "w", name="W" * 1000)
    shown = office.sees_lists(PAGE).text
    assert f'<strong class="clamped" dir="auto">{"W" * 1000}</strong>' in shown
