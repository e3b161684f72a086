"""Settings of a connection, and its ways of paying."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from shared.domain.connections import (
    Connection,
    ConnectionSettings,
    NewFromBooks,
    PacingMode,
    Setup,
    StepState,
)
from shared.domain.errors import Conflicting
from shared.domain.ids import ConnectionKey, PersonId, ProviderName, RecordKind, SourceId
from shared.domain.money import Money
from shared.domain.records import Item
from shared.sync.automatic import gate
from shared.sync.payment_mapping import change_payment_mapping
from tests.support.api_client import ApiWorld
from tests.support.fake_faults import Lost
from tests.support.services import COMPANY

PAGE = "/console/integrations/quickbooks/settings"
PAYMENTS = f"{PAGE}/payments"
DONE = Setup(StepState.DONE, StepState.DONE, StepState.DONE)
FORM = {
    "page": PAGE,
    "defaultIncomeAccountId": "inc-1",
    "defaultTaxCodeId": "",
    "invoicesFrom": "",
    "newFromBooks": "review",
    "pacingMode": "adaptive",
    "notify": "yes",
    "syncsByItself": [kind.value for kind in RecordKind],
}


def settings_of(world: ApiWorld) -> ConnectionSettings:
    connection: Connection = world.services.stores.connections.of_company(COMPANY)[0]
    return connection.settings


def test_what_is_stored_is_shown(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    shown = world.sees_lists(PAGE).text
    assert '<option value="inc-1" selected>4000 Sales</option>' in shown
    for kind in RecordKind:
        assert f'name="syncsByItself" value="{kind}" checked' in shown
    assert "None chosen yet" in shown


def test_everything_is_saved(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    form = {
        **FORM,
        "defaultIncomeAccountId": "inc-2",
        "defaultTaxCodeId": "tax-1",
        "invoicesFrom": "2026-01-31",
        "newFromBooks": "import",
        "pacingMode": "documented",
        "notify": "",
        "syncsByItself": ["customer", "invoice"],
    }
    answer = world.presses(PAGE, **form)
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert settings_of(world) == ConnectionSettings(
        default_income_account_id="inc-2",
        default_tax_code_id="tax-1",
        invoices_from=date(2026, 1, 31),
        new_from_books=NewFromBooks.IMPORT,
        pacing_mode=PacingMode.DOCUMENTED,
        notify=False,
        by_itself=frozenset({RecordKind.CUSTOMER, RecordKind.INVOICE}),
    )
    assert 'value="payment">' in world.sees(PAGE).text


def test_nothing_ticked_keeps_everything_back(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    world.presses(PAGE, **{**FORM, "syncsByItself": ""})
    assert settings_of(world).by_itself == frozenset()


def test_what_other_pages_promise_is_true_where_something_is_kept_back(world: ApiWorld) -> None:
    base = "/console/integrations/quickbooks"
    connection = world.connect(setup=DONE)
    pipe = Item(SourceId("I-1"), "Pipe", Money(Decimal("2.50"), "USD"), version=1)
    world.services.stores.records.save(COMPANY, [pipe])
    pages = f"{base}/setup", f"{base}/account-mapping?lists=1"
    assert "From now on customers and items go there" in world.sees(pages[0]).text
    assert "Once that is saved, the item is synced." in world.sees(pages[1]).text
    world.presses(PAGE, **{**FORM, "syncsByItself": ""})
    assert "the rest waits for Sync Now" in world.sees(pages[0]).text
    assert "Items wait for Sync Now" in world.sees(pages[1]).text
    gate.change_state(
        world.services,
        connection.key,
        lambda state: replace(state, kept_back_at={RecordKind.ITEM: world.clock.now()}),
    )
    shown = world.sees(base).text
    assert "Items have changed since they were last synced" in shown
    assert "Sync Now" in shown


def test_a_page_from_before_there_was_the_choice_changes_nothing_of_it(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    form = {name: value for name, value in FORM.items() if name != "syncsByItself"}
    world.presses(PAGE, **{**form, "notify": ""})
    assert settings_of(world).by_itself == frozenset(RecordKind)
    assert not settings_of(world).notify


def shown_on(world: ApiWorld) -> dict[str, list[str]]:
    """The hidden fields of the page, as it stands now."""
    found: dict[str, list[str]] = {}
    hidden = r'<input type="hidden" name="(shown\.[A-Za-z]+)" value="([^"]*)">'
    for name, value in re.findall(hidden, world.sees(PAGE).text):
        found.setdefault(name, []).append(value)
    return found


def test_a_page_that_was_open_before_a_colleagues_change_undoes_nothing_of_it(
    world: ApiWorld,
) -> None:
    world.connect(setup=DONE)
    opened = shown_on(world)
    kept = ["customer", "item", "invoice"]
    world.presses(
        PAGE,
        **{**FORM, "invoicesFrom": "2026-01-31", "notify": "", "syncsByItself": kept},
        **opened,
    )
    mine = ["customer", "item", "payment"]
    answer = world.presses(
        PAGE, **{**FORM, "pacingMode": "documented", "syncsByItself": mine}, **opened
    )
    assert answer.status_code == 303
    settings = settings_of(world)
    assert (settings.invoices_from, settings.notify) == (date(2026, 1, 31), False)
    assert settings.pacing_mode is PacingMode.DOCUMENTED
    assert settings.by_itself == {RecordKind.CUSTOMER, RecordKind.ITEM}


def test_a_refusal_remembers_what_the_page_had_shown(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    opened = shown_on(world)
    world.presses(PAGE, **{**FORM, "pacingMode": "documented"}, **opened)
    refused = world.presses(PAGE, **{**FORM, "invoicesFrom": "31.1.2026"}, **opened)
    assert refused.status_code == 400
    assert '<input type="hidden" name="shown.pacingMode" value="adaptive">' in refused.text
    world.presses(PAGE, **{**FORM, "invoicesFrom": "2026-01-31"}, **opened)
    assert settings_of(world).pacing_mode is PacingMode.DOCUMENTED


def test_saving_the_same_asks_the_books_nothing(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    world.presses(PAGE, **FORM)
    assert world.books.calls.total() == 0
    assert settings_of(world).default_income_account_id == "inc-1"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("invoicesFrom", "31.1.2026", "This is no date"),
        ("invoicesFrom", "1926-01-31", "The day must be from 2000 to 2099."),
        ("pacingMode", "reckless", "Choose one of these."),
        ("newFromBooks", "never", "Choose one of these."),
        ("syncsByItself", "estimate", "Choose one of these."),
        ("defaultIncomeAccountId", "gone", "no active income account"),
        ("defaultTaxCodeId", "gone", "no active tax code"),
    ],
)
def test_a_refusal_stands_at_its_field_and_what_was_typed_is_kept(
    world: ApiWorld, field: str, value: str, says: str
) -> None:
    world.connect(setup=DONE)
    answer = world.presses(PAGE, **{**FORM, "notify": "", field: value})
    assert answer.status_code == 400
    assert says in answer.text.split(f'id="wrong-{field}"')[1].split("</span>")[0]
    assert 'name="notify" value="yes">' in answer.text
    assert settings_of(world).notify


def test_a_go_live_date_is_not_taken_away_by_an_empty_field(world: ApiWorld) -> None:
    world.connect(setup=DONE, settings=ConnectionSettings("inc-1", invoices_from=date(2026, 1, 1)))
    answer = world.presses(PAGE, **FORM)
    assert answer.status_code == 400
    assert settings_of(world).invoices_from == date(2026, 1, 1)


def test_what_was_typed_is_shown_as_text(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    answer = world.presses(PAGE, **{**FORM, "invoicesFrom": '"><script>'})
    assert '"><script>' not in answer.text


def test_books_that_do_not_answer_leave_the_rest_usable(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    world.books.choose_fault = lambda _: Lost(None)
    shown = world.sees_lists(PAGE)
    assert shown.status_code == 200
    assert "It cannot be changed now." in shown.text
    assert world.books.calls.total() == 1
    form = {name: value for name, value in FORM.items() if not name.startswith("default")}
    world.presses(PAGE, **{**form, "pacingMode": "documented"})
    assert settings_of(world).pacing_mode is PacingMode.DOCUMENTED
    assert settings_of(world).default_income_account_id == "inc-1"


def test_who_may_only_read_saves_nothing(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    for page in (PAGE, PAYMENTS):
        assert "<button" not in world.sees_lists(page, who="clerk").text.split("<main")[1]
        assert world.presses(page, who="clerk").status_code == 403


def test_another_company_has_settings_of_its_own(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    assert world.sees_lists(PAGE, who="other").status_code == 409
    assert world.sees_lists(PAYMENTS, who="other").status_code == 409


def test_ways_of_paying_are_saved_and_taken_away(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    fields = {"method-0": "Cheque", "methodId-0": "method-1", "depositAccountId-0": "bank-1"}
    answer = world.presses(PAYMENTS, deposit="bank-1", **fields)
    assert answer.headers["location"] == PAYMENTS
    assert settings_of(world).payment_methods == (("cheque", "method-1", "bank-1"),)
    assert settings_of(world).default_deposit_account_id == "bank-1"
    assert 'value="cheque"' in world.sees_lists(PAYMENTS).text
    world.presses(PAYMENTS, **{**fields, "method-0": ""})
    assert settings_of(world).payment_methods == ()


def test_ways_of_paying_that_somebody_changed_meanwhile_are_not_overwritten_unseen(
    world: ApiWorld,
) -> None:
    world.connect(setup=DONE)
    cheque = {"method-0": "Cheque", "methodId-0": "method-1"}
    opened = seen_on(world.sees_lists(PAYMENTS).text)
    world.presses(PAYMENTS, **cheque, seen=opened)

    mine = {"method-0": "Cash", "depositAccountId-0": "bank-1"}
    answer = world.presses(PAYMENTS, **mine, seen=opened)
    assert answer.status_code == 409
    assert "Somebody has changed the ways of paying" in answer.text
    assert 'value="Cash"' in answer.text
    assert settings_of(world).payment_methods == (("cheque", "method-1", ""),)
    with pytest.raises(Conflicting) as told:
        change_payment_mapping(
            world.services,
            ConnectionKey(COMPANY, ProviderName("quickbooks")),
            PersonId("ann"),
            default_deposit_account_id="",
            methods=[],
            seen=opened,
        )
    assert told.value.problem.code == "PAYMENT_MAPPING_CHANGED"

    refused = world.presses(PAYMENTS, **{**mine, "methodId-0": "gone"}, seen=seen_on(answer.text))
    assert (refused.status_code, seen_on(refused.text)) == (400, seen_on(answer.text))
    assert world.presses(PAYMENTS, **mine, seen=seen_on(refused.text)).status_code == 303
    assert settings_of(world).payment_methods == (("cash", "", "bank-1"),)


def seen_on(page: str) -> str:
    return re.findall(r'name="seen" value="([0-9a-f]+)"', page)[0]


def test_a_way_of_paying_that_is_refused_is_told_at_its_line(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    answer = world.presses(
        PAYMENTS,
        **{"method-0": "Cash", "method-1": "<b>", "methodId-1": "gone"},
    )
    assert answer.status_code == 400
    assert "no active payment method" in answer.text.split('id="wrong-1"')[1].split("</p>")[0]
    assert 'value="&lt;b&gt;"' in answer.text
    assert settings_of(world).payment_methods == ()


def test_a_deposit_account_that_is_gone_is_told(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    answer = world.presses(PAYMENTS, deposit="gone")
    assert answer.status_code == 400
    assert "payments may be deposited to" in answer.text


def test_ways_of_paying_wait_for_books_that_do_not_answer(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    world.books.choose_fault = lambda _: Lost(None)
    shown = world.sees_lists(PAYMENTS)
    assert shown.status_code == 200
    assert "This cannot be changed now" in shown.text
