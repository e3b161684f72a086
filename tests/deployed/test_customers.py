"""Customers on the deployed stack: from a file into the books by a click, through their own function."""

from __future__ import annotations

from typing import Any

import pytest

from local.sync import SYNCS
from tests.support.deployed.company import Company, csv_of

pytestmark = pytest.mark.deployed


def sync_customers(company: Company) -> dict[str, Any]:
    started = company.api.post(SYNCS, {"kinds": ["customer"]})
    assert started["kind"] == "customer"
    return company.ended(started["runId"])


def test_customers_reach_the_books_once_adopted_marked_or_made(company: Company) -> None:
    rows = [
        {"name": f"Customer {number:03}", "email": f"c{number}@x.example", "city": "Rye"}
        for number in range(100)
    ]
    imported = company.api.post_csv("/v1/customers:import", csv_of(rows))
    assert (imported["created"], imported["rejected"]) == (100, 0)
    company.connect()  # no income account is chosen: customers need none
    for entity, values in (
        ("Vendor", {"DisplayName": "Customer 001"}),
        (
            "Customer",
            {"DisplayName": "An old name", "PrimaryEmailAddr": {"Address": "C2@x.example"}},
        ),
    ):
        order = {"realm": company.realm, "entity": entity, "values": [values]}
        company.control.post("/entities", order)
    counts = sync_customers(company)["counts"]
    assert (counts["created"], counts["adopted"], counts["renamed"]) == (99, 1, 1)
    assert (counts["refused"], counts["settled"]) == (0, counts["total"])

    books = company.control.rows(company.realm, "Customer")
    assert len({row["DisplayName"] for row in books}) == len(books) == 100
    assert sum(row["DisplayName"].startswith("Customer 001 ~") for row in books) == 1
    made = next(row for row in books if row["DisplayName"] == "Customer 050")
    assert made["PrimaryEmailAddr"] == {"Address": "c50@x.example"}
    assert made["BillAddr"]["City"] == "Rye"

    before = company.written()
    assert sync_customers(company)["counts"]["unchanged"] == 100
    assert company.written() == before
