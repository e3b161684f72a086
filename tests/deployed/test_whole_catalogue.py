"""One click brings the whole price book over, shows how far it is, and a second click costs nothing."""

from __future__ import annotations

from typing import Any

import pytest

from local.price_book import rows
from tests.support.deployed.company import Company, everything_is_there_once
from tests.support.deployed.functions import Functions

pytestmark = pytest.mark.deployed

ROWS = 3629
BATCHES = 121
_COUNTS = ("created", "updated", "adopted", "unchanged", "renamed", "refused")


def test_one_click_brings_3629_of_3629_over_once_in_121_batches_while_progress_shows(
    company: Company, functions: Functions
) -> None:
    """And again: 0 writes. And with one price changed: exactly 1."""
    company.control.settings(latency={"batch": 300})
    book = rows()
    company.ready()
    company.import_book(book)
    company.control.post("/counters/reset")

    shown: list[dict[str, Any]] = []
    run = company.sync(shown.append)
    assert run["state"] == "finished", run
    assert [run["counts"][name] for name in _COUNTS[:4]] == [ROWS, 0, 0, 0]
    assert run["counts"]["refused"] == 0, run["causes"]
    assert run["counts"]["settled"] == run["counts"]["total"] == ROWS
    assert run["counts"]["renamed"] > 0, "names too long, forbidden or equal got others"
    everything_is_there_once(company, book)
    counted = company.counters()
    assert counted["batches"] == BATCHES
    assert counted["singleWrites"] == 0
    assert counted["maxInFlight"] == 10
    assert run["providerCalls"] == sum(counted["calls"].values()) == BATCHES + 1, "one listing"
    assert run["seconds"] > 0
    settled = [state["counts"]["settled"] for state in shown]
    assert settled == sorted(settled), "progress never falls"
    before_the_end = {
        state["counts"]["settled"] for state in shown if state["state"] == "pushing"
    } - {0, ROWS}
    assert len(before_the_end) >= 10
    assert functions.states(run["runId"]) == [
        *("Plan", "Decide", "Push", "Decide", "Summarise", "Concluded", "Ended")
    ]

    writes = company.written()
    again = company.sync()
    assert again["state"] == "finished"
    assert again["runId"] != run["runId"]
    assert again["counts"]["unchanged"] == again["counts"]["total"] == ROWS
    assert company.written() == writes, "nothing changed, so nothing is written"

    changed = company.api.get("/v1/items/CRP-00042")
    body = {name: changed[name] for name in ("name", "code", "description", "unit", "currency")}
    company.api.put("/v1/items/CRP-00042", {**body, "unitPrice": "1234.56"})
    one = company.sync()
    assert one["counts"]["updated"] == 1
    assert one["counts"]["unchanged"] == ROWS - 1
    assert company.written() == writes + 1
    assert company.requests("batch")[-1]["entries"] == 1
    assert [item["UnitPrice"] for item in company.books()].count(1234.56) == 1
    assert company.connection()["health"]["colour"] == "green"
