"""Pages with lists of the books: at once from the cache, else the page first and the lists after it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from shared.domain.connections import ConnectionSettings, ConnectionState, Setup, StepState
from shared.domain.ids import SourceId
from shared.domain.money import Money
from shared.domain.records import Item
from tests.support.api_client import ApiWorld
from tests.support.fake_faults import Dead, Lost
from tests.support.services import COMPANY

PLACE = "/console/integrations/quickbooks"
DONE = Setup(StepState.DONE, StepState.DONE, StepState.DONE)
SETTINGS, PAYMENTS = f"{PLACE}/settings", f"{PLACE}/settings/payments"
SETUP, MAPPING = f"{PLACE}/setup?step=mapping", f"{PLACE}/account-mapping"
ASKED = {
    SETTINGS: ["income_accounts", "tax_codes"],
    PAYMENTS: ["deposit_accounts", "payment_methods"],
    SETUP: ["income_accounts"],
    MAPPING: ["income_accounts", "tax_codes"],
}
PRICE = Money(Decimal(2), "USD")
EACH_PAGE = pytest.mark.parametrize("page", ASKED)


@pytest.fixture
def office(world: ApiWorld) -> ApiWorld:
    world.connect(setup=DONE)
    assert not world.services.stores.records.save(
        COMPANY, [Item(SourceId("a"), "Pipe", PRICE, version=1)]
    )
    return world


def with_lists(page: str) -> str:
    return f"{page}{'&' if '?' in page else '?'}lists=1"


def escaped(address: str) -> str:
    return address.replace("&", "&amp;")


@EACH_PAGE
@pytest.mark.parametrize("who", ["office", "clerk"])
def test_a_page_never_waits_and_its_part_asks_once(office: ApiWorld, page: str, who: str) -> None:
    first = office.sees(page, who).text
    address = escaped(with_lists(page))
    assert f'<div data-part data-refresh="{address}"' in first
    assert '<p role="status">Asking QuickBooks for its' in first
    assert f'<noscript><p><a href="{address}">Show them</a></p></noscript>' in first
    assert "<select" not in first
    assert office.books.calls.total() == 0

    part = office.sees(with_lists(page), who).text
    assert sorted(office.books.calls.elements()) == ASKED[page]
    assert part.count("data-part") == 1, "the script takes the first"
    assert "data-refresh" not in part
    assert "Asking" not in part
    assert "4000 Sales" in part or "1000 Checking" in part

    again = office.sees(page, who).text
    assert again.split("<main")[1] == part.split("<main")[1], "from the cache at once"
    assert office.books.calls.total() == len(ASKED[page])


@EACH_PAGE
def test_what_is_older_than_a_minute_is_asked_for_anew(office: ApiWorld, page: str) -> None:
    office.sees(with_lists(page))
    office.clock.sleep(61)
    assert "Asking QuickBooks" in office.sees(page).text
    assert office.books.calls.total() == len(ASKED[page])


@EACH_PAGE
def test_where_only_one_of_the_lists_is_there_the_other_is_asked_for(
    office: ApiWorld, page: str
) -> None:
    office.sees(with_lists(SETUP))
    shown = office.sees(page).text
    assert ("Asking QuickBooks" in shown) == (page != SETUP)
    office.sees(with_lists(page))
    assert office.books.calls["income_accounts"] == 1


@EACH_PAGE
def test_a_provider_that_is_down_is_told_and_can_be_asked_again(
    office: ApiWorld, page: str
) -> None:
    office.books.choose_fault = lambda _: Lost(None)
    part = office.sees(with_lists(page))
    assert part.status_code == 200
    assert "QuickBooks gave no answer that can be used." in part.text
    assert office.books.calls.total() == 1, "who does not answer is not asked for the next list"
    assert "data-refresh" not in part.text
    again = "Try again" if page == MAPPING else "Ask again"
    assert f'href="{escaped(page)}">{again}</a>' in part.text
    assert "Asking QuickBooks" in office.sees(page).text


def test_an_expired_connection_asks_nothing_to_say_so(office: ApiWorld) -> None:
    office.books.faults.add("income_accounts", Dead())
    office.sees(with_lists(MAPPING))
    shown = office.sees(MAPPING).text
    assert "Your QuickBooks connection has expired." in shown
    assert "Asking" not in shown
    assert office.services.stores.connections.of_company(COMPANY)[0].state is (
        ConnectionState.NEEDS_REAUTH
    )


def test_saving_before_the_lists_are_there_changes_nothing_of_them(office: ApiWorld) -> None:
    stored = office.services.stores.connections.of_company(COMPANY)[0].settings
    fields = {"newFromBooks": "review", "pacingMode": "documented", "notify": "yes"}
    assert office.presses(SETTINGS, **fields).status_code == 303
    now = office.services.stores.connections.of_company(COMPANY)[0].settings
    assert (now.default_income_account_id, now.default_tax_code_id) == (
        stored.default_income_account_id,
        stored.default_tax_code_id,
    )
    assert now.default_income_account_id
    assert now.pacing_mode != stored.pacing_mode
    assert office.books.calls.total() == 0


@pytest.mark.parametrize("page", [PAYMENTS, SETUP, MAPPING])
def test_what_needs_the_lists_cannot_be_saved_before_they_are_there(
    office: ApiWorld, page: str
) -> None:
    shown = office.sees(page).text.split("<main")[1]
    for button in ("Save", "Map Selected", "Sync Selected"):
        assert button not in shown


def test_a_form_that_is_refused_comes_back_with_its_lists_and_what_was_chosen(
    office: ApiWorld,
) -> None:
    fields = {"newFromBooks": "review", "pacingMode": "adaptive", "notify": "yes"}
    chosen = {"defaultIncomeAccountId": "inc-2", "invoicesFrom": "never"}
    answer = office.presses(SETTINGS, **fields, **chosen)
    assert answer.status_code == 400
    assert '<option value="inc-2" selected>' in answer.text


def test_the_setup_can_be_skipped_before_the_lists_are_there(world: ApiWorld) -> None:
    world.connect(setup=Setup(StepState.DONE, StepState.DONE), settings=ConnectionSettings())
    shown = world.sees(f"{PLACE}/setup").text
    assert f'data-refresh="{escaped(with_lists(SETUP))}"' in shown
    assert "Skip this step</button>" in shown


def test_account_mapping_keeps_its_place_and_what_was_filtered(office: ApiWorld) -> None:
    shown = office.sees(f"{MAPPING}?unmapped=1&cursor=gone").text
    address = f"{MAPPING}?unmapped=1&cursor=gone&lists=1"
    assert f'data-refresh="{escaped(address)}"' in shown
    assert "Pipe" in office.sees(address).text


def test_the_button_without_scripts_leads_back_to_a_page_with_its_lists(office: ApiWorld) -> None:
    shown = office.sees_lists(MAPPING).text
    assert f'<input type="hidden" name="page" value="{MAPPING}?lists=1">' in shown
