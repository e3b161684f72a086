"""Customers on the wire: groups of texts, one list of names with vendors and employees, jobs, refusals."""

from typing import Any

import pytest

from tests.sandbox.books import Books, content, entry_error
from tests.support.sandbox_process import CEDAR_RIDGE

ADDRESS = {
    "Line1": "12 Ocean Dr.",
    "City": "Half Moon Bay",
    "CountrySubDivisionCode": "CA",
    "PostalCode": "94213",
    "Country": "US",
}


_ALL_BY_ID = "select * from Customer where Active in (true,false) orderby Id"


def customer(books: Books, **values: Any) -> dict[str, Any]:
    """The customer that a write answers with."""
    answer = books.post("customer", {"DisplayName": "Bill's Windsurf Shop", **values})
    assert answer.status_code == 200, answer.text
    written: dict[str, Any] = content(answer)["Customer"]
    return written


def plant(books: Books, entity: str, name: str) -> str:
    order = {"realm": CEDAR_RIDGE, "entity": entity, "values": [{"DisplayName": name}]}
    return str(books.sandbox.control.post("/entities", order)["entities"][0]["Id"])


def test_a_created_customer_has_what_was_sent_the_defaults_and_nothing_empty(books: Books) -> None:
    made = customer(
        books,
        PrimaryEmailAddr={"Address": "bill@windsurf.example"},
        PrimaryPhone={"FreeFormNumber": "(415) 444-6538"},
        BillAddr={**ADDRESS, "Line2": ""},
        Mobile={"FreeFormNumber": ""},
    )

    assert {name: made[name] for name in made if name != "MetaData"} == {
        "DisplayName": "Bill's Windsurf Shop",
        "FullyQualifiedName": "Bill's Windsurf Shop",
        "PrimaryEmailAddr": {"Address": "bill@windsurf.example"},
        "PrimaryPhone": {"FreeFormNumber": "(415) 444-6538"},
        "BillAddr": ADDRESS,
        "Active": True,
        "Job": False,
        "BillWithParent": False,
        "Taxable": True,
        "domain": "QBO",
        "sparse": False,
        "Id": made["Id"],
        "SyncToken": "0",
    }


def test_a_sparse_update_keeps_other_groups_and_replaces_the_one_it_has(books: Books) -> None:
    made = customer(books, BillAddr=ADDRESS, PrimaryPhone={"FreeFormNumber": "1"})
    change = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "BillAddr": {"City": "Moss"}}
    answer = books.post("customer", change)
    updated = content(answer)["Customer"]

    assert updated["BillAddr"] == {"City": "Moss"}
    assert updated["PrimaryPhone"] == {"FreeFormNumber": "1"}
    assert updated["DisplayName"] == made["DisplayName"]


def test_a_group_of_empty_texts_is_gone(books: Books) -> None:
    made = customer(books, PrimaryEmailAddr={"Address": "a@b.c"})
    change = {
        "Id": made["Id"],
        "SyncToken": "0",
        "sparse": True,
        "PrimaryEmailAddr": {"Address": ""},
    }
    assert "PrimaryEmailAddr" not in content(books.post("customer", change))["Customer"]


@pytest.mark.parametrize("entity", ["Customer", "Vendor", "Employee"])
def test_a_name_is_taken_by_whoever_of_the_three_lists_has_it(books: Books, entity: str) -> None:
    owner = plant(books, entity, "Robertson & Associates")
    error = books.refused("customer", {"DisplayName": "robertson & associates"})

    assert error["code"] == "6240"
    assert error["Detail"].endswith(f": Id={owner}")


def test_an_inactive_customer_is_renamed_and_frees_its_name(books: Books) -> None:
    made = customer(books)
    change = {"Id": made["Id"], "SyncToken": "0", "sparse": True, "Active": False}
    gone = content(books.post("customer", change))["Customer"]
    again = customer(books)

    assert gone["DisplayName"] == "Bill's Windsurf Shop (deleted)"
    assert again["Id"] != made["Id"]


def test_a_job_stands_under_its_parent_and_has_a_name_of_its_own(books: Books) -> None:
    parent = customer(books)
    job = customer(books, DisplayName="Kitchen", ParentRef={"value": parent["Id"]}, Job=True)

    assert job["FullyQualifiedName"] == "Bill's Windsurf Shop:Kitchen"
    assert books.refused("customer", {"DisplayName": "Kitchen"})["code"] == "6240"


def test_a_name_is_built_from_its_parts(books: Books) -> None:
    answer = books.post("customer", {"GivenName": "James", "FamilyName": "King"})

    assert content(answer)["Customer"]["DisplayName"] == "James King"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({}, "2020"),
        ({"DisplayName": "Hill: Kitchen"}, "2040"),
        ({"DisplayName": "x" * 501}, "2050"),
        ({"DisplayName": "A", "PrimaryEmailAddr": {"Address": "bill at home"}}, "2210"),
        ({"DisplayName": "A", "PrimaryEmailAddr": {"Address": f"{'a' * 98}@b.c"}}, "2050"),
        ({"DisplayName": "A", "PrimaryPhone": {"FreeFormNumber": "1" * 31}}, "2050"),
        ({"DisplayName": "A", "PrimaryPhone": {"Number": "1"}}, "2010"),
        ({"DisplayName": "A", "BillAddr": "Main Street"}, "2010"),
        ({"DisplayName": "A", "Job": True}, "2020"),
        ({"DisplayName": "A", "ParentRef": {"value": "999"}}, "2500"),
    ],
)
def test_each_refusal_has_its_code(books: Books, values: dict[str, Any], code: str) -> None:
    assert books.refused("customer", values)["code"] == code


def test_vendors_are_read_and_queried_and_not_written(books: Books) -> None:
    vendor = plant(books, "Vendor", "Robertson")

    assert content(books.get(f"vendor/{vendor}"))["Vendor"]["DisplayName"] == "Robertson"
    assert books.refused("vendor", {"DisplayName": "New"})["code"] == "500"


def test_a_batch_answers_customers_each_for_itself(books: Books) -> None:
    plant(books, "Vendor", "Taken")
    entries = [
        {"bId": str(number), "operation": "create", "Customer": {"DisplayName": name}}
        for number, name in enumerate(("Free", "Taken", "Also free"))
    ]
    answered = books.batch(entries)

    assert [set(entry) - {"bId"} for entry in answered.values()] == [
        {"Customer"},
        {"Fault"},
        {"Customer"},
    ]
    assert entry_error(answered["1"])["code"] == "6240"


def test_a_planted_fault_finds_a_customer_by_its_name(books: Books) -> None:
    books.sandbox.control.fault("entryFault", entries={"names": ["Bad"]})
    entries = [
        {"bId": name, "operation": "create", "Customer": {"DisplayName": name}}
        for name in ("Good", "Bad")
    ]
    answered = books.batch(entries)

    assert "Customer" in answered["Good"]
    assert entry_error(answered["Bad"])["code"] == "6000"


def test_queries_filter_by_name_and_email_and_page(books: Books) -> None:
    for number in range(7):
        customer(
            books, DisplayName=f"C {number}", PrimaryEmailAddr={"Address": f"c{number}@x.example"}
        )

    def names(rest: str) -> list[str]:
        rows = books.query(f"select * from Customer {rest}").get("Customer", [])  # noqa: S608 - no SQL
        return [row["DisplayName"] for row in rows]

    assert names("where DisplayName in ('c 1','C 5') orderby Id") == ["C 1", "C 5"]
    assert names("where PrimaryEmailAddr = 'C3@X.example'") == ["C 3"]
    assert names("orderby Id startposition 6 maxresults 5") == ["C 5", "C 6"]


def test_ten_thousand_are_listed_at_the_page_maximum(books: Books) -> None:
    """Inactive ones, sub-customers, equal names but for case (by `raw`), missing addresses."""
    for start in range(0, 10_000, 2500):
        values = [
            {
                "DisplayName": f"{'CUSTOMER' if number % 2 else 'Customer'} {number // 2}",
                "Active": number % 20 != 7,
                **({"PrimaryEmailAddr": {"Address": f"c{number}@x.example"}} if number % 3 else {}),
                **({"Job": True, "ParentRef": {"value": "1"}} if number % 50 == 3 else {}),
            }
            for number in range(start, start + 2500)
        ]
        order = {"realm": books.realm, "entity": "Customer", "values": values, "raw": True}
        books.sandbox.control.post("/entities", order)
    listed: list[dict[str, object]] = []
    while True:
        place = f"startposition {len(listed) + 1} maxresults 1000"
        page = books.query(f"{_ALL_BY_ID} {place}")
        rows = page.get("Customer", [])
        assert len(rows) <= 1000
        listed += rows
        if len(rows) < 1000:
            break
    assert len({row["Id"] for row in listed}) == len(listed) == 10_000
    assert sum(row["Active"] is False for row in listed) == 500
    assert sum("PrimaryEmailAddr" not in row for row in listed) == 3334
