"""A provider whose answers cannot be read: a person is told which one it is and what to do, in time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

import pytest

from local.connect import CONNECTION
from local.stack import Stack
from tests.support.deployed.company import (
    Company,
    everything_is_there_once,
    open_company,
    plain_rows,
    until,
)
from tests.support.deployed.functions import API, Functions
from tests.support.sandbox_process import ControlClient

pytestmark = [pytest.mark.deployed, pytest.mark.alone]

Fault = Mapping[str, object]

UNREADABLE: dict[str, Fault] = {
    "HTML with 500": {"type": "html500"},
    "a maintenance page with 200": {"type": "html200"},
    "an empty body": {"type": "emptyBody"},
    "a huge body": {"type": "hugeBody", "megabytes": 9},
    "cut-off JSON": {"type": "truncatedJson"},
    "half a JSON in good order": {"type": "truncatedJson", "how": "short"},
    "a slow trickle": {"type": "slowTrickle", "seconds": 20},
    "silence": {"type": "hang", "seconds": 20},
    "a redirect": {"type": "redirect302"},
    "XML with 504": {"type": "xml504"},
    "a closed connection": {"type": "closedBeforeCommit"},
}
_PATIENCE = 3


@pytest.fixture(scope="module")
def impatient(functions: Functions) -> Iterator[None]:
    """The API as it is, only quicker: its own 8 seconds are counted in tests/template."""
    with functions.settings(API, READ_PATIENCE_SECONDS=str(_PATIENCE)):
        yield


@pytest.fixture(scope="module")
def asked_before(stack: Stack, control_client: ControlClient, impatient: None) -> Iterator[Company]:
    """A connected company whose accounts nobody has asked for, so that none are remembered."""
    with open_company(stack, control_client, 900_002) as company:
        company.connect()
        yield company


@pytest.mark.parametrize("fault", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_accounts_that_cannot_be_read_are_a_problem_that_names_the_provider(
    asked_before: Company, control: ControlClient, fault: Fault
) -> None:
    asked_before.fault(fault, kind="query", repeats=True)
    began = time.monotonic()
    answer = asked_before.asked("GET", f"{CONNECTION}/accounts")
    assert time.monotonic() - began < 4 * _PATIENCE
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) >= 1
    problem = answer.json()
    assert problem["code"] == "PROVIDER_UNAVAILABLE"
    assert problem["detail"] == "QuickBooks gave no answer that can be used."
    assert problem["action"]
    for raw in ("JSON", "Traceback", "HTTP", "<html", "Error", "timed out"):
        assert raw not in answer.text, "what a program would say"


def test_a_books_listing_that_cannot_be_read_is_waited_for(
    company: Company, functions: Functions
) -> None:
    """Longer each time; nothing is given up before some minutes, and nothing is lost."""
    company.import_rows(plain_rows(30))
    company.ready()
    company.fault("html200", kind="query", repeats=True)
    company.fault("html500", kind="batch", repeats=True)
    run_id = company.click()["runId"]
    until(lambda: "Pause" in functions.states(run_id), "the sync to wait")
    assert company.run(run_id)["state"] == "planning", "waiting, not failed"
    company.control.delete("/faults")
    run = company.ended(run_id)
    assert run["state"] == "finished"
    assert run["counts"]["created"] == 30
    everything_is_there_once(company, plain_rows(30))
