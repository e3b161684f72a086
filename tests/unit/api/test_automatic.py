"""Setup, selected records and retries over the API."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.domain.connections import Setup, StepState
from shared.domain.ids import ConnectionKey, ProviderName, RecordKind, RunId, SourceId
from shared.domain.runs import Failure, Problem
from shared.sync.automatic.gate import AUTOMATIC_KINDS
from tests.support.api_client import ApiWorld
from tests.support.services import COMPANY
from tests.support.wake_ups import RecordingWakeUps

CONNECTION = "/v1/connections/quickbooks"
KEY = ConnectionKey(COMPANY, ProviderName("quickbooks"))
DECIDED = Setup(StepState.DONE, StepState.SKIPPED)


def with_items(world: ApiWorld, *source_ids: str, setup: Setup = DECIDED) -> None:
    world.connect(setup=setup)
    for source_id in source_ids:
        body = {"name": source_id, "unitPrice": "1.00", "currency": "USD"}
        assert world.call("PUT", f"/v1/items/{source_id}", body).status_code == 201


def due(world: ApiWorld) -> list[tuple[str, bool]]:
    look = world.services.stores.due.look(KEY, RecordKind.ITEM, world.clock.now(), 1000)
    return [(row.source_id, row.urgent) for row in look.ready]


def refuse(world: ApiWorld, source_id: str, cause: str) -> None:
    problem = Problem(cause, "A sentence.", "An action.")
    world.services.stores.failures.save(
        [
            Failure(
                KEY,
                RecordKind.ITEM,
                SourceId(source_id),
                cause,
                problem,
                1,
                RunId("r"),
                world.clock.now(),
            )
        ]
    )


class TestSetup:
    def test_steps_are_remembered_one_by_one(self, world: ApiWorld) -> None:
        world.connect()
        shown = world.call("PUT", f"{CONNECTION}/setup", {"importCustomers": "skipped"}).json()
        assert shown["setup"] == {
            "importCustomers": "skipped",
            "importItems": "pending",
            "mapItems": "pending",
        }
        again = world.call("PUT", f"{CONNECTION}/setup", {"importItems": "done"}).json()
        assert again["setup"]["importCustomers"] == "skipped"
        assert world.call("GET", CONNECTION).json()["setup"] == again["setup"]

    @pytest.mark.parametrize("body", [{"importItems": "later"}, {"mapping": "done"}, []])
    def test_what_is_no_step_is_refused(self, world: ApiWorld, body: Any) -> None:
        world.connect()
        assert world.call("PUT", f"{CONNECTION}/setup", body).status_code == 400

    def test_without_a_connection_there_is_nothing_to_set_up(self, world: ApiWorld) -> None:
        answer = world.call("PUT", f"{CONNECTION}/setup", {"importItems": "done"})
        assert (answer.status_code, answer.json()["code"]) == (409, "NOT_CONNECTED")

    def test_reading_is_not_enough(self, world: ApiWorld) -> None:
        world.connect()
        body = {"importItems": "done"}
        assert world.call("PUT", f"{CONNECTION}/setup", body, who="clerk").status_code == 403


class TestSelected:
    def test_they_are_due_ahead_of_all_others(self, world: ApiWorld) -> None:
        with_items(world, "a", "b", "c")
        answer = world.call("POST", f"{CONNECTION}/items:sync", {"ids": ["c", "a", "c"]})
        assert (answer.status_code, answer.json()) == (202, {"accepted": 2})
        assert due(world) == [("a", True), ("c", True)]

    def test_101_are_refused_with_that_sentence_and_nothing_is_sent(self, world: ApiWorld) -> None:
        with_items(world, "a")
        ids = [f"item-{number}" for number in range(101)]
        answer = world.call("POST", f"{CONNECTION}/items:sync", {"ids": ids})
        assert answer.status_code == 400
        assert answer.json()["detail"] == (
            "At most 100 records can be synced at once; 101 were selected."
        )
        assert due(world) == []

    @pytest.mark.parametrize(
        ("ids", "status", "code"),
        [([], 400, "NONE_SELECTED"), (["a", "gone"], 404, "ITEM_NOT_FOUND")],
    )
    def test_what_cannot_be_sent_sends_nothing(
        self, world: ApiWorld, ids: list[str], status: int, code: str
    ) -> None:
        with_items(world, "a")
        answer = world.call("POST", f"{CONNECTION}/items:sync", {"ids": ids})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert due(world) == []

    def test_before_the_imports_are_decided_nothing_is_sent(self, world: ApiWorld) -> None:
        with_items(world, "a", setup=Setup())
        answer = world.call("POST", f"{CONNECTION}/items:sync", {"ids": ["a"]})
        assert (answer.status_code, answer.json()["code"]) == (409, "IMPORTS_UNDECIDED")


class TestRetrying:
    @pytest.mark.parametrize(
        ("asked", "retried"),
        [
            ({}, ["a", "b", "c"]),
            ({"cause": "NAME_TAKEN"}, ["a", "c"]),
            ({"ids": ["b", "c", "never"]}, ["b", "c"]),
            ({"ids": ["b", "c"], "cause": "NAME_TAKEN"}, ["c"]),
            ({"cause": "NO_SUCH"}, []),
        ],
    )
    def test_some_a_cause_or_all(
        self, world: ApiWorld, asked: dict[str, Any], retried: list[str]
    ) -> None:
        with_items(world, "a", "b", "c", "d")
        for source_id, cause in (("a", "NAME_TAKEN"), ("b", "BAD"), ("c", "NAME_TAKEN")):
            refuse(world, source_id, cause)
        answer = world.call("POST", "/v1/failures:retry", {"provider": "quickbooks", **asked})
        assert (answer.status_code, answer.json()) == (202, {"retried": len(retried)})
        assert [source_id for source_id, _ in due(world)] == retried

    def test_an_unknown_provider_is_said_so(self, world: ApiWorld) -> None:
        assert world.call("POST", "/v1/failures:retry", {"provider": "sage"}).status_code == 404


def test_connecting_again_sends_what_waited(world: ApiWorld) -> None:
    with_items(world, "1")
    wake_ups = world.services.wake_ups
    assert isinstance(wake_ups, RecordingWakeUps)
    wake_ups.sent.clear()
    answer = world.call("POST", f"{CONNECTION}/authorize", {})
    state = parse_qs(urlsplit(answer.json()["authorizeUrl"]).query)["state"][0]
    world.client.get(
        "/v1/oauth/quickbooks/callback",
        params={"state": state, "code": "code-1", "realmId": "realm-1"},
    )
    assert {kind for _, _, kind in wake_ups.sent} == set(AUTOMATIC_KINDS)
    stored = world.services.stores.automatic.load(KEY)
    assert stored is not None
    assert stored.compare_at <= world.clock.now()
