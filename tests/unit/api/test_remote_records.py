"""The alert and Review & Import over the API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.domain.connections import ConnectionState
from shared.domain.ids import RecordKind
from shared.sync.automatic.messages import serve_wake_ups
from tests.support.api_client import ApiWorld
from tests.support.fake_faults import Lost
from tests.support.wake_ups import RecordingTasks

CONNECTION = "/v1/connections/quickbooks"


def served(world: ApiWorld) -> None:
    tasks = world.services.tasks
    assert isinstance(tasks, RecordingTasks)
    while tasks.sent:
        kind = tasks.sent[0].kind
        serve_wake_ups(world.services, kind, tasks.event(), 300.0)


@pytest.mark.parametrize("noun", ["customers", "items"])
def test_202_while_listing_then_the_count(world: ApiWorld, noun: str) -> None:
    world.connect()
    (world.books.plant_customer if noun == "customers" else world.books.plant)("Ann")
    assert world.call("GET", f"{CONNECTION}/{noun}/unsynced").json()["state"] == "not_asked"
    asked = world.call("POST", f"{CONNECTION}/{noun}/unsynced")
    assert (asked.status_code, asked.headers["Retry-After"]) == (202, "1")
    assert world.call("GET", f"{CONNECTION}/{noun}/unsynced").status_code == 202
    served(world)
    told = world.call("POST", f"{CONNECTION}/{noun}/unsynced")
    assert told.status_code == 200
    assert told.json()["message"] == (
        f"1 of 1 {noun} in QuickBooks are not yet imported into BlueClerk"
    )


def test_an_expired_connection_answers_the_owners_sentence(world: ApiWorld) -> None:
    connection = world.connect()
    dead = replace(connection, state=ConnectionState.NEEDS_REAUTH, version=2)
    assert world.services.stores.connections.save(dead)
    answer = world.call("POST", f"{CONNECTION}/customers/unsynced")
    assert (answer.status_code, answer.json()["code"]) == (409, "UNAUTHORIZED")
    assert answer.json()["detail"] == (
        "Your QuickBooks connection has expired. "
        "Go to Settings → Integrations → Reconnect QuickBooks."
    )
    assert world.books.calls.total() == 0


def test_a_provider_that_fails_is_503_in_the_alerts_words(world: ApiWorld) -> None:
    world.connect()
    world.books.faults.add("page_records", Lost(None))
    world.call("POST", f"{CONNECTION}/customers/unsynced")
    served(world)
    for method in ("GET", "POST"):
        answer = world.call(method, f"{CONNECTION}/customers/unsynced")
        assert (answer.status_code, answer.json()["code"]) == (503, "PROVIDER_UNAVAILABLE")
        assert "its customers could not be counted" in answer.json()["detail"]


def test_pages_search_and_an_import_with_its_results(world: ApiWorld) -> None:
    world.connect()
    for number in range(5):
        world.books.plant_customer(f"Customer {number}", email=f"c{number}@x.example")
    first = world.call("GET", f"{CONNECTION}/remote-customers")
    assert (first.status_code, first.json()["state"]) == (202, "listing")
    served(world)
    names: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        more = {"cursor": cursor} if cursor else {}
        page = world.call(
            "GET", f"{CONNECTION}/remote-customers", params={"limit": 2, **more}
        ).json()
        names += [row["name"] for row in page["customers"]]
        cursor = page["nextCursor"]
    assert names == [f"Customer {number}" for number in range(5)]
    found = world.call("GET", f"{CONNECTION}/remote-customers", params={"search": "C3@X"}).json()
    assert [row["id"] for row in found["customers"]] == ["4"]

    body: dict[str, Any] = {"records": [{"id": "4"}, {"id": "99"}]}
    begun = world.call("POST", f"{CONNECTION}/remote-customers:import", body)
    assert begun.status_code == 202
    served(world)
    shown = world.call("GET", begun.headers["Location"]).json()
    assert (shown["state"], shown["counts"]["created"], shown["counts"]["refused"]) == (
        "finished",
        1,
        1,
    )
    results = world.call("GET", f"{begun.headers['Location']}/results").json()
    assert [(one["id"], one["outcome"]) for one in results["results"]] == [
        ("4", "created"),
        ("99", "refused"),
    ]
    row = world.call("GET", f"{CONNECTION}/remote-customers?status=imported").json()
    assert row["customers"][0]["recordId"] == results["results"][0]["recordId"]
    undone = world.call("POST", f"{CONNECTION}/remote-customers:unlink", {"ids": ["4", "5"]})
    assert [one["unlinked"] for one in undone.json()["results"]] == [True, False]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"records": []},
        {"all": True, "records": [{"id": "1"}]},
        {"records": [{"id": "1"}], "newFromBooks": "import"},
        {"records": [{"id": str(number)} for number in range(10_001)]},
        {"records": [{"id": 1}]},
    ],
)
def test_what_cannot_be_meant_is_refused_and_begins_nothing(
    world: ApiWorld, body: dict[str, Any]
) -> None:
    connection = world.connect()
    answer = world.call("POST", f"{CONNECTION}/remote-customers:import", body)
    assert answer.status_code == 400, answer.text
    assert world.services.stores.runs.active(connection.key, RecordKind.CUSTOMER) is None


def test_all_keeps_what_becomes_of_later_ones_as_a_setting(world: ApiWorld) -> None:
    world.connect()
    world.call("POST", f"{CONNECTION}/remote-items:import", {"all": True, "newFromBooks": "import"})
    assert world.call("GET", CONNECTION).json()["settings"]["newFromBooks"] == "import"
