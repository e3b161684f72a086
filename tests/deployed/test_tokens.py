"""Tokens that end in the middle of a push: one refresh and nothing lost, or a person who is told plainly."""

from __future__ import annotations

import time
from typing import Any

import pytest

from local.connect import CONNECTION
from local.sync import SYNCS
from tests.support.deployed.company import (
    Company,
    everything_is_there_once,
    slice_of_the_book,
    until,
)
from tests.support.deployed.functions import Functions
from tests.support.deployed.traces import Traces

pytestmark = [pytest.mark.deployed, pytest.mark.alone]

ROWS = 600
_READS_LAPSE = 3.2
"""Seconds after which the reads of connecting hold no place among the ten any more."""
SENTENCE = (
    "Your QuickBooks connection has expired. Go to Settings → Integrations → Reconnect QuickBooks."
)


@pytest.fixture
def office(company: Company) -> Company:
    """With 20 batches to go, each slow enough that ten are in flight together."""
    company.ready()
    connected_at = time.monotonic()
    company.import_book(slice_of_the_book(ROWS))
    time.sleep(max(0.0, connected_at + _READS_LAPSE - time.monotonic()))
    company.control.settings(latency={"batch": 500})
    company.control.post("/counters/reset")
    return company


def ten_in_flight(office: Company) -> str:
    """Begin a sync and wait until ten requests are under way; the run's id."""
    run_id: str = office.click()["runId"]
    until(lambda: office.counters().get("maxInFlight", 0) == 10, "ten requests in flight")
    return run_id


def refused(office: Company) -> list[dict[str, Any]]:
    return [batch for batch in office.requests("batch") if batch["status"] == 401]


def test_an_access_token_that_ends_with_ten_requests_in_flight_is_refreshed_once(
    office: Company,
) -> None:
    # Longer than the ten take, so that what goes out meanwhile meets the dead token too.
    office.control.settings(latency={"token": 1500})
    run_id = ten_in_flight(office)
    office.control.post("/grants/expire-access", {"realm": office.realm})
    run = office.ended(run_id)
    assert run["state"] == "finished"
    assert run["counts"]["created"] == ROWS
    assert len(refused(office)) > 1, "several requests met the dead token"
    assert office.counters()["refreshes"] == 1
    everything_is_there_once(office, slice_of_the_book(ROWS))
    batches = office.requests("batch")
    for one in refused(office):
        again = [each for each in batches if each["requestId"] == one["requestId"]]
        assert {each["bodySha256"] for each in again} == {one["bodySha256"]}


def test_a_grant_revoked_amid_a_push_ends_it_with_the_owners_sentence_and_no_item_failed(
    office: Company, functions: Functions, traces: Traces
) -> None:
    run_id = ten_in_flight(office)
    office.control.post("/grants/revoke", {"realm": office.realm})
    run = office.ended(run_id)
    assert run["state"] == "needs_reauth"
    assert run["problem"]["code"] == "UNAUTHORIZED"
    assert run["problem"]["message"] == SENTENCE
    assert run["counts"]["refused"] == 0
    assert 0 < run["counts"]["settled"] < ROWS
    assert office.failures() == []
    assert functions.states(run_id)[-1] == "Ended"

    answer = office.asked("POST", SYNCS, {"kinds": ["item"]})
    assert answer.status_code == 409
    assert answer.json()["code"] == "UNAUTHORIZED"
    assert answer.json()["detail"] == SENTENCE
    accounts = office.asked("GET", f"{CONNECTION}/accounts")
    assert (accounts.status_code, accounts.json()["code"]) == (409, "UNAUTHORIZED")
    connection = office.connection()
    assert connection["state"] == "needs_reauth"
    assert connection["health"] == {
        "colour": "red",
        "reason": SENTENCE,
        "action": "Reconnect QuickBooks",
    }
    for place, text in traces.of(office, run_id).items():
        assert "invalid_grant" not in text, place

    office.connect()
    office.control.settings(latency={"batch": 20})
    after = office.sync()
    assert after["state"] == "finished"
    assert after["counts"]["settled"] == after["counts"]["total"] == ROWS
    everything_is_there_once(office, slice_of_the_book(ROWS))
