"""The function that imports is killed in the middle: its follower brings in the rest, and nothing twice."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

import pytest

from local.connect import CONNECTION
from tests.deployed.test_review_and_import import asked, many_customers, plant
from tests.support.deployed.company import ACTIVE, Company, until
from tests.support.deployed.functions import SCHEDULE_SYNCS, SYNC_CUSTOMERS, Functions

pytestmark = [pytest.mark.deployed, pytest.mark.alone]

_CUSTOMERS = 3_000
_ACTIVE = _CUSTOMERS - _CUSTOMERS // 20
SILENT = 3
"""Seconds after which this test calls an import abandoned; heartbeats come each second."""


def shown(company: Company, import_id: str) -> dict[str, Any]:
    return company.api.get(f"{CONNECTION}/imports/{import_id}")


def results(company: Company, import_id: str) -> list[dict[str, Any]]:
    return every(company, f"{CONNECTION}/imports/{import_id}/results", "results")


def every(company: Company, path: str, rows: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = company.api.get(f"{path}?limit=500{cursor}")
        found += page[rows]
        if not page["nextCursor"]:
            return found
        cursor = f"&cursor={quote(page['nextCursor'])}"


def test_an_import_that_is_killed_amid_brings_each_record_in_once(
    company: Company, functions: Functions
) -> None:
    company.connect()
    ids = plant(company, many_customers(_CUSTOMERS))
    active = [one for number, one in enumerate(ids) if number % 20 != 7]
    assert asked(company)["unsynced"] == len(active) == _ACTIVE
    begun = company.api.post(f"{CONNECTION}/remote-customers:import", {"all": True})
    moves: list[int] = []

    def moving() -> bool:
        moves.append(shown(company, begun["importId"])["counts"]["settled"])
        return 0 < moves[-1] < _ACTIVE

    until(moving, "the import to bring some in", 30)
    functions.kill(SYNC_CUSTOMERS)
    killed_amid = shown(company, begun["importId"])
    assert killed_amid["state"] in ACTIVE, "it looks alive"
    assert 0 < killed_amid["counts"]["settled"] < _ACTIVE, "it was killed in the middle"
    here = len(every(company, "/v1/customers", "customers"))
    assert 0 < here < _ACTIVE
    assert asked(company)["unsynced"] == _ACTIVE - here, "what is here is counted at once"

    with functions.settings(SCHEDULE_SYNCS, ABANDONED_SECONDS=str(SILENT)):
        time.sleep(SILENT + 0.5)
        assert functions.invoke(SCHEDULE_SYNCS, {})["takenOver"] == 1

    def goes_on() -> bool:
        moving()
        return moves[-1] > killed_amid["counts"]["settled"]

    until(goes_on, "the follower to go on", 30)
    ended = shown(company, begun["importId"])
    while ended["state"] in ACTIVE:
        moving()
        ended = shown(company, begun["importId"])
    assert ended["state"] == "finished", ended
    assert ended["counts"] == {
        "total": _ACTIVE,
        "created": _ACTIVE,
        "linked": 0,
        "refused": 0,
        "settled": _ACTIVE,
    }
    assert moves == sorted(moves), "progress never falls"
    told = results(company, begun["importId"])
    assert sorted(one["id"] for one in told) == sorted(active)
    customers = every(company, "/v1/customers", "customers")
    assert len({one["id"] for one in customers}) == len(customers) == _ACTIVE
    assert {one["recordId"] for one in told} == {one["id"] for one in customers}
    assert asked(company)["unsynced"] == 0
    assert company.written() == 0, "nothing of it is pushed back"
