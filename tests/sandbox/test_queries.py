"""The query language: what finds what, how pages run, and what cannot be parsed or is not valid."""

# ruff: noqa: S608 - statements of QuickBooks' query language, to a server of our own
import pytest

from tests.sandbox.books import Books, content, creations, only_error, service
from tests.support.sandbox_process import CEDAR_RIDGE, ControlClient


@pytest.fixture
def stocked(books: Books) -> Books:
    """Five items: two inactive or in odd spelling."""
    books.item(service("Faucet", Sku="F-1", UnitPrice=10, Taxable=True))
    books.item(service("Elbow 1/2", Sku="E-1", UnitPrice=2))
    books.item(service("Plumber's putty", UnitPrice=3))
    books.item(service("Back\\slash", UnitPrice=1000))
    old = books.item(service("Old", UnitPrice=5))
    books.item({"sparse": True, "Id": old["Id"], "SyncToken": "0", "Active": False})
    return books


FOUND = [
    ("name = 'FAUCET'", ["Faucet"]),
    ("Name IN ('faucet', 'nothing', 'elbow 1/2')", ["Elbow 1/2", "Faucet"]),
    ("Name LIKE '%u%'", ["Faucet", "Plumber's putty"]),
    ("Name LIKE 'faucet'", ["Faucet"]),
    ("Name LIKE 'Fauce_'", []),
    (r"Name = 'Plumber\'s putty'", ["Plumber's putty"]),
    (r"Name = 'Back\\slash'", ["Back\\slash"]),
    ("UnitPrice > '3'", ["Back\\slash", "Faucet"]),
    ("UnitPrice >= '3.00'", ["Back\\slash", "Faucet", "Plumber's putty"]),
    ("UnitPrice < '10' AND UnitPrice <= '2'", ["Elbow 1/2"]),
    ("Id = '1'", ["Faucet"]),
    ("Id IN ('1','2','1')", ["Elbow 1/2", "Faucet"]),
    ("Active = false", ["Old (deleted)"]),
    (
        "Active IN (true, false)",
        ["Back\\slash", "Elbow 1/2", "Faucet", "Old (deleted)", "Plumber's putty"],
    ),
    ("Taxable = true", ["Faucet"]),
    ("Sku = 'f-1'", ["Faucet"]),
    ("Sku = ' '", ["Back\\slash", "Plumber's putty"]),
    (
        "Type IN ('Service','NonInventory','Inventory') AND Name > 'f'",
        ["Faucet", "Plumber's putty"],
    ),
    ("MetaData.LastUpdatedTime >= '2020-01-01T00:00:00-08:00' AND Name = 'Faucet'", ["Faucet"]),
    ("MetaData.LastUpdatedTime < '2020-01-01T00:00:00-08:00'", []),
    ("MetaData.CreateTime >= CURRENT_DATE AND Id = '1'", ["Faucet"]),
]


@pytest.mark.parametrize(("condition", "names"), FOUND, ids=[row[0] for row in FOUND])
def test_a_condition_finds_exactly(stocked: Books, condition: str, names: list[str]) -> None:
    answer = stocked.query(f"select * from Item where {condition}")

    assert sorted(item["Name"] for item in answer.get("Item", [])) == names
    assert answer.get("maxResults", 0) == len(names)


def test_nothing_found_is_an_empty_object(books: Books) -> None:
    assert books.query("SELECT * FROM Item") == {}


def test_count_gives_the_total_of_all_pages(stocked: Books) -> None:
    assert stocked.query("SELECT COUNT(*) FROM Item MAXRESULTS 1") == {"totalCount": 4}


def test_a_row_carries_only_what_has_a_value(stocked: Books) -> None:
    (putty,) = stocked.query(r"select * from Item where Name = 'Plumber\'s putty'")["Item"]

    assert not {"Sku", "Description", "ParentRef"} & set(putty)


def test_pages_of_an_order_give_each_row_once(books: Books) -> None:
    books.batch(creations(25))
    pages = [
        books.query(f"select * from Item ORDERBY Id STARTPOSITION {start} MAXRESULTS 10")
        for start in (1, 11, 21, 31)
    ]

    assert [[int(item["Id"]) for item in page.get("Item", [])] for page in pages] == [
        list(range(1, 11)),
        list(range(11, 21)),
        list(range(21, 26)),
        [],
    ]
    assert [page.get("maxResults") for page in pages] == [10, 10, 5, None]
    assert [page.get("startPosition") for page in pages] == [1, 11, 21, None]


def test_a_page_has_a_hundred_rows_unless_told(books: Books) -> None:
    for start in range(4):
        books.batch(creations(30, f"Row {start}"))

    assert books.query("select * from Item")["maxResults"] == 100
    assert books.query("select * from Item maxresults 1000")["maxResults"] == 120


def test_orders_ascend_descend_and_put_what_is_empty_first(stocked: Books) -> None:
    def names(order: str) -> list[str]:
        return [item["Name"] for item in stocked.query(f"select * from Item {order}")["Item"]]

    assert names("orderby Name DESC")[0] == "Plumber's putty"
    assert names("ORDERBY UnitPrice asc") == [
        "Elbow 1/2",
        "Plumber's putty",
        "Faucet",
        "Back\\slash",
    ]
    assert names("ORDERBY Sku") == ["Plumber's putty", "Back\\slash", "Elbow 1/2", "Faucet"]


def test_without_an_order_the_sequence_follows_nothing_but_pages_still_fit(
    books: Books, control: ControlClient
) -> None:
    books.batch(creations(30))
    pages = [
        books.query(f"select * from Item startposition {start} maxresults 10")["Item"]
        for start in (1, 11, 21)
    ]
    ids = [int(item["Id"]) for page in pages for item in page]

    assert ids != sorted(ids)
    assert sorted(ids) == list(range(1, 31))
    control.settings(unorderedRows="id")
    assert [int(item["Id"]) for item in books.query("select * from Item")["Item"]] == sorted(ids)


REFUSED = [
    ("select * from Item where Name = 'it's'", "4000"),
    ("select * from Item where Name = 'open", "4000"),
    (r"select * from Item where Name = 'a\b'", "4000"),
    ("select * from Item where Name = %27a%27", "4000"),
    ("select * from Item where Name = 'a' or Name = 'b'", "4000"),
    ("select * from Item where Name != 'a'", "4000"),
    ("select * from Item where UnitPrice > 3", "4000"),
    ("select * from Item where Name", "4000"),
    ("select * from Item where Name in ()", "4000"),
    ("select * from Item maxresults 5 startposition 1", "4000"),
    ("select * from Item order by Name", "4000"),
    ("select Name from Item", "4000"),
    ("select * from", "4000"),
    ("update Item", "4000"),
    ("", "4000"),
    ("select * from Item maxresults '5'", "4000"),
    ("select * from Item startposition -1", "4000"),
    ("select * from Item; drop", "4000"),
    ("select * from Item where Name = 'caf\u00e9'", "4000"),
    ("select * from Item where Name = 'it\u2019s'", "4000"),
    ("select * from Item startposition 0", "4001"),
    ("select * from Item maxresults 0", "4001"),
    ("select * from Item maxresults 1001", "4001"),
    ("select * from item", "4001"),
    ("select * from Widget", "4001"),
    ("select * from Item where Description = 'x'", "4001"),
    ("select * from Item where Colour = 'x'", "4001"),
    ("select * from Item orderby Description", "4001"),
    ("select * from Item where Id > '1'", "4001"),
    ("select * from Item where UnitPrice > 'cheap'", "4001"),
    ("select * from Item where Active = 'perhaps'", "4001"),
    ("select * from Item where MetaData.LastUpdatedTime > 'yesterday'", "4001"),
]


@pytest.mark.parametrize(
    ("statement", "code"), REFUSED, ids=[row[0] or "nothing" for row in REFUSED]
)
def test_what_is_not_in_the_language_is_refused(books: Books, statement: str, code: str) -> None:
    assert books.query_refused(statement)["code"] == code


def test_position_zero_is_refused_with_the_recorded_text(books: Books) -> None:
    error = books.query_refused("select * from Item startposition 0")

    assert error["Detail"] == "QueryValidationError: value 0 is too small. Min allowed value is 1"


def test_an_ampersand_that_is_not_encoded_cuts_the_statement(books: Books) -> None:
    answer = books.http.get(
        f"{books.base}/query?query=select * from Item where Name = 'Nuts & bolts'"
    )

    assert only_error(answer)["code"] == "4000"


def test_a_plus_that_is_not_encoded_spoils_an_offset(books: Books) -> None:
    moment = "2026-01-01T00:00:00+00:00"
    statement = f"select * from Item where MetaData.LastUpdatedTime > '{moment}'".replace(
        " ", "%20"
    )
    answer = books.http.get(f"{books.base}/query?query={statement}")

    assert only_error(answer)["code"] == "4001"


def test_a_statement_is_posted_as_application_text(stocked: Books) -> None:
    def post(media_type: str) -> int:
        return stocked.http.post(
            f"{stocked.base}/query",
            content="select * from Item where Name = 'Faucet'",
            headers={"Content-Type": media_type},
        ).status_code

    assert [post("application/text"), post("application/text; charset=utf-8")] == [200, 200]
    assert [post("application/json"), post("text/plain")] == [400, 400]


def test_a_query_in_a_batch_stands_beside_writes(stocked: Books) -> None:
    answered = stocked.batch(
        [
            {"bId": "1", "Query": "select * from Item where Name = 'Faucet'"},
            {"bId": "2", "Query": "select * from Nothing"},
            {"bId": "3", "operation": "create", "Item": service("New")},
        ]
    )

    assert answered["1"]["QueryResponse"]["Item"][0]["Name"] == "Faucet"
    assert answered["2"]["Fault"]["Error"][0]["code"] == "4001"
    assert answered["3"]["Item"]["Name"] == "New"


def test_the_switches_of_the_language(stocked: Books, control: ControlClient) -> None:
    control.settings(
        refuseNonAsciiQueries=False,
        refuseLoneBackslash=False,
        caseSensitiveEntities=False,
        twoWordOrderBy=True,
        selectFieldLists="any",
        bareNumbers=True,
        oversizedPages="cap",
    )

    assert stocked.query("select * from item where Name = 'caf\u00e9'") == {}
    assert stocked.query(r"select * from Item where Name = 'Back\slash'")["maxResults"] == 1
    assert (
        stocked.query("select Name, Id from Item order by Name maxresults 5000")["maxResults"] == 4
    )
    assert stocked.query("select * from Item where UnitPrice > 3")["maxResults"] == 2
    control.settings(selectFieldLists="none")
    assert stocked.query_refused("select *, Sku from Item")["code"] == "4000"


def test_accounts_are_found_by_type_and_activity(books: Books) -> None:
    income = books.query(
        "select * from Account where AccountType = 'Income' and Active = true maxresults 1000"
    )
    inactive = books.query("select * from Account where Active = false")

    names = {account["FullyQualifiedName"] for account in income["Account"]}
    assert {"Plumbing Services", "Plumbing Services:Labor", "Sales of Product Income"} <= names
    assert [account["Name"] for account in inactive["Account"]] == ["Septic Income (deleted)"]
    assert (
        books.query("select * from Account where AccountType = 'Other Income'")["maxResults"] == 1
    )


def test_company_and_preferences_can_be_queried_and_read(books: Books) -> None:
    assert books.query("select * from CompanyInfo")["CompanyInfo"][0]["Country"] == "US"
    assert content(books.get(f"companyinfo/{CEDAR_RIDGE}"))["CompanyInfo"][
        "CompanyName"
    ].startswith("Cedar Ridge")
    assert content(books.get("preferences"))["Preferences"]["CurrencyPrefs"]["HomeCurrency"] == {
        "value": "USD"
    }
