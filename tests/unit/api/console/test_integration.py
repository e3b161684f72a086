"""One provider's page: alerts in order, what asks the books and what does not, Sync Now, Retry."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from shared.domain.connections import ConnectionSettings, ConnectionState, Setup, StepState
from shared.domain.ids import PersonId, RecordKind, RunId, SourceId
from shared.domain.money import Money
from shared.domain.records import Item
from shared.domain.runs import Failure, Problem, RunPurpose
from shared.providers.base import CallClass
from shared.providers.budget import Block, Budget, to_text
from shared.providers.quickbooks.profile import LIMITS
from shared.storage.ports import PacingRow
from shared.sync.automatic.messages import serve_wake_ups
from shared.sync.automatic.relay import make_due
from shared.sync.runs import start_or_join
from tests.contract.stores import builders
from tests.support.api_client import ApiWorld
from tests.support.fake_faults import Lost
from tests.support.services import COMPANY
from tests.support.wake_ups import RecordingTasks

PAGE = "/console/integrations/quickbooks"
UNSYNCED = f"{PAGE}/unsynced/part"
DONE = Setup(StepState.DONE, StepState.DONE, StepState.DONE)
HOSTILE = "<script>alert(1)</script>"


def main_of(text: str) -> str:
    return text.split("<main", 1)[1]


def put_items(world: ApiWorld, *names: str) -> list[Item]:
    items = [
        Item(SourceId(f"i-{place}"), name, Money(Decimal("1.00"), "USD"), version=1)
        for place, name in enumerate(names)
    ]
    assert not world.services.stores.records.save(COMPANY, items)
    return items


def sync_all(world: ApiWorld) -> None:
    world.presses(f"{PAGE}/sync")
    world.workflows.execute_all(world.services)


def tasks_of(world: ApiWorld) -> RecordingTasks:
    tasks = world.services.tasks
    assert isinstance(tasks, RecordingTasks)
    return tasks


def refuse(world: ApiWorld, message: str = "Too long.", cause: str = "TOO_LONG") -> None:
    connection = world.services.stores.connections.of_company(COMPANY)[0]
    problem = Problem(cause, message, "Shorten it.")
    at = world.clock.now()
    failure = Failure(
        connection.key, RecordKind.ITEM, SourceId("i-0"), cause, problem, 1, RunId("r"), at
    )
    world.services.stores.failures.save([failure])


def test_what_is_not_connected_offers_to_connect(world: ApiWorld) -> None:
    shown = world.sees(PAGE)
    assert shown.status_code == 200
    assert "QuickBooks is not connected" in shown.text
    assert f'action="{PAGE}/connect"' in shown.text


def test_an_unknown_provider_is_a_friendly_404(world: ApiWorld) -> None:
    assert world.sees("/console/integrations/sage").status_code == 404


def test_an_expired_connection_says_so_and_how_it_is_cured(world: ApiWorld) -> None:
    world.connect(setup=DONE, state=ConnectionState.NEEDS_REAUTH)
    shown = main_of(world.sees(PAGE).text)
    assert "Reconnect Required" in shown
    assert "Your QuickBooks connection has expired." in shown
    assert "Reconnect QuickBooks</button>" in shown
    assert "data-load" not in shown
    assert "Sync Now</button>" not in shown


def test_the_page_asks_the_books_nothing(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    shown = world.sees(PAGE).text
    assert f'data-load="{UNSYNCED}"' in shown
    assert "<details" in shown
    assert " open" not in shown.split("<details", 1)[1].split(">", 1)[0]
    assert world.books.calls.total() == 0
    assert tasks_of(world).sent == []


def test_opened_it_counts_and_then_offers_the_import(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    world.books.plant_customer("Ann")
    assert "data-refresh" in world.sees(UNSYNCED).text
    serve_wake_ups(world.services, RecordKind.CUSTOMER, tasks_of(world).event(), 300.0)
    told = world.sees(UNSYNCED).text
    assert "1 of 1 customers in QuickBooks are not yet imported into BlueClerk" in told
    assert f'href="{PAGE}/review/customers">Review &amp; Import</a>' in told
    assert "data-refresh" not in told


def test_no_customers_left_has_words_of_its_own(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    world.sees(UNSYNCED)
    serve_wake_ups(world.services, RecordKind.CUSTOMER, tasks_of(world).event(), 300.0)
    told = world.sees(UNSYNCED).text
    assert "There are no customers in QuickBooks." in told
    assert "Review" not in told


def test_a_provider_that_does_not_answer_is_told_in_the_alert(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    world.books.choose_fault = lambda _: Lost(None)
    world.sees(UNSYNCED)
    for _ in range(20):
        if not tasks_of(world).sent:
            break
        serve_wake_ups(world.services, RecordKind.CUSTOMER, tasks_of(world).event(), 300.0)
    told = world.sees(UNSYNCED)
    assert told.status_code == 200
    assert "QuickBooks gave no answer that can be used" in told.text
    assert f'href="{PAGE}/unsynced">Try again' in told.text


def test_the_alert_of_an_expired_connection_offers_to_reconnect(world: ApiWorld) -> None:
    world.connect(setup=DONE, state=ConnectionState.NEEDS_REAUTH)
    told = world.sees(UNSYNCED).text
    assert "Your QuickBooks connection has expired." in told
    assert "Reconnect QuickBooks</button>" in told


def test_without_scripts_the_alert_is_a_page(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    shown = world.sees(f"{PAGE}/unsynced")
    assert '<noscript><meta http-equiv="refresh"' in shown.text
    assert "<h1>Unsynced customers</h1>" in shown.text


def test_items_that_wait_are_counted_beside_sync_now(world: ApiWorld) -> None:
    connection = world.connect(setup=DONE)
    items = put_items(world, "Pipe", "Valve")
    versions = [(item.source_id, item.version) for item in items]
    make_due(world.services, connection.key, RecordKind.ITEM, versions)
    shown = main_of(world.sees(PAGE).text)
    assert "2 items are not synced" in shown
    assert "Sync Now</button>" in shown


def test_sync_now_is_there_when_all_is_green(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    sync_all(world)
    shown = main_of(world.sees(PAGE).text)
    assert "banner green" in shown
    assert "Sync Now</button>" in shown


def test_sync_now_starts_each_kind_once_and_is_joined(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    assert world.presses(f"{PAGE}/sync").headers["location"] == PAGE
    world.presses(f"{PAGE}/sync")
    assert [run.kind for run in world.workflows.started] == [
        "customer",
        "item",
        "invoice",
        "payment",
    ]


def test_progress_moves_and_the_page_comes_anew_at_the_end(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    world.presses(f"{PAGE}/sync")
    assert 'data-refresh="' in world.sees(PAGE).text
    during = world.sees(f"{PAGE}/live?shown=sync").text
    assert "<progress" in during
    assert "data-whole" not in during
    world.workflows.execute_all(world.services)
    after = world.sees(f"{PAGE}/live?shown=sync").text
    assert "data-whole" in after
    assert "data-refresh" not in after
    assert "data-refresh" not in world.sees(PAGE).text


def test_the_summary_counts_what_became_of_items(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    put_items(world, "Pipe", "Valve")
    world.books.plant("Valve")
    sync_all(world)
    assert "2 items: 1 created, 1 linked to one that was there." in world.sees(PAGE).text


def test_an_account_that_is_missing_leads_to_the_settings(world: ApiWorld) -> None:
    world.connect(setup=DONE, settings=ConnectionSettings())
    shown = main_of(world.sees(PAGE).text)
    assert "No income account is chosen yet" in shown
    assert f'href="{PAGE}/settings">Choose the account</a>' in shown
    refused = world.presses(f"{PAGE}/sync", page=PAGE)
    assert (refused.status_code, refused.headers["location"]) == (303, PAGE)
    assert world.workflows.started == []


@pytest.mark.parametrize("who", ["office", "clerk"])
def test_before_the_imports_are_decided_the_setup_is_what_there_is_to_do(
    world: ApiWorld, who: str
) -> None:
    world.connect()
    shown = main_of(world.sees(PAGE, who=who).text)
    assert f'href="{PAGE}/setup">Continue the setup</a>' in shown
    assert "Sync Now</button>" not in shown


def test_an_import_that_was_skipped_is_offered_without_asking(world: ApiWorld) -> None:
    world.connect(setup=replace(DONE, import_customers=StepState.SKIPPED))
    assert "The import of customers was skipped" in world.sees(PAGE).text
    assert world.books.calls.total() == 0


def test_failures_are_shown_by_cause_and_tried_again(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    put_items(world, "Pipe")
    refuse(world)
    shown = main_of(world.sees(PAGE).text)
    assert "Too long." in shown
    assert "Shorten it." in shown
    answer = world.presses(f"{PAGE}/retry", kind="item", cause="TOO_LONG")
    assert answer.headers["location"] == PAGE
    connection = world.services.stores.connections.of_company(COMPANY)[0]
    assert world.services.stores.due.count(connection.key, RecordKind.ITEM, 10) == 1


def test_a_kind_that_there_is_not_is_refused(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    answer = world.presses(f"{PAGE}/retry", page=PAGE, kind="horse", cause="X")
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)


def test_texts_of_others_are_shown_as_text(world: ApiWorld) -> None:
    world.connect(setup=DONE, remote_company=replace(world.books.company, name=HOSTILE))
    refuse(world, HOSTILE)
    shown = main_of(world.sees(PAGE).text)
    assert HOSTILE not in shown
    assert shown.count("&lt;script&gt;") == 2


def test_who_may_only_read_has_no_button(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    refuse(world)
    shown = main_of(world.sees(PAGE, who="clerk").text)
    assert "<button" not in shown
    assert world.presses(f"{PAGE}/sync", who="clerk").status_code == 403


def test_another_company_sees_nothing_of_it(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    refuse(world)
    shown = world.sees(PAGE, who="other").text
    assert "Too long." not in shown
    assert "QuickBooks is not connected" in shown


def test_requests_of_the_last_minute_are_told_against_the_limits(world: ApiWorld) -> None:
    world.books.profile = replace(world.books.profile, limits=LIMITS)
    connection = world.connect(setup=DONE)
    now = int(world.clock.now().timestamp() * 1000)
    budget = Budget()
    budget.reserve(CallClass.BATCH, Block(now - 2_000, now - 1_000, 12))
    budget.reserve(CallClass.READ, Block(now - 90_000, now - 80_000, 100))
    world.services.stores.pacing.save(connection.key, PacingRow(to_text(budget), 1))
    shown = main_of(world.sees(PAGE).text)
    for told in ("12 of 500 used", "488 left", "12 of 40 used", "28 left"):
        assert told in shown
    assert world.books.calls.total() == 0


def test_a_pause_and_careful_hours_are_told(world: ApiWorld) -> None:
    connection = world.connect(setup=DONE)
    now = int(world.clock.now().timestamp() * 1000)
    budget = Budget(pause_until=now + 30_000, documented_until=now + 3_600_000)
    world.services.stores.pacing.save(connection.key, PacingRow(to_text(budget), 1))
    shown = world.sees(PAGE).text
    assert "it goes on in 30 seconds" in shown
    assert "its published limits are kept to until" in shown


def test_a_run_of_items_lists_what_it_sent(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    put_items(world, HOSTILE, "Valve")
    world.books.plant("Valve")
    sync_all(world)
    connection = world.services.stores.connections.of_company(COMPANY)[0]
    runs = world.services.stores.runs.page(connection.key, 10, None).rows
    (run,) = [run for run in runs if run.kind is RecordKind.ITEM]
    address = f"{PAGE}/runs/{run.run_id}"
    assert f'href="{address}"' in world.sees(f"{PAGE}/runs").text
    shown = main_of(world.sees(address).text)
    assert "&lt;script&gt;" in shown
    assert HOSTILE not in shown
    assert "Created" in shown
    assert "1 was linked to one that was there." in shown
    assert world.sees(address, who="other").status_code == 404


def test_a_refused_record_is_listed_with_its_reason(world: ApiWorld) -> None:
    connection = world.connect(setup=DONE)
    (item,) = put_items(world, "Pipe")
    run = start_or_join(world.services, connection, RecordKind.ITEM, PersonId("office")).run
    problem = Problem("X", "It was refused.", "Change it.")
    at = world.clock.now()
    failure = Failure(
        connection.key, RecordKind.ITEM, item.source_id, "X", problem, 1, run.run_id, at
    )
    world.services.stores.failures.save([failure])
    shown = main_of(world.sees(f"{PAGE}/runs/{run.run_id}").text)
    for told in ("Still refused", "Pipe", "It was refused.", "Change it."):
        assert told in shown
    assert "data-refresh" in shown


def test_a_long_run_is_paged(world: ApiWorld) -> None:
    connection = world.connect(setup=DONE)
    put_items(world, *(f"Pipe {number}" for number in range(150)))
    sync_all(world)
    runs = world.services.stores.runs.page(connection.key, 10, None).rows
    (run,) = [run for run in runs if run.kind is RecordKind.ITEM]
    first = main_of(world.sees(f"{PAGE}/runs/{run.run_id}").text)
    assert "Next page" in first
    second = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
    shown = main_of(world.sees(second).text)
    assert "First page" in shown
    assert (first + shown).count("Created</span>") == 150


def test_no_runs_yet_says_what_to_do(world: ApiWorld) -> None:
    world.connect(setup=DONE)
    assert "No syncs yet" in world.sees(f"{PAGE}/runs").text


@pytest.mark.parametrize("of_it", ["", "/live"])
def test_no_such_run(world: ApiWorld, of_it: str) -> None:
    world.connect(setup=DONE)
    assert world.sees(f"{PAGE}/runs/nothing{of_it}").status_code == 404


@pytest.mark.parametrize("of_it", ["", "/live"])
def test_an_import_is_no_sync(world: ApiWorld, of_it: str) -> None:
    connection = world.connect(setup=DONE)
    brought_in = builders.run(connection=connection.key, purpose=RunPurpose.IMPORT)
    world.services.stores.runs.start(brought_in)
    assert world.sees(f"{PAGE}/imports/{brought_in.run_id}").status_code == 200
    assert world.sees(f"{PAGE}/runs/{brought_in.run_id}{of_it}").status_code == 404
