"""A run whose execution is gone is taken over by the next click or by the schedule, not joined for ever."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.support.deployed.company import (
    Company,
    everything_is_there_once,
    slice_of_the_book,
    until,
)
from tests.support.deployed.functions import API, SCHEDULE_SYNCS, SYNC_ITEMS, Functions

pytestmark = [pytest.mark.deployed, pytest.mark.alone]

ROWS = 420
SILENT = 3
"""Seconds after which these tests call a run abandoned; heartbeats come each second."""


def begun_and_stopped(
    company: Company, functions: Functions, *, worker_dies: bool = True
) -> dict[str, Any]:
    """A run under way whose execution somebody stops; its worker dies too, or works on alone."""
    company.import_book(slice_of_the_book(ROWS))
    company.ready()
    company.control.settings(latency={"batch": 700})
    run = company.click()
    until(lambda: company.run(run["runId"])["counts"]["settled"] > 0, "the push to begin")
    [execution] = functions.executions(run["runId"])
    functions.stop_execution(execution)
    if worker_dies:
        functions.kill(SYNC_ITEMS)
    company.control.settings(latency={"batch": 20})
    assert functions.status(execution) == "ABORTED"
    assert company.run(run["runId"])["state"] == "pushing", "it looks alive"
    return run


def assert_completed(company: Company, functions: Functions, run: dict[str, Any]) -> None:
    ended = company.ended(run["runId"])
    assert ended["state"] == "finished"
    assert ended["counts"]["created"] == ended["counts"]["total"] == ROWS
    assert len(functions.executions(run["runId"])) == 2, "taken over once"
    everything_is_there_once(company, slice_of_the_book(ROWS))


def test_the_next_click_joins_a_run_that_shows_life_and_takes_over_one_that_does_not(
    company: Company, functions: Functions
) -> None:
    run = begun_and_stopped(company, functions)
    joined = company.click()
    assert joined["runId"] == run["runId"]
    assert joined["joined"] is True
    assert len(functions.executions(run["runId"])) == 1, "silent for a moment only"

    with functions.settings(API, ABANDONED_SECONDS=str(SILENT)):
        time.sleep(SILENT + 0.5)
        again = company.click()
    assert again["runId"] == run["runId"]
    assert_completed(company, functions, run)


@pytest.mark.parametrize("worker_dies", [True, False], ids=["worker dead", "worker alive"])
def test_the_schedule_takes_over_a_run_whose_execution_was_stopped(
    company: Company, functions: Functions, *, worker_dies: bool
) -> None:
    """A worker that is still alive is fenced off, or has done its part when the new one comes."""
    run = begun_and_stopped(company, functions, worker_dies=worker_dies)

    with functions.settings(SCHEDULE_SYNCS, ABANDONED_SECONDS=str(SILENT)):
        assert functions.invoke(SCHEDULE_SYNCS, {})["takenOver"] == 0, "silent for a moment only"
        until(
            lambda: functions.invoke(SCHEDULE_SYNCS, {})["takenOver"] == 1, "the run to fall silent"
        )
        assert functions.invoke(SCHEDULE_SYNCS, {})["takenOver"] == 0, "it lives again"
    assert_completed(company, functions, run)


def test_the_schedules_own_tick_does_it_within_70_seconds(
    company: Company, functions: Functions
) -> None:
    """The rule was held since the stack started: mostly its minute is over, and it ticks at once."""
    run = begun_and_stopped(company, functions)
    with functions.settings(SCHEDULE_SYNCS, ABANDONED_SECONDS=str(SILENT)):
        time.sleep(SILENT + 0.5)
        with functions.ticking():
            until(lambda: len(functions.executions(run["runId"])) == 2, "the schedule", 75)
    assert_completed(company, functions, run)
