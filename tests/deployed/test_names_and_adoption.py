"""Names once chosen stay; what the books have already is adopted; what cannot go says why."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from local.price_book import rows
from tests.support.deployed.company import (
    Company,
    everything_is_there_once,
    plain_rows,
)

pytestmark = pytest.mark.deployed


def names_by_id(company: Company) -> dict[str, str]:
    return {item["Id"]: item["Name"] for item in company.books()}


def test_the_same_catalogue_in_another_order_and_with_new_siblings_renames_nothing(
    company: Company,
) -> None:
    """The end of the price book is where equal names are: lists that were imported twice."""
    book = rows()[-450:]
    company.import_book(book)
    company.ready()
    first = company.sync()
    assert first["counts"]["created"] == len(book)
    assert first["counts"]["renamed"] > 50, "this slice is full of equal names"
    before = names_by_id(company)

    shuffled = list(book)
    random.Random(7).shuffle(shuffled)
    # Ids before, between and after the known ones: whoever comes first must not take over a name.
    siblings = [
        replace(row, id=f"{prefix}{row.id}", code=f"{prefix}{row.code}", name=name)
        for row in book[::15]
        for prefix, name in (("A-", row.name), ("Z-", row.name.upper()))
    ]
    company.import_book([*siblings, *shuffled])
    second = company.sync()
    assert second["counts"]["unchanged"] == len(book)
    assert second["counts"]["created"] == len(siblings)
    after = names_by_id(company)
    assert {key: after[key] for key in before} == before
    everything_is_there_once(company, [*book, *siblings])


def test_what_the_books_have_already_is_adopted_not_doubled_and_not_overwritten(
    company: Company,
) -> None:
    ours = plain_rows(40)
    company.import_rows(ours)
    company.ready()
    income = {"value": company.connection()["settings"]["defaultIncomeAccountId"]}
    same, other_case, category = company.plant(
        {"Name": "Fitting 0001", "Type": "Service", "UnitPrice": 99, "IncomeAccountRef": income},
        {"Name": "FITTING 0002", "Type": "Service", "UnitPrice": 2.5, "IncomeAccountRef": income},
        {"Name": "Fitting 0003", "Type": "Category"},
        raw=True,
    )
    run = company.sync()
    counts = run["counts"]
    assert (counts["adopted"], counts["adoptedDiffering"]) == (2, 1)
    assert (counts["created"], counts["refused"]) == (38, 0)
    assert counts["settled"] == counts["total"] == 40
    books = {item["Id"]: item for item in company.books()}
    assert len(books) == 41
    assert company.doubled() == {}
    for planted in (same, other_case, category):
        kept = books[planted["Id"]]
        assert kept["Name"] == planted["Name"]
        assert kept.get("UnitPrice") == planted.get("UnitPrice")
        assert kept["SyncToken"] == planted["SyncToken"], "nothing was written to it"
    [beside] = [item for item in books.values() if item["Name"].startswith("Fitting 0003 ")]
    assert beside["Type"] == "Service"
    assert company.sync()["counts"]["unchanged"] == 40

    # Linked from then on: a change of ours goes to the adopted record.
    company.api.put("/v1/items/I-0002", {"name": "Fitting 0002", "unitPrice": "3.75"})
    assert company.sync()["counts"]["updated"] == 1
    changed = next(item for item in company.books() if item["Id"] == other_case["Id"])
    assert changed["UnitPrice"] == 3.75


def test_an_item_in_another_currency_than_the_books_is_refused_with_that_sentence_alone(
    new_company: Callable[..., Company],
) -> None:
    company = new_company()
    company.import_rows(
        [
            {"id": "I-1", "name": "Priced in dollars", "unit_price": "10.00", "currency": "USD"},
            {"id": "I-2", "name": "Priced in euros", "unit_price": "11.00", "currency": "EUR"},
            {"id": "I-3", "name": "Also in dollars", "unit_price": "12.00", "currency": "USD"},
        ]
    )
    company.ready()
    run = company.sync()
    assert run["state"] == "finished"
    assert (run["counts"]["created"], run["counts"]["refused"]) == (2, 1)
    [failure] = company.failures()
    assert failure["id"] == "I-2"
    assert "EUR" in failure["problem"]["message"]
    assert "USD" in failure["problem"]["message"]
    assert failure["problem"]["field"] == "currency"
    [cause] = run["causes"]
    assert cause["count"] == 1
    assert sorted(item["Name"] for item in company.books()) == [
        "Also in dollars",
        "Priced in dollars",
    ]
    health = company.connection()["health"]
    assert (health["colour"], health["reason"]) == ("amber", "1 item could not be synced.")

    company.api.put(
        "/v1/items/I-2", {"name": "Priced in euros", "unitPrice": "11.00", "currency": "USD"}
    )
    assert company.sync()["counts"]["created"] == 1
    assert company.failures() == []
    everything_is_there_once(
        company, [{"unit_price": price} for price in ("10.00", "11.00", "12.00")]
    )
