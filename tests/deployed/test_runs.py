"""Runs: one at a time per connection, of one company only, as long as they take, and never unready."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from local.connect import CONNECTION
from local.sync import SYNCS
from tests.support.deployed.company import (
    Company,
    everything_is_there_once,
    plain_rows,
    slice_of_the_book,
)
from tests.support.deployed.functions import SYNC_ITEMS, Functions

pytestmark = pytest.mark.deployed

ROWS = 420


def test_clicks_at_the_same_moment_start_one_run_and_every_answer_names_it(
    company: Company, functions: Functions
) -> None:
    clicks = 4
    company.import_rows(plain_rows(30))
    company.ready()
    company.control.settings(latency={"batch": 12_000})  # longer than the slowest of the clicks
    together = Barrier(clicks)

    def at_once(call: Callable[[], dict[str, Any]]) -> list[dict[str, Any]]:
        def wait_and_call(_number: int) -> dict[str, Any]:
            together.wait()
            return call()

        with ThreadPoolExecutor(clicks) as people:
            return list(people.map(wait_and_call, range(clicks)))

    at_once(company.connection)  # a function's worker for each, so that none comes seconds later
    answers = at_once(company.click)
    [run_id] = {answer["runId"] for answer in answers}
    assert sorted(answer["joined"] for answer in answers) == [False, True, True, True]
    assert company.ended(run_id)["state"] == "finished"
    assert len(functions.executions(run_id)) == 1
    assert company.counters()["batches"] == 1
    everything_is_there_once(company, plain_rows(30))
    assert [run["runId"] for run in company.api.get(SYNCS)["syncs"]] == [run_id]


def test_two_companies_side_by_side_do_not_see_each_other(
    new_company: Callable[[], Company],
) -> None:
    """Nor slow each other down to failure: both runs go on at the same time, and both are whole."""
    one, other = new_company(), new_company()
    ours = plain_rows(90)
    theirs = [{**row, "id": f"X-{row['id']}", "unit_price": "7.00"} for row in plain_rows(120)]
    one.import_rows(ours)
    other.import_rows(theirs)
    one.ready()
    other.ready()
    one.control.settings(latency={"batch": 300})
    run, other_run = one.click(), other.click()
    for path in (f"{SYNCS}/{other_run['runId']}", "/v1/items/X-I-0001"):
        answer = one.asked("GET", path)
        assert answer.status_code == 404, path
        assert other.asked("GET", path).is_success
    assert one.ended(run["runId"])["counts"]["created"] == 90
    assert other.ended(other_run["runId"])["counts"]["created"] == 120
    everything_is_there_once(one, ours)
    everything_is_there_once(other, theirs)
    assert [each["runId"] for each in one.api.get(SYNCS)["syncs"]] == [run["runId"]]
    assert len(one.api.get("/v1/items?limit=100")["items"]) == 90
    assert one.connection()["remoteCompany"]["id"] == one.realm

    other.api.put("/v1/items/X-I-0001", {"name": "Fitting 0001", "unitPrice": "8.00"})
    deleted = one.asked("DELETE", "/v1/items/X-I-0002")
    assert deleted.status_code == 404
    writes = one.written()
    assert one.sync()["counts"]["unchanged"] == 90
    assert one.written() == writes
    assert other.sync()["counts"]["updated"] == 1


def test_a_run_longer_than_a_slice_goes_on_in_the_next_one(
    company: Company, functions: Functions
) -> None:
    company.import_book(slice_of_the_book(ROWS))
    company.ready()
    company.control.settings(latency={"batch": 400})
    with functions.settings(SYNC_ITEMS, SLICE_SECONDS="1"):
        run = company.sync()
    states = functions.states(run["runId"])
    assert states.count("Push") > 1
    assert states.count("Plan") == 1
    assert len(functions.executions(run["runId"])) == 1
    assert run["counts"]["created"] == run["counts"]["settled"] == ROWS
    batches = company.requests("batch")
    assert len(batches) == len({batch["requestId"] for batch in batches}) == 14
    everything_is_there_once(company, slice_of_the_book(ROWS))


def test_without_a_default_income_account_a_sync_is_refused_and_the_setting_named(
    company: Company,
) -> None:
    company.import_rows(plain_rows(1))
    company.connect()
    answer = company.asked("POST", SYNCS, {"kinds": ["item"]})
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["code"] == "DEFAULT_INCOME_ACCOUNT_MISSING"
    assert problem["field"] == "defaultIncomeAccountId"
    assert "default income account" in problem["action"]
    assert company.api.get(SYNCS)["syncs"] == []
    assert company.written() == 0

    account = company.api.get(f"{CONNECTION}/accounts")["accounts"][0]["id"]
    company.api.put(f"{CONNECTION}/settings", {"defaultIncomeAccountId": account})
    assert company.sync()["counts"]["created"] == 1
