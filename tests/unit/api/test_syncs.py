"""Runs over the API."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.connections import ConnectionSettings
from tests.support.api_client import ApiWorld

SYNCS = "/v1/connections/quickbooks/syncs"
ITEMS = {"kinds": ["item"]}


@pytest.mark.parametrize("body", [ITEMS, {"kinds": ["item", "item"]}])
def test_a_sync_is_started_and_can_be_watched_where_location_says(
    world: ApiWorld, body: Any
) -> None:
    world.connect()
    answer = world.call("POST", SYNCS, body)
    assert answer.status_code == 202
    run = answer.json()
    assert (run["state"], run["kind"], run["joined"]) == ("planning", "item", False)
    assert answer.headers["location"] == f"{SYNCS}/{run['runId']}"
    watched = world.call("GET", answer.headers["location"]).json()
    assert watched == {key: run[key] for key in run if key not in ("joined", "others")}
    assert [started.run_id for started in world.workflows.started] == [run["runId"]]


@pytest.mark.parametrize("body", [None, {}])
def test_left_out_it_is_all_kinds_what_others_depend_on_first(world: ApiWorld, body: Any) -> None:
    world.connect()
    first = world.call("POST", SYNCS, body).json()
    assert [first["kind"], *(run["kind"] for run in first["others"])] == [
        "customer",
        "item",
        "invoice",
        "payment",
    ]


def test_the_run_carries_the_correlation_id_of_the_call_that_started_it(world: ApiWorld) -> None:
    world.connect()
    answer = world.call("POST", SYNCS, ITEMS)
    [started] = world.workflows.started
    assert started.correlation_id == answer.headers["x-correlation-id"]


def test_a_second_click_joins_the_run_under_way(world: ApiWorld) -> None:
    world.connect()
    first = world.call("POST", SYNCS, ITEMS).json()
    second = world.call("POST", SYNCS, ITEMS)
    assert second.status_code == 202
    assert (second.json()["runId"], second.json()["joined"]) == (first["runId"], True)
    assert len(world.workflows.started) == 1


def test_a_run_to_its_end_has_counts_times_and_calls(world: ApiWorld) -> None:
    world.connect()
    world.import_csv("id,name,price\n1,Pipe,1\n2,Tube,2\n3,pipe,3\n")
    run_id = world.call("POST", SYNCS, ITEMS).json()["runId"]
    world.clock.sleep(2.5)
    world.workflows.execute_all(world.services)
    run = world.call("GET", f"{SYNCS}/{run_id}").json()
    assert run["state"] == "finished"
    assert run["counts"] == {
        "total": 3,
        "created": 3,
        "updated": 0,
        "adopted": 0,
        "adoptedDiffering": 0,
        "unchanged": 0,
        "renamed": 1,
        "refused": 0,
        "settled": 3,
    }
    assert run["causes"] == []
    assert run["providerCalls"] > 0
    assert (run["startedBy"], run["problem"]) == ("office", None)
    assert run["seconds"] >= 2.5
    assert run["finishedAt"] > run["startedAt"]


def test_refused_records_are_in_the_runs_causes_and_among_the_failures(world: ApiWorld) -> None:
    world.connect()
    world.import_csv("id,name,price\n1,Pipe,1\n2,Tube,999999999999999\n")
    run_id = world.call("POST", SYNCS, ITEMS).json()["runId"]
    world.workflows.execute_all(world.services)
    run = world.call("GET", f"{SYNCS}/{run_id}").json()
    assert run["counts"]["refused"] == 1
    (cause,) = run["causes"]
    assert cause["count"] == 1
    assert cause["message"]
    assert cause["action"]
    (failure,) = world.call("GET", "/v1/failures?provider=quickbooks").json()["failures"]
    assert (failure["id"], failure["cause"], failure["runId"]) == ("2", cause["cause"], run_id)
    assert failure["problem"]["message"]


def test_runs_are_listed_newest_first_by_pages(world: ApiWorld) -> None:
    world.connect()
    ids = []
    for _ in range(3):
        ids.append(world.call("POST", SYNCS, ITEMS).json()["runId"])
        world.workflows.execute_all(world.services)
        world.clock.sleep(1)
    first = world.call("GET", f"{SYNCS}?limit=2").json()
    second = world.call("GET", f"{SYNCS}?limit=2&cursor={first['nextCursor']}").json()
    assert [run["runId"] for run in first["syncs"] + second["syncs"]] == ids[::-1]
    assert second["nextCursor"] is None


def test_without_an_income_account_the_setting_is_named(world: ApiWorld) -> None:
    world.connect(settings=ConnectionSettings())
    answer = world.call("POST", SYNCS, ITEMS)
    assert (answer.status_code, answer.json()["code"]) == (409, "DEFAULT_INCOME_ACCOUNT_MISSING")
    assert answer.json()["field"] == "defaultIncomeAccountId"
    assert world.workflows.started == []


def test_customers_need_no_income_account(world: ApiWorld) -> None:
    world.connect(settings=ConnectionSettings())
    world.call("PUT", "/v1/customers/1", {"name": "Hill Bakery", "email": "a@b.example"})
    answer = world.call("POST", SYNCS, {"kinds": ["customer"]})
    assert (answer.status_code, answer.json()["kind"]) == (202, "customer")
    world.workflows.execute_all(world.services)
    run = world.call("GET", answer.headers["location"]).json()
    assert (run["state"], run["counts"]["created"]) == ("finished", 1)
    assert [each.fields.name for each in world.books.customers] == ["Hill Bakery"]


def test_each_kind_has_a_run_of_its_own_at_the_same_time(world: ApiWorld) -> None:
    world.connect()
    first = world.call("POST", SYNCS, {"kinds": ["customer", "item"]}).json()
    (other,) = first["others"]
    assert (first["kind"], other["kind"]) == ("customer", "item")
    assert first["runId"] != other["runId"]
    again = world.call("POST", SYNCS, {"kinds": ["item"]}).json()
    assert (again["runId"], again["joined"], again["others"]) == (other["runId"], True, [])


def test_where_one_kind_cannot_be_synced_none_is_begun(world: ApiWorld) -> None:
    world.connect(settings=ConnectionSettings())
    answer = world.call("POST", SYNCS, {"kinds": ["customer", "item"]})
    assert answer.json()["code"] == "DEFAULT_INCOME_ACCOUNT_MISSING"
    assert world.workflows.started == []


@pytest.mark.parametrize(
    "body",
    [{"kinds": []}, {"kinds": ["estimate"]}, {"kinds": "item"}, {"kinds": [1]}, {"kind": "item"}],
)
def test_kinds_that_cannot_be_synced_are_refused(world: ApiWorld, body: Any) -> None:
    world.connect()
    answer = world.call("POST", SYNCS, body)
    assert answer.status_code == 400
    assert answer.json()["field"].startswith("kind")
    assert world.workflows.started == []


def test_a_run_of_another_company_does_not_exist(world: ApiWorld) -> None:
    world.connect()
    run_id = world.call("POST", SYNCS, ITEMS).json()["runId"]
    for who, path in (("other", f"{SYNCS}/{run_id}"), ("office", f"{SYNCS}/unknown")):
        answer = world.call("GET", path, who=who)
        assert (answer.status_code, answer.json()["code"]) == (404, "SYNC_NOT_FOUND")
    assert world.call("GET", SYNCS, who="other").json()["syncs"] == []


def test_reading_alone_may_watch_but_not_start(world: ApiWorld) -> None:
    world.connect()
    assert world.call("POST", SYNCS, ITEMS, who="clerk").status_code == 403
    run_id = world.call("POST", SYNCS, ITEMS).json()["runId"]
    assert world.call("GET", f"{SYNCS}/{run_id}", who="clerk").status_code == 200
