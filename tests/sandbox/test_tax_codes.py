"""Tax codes: read and queried as any list, with ids that are words in the US; nobody writes them here."""

from __future__ import annotations

from tests.sandbox.books import Books
from tests.support.sandbox_process import CEDAR_RIDGE


def ids(books: Books, condition: str = "") -> list[str]:
    statement = f"select * from TaxCode{condition}"  # noqa: S608 - QuickBooks' query language
    return sorted(row["Id"] for row in books.query(statement).get("TaxCode", []))


def test_a_us_company_has_tax_and_non_and_closed_ones_are_left_out_unless_asked_for(
    books: Books,
) -> None:
    assert ids(books) == ["2", "NON", "TAX"]
    assert ids(books, " where Active in (true,false)") == ["2", "3", "NON", "TAX"]
    (row,) = books.query("select * from TaxCode where Name = 'non'")["TaxCode"]
    assert (row["Id"], row["Taxable"], row["SyncToken"]) == ("NON", False, "0")


def test_planted_ones_are_listed_under_a_new_number(books: Books) -> None:
    planted = books.sandbox.control.post(
        "/entities",
        {"realm": CEDAR_RIDGE, "entity": "TaxCode", "values": [{"Name": "Nevada"}]},
    )
    assert planted
    assert ids(books, " where Name = 'Nevada'") == ["4"]


def test_the_api_makes_none(books: Books) -> None:
    assert books.post("taxcode", {"Name": "Mine"}).status_code != 200
    assert len(ids(books)) == 3
