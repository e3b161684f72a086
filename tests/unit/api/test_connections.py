"""Connections over the API: state, health, accounts, settings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.domain.connections import Connection, ConnectionSettings, ConnectionState
from shared.domain.ids import (
    ConnectionKey,
    ProviderName,
    RecordKind,
    RemoteCompanyId,
    RemoteId,
    RunId,
    SourceId,
)
from shared.domain.runs import Failure, Problem, Run, RunCounts, RunState
from shared.providers.base import RemoteAccount
from shared.storage.memory import memory_stores
from shared.storage.ports import ConnectionStore
from tests.support.api_client import ApiWorld, api_world
from tests.support.contested import Contested
from tests.support.fake_faults import Dead, Limited, Lost, Rejected, Stopped
from tests.support.services import COMPANY

QUICKBOOKS = "/v1/connections/quickbooks"
KEY = ConnectionKey(COMPANY, ProviderName("quickbooks"))
SENTENCE = (
    "Your QuickBooks connection has expired. Go to Settings → Integrations → Reconnect QuickBooks."
)


def a_run(world: ApiWorld, **changes: Any) -> Run:
    now = world.clock.now()
    given: dict[str, Any] = {
        "run_id": RunId("run-1"),
        "connection": KEY,
        "remote_company_id": world.books.company.remote_company_id,
        "kind": RecordKind.ITEM,
        "state": RunState.PLANNING,
        "started_at": now,
        "heartbeat_at": now,
    }
    run = Run(**{**given, **changes})
    stores = world.services.stores
    stores.runs.start(replace(run, state=RunState.PLANNING))
    if not run.state.active:
        assert stores.runs.save(run, expected_epoch=0)
    return run


def a_failure(world: ApiWorld, number: int) -> Failure:
    return Failure(
        connection=KEY,
        kind=RecordKind.ITEM,
        source_id=SourceId(f"item-{number:04d}"),
        cause="NAME_TOO_LONG",
        problem=Problem("NAME_TOO_LONG", "The name is too long.", "Shorten it.", "name"),
        source_version=1,
        run_id=RunId("run-1"),
        at=world.clock.now(),
    )


def health(world: ApiWorld) -> tuple[str, str, str]:
    answer = world.call("GET", QUICKBOOKS).json()["health"]
    return answer["colour"], answer["reason"], answer["action"]


def test_a_provider_never_connected_is_red_and_says_how_to_connect(world: ApiWorld) -> None:
    answer = world.call("GET", QUICKBOOKS).json()
    assert answer == {
        "provider": "quickbooks",
        "label": "QuickBooks",
        "state": "not_connected",
        "health": {
            "colour": "red",
            "reason": "QuickBooks is not connected.",
            "action": "Connect QuickBooks",
        },
        "remoteCompany": None,
        "settings": None,
        "setup": None,
        "connectedAt": None,
        "lastRun": None,
        "unsynced": {"count": 0, "oldestSince": None},
        "pendingChoice": None,
    }
    assert world.call("GET", "/v1/connections").json()["connections"][0] == answer


def test_a_connection_shows_its_remote_company_and_settings(world: ApiWorld) -> None:
    world.connect()
    answer = world.call("GET", QUICKBOOKS).json()
    assert (answer["state"], answer["remoteCompany"]["name"]) == ("connected", "Hill Plumbing")
    assert answer["remoteCompany"]["homeCurrency"] == "USD"
    assert answer["settings"] == {
        "defaultIncomeAccountId": "inc-1",
        "defaultTaxCodeId": None,
        "invoicesFrom": None,
        "pacingMode": "adaptive",
        "notify": True,
        "newFromBooks": "review",
        "syncsByItself": ["customer", "item", "invoice", "payment"],
    }


def test_another_companys_connection_is_not_seen(world: ApiWorld) -> None:
    world.connect()
    answer = world.call("GET", QUICKBOOKS, who="other").json()
    assert (answer["state"], answer["remoteCompany"]) == ("not_connected", None)


def test_health_names_the_one_thing_to_do_next(world: ApiWorld) -> None:
    """From nothing to green, and each step of the way back."""
    connection = world.connect(settings=ConnectionSettings())
    assert health(world)[0::2] == ("amber", "Choose the default income account")
    world.call("PUT", f"{QUICKBOOKS}/settings", {"defaultIncomeAccountId": "inc-1"})
    assert health(world)[0::2] == ("amber", "Start a sync")
    run = a_run(world, counts=RunCounts(total=3629, created=1200))
    assert health(world) == (
        "amber",
        "A sync is under way: 1,200 of 3,629 items are done.",
        "Wait for the sync to end",
    )
    stores = world.services.stores
    assert stores.runs.save(replace(run, state=RunState.FINISHED), expected_epoch=0)
    assert health(world) == ("green", "All synced.", "")
    stores.failures.save([a_failure(world, 1)])
    assert health(world)[:2] == ("amber", "1 item could not be synced.")
    stores.failures.save([a_failure(world, number) for number in range(101)])
    assert health(world)[1] == "More than 100 items could not be synced."
    stored = stores.connections.get(connection.key)
    assert stored is not None
    dead = replace(stored, state=ConnectionState.NEEDS_REAUTH, version=stored.version + 1)
    assert stores.connections.save(dead)
    assert health(world) == ("red", SENTENCE, "Reconnect QuickBooks")
    gone = replace(dead, state=ConnectionState.DISCONNECTED, version=dead.version + 1)
    assert stores.connections.save(gone)
    assert health(world) == ("red", "QuickBooks is not connected.", "Connect QuickBooks")


def test_a_run_that_stopped_tells_why_and_what_to_do(world: ApiWorld) -> None:
    world.connect()
    problem = Problem("PLAN_ENDED", "The QuickBooks plan has ended.", "Renew the plan.")
    a_run(world, state=RunState.FAILED, problem=problem)
    assert health(world) == ("amber", problem.message, problem.action)


def test_a_connection_shows_its_last_run(world: ApiWorld) -> None:
    world.connect()
    a_run(world, state=RunState.FINISHED, counts=RunCounts(total=2, created=2))
    last = world.call("GET", QUICKBOOKS).json()["lastRun"]
    assert (last["runId"], last["state"], last["counts"]["settled"]) == ("run-1", "finished", 2)


def test_accounts_come_by_name_and_are_asked_for_once_a_minute(world: ApiWorld) -> None:
    world.connect()
    first = world.call("GET", f"{QUICKBOOKS}/accounts").json()
    assert [account["name"] for account in first["accounts"]] == ["Sales", "Services"]
    assert first["accounts"][0] == {
        "id": "inc-1",
        "name": "Sales",
        "number": "4000",
        "type": "Income",
        "currency": "USD",
    }
    world.clock.sleep(59)
    assert world.call("GET", f"{QUICKBOOKS}/accounts").json() == first
    assert world.books.calls["income_accounts"] == 1
    world.clock.sleep(1)
    world.call("GET", f"{QUICKBOOKS}/accounts")
    assert world.books.calls["income_accounts"] == 2


def test_more_accounts_than_the_cache_holds_are_answered_all_the_same(world: ApiWorld) -> None:
    world.connect()
    world.books.accounts = [
        RemoteAccount(RemoteId(f"{number}"), f"Account {number}" + "x" * 90, "", "Income", "USD")
        for number in range(3000)
    ]
    for _ in range(2):
        answer = world.call("GET", f"{QUICKBOOKS}/accounts")
        assert (answer.status_code, len(answer.json()["accounts"])) == (200, 3000)
    assert world.books.calls["income_accounts"] == 2


def test_accounts_of_one_remote_company_are_never_shown_for_another(world: ApiWorld) -> None:
    connection = world.connect()
    world.call("GET", f"{QUICKBOOKS}/accounts")
    other = replace(world.books.company, remote_company_id=RemoteCompanyId("realm-2"))
    world.services.stores.connections.save(
        replace(connection, remote_company=other, version=connection.version + 1)
    )
    world.books.accounts = []
    assert world.call("GET", f"{QUICKBOOKS}/accounts").json()["accounts"] == []


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (Lost(), 503, "PROVIDER_UNAVAILABLE"),
        (Limited(7.2), 503, "PROVIDER_LIMIT"),
        (Rejected(), 502, "PROVIDER_ANSWER_UNKNOWN"),
        (Dead(), 409, "UNAUTHORIZED"),
        (Stopped(), 409, "ACCESS_WITHDRAWN"),
    ],
)
def test_what_the_provider_does_becomes_one_clear_answer(
    world: ApiWorld, fault: Any, status: int, code: str
) -> None:
    world.connect()
    world.books.faults.add("income_accounts", fault)
    answer = world.call("GET", f"{QUICKBOOKS}/accounts")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    if status == 503:
        assert int(answer.headers["retry-after"]) >= 1
    if status in (502, 503):
        assert answer.json()["detail"].startswith("QuickBooks "), "who it was is said"


def test_a_grant_found_dead_turns_the_connection_red(world: ApiWorld) -> None:
    world.connect()
    world.books.faults.add("income_accounts", Dead())
    answer = world.call("GET", f"{QUICKBOOKS}/accounts").json()
    assert (answer["detail"], answer["action"]) == (SENTENCE, "Reconnect QuickBooks")
    assert health(world)[0] == "red"


def test_choosing_an_account_of_the_books(world: ApiWorld) -> None:
    world.connect(settings=ConnectionSettings())
    answer = world.call("PUT", f"{QUICKBOOKS}/settings", {"defaultIncomeAccountId": "inc-1"})
    assert answer.status_code == 200
    assert answer.json()["settings"]["defaultIncomeAccountId"] == "inc-1"
    (entry,) = world.call("GET", "/v1/audit").json()["entries"]
    assert (entry["who"], entry["what"]) == ("office", "connection.settings_changed")
    assert entry["about"]["defaultIncomeAccountId"] == "inc-1"


def test_an_account_made_a_moment_ago_is_found(world: ApiWorld) -> None:
    world.connect()
    world.call("GET", f"{QUICKBOOKS}/accounts")
    world.books.accounts.append(RemoteAccount(RemoteId("new"), "New", "", "Income", "USD"))
    answer = world.call("PUT", f"{QUICKBOOKS}/settings", {"defaultIncomeAccountId": "new"})
    assert answer.json()["settings"]["defaultIncomeAccountId"] == "new"


def test_pacing_alone_needs_no_provider_and_leaves_the_account(world: ApiWorld) -> None:
    world.connect()
    answer = world.call("PUT", f"{QUICKBOOKS}/settings", {"pacingMode": "documented"}).json()
    assert answer["settings"] == {
        "defaultIncomeAccountId": "inc-1",
        "defaultTaxCodeId": None,
        "invoicesFrom": None,
        "pacingMode": "documented",
        "notify": True,
        "newFromBooks": "review",
        "syncsByItself": ["customer", "item", "invoice", "payment"],
    }
    assert world.books.calls.total() == 0


def test_kinds_are_kept_back_and_let_go_again(world: ApiWorld) -> None:
    world.connect()
    for kinds in (["payment", "item"], [], ["customer", "item", "invoice", "payment"]):
        answer = world.call("PUT", f"{QUICKBOOKS}/settings", {"syncsByItself": kinds}).json()
        assert set(answer["settings"]["syncsByItself"]) == set(kinds)
    entries = world.call("GET", "/v1/audit").json()["entries"]
    told = [entry["about"]["byItself"] for entry in entries]
    assert told == ["customer, item, invoice, payment", "nothing", "item, payment"]


def test_a_go_live_date_is_a_day_and_a_likely_one(world: ApiWorld) -> None:
    world.connect()
    set_to = world.call("PUT", f"{QUICKBOOKS}/settings", {"invoicesFrom": "2026-11-01"})
    assert set_to.json()["settings"]["invoicesFrom"] == "2026-11-01"
    for wrong in ("2026-13-01", "1026-11-01", "soon", 20261101, True):
        answer = world.call("PUT", f"{QUICKBOOKS}/settings", {"invoicesFrom": wrong})
        assert (answer.status_code, answer.json()["field"]) == (400, "invoicesFrom"), wrong
    shown = world.call("GET", QUICKBOOKS).json()["settings"]
    assert shown["invoicesFrom"] == "2026-11-01"


def test_setting_what_is_set_already_writes_nothing(world: ApiWorld) -> None:
    connection = world.connect()
    world.call("PUT", f"{QUICKBOOKS}/settings", {"pacingMode": "adaptive"})
    assert world.services.stores.connections.get(connection.key) == connection
    assert world.call("GET", "/v1/audit").json()["entries"] == []


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"defaultIncomeAccountId": "nowhere"}, "defaultIncomeAccountId", "UNKNOWN_ACCOUNT"),
        ({"defaultIncomeAccountId": ""}, "defaultIncomeAccountId", "EMPTY"),
        ({"defaultIncomeAccountId": 7}, "defaultIncomeAccountId", "WRONG_TYPE"),
        ({"defaultIncomeAccountId": "x" * 201}, "defaultIncomeAccountId", "TOO_LONG"),
        ({"pacingMode": "fast"}, "pacingMode", "UNKNOWN_VALUE"),
        ({"syncsByItself": ["estimate"]}, "syncsByItself[0]", "UNKNOWN_VALUE"),
        ({"syncsByItself": "item"}, "syncsByItself", "WRONG_TYPE"),
        ({"syncsByItself": ["item"] * 5}, "syncsByItself", "TOO_MANY"),
        ({"pacing_mode": "adaptive"}, "pacing_mode", "UNKNOWN_FIELD"),
        ({}, "defaultIncomeAccountId", "MISSING"),
        ({"defaultIncomeAccountId": None}, "defaultIncomeAccountId", "MISSING"),
    ],
)
def test_a_bad_setting_is_named_and_changes_nothing(
    world: ApiWorld, body: dict[str, Any], field: str, code: str
) -> None:
    connection = world.connect()
    answer = world.call("PUT", f"{QUICKBOOKS}/settings", body)
    assert answer.status_code == 400
    assert (answer.json()["field"], answer.json()["code"]) == (field, code)
    assert world.services.stores.connections.get(connection.key) == connection


@pytest.mark.parametrize(("losses", "status"), [(2, 200), (99, 503)])
def test_settings_survive_races_or_say_to_try_again(losses: int, status: int) -> None:
    def reconnect(inner: ConnectionStore, connection: Connection) -> None:
        stored = inner.get(connection.key)
        assert stored is not None
        assert inner.save(replace(stored, version=stored.version + 1))

    stores = memory_stores()
    connections: Any = Contested(stores.connections, "save", reconnect)
    world = api_world(replace(stores, connections=connections))
    world.connect()
    connections.losses = losses
    answer = world.call("PUT", f"{QUICKBOOKS}/settings", {"pacingMode": "documented"})
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/accounts", None),
        ("PUT", "/settings", {"pacingMode": "documented"}),
        ("POST", "/syncs", {"kinds": ["item"]}),
        ("POST", "/disconnect", None),
    ],
)
def test_what_needs_a_connection_says_how_to_get_one(
    world: ApiWorld, method: str, path: str, body: Any
) -> None:
    answer = world.call(method, f"{QUICKBOOKS}{path}", body)
    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["detail"], answer.json()["action"]) == (
        "NOT_CONNECTED",
        "QuickBooks is not connected.",
        "Connect QuickBooks",
    )


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/accounts"), ("PUT", "/settings"), ("POST", "/syncs")]
)
def test_a_connection_that_was_ended_is_not_connected(
    world: ApiWorld, method: str, path: str
) -> None:
    world.connect(state=ConnectionState.DISCONNECTED)
    body = {"pacingMode": "documented"} if method == "PUT" else None
    answer = world.call(method, f"{QUICKBOOKS}{path}", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "NOT_CONNECTED")
    assert world.books.calls.total() == 0


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/accounts", None),
        ("PUT", "/settings", {"defaultIncomeAccountId": "inc-1"}),
        ("POST", "/syncs", {"kinds": ["item"]}),
    ],
)
def test_what_needs_a_live_grant_says_the_owners_sentence(
    world: ApiWorld, method: str, path: str, body: Any
) -> None:
    world.connect(state=ConnectionState.NEEDS_REAUTH)
    answer = world.call(method, f"{QUICKBOOKS}{path}", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "UNAUTHORIZED")
    assert answer.json()["detail"] == SENTENCE
    assert world.books.calls.total() == 0


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PUT", "/settings"),
        ("GET", "/accounts"),
        ("POST", "/authorize"),
        ("POST", "/disconnect"),
        ("POST", "/syncs"),
        ("GET", "/syncs"),
        ("GET", "/syncs/run-1"),
    ],
)
def test_an_unknown_provider_is_told_with_the_known_ones(
    world: ApiWorld, method: str, path: str
) -> None:
    body = {"pacingMode": "adaptive"} if method == "PUT" else None
    answer = world.call(method, f"/v1/connections/sage{path}", body)
    assert (answer.status_code, answer.json()["code"]) == (404, "UNKNOWN_PROVIDER")
    assert "quickbooks" in answer.json()["action"]
