"""Review & Import on the deployed stack: the alert's calls counted at the provider, an import, its count."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.connect import CONNECTION
from tests.support.deployed.company import Company, until

pytestmark = pytest.mark.deployed

_CUSTOMERS = 10_000


def plant(company: Company, values: list[dict[str, object]], *, raw: bool = True) -> list[str]:
    """The ids of customers that appear in the books; `raw`: past every rule, as it is quicker."""
    ids: list[str] = []
    for start in range(0, len(values), 2000):
        order = {
            "realm": company.realm,
            "entity": "Customer",
            "values": values[start : start + 2000],
            "raw": raw,
        }
        ids += [str(row["Id"]) for row in company.control.post("/entities", order)["entities"]]
    return ids


def many_customers(count: int) -> list[dict[str, object]]:
    """Every tenth without an e-mail address, every twentieth inactive, some below another one."""
    return [
        {
            "DisplayName": f"Customer {number:05}",
            **({"PrimaryEmailAddr": {"Address": f"c{number}@x.example"}} if number % 10 else {}),
            **({"Active": False} if number % 20 == 7 else {}),
            **({"Job": True, "ParentRef": {"value": "1"}} if number % 50 == 3 else {}),
        }
        for number in range(count)
    ]


def asked(company: Company) -> dict[str, Any]:
    told: dict[str, Any] = {}

    def counted() -> bool:
        told.update(company.api.post(f"{CONNECTION}/customers/unsynced", {}))
        return bool(told["state"] != "listing")

    until(counted, "the count")
    return told


def queries(company: Company) -> int:
    return int(company.counters().get("calls", {}).get("query", 0))


def imported(company: Company, body: dict[str, object]) -> dict[str, Any]:
    begun = company.api.post(f"{CONNECTION}/remote-customers:import", body)
    shown: dict[str, Any] = {}

    def ended() -> bool:
        shown.update(company.api.get(f"{CONNECTION}/imports/{begun['importId']}"))
        return shown["state"] not in ("planning", "pushing")

    until(ended, "the end of the import")
    return shown


def test_ten_thousand_customers_are_listed_once_and_the_count_falls_with_an_import(
    company: Company,
) -> None:
    company.connect()
    ids = plant(company, many_customers(_CUSTOMERS))
    active = [one for number, one in enumerate(ids) if number % 20 != 7]
    before = queries(company)
    assert company.api.get(f"{CONNECTION}/customers/unsynced")["state"] == "not_asked"
    assert queries(company) == before
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(lambda _: company.asked("POST", f"{CONNECTION}/customers/unsynced"), range(8))
        )
    told = asked(company)
    assert told["message"] == (
        "9,500 of 9,500 customers in QuickBooks are not yet imported into BlueClerk"
    )
    assert queries(company) - before == 11

    chosen = [{"id": one} for one in active[:300]]
    ended = imported(company, {"records": [*chosen, chosen[0], {"id": "999999"}]})
    assert ended["state"] == "finished", ended
    assert ended["counts"] == {
        "total": 302,
        "created": 300,
        "linked": 0,
        "refused": 2,
        "settled": 302,
    }
    results = company.api.get(f"{CONNECTION}/imports/{ended['importId']}/results?limit=500")
    problems = [one["problem"]["code"] for one in results["results"] if one["problem"]]
    assert problems == ["TWICE", "NOT_IN_BOOKS"]
    assert asked(company)["unsynced"] == 9_200
    assert company.connection()["setup"]["importCustomers"] == "done"
    assert company.written() == 0
    page = company.api.get("/v1/customers?limit=500")
    assert len(page["customers"]) == 300


def test_names_that_are_alike_are_proposed_and_linked_by_a_person(company: Company) -> None:
    company.connect()
    (remote,) = plant(company, [{"DisplayName": "Bramble Plumbing, LLC"}], raw=False)
    company.api.put("/v1/customers/S-1", {"name": "Brambel Plumbing"})
    rows: dict[str, Any] = {}

    def listed() -> bool:
        rows.update(company.api.get(f"{CONNECTION}/remote-customers"))
        return bool(rows["state"] == "ready")

    until(listed, "the list")
    (row,) = rows["customers"]
    assert (row["status"], row["proposals"][0]["id"]) == ("matched", "S-1")
    assert row["proposals"][0]["reason"] == "similar"
    ended = imported(company, {"records": [{"id": remote, "linkTo": "S-1"}]})
    assert ended["counts"]["linked"] == 1, ended
    assert asked(company)["message"] == (
        "All 1 customers in QuickBooks are imported into BlueClerk."
    )
    undone = company.api.post(f"{CONNECTION}/remote-customers:unlink", {"ids": [remote]})
    assert undone["results"][0]["unlinked"]
    assert asked(company)["unsynced"] == 1


def test_a_provider_that_fails_is_told_in_the_alerts_own_words(company: Company) -> None:
    company.connect()
    company.fault("html500", kind="query", repeats=True)
    said: list[Any] = []

    def failed() -> bool:
        answer = company.asked("POST", f"{CONNECTION}/customers/unsynced")
        said.append(answer.json())
        return bool(answer.status_code == 503)

    until(failed, "the failure")
    assert said[-1]["detail"] == (
        "QuickBooks gave no answer that can be used, so its customers could not be counted."
    )
