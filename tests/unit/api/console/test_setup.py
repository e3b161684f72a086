"""After the consent: the choice of a company, and four steps that can be left, skipped and resumed."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.domain.connections import (
    Connection,
    ConnectionSettings,
    Setup,
    StepState,
)
from shared.domain.ids import RemoteCompanyId
from tests.support.api_client import ApiWorld
from tests.support.fake_faults import Lost
from tests.support.services import COMPANY

PAGE = "/console/integrations/quickbooks"
SETUP = f"{PAGE}/setup"
CHOOSE = f"{PAGE}/choose"
DONE = Setup(StepState.DONE, StepState.DONE, StepState.DONE)
HOSTILE = "<script>alert(1)</script>"


def stored(world: ApiWorld) -> Connection:
    return world.services.stores.connections.of_company(COMPANY)[0]


def consent(world: ApiWorld, *remote_ids: str) -> str:
    """Where a consent over these companies leads to, in the browser that began it."""
    left = world.presses(f"{PAGE}/connect").text
    address = left.split('<meta http-equiv="refresh" content="0; url=')[1].split('"')[0]
    state = parse_qs(urlsplit(address.replace("&amp;", "&")).query)["state"][0]
    world.oauth.codes["code-1"] = tuple(RemoteCompanyId(one) for one in remote_ids)
    answer = world.sees(f"/v1/oauth/quickbooks/callback?state={state}&code=code-1")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_a_consent_leads_to_the_setup(world: ApiWorld) -> None:
    place = consent(world, "realm-1")
    assert place == f"{PAGE}/connected"
    assert world.sees(place).headers["location"] == SETUP


def test_connecting_again_leads_to_the_page_when_the_setup_is_finished(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    assert world.sees(f"{PAGE}/connected").headers["location"] == PAGE


def test_several_companies_are_offered_and_one_is_chosen(world: ApiWorld) -> None:
    place = consent(world, "realm-1", "realm-2")
    assert world.sees(place).headers["location"] == CHOOSE
    shown = world.sees(CHOOSE).text
    assert 'value="realm-1"' in shown
    assert 'value="realm-2"' in shown
    assert f'href="{CHOOSE}"' in world.sees("/console/integrations").text
    assert f'href="{CHOOSE}"' in world.sees(PAGE).text
    answer = world.presses(CHOOSE, company="realm-1")
    assert answer.headers["location"] == f"{PAGE}/connected"
    assert stored(world).remote_company.remote_company_id == "realm-1"


def test_choosing_none_is_told_at_the_form(world: ApiWorld) -> None:
    consent(world, "realm-1", "realm-2")
    answer = world.presses(CHOOSE)
    assert answer.status_code == 400
    assert "Choose one of these companies." in answer.text


def test_one_that_was_not_offered_is_refused(world: ApiWorld) -> None:
    consent(world, "realm-1", "realm-2")
    answer = world.presses(CHOOSE, page=CHOOSE, company="realm-9")
    assert (answer.status_code, answer.headers["location"]) == (303, CHOOSE)


def test_another_company_replaces_the_connected_one_only_when_that_is_said(
    world: ApiWorld,
) -> None:
    consent(world, "realm-1")
    world.books.company = replace(
        world.books.company, remote_company_id=RemoteCompanyId("realm-2"), name=HOSTILE
    )
    assert consent(world, "realm-2") == CHOOSE
    shown = world.sees(CHOOSE).text
    assert "Replace the connected company?" in shown
    assert '“<span dir="auto">Hill Plumbing</span>” is connected now' in shown
    assert HOSTILE not in shown
    refused = world.presses(CHOOSE, company="realm-2")
    assert refused.status_code == 400
    assert "is to be disconnected, or keep it" in refused.text
    assert stored(world).remote_company.remote_company_id == "realm-1"
    world.presses(CHOOSE, company="realm-2", replace="yes")
    assert stored(world).remote_company.remote_company_id == "realm-2"


def test_cancelling_keeps_everything(world: ApiWorld) -> None:
    consent(world, "realm-1", "realm-2")
    assert world.presses(f"{CHOOSE}/cancel").headers["location"] == PAGE
    assert world.sees(CHOOSE).status_code == 404
    assert not world.services.stores.connections.of_company(COMPANY)


def test_who_may_only_read_chooses_nothing(world: ApiWorld) -> None:
    consent(world, "realm-1", "realm-2")
    shown = world.sees(CHOOSE, who="clerk").text.split("<main")[1]
    assert "<button" not in shown


def test_a_choice_of_another_company_is_not_seen(world: ApiWorld) -> None:
    consent(world, "realm-1", "realm-2")
    assert world.sees(CHOOSE, who="other").status_code == 404


def test_a_refused_consent_is_a_page_of_the_console_with_a_way_on(world: ApiWorld) -> None:
    answer = world.sees("/v1/oauth/quickbooks/callback?state=unknown&code=x")
    assert answer.status_code == 400
    assert "<h1>Not connected</h1>" in answer.text
    assert 'href="/console/integrations"' in answer.text


@pytest.mark.parametrize(
    ("setup", "heading"),
    [
        (Setup(), "Import customers"),
        (Setup(StepState.SKIPPED), "Import items"),
        (Setup(StepState.DONE, StepState.SKIPPED), "Map items to income accounts"),
        (DONE, "You&#39;re connected"),
    ],
)
def test_the_setup_goes_on_where_it_was_left(world: ApiWorld, setup: Setup, heading: str) -> None:
    world.connect(setup=setup)
    assert f"<h1>{heading}</h1>" in world.sees_lists(SETUP).text


def test_a_step_can_be_looked_at_again(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    shown = world.sees(f"{SETUP}?step=customers").text
    assert "<h1>Import customers</h1>" in shown
    assert "This step is done" in shown


def test_skipping_says_its_effect_and_is_remembered(world: ApiWorld) -> None:
    world.connect()
    shown = world.sees_lists(SETUP).text
    assert "You can import later" in shown or "you can import later" in shown
    assert "matched by e-mail address, then by name" in shown
    assert f'href="{PAGE}/review/customers"' in shown
    answer = world.presses(f"{SETUP}/skip", step="customers")
    assert answer.headers["location"] == SETUP
    assert stored(world).setup.import_customers is StepState.SKIPPED
    assert f'href="{PAGE}/review/items"' in world.sees_lists(SETUP).text
    world.presses(f"{SETUP}/skip", step="items")
    world.presses(f"{SETUP}/skip", step="mapping")
    last = world.sees_lists(SETUP).text
    assert "You&#39;re connected" in last
    assert "The import of customers was skipped" in last


def test_a_step_that_there_is_not_is_refused(world: ApiWorld) -> None:
    world.connect()
    answer = world.presses(f"{SETUP}/skip", page=SETUP, step="version")
    assert (answer.status_code, answer.headers["location"]) == (303, SETUP)
    assert stored(world).setup == Setup()


def test_the_default_account_is_chosen_while_mapping(world: ApiWorld) -> None:
    world.connect(setup=Setup(StepState.DONE, StepState.DONE), settings=ConnectionSettings())
    assert "4100 Services" in world.sees_lists(SETUP).text
    none = world.presses(f"{SETUP}/mapping", account="")
    assert none.status_code == 400
    assert "No account is chosen." in none.text
    unknown = world.presses(f"{SETUP}/mapping", account="gone")
    assert unknown.status_code == 400
    assert "no active income account" in unknown.text
    world.presses(f"{SETUP}/mapping", account="inc-2")
    assert stored(world).settings.default_income_account_id == "inc-2"
    assert stored(world).setup.map_items is StepState.DONE


def test_accounts_that_cannot_be_listed_leave_the_step_usable(world: ApiWorld) -> None:
    world.connect(setup=Setup(StepState.DONE, StepState.DONE))
    world.books.choose_fault = lambda _: Lost(None)
    shown = world.sees_lists(SETUP)
    assert shown.status_code == 200
    assert "The accounts cannot be shown now." in shown.text
    assert "Skip this step</button>" in shown.text


def test_nothing_connected_has_no_setup(world: ApiWorld) -> None:
    answer = world.sees_lists(SETUP)
    assert answer.status_code == 409
    assert "QuickBooks is not connected." in answer.text
    assert world.sees(f"{PAGE}/connected").headers["location"] == PAGE


def test_names_of_companies_are_shown_as_text(world: ApiWorld) -> None:
    world.connect(remote_company=replace(world.books.company, name=HOSTILE))
    assert HOSTILE not in world.sees_lists(SETUP).text
