"""Account mapping and tax codes over the API."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.connections import ConnectionSettings, Setup, StepState
from shared.domain.ids import ConnectionKey, ProviderName, RecordKind
from tests.support.api_client import ApiWorld
from tests.support.services import COMPANY

CONNECTION = "/v1/connections/quickbooks"
MAPPING = f"{CONNECTION}/account-mapping"
ASSIGN = f"{CONNECTION}/account-mapping:assign"
KEY = ConnectionKey(COMPANY, ProviderName("quickbooks"))
DECIDED = Setup(StepState.DONE, StepState.SKIPPED)


@pytest.fixture
def office(world: ApiWorld) -> ApiWorld:
    """Three items and a connection with a default account, whose changes go by themselves."""
    world.connect(setup=DECIDED)
    for source_id in ("a", "b/1", "c"):
        body = {"name": f"Item {source_id}", "unitPrice": "1.00", "currency": "USD"}
        path = f"/v1/items/{source_id.replace('/', '%2F')}"
        assert world.call("PUT", path, body).status_code == 201
    return world


def shown(world: ApiWorld, query: str = "") -> dict[str, tuple[str | None, bool]]:
    """By item: the account and whether it is the default, over all pages."""
    found: dict[str, tuple[str | None, bool]] = {}
    cursor = ""
    while True:
        page = world.call("GET", f"{MAPPING}?limit=2{query}{cursor}").json()
        for row in page["mappings"]:
            found[row["itemId"]] = (row["incomeAccountId"], row["incomeAccountIsDefault"])
        if page["nextCursor"] is None:
            return found
        cursor = f"&cursor={page['nextCursor']}"


def due(world: ApiWorld) -> list[str]:
    look = world.services.stores.due.look(KEY, RecordKind.ITEM, world.clock.now(), 1000)
    return [row.source_id for row in look.ready]


def test_items_are_listed_with_the_default_until_they_have_their_own(office: ApiWorld) -> None:
    assert shown(office) == dict.fromkeys(("a", "b/1", "c"), ("inc-1", True))
    answer = office.call("PUT", f"{MAPPING}/b/1", {"incomeAccountId": "inc-2"})
    assert answer.json() == {
        "itemId": "b/1",
        "name": "Item b/1",
        "active": True,
        "incomeAccountId": "inc-2",
        "incomeAccountIsDefault": False,
        "taxCodeId": None,
        "taxCodeIsDefault": True,
    }
    assert office.call("GET", f"{MAPPING}/b%2F1").json() == answer.json()
    assert shown(office)["b/1"] == ("inc-2", False)
    assert set(shown(office, "&unmapped=true")) == {"a", "c"}
    assert due(office) == ["b/1"]


def test_null_gives_an_item_back_to_the_default_and_what_is_left_out_stays(
    office: ApiWorld,
) -> None:
    office.call("PUT", f"{MAPPING}/a", {"incomeAccountId": "inc-2", "taxCodeId": "tax-1"})
    answer = office.call("PUT", f"{MAPPING}/a", {"incomeAccountId": None}).json()
    assert (answer["incomeAccountId"], answer["incomeAccountIsDefault"]) == ("inc-1", True)
    assert (answer["taxCodeId"], answer["taxCodeIsDefault"]) == ("tax-1", False)
    answer = office.call("PUT", f"{MAPPING}/a", {"incomeAccountId": None, "taxCodeId": None})
    assert answer.json()["taxCodeId"] is None


def test_several_and_then_all_the_rest_are_assigned(office: ApiWorld) -> None:
    body = {"ids": ["a", "c", "a"], "incomeAccountId": "inc-2"}
    assert office.call("POST", ASSIGN, body).json() == {"assigned": 2, "more": False}
    body = {"unmapped": True, "incomeAccountId": "inc-1"}
    assert office.call("POST", ASSIGN, body).json() == {"assigned": 1, "more": False}
    assert shown(office) == {"a": ("inc-2", False), "b/1": ("inc-1", False), "c": ("inc-2", False)}
    assert due(office) == ["a", "b/1", "c"]


def test_a_tax_code_alone_leaves_the_accounts(office: ApiWorld) -> None:
    office.call("POST", ASSIGN, {"ids": ["a"], "taxCodeId": "tax-2"})
    row = office.call("GET", f"{MAPPING}/a").json()
    assert (row["taxCodeId"], row["incomeAccountIsDefault"]) == ("tax-2", True)


def test_tax_codes_are_listed_once_a_minute_and_one_may_be_the_default(office: ApiWorld) -> None:
    for _ in range(2):
        listed = office.call("GET", f"{CONNECTION}/tax-codes").json()
    assert listed["taxCodes"] == [
        {"id": "tax-1", "name": "Taxed", "description": "", "taxable": True},
        {"id": "tax-2", "name": "Untaxed", "description": "", "taxable": False},
    ]
    assert office.books.calls["tax_codes"] == 1
    settings = office.call("PUT", f"{CONNECTION}/settings", {"defaultTaxCodeId": "tax-1"}).json()
    assert settings["settings"]["defaultTaxCodeId"] == "tax-1"
    row = office.call("GET", f"{MAPPING}/a").json()
    assert (row["taxCodeId"], row["taxCodeIsDefault"]) == ("tax-1", True)
    assert due(office) == [], "a tax code is not sent with an item"


def test_an_account_made_a_moment_ago_can_be_chosen(office: ApiWorld) -> None:
    office.call("GET", f"{CONNECTION}/accounts")
    office.books.accounts.append(type(office.books.accounts[0])("new", "New", "", "Income", "USD"))
    answer = office.call("PUT", f"{MAPPING}/a", {"incomeAccountId": "new"})
    assert answer.json()["incomeAccountId"] == "new"


REFUSED: list[tuple[str, str, Any, int, str, str]] = [
    ("PUT", "/a", {"incomeAccountId": "gone"}, 400, "UNKNOWN_ACCOUNT", "incomeAccountId"),
    (
        "PUT",
        "/a",
        {"incomeAccountId": None, "taxCodeId": "x"},
        400,
        "UNKNOWN_TAX_CODE",
        "taxCodeId",
    ),
    ("PUT", "/a", {"taxCodeId": "tax-1"}, 400, "MISSING", "incomeAccountId"),
    ("PUT", "/a", {"incomeAccountId": ""}, 400, "EMPTY", "incomeAccountId"),
    ("PUT", "/z", {"incomeAccountId": "inc-2"}, 404, "ITEM_NOT_FOUND", ""),
    ("GET", "/z", None, 404, "ITEM_NOT_FOUND", ""),
    ("POST", ":assign", {"ids": ["a"]}, 400, "MISSING", "incomeAccountId"),
    ("POST", ":assign", {"ids": [], "incomeAccountId": "inc-2"}, 400, "MISSING", "ids"),
    ("POST", ":assign", {"incomeAccountId": "inc-2"}, 400, "MISSING", "ids"),
    (
        "POST",
        ":assign",
        {"unmapped": True, "incomeAccountId": None},
        400,
        "MISSING",
        "incomeAccountId",
    ),
    (
        *("POST", ":assign", {"ids": ["a"], "unmapped": True, "incomeAccountId": "inc-2"}),
        *(400, "MISSING", "unmapped"),
    ),
    (
        *("POST", ":assign", {"ids": ["a", "z"], "incomeAccountId": "inc-2"}),
        *(404, "ITEM_NOT_FOUND", ""),
    ),
    (
        *("POST", ":assign", {"unmapped": True, "incomeAccountId": "gone"}),
        *(400, "UNKNOWN_ACCOUNT", "incomeAccountId"),
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "code", "field"), REFUSED)
def test_what_is_refused_says_why_and_changes_nothing(
    office: ApiWorld, method: str, path: str, body: Any, status: int, code: str, field: str
) -> None:
    answer = office.call(method, f"{MAPPING}{path}", body)
    told = answer.json()
    assert (answer.status_code, told["code"], told.get("field") or "") == (status, code, field)
    assert shown(office) == dict.fromkeys(("a", "b/1", "c"), ("inc-1", True))
    assert due(office) == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", f"{MAPPING}/a", {"incomeAccountId": "inc-2"}),
        ("POST", ASSIGN, {"unmapped": True, "incomeAccountId": "inc-2"}),
    ],
)
def test_reading_is_not_enough_to_choose(
    office: ApiWorld, method: str, path: str, body: Any
) -> None:
    assert office.call(method, path, body, who="clerk").status_code == 403
    assert office.call("GET", MAPPING, who="clerk").status_code == 200


def test_another_company_sees_and_changes_nothing_of_it(office: ApiWorld) -> None:
    for method, path, body in (
        ("GET", MAPPING, None),
        ("GET", f"{MAPPING}/a", None),
        ("PUT", f"{MAPPING}/a", {"incomeAccountId": "inc-2"}),
        ("GET", f"{CONNECTION}/tax-codes", None),
    ):
        answer = office.call(method, path, body, who="other")
        assert (answer.status_code, answer.json()["code"]) == (409, "NOT_CONNECTED")


def test_a_sync_may_start_without_a_default_once_an_item_has_an_account(office: ApiWorld) -> None:
    stored = office.services.stores.connections.get(KEY)
    assert stored is not None
    bare = {"settings": ConnectionSettings(), "version": stored.version + 1, "setup": DECIDED}
    office.connect(**bare)
    body = {"kinds": ["item"]}
    answer = office.call("POST", f"{CONNECTION}/syncs", body)
    assert answer.json()["code"] == "DEFAULT_INCOME_ACCOUNT_MISSING"
    assert shown(office)["a"] == (None, True)
    office.call("PUT", f"{MAPPING}/a", {"incomeAccountId": "inc-2"})
    assert office.call("POST", f"{CONNECTION}/syncs", body).status_code == 202
