"""The pushing function dies, at each point of a call and by its time limit: nothing lost, nothing twice.

A death is an error of the state machine's task: it is classified, and the same execution goes on with
a new worker. The sandbox is told to hang, so that there is a moment to kill in.
"""

from __future__ import annotations

import signal
from typing import Any

import pytest

from tests.support.deployed.company import (
    Company,
    everything_is_there_once,
    slice_of_the_book,
    until,
)
from tests.support.deployed.functions import SYNC_ITEMS, Functions

pytestmark = [pytest.mark.deployed, pytest.mark.alone]

ROWS = 420
HUNG = 2
_LATE = 5

MOMENTS: dict[str, dict[str, object]] = {
    "before the call reached the provider": {
        "when": "beforeCommit",
        "commit": "no",
        "seconds": 20,
    },
    "before the provider committed, which it did all the same": {
        "when": "beforeCommit",
        "seconds": _LATE,
    },
    "after the provider committed": {"when": "afterCommit", "seconds": 20},
}


@pytest.fixture
def office(company: Company) -> Company:
    company.import_book(slice_of_the_book(ROWS))
    return company.ready()


def hung(office: Company) -> list[dict[str, Any]]:
    return [batch for batch in office.requests("batch") if batch["fault"] == "hang"]


def assert_nothing_lost_nothing_twice(office: Company, run: dict[str, Any]) -> None:
    assert run["state"] == "finished", run
    assert run["counts"]["settled"] == run["counts"]["total"] == ROWS
    assert run["counts"]["created"] == ROWS
    assert run["counts"]["refused"] == 0, run["causes"]
    everything_is_there_once(office, slice_of_the_book(ROWS))
    writes = office.written()
    assert office.sync()["counts"]["unchanged"] == ROWS
    assert office.written() == writes


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS.keys())
def test_killed_during_a_call_it_goes_on_with_a_new_worker(
    office: Company, functions: Functions, moment: dict[str, object]
) -> None:
    office.fault({"type": "hang", **moment}, kind="batch", nth=[7, 9])
    run_id = office.click()["runId"]
    until(lambda: len(hung(office)) == HUNG, "two calls to hang")
    functions.kill(SYNC_ITEMS)
    killed_amid = office.run(run_id)["counts"]["settled"]
    assert killed_amid < ROWS
    run = office.ended(run_id)
    assert "Classify" in functions.states(run_id), "the death was seen"
    assert len(functions.executions(run_id)) == 1
    if moment["seconds"] == _LATE:
        until(lambda: all(one["seconds"] >= _LATE for one in hung(office)), "the late commits")
    assert_nothing_lost_nothing_twice(office, run)
    batches = office.requests("batch")
    for one in hung(office):
        again = [each for each in batches if each["requestId"] == one["requestId"]]
        assert len(again) == 2
        assert {each["bodySha256"] for each in again} == {one["bodySha256"]}


def test_killed_after_the_answers_came_and_before_they_were_saved_it_writes_nothing_twice(
    office: Company, functions: Functions
) -> None:
    office.control.settings(latency={"batch": 400})
    run_id = office.click()["runId"]
    until(lambda: len(office.requests("batch")) > 5, "a full round of calls")
    assert functions.signal_workers(SYNC_ITEMS, signal.SIGSTOP)
    until(
        lambda: all(one["status"] for one in office.requests("batch")),
        "the provider to answer what it was asked",
    )
    answered = len(office.requests("batch"))
    in_the_books = len(office.books())
    assert in_the_books == answered * 30
    assert office.run(run_id)["counts"]["settled"] < in_the_books, "answered and not saved"
    functions.kill(SYNC_ITEMS)
    run = office.ended(run_id)
    assert_nothing_lost_nothing_twice(office, run)
    assert office.counters()["replayedEntries"] > 0, "asked again, not written again"


def test_ended_by_its_time_limit_it_goes_on_with_a_new_worker(
    office: Company, functions: Functions
) -> None:
    """It gets stuck: frozen amid a call, it neither answers nor ends."""
    office.fault({"type": "hang", "seconds": 20}, kind="batch", nth=[2])
    with functions.settings(SYNC_ITEMS, timeout=5, REQUEST_DEADLINE_SECONDS="2"):
        run_id = office.click()["runId"]
        until(lambda: len(hung(office)) == 1, "a call to hang")
        assert functions.signal_workers(SYNC_ITEMS, signal.SIGSTOP)
        run = office.ended(run_id)
        [execution] = functions.executions(run_id)
        assert "Sandbox.Timedout" in str(functions.history(execution))
        assert_nothing_lost_nothing_twice(office, run)
