"""A run whose execution is gone is taken over by the next click or by the schedule, not joined for ever."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local.stack import Stack
from tests.support.deployed.company import (
    Company,
    everything_is_there_once,
    open_company,
    slice_of_the_book,
    until,
)
from tests.support.deployed.functions import API, SCHEDULE_SYNCS, SYNC_ITEMS, Functions
from tests.support.sandbox_process import ControlClient

pytestmark = pytest.mark.deployed

ROWS = 420
SILENT = 5
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


@dataclass(frozen=True, slots=True)
class LeftAlone:
    company: Company
    run: dict[str, Any]
    since: float


@pytest.fixture(scope="module")
def left_to_the_schedule(
    stack: Stack, control_client: ControlClient, functions: Functions
) -> Iterator[LeftAlone]:
    """An abandoned run, left alone while another test goes on, so that less time is spent waiting.

    Whoever invokes the schedule directly comes after: it takes over whatever is silent.
    """
    with (
        open_company(stack, control_client, 900_001) as company,
        functions.settings(SCHEDULE_SYNCS, ABANDONED_SECONDS="15"),
    ):
        yield LeftAlone(company, begun_and_stopped(company, functions), time.monotonic())


@pytest.mark.usefixtures("left_to_the_schedule")
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


def test_the_real_schedule_takes_over_what_was_left_alone_within_70_seconds(
    left_to_the_schedule: LeftAlone, functions: Functions
) -> None:
    left = left_to_the_schedule
    until(
        lambda: len(functions.executions(left.run["runId"])) == 2,
        "the schedule",
        left.since + 100 - time.monotonic(),
    )
    assert_completed(left.company, functions, left.run)


@pytest.mark.parametrize("worker_dies", [True, False], ids=["worker dead", "worker alive"])
def test_the_schedule_takes_over_a_run_whose_execution_was_stopped(
    company: Company, functions: Functions, *, worker_dies: bool
) -> None:
    """A worker that is still alive is fenced off, or has done its part when the new one comes."""
    run = begun_and_stopped(company, functions, worker_dies=worker_dies)

    def taken_over() -> bool:
        """Asked by us, or by the minute's tick just then."""
        functions.invoke(SCHEDULE_SYNCS, {})
        return len(functions.executions(run["runId"])) == 2

    with functions.settings(SCHEDULE_SYNCS, ABANDONED_SECONDS=str(SILENT)):
        assert functions.invoke(SCHEDULE_SYNCS, {})["takenOver"] == 0, "silent for a moment only"
        until(taken_over, "the run to fall silent")
        assert functions.invoke(SCHEDULE_SYNCS, {})["takenOver"] == 0, "it lives again"
    assert_completed(company, functions, run)
