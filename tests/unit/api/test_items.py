"""PUT, GET and DELETE of items."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.support.api_client import ApiWorld

PIPE = {
    "code": "CP-12",
    "name": "Copper pipe 1/2",
    "description": "Type L",
    "unit": "ft",
    "unitPrice": "2.350",
    "currency": "USD",
}


def put(world: ApiWorld, body: dict[str, Any], item_id: str = "1", who: str = "office") -> Any:
    return world.call("PUT", f"/v1/items/{quote(item_id, safe='')}", body, who=who)


def test_a_new_item_is_created_and_answered_as_it_is_stored(world: ApiWorld) -> None:
    answer = put(world, PIPE)
    assert answer.status_code == 201
    assert answer.headers["location"] == "/v1/items/1"
    assert answer.json() == {
        "id": "1",
        **PIPE,
        "active": True,
        "version": 1,
        "updatedAt": "2026-03-02T09:00:00Z",
    }
    assert world.call("GET", "/v1/items/1").json() == answer.json()


def test_equal_content_keeps_the_version_and_writes_nothing(world: ApiWorld) -> None:
    put(world, PIPE)
    world.clock.sleep(60)
    again = put(world, {**PIPE, "unitPrice": "2.35", "active": True})
    assert again.status_code == 200
    assert (again.json()["version"], again.json()["updatedAt"]) == (1, "2026-03-02T09:00:00Z")


def test_changed_content_is_the_next_version(world: ApiWorld) -> None:
    put(world, PIPE)
    changed = put(world, {**PIPE, "name": "Copper pipe ½"})
    assert changed.status_code == 200
    assert (changed.json()["version"], changed.json()["name"]) == (2, "Copper pipe ½")


def test_what_a_put_leaves_out_becomes_empty_and_the_currency_stays(world: ApiWorld) -> None:
    put(world, {**PIPE, "currency": "CAD"})
    bare = put(world, {"name": "Pipe", "unitPrice": "1"}).json()
    assert (bare["code"], bare["description"], bare["unit"]) == ("", "", "")
    assert (bare["currency"], bare["active"]) == ("CAD", True)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ('"12.50"', "12.50"),
        ("12.50", "12.50"),
        ("0.1", "0.1"),
        ("1e3", "1000"),
        ("-0.0", "0.0"),
        ('"999999999999999.999999"', "999999999999999.999999"),
        ('"0.1000000000"', "0.1"),
    ],
)
def test_a_price_is_read_exactly_as_written(world: ApiWorld, written: str, kept: str) -> None:
    """A JSON number never passes through a float."""
    answer = world.client.put(
        "/v1/items/1",
        content=f'{{"name": "Pipe", "unitPrice": {written}}}',
        headers={**world.as_("office"), "Content-Type": "application/json"},
    )
    assert answer.json()["unitPrice"] == kept


@pytest.mark.parametrize(
    "name",
    [
        "  led by blanks",
        "tab\there",
        "two  blanks",
        "Cafe\u0301",
        "Caf\u00e9",
        "x" * 1000,
        "line\nend",
    ],
)
def test_a_name_keeps_its_bytes(world: ApiWorld, name: str) -> None:
    assert put(world, {**PIPE, "name": name}).json()["name"] == name
    assert world.call("GET", "/v1/items/1").json()["name"] == name


def test_line_ends_around_a_text_are_not_part_of_it(world: ApiWorld) -> None:
    assert put(world, {**PIPE, "name": "Pipe\r\n"}).json()["name"] == "Pipe"


@pytest.mark.parametrize(
    "item_id", ["PB-00001", "a b", "1/2", "ä", "x:y@z~", "+", "100%", "?#&", "x" * 128, "import"]
)
def test_any_printable_id_can_be_put_read_and_archived(world: ApiWorld, item_id: str) -> None:
    assert put(world, PIPE, item_id).status_code == 201
    address = f"/v1/items/{quote(item_id, safe='')}"
    assert world.call("GET", address).json()["id"] == item_id
    assert world.call("DELETE", address).json()["active"] is False


@pytest.mark.parametrize(
    "item_id", [" ", "a\tb", " a", "a ", "é" * 65, "a//b", "a/../b", "a\u200bb"]
)
def test_an_id_that_would_not_stay_itself_is_refused(world: ApiWorld, item_id: str) -> None:
    answer = put(world, PIPE, item_id)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_ID")
    assert answer.json()["field"] == "id"


BAD_BODIES: list[tuple[dict[str, Any], str, str]] = [
    ({"name": ""}, "name", "EMPTY"),
    ({"name": " \t "}, "name", "EMPTY"),
    ({"name": "x" * 1001}, "name", "TOO_LONG"),
    ({"name": "bell\x07"}, "name", "FORBIDDEN_CHARACTER"),
    ({"name": "half \ud83d pair"}, "name", "FORBIDDEN_CHARACTER"),
    ({"name": 5}, "name", "WRONG_TYPE"),
    ({"name": None}, "name", "WRONG_TYPE"),
    ({"unitPrice": ""}, "unitPrice", "EMPTY"),
    ({"unitPrice": "-1"}, "unitPrice", "NEGATIVE"),
    ({"unitPrice": -0.01}, "unitPrice", "NEGATIVE"),
    ({"unitPrice": "twelve"}, "unitPrice", "NOT_A_NUMBER"),
    ({"unitPrice": "1,200"}, "unitPrice", "NOT_A_NUMBER"),
    ({"unitPrice": "1" * 30}, "unitPrice", "NOT_A_NUMBER"),
    ({"unitPrice": "NaN"}, "unitPrice", "NOT_A_NUMBER"),
    ({"unitPrice": "1" * 16}, "unitPrice", "TOO_MANY_DIGITS"),
    ({"unitPrice": 1e300}, "unitPrice", "TOO_MANY_DIGITS"),
    ({"unitPrice": "0.1234567"}, "unitPrice", "TOO_MANY_DECIMALS"),
    ({"unitPrice": True}, "unitPrice", "WRONG_TYPE"),
    ({"unitPrice": ["1"]}, "unitPrice", "WRONG_TYPE"),
    ({"currency": "usd dollars"}, "currency", "UNKNOWN_CURRENCY"),
    ({"currency": "XXX"}, "currency", "UNKNOWN_CURRENCY"),
    ({"currency": 840}, "currency", "WRONG_TYPE"),
    ({"code": "x" * 101}, "code", "TOO_LONG"),
    ({"description": "x" * 4001}, "description", "TOO_LONG"),
    ({"unit": "x" * 101}, "unit", "TOO_LONG"),
    ({"active": "yes"}, "active", "WRONG_TYPE"),
    ({"active": 1}, "active", "WRONG_TYPE"),
    ({"colour": "red"}, "colour", "UNKNOWN_FIELD"),
    ({"unit_price": "1"}, "unit_price", "UNKNOWN_FIELD"),
    ({"id": "2"}, "id", "ID_DIFFERS"),
]


@pytest.mark.parametrize(("change", "field", "code"), BAD_BODIES)
def test_a_bad_field_is_named_and_nothing_is_stored(
    world: ApiWorld, change: dict[str, Any], field: str, code: str
) -> None:
    answer = put(world, {**PIPE, **change})
    assert answer.status_code == 400
    assert (answer.json()["field"], answer.json()["code"]) == (field, code)
    assert world.call("GET", "/v1/items/1").status_code == 404


def test_missing_name_and_price_are_both_named(world: ApiWorld) -> None:
    answer = put(world, {"unit": "ft"}).json()
    assert [(one["field"], one["code"]) for one in answer["errors"]] == [
        ("name", "MISSING"),
        ("unitPrice", "MISSING"),
    ]


def test_several_bad_contents_are_all_named(world: ApiWorld) -> None:
    answer = put(world, {"name": "", "unitPrice": "-1", "currency": "ZZZ"}).json()
    assert [one["field"] for one in answer["errors"]] == ["name", "unitPrice", "currency"]


def test_an_item_of_another_company_does_not_exist(world: ApiWorld) -> None:
    put(world, PIPE)
    for method in ("GET", "DELETE"):
        answer = world.call(method, "/v1/items/1", who="other")
        assert (answer.status_code, answer.json()["code"]) == (404, "ITEM_NOT_FOUND")
    assert put(world, PIPE, who="other").status_code == 201
    assert world.call("GET", "/v1/items/1").json()["version"] == 1


def test_archiving_keeps_the_item_and_is_the_next_version_once(world: ApiWorld) -> None:
    put(world, PIPE)
    first = world.call("DELETE", "/v1/items/1").json()
    assert (first["active"], first["version"], first["name"]) == (False, 2, PIPE["name"])
    assert world.call("DELETE", "/v1/items/1").json()["version"] == 2
    assert put(world, PIPE).json()["active"] is True


def test_a_list_goes_through_all_items_in_order_of_id(world: ApiWorld) -> None:
    ids = [f"item-{number:03d}" for number in range(25)]
    for item_id in reversed(ids):
        put(world, PIPE, item_id)
    put(world, PIPE, "of-another", who="other")
    seen, query = [], "?limit=10"
    while query:
        page = world.call("GET", f"/v1/items{query}").json()
        assert len(page["items"]) <= 10
        seen += [item["id"] for item in page["items"]]
        query = f"?limit=10&cursor={quote(page['nextCursor'])}" if page["nextCursor"] else ""
    assert seen == ids


def test_a_list_is_a_hundred_rows_unless_asked_otherwise(world: ApiWorld) -> None:
    rows = "".join(f"{number},Pipe,1\n" for number in range(150))
    world.import_csv(f"id,name,price\n{rows}")
    assert len(world.call("GET", "/v1/items").json()["items"]) == 100
    assert len(world.call("GET", "/v1/items?limit=500").json()["items"]) == 150


@pytest.mark.parametrize("limit", ["0", "501", "-1", "ten", "1.5", ""])
def test_a_limit_out_of_range_is_refused(world: ApiWorld, limit: str) -> None:
    answer = world.call("GET", f"/v1/items?limit={limit}")
    assert (answer.status_code, answer.json()["field"]) == (400, "limit")


def test_a_cursor_that_is_not_ours_is_refused(world: ApiWorld) -> None:
    answer = world.call("GET", "/v1/items?cursor=garbage")
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_CURSOR")


def test_a_page_of_huge_items_stays_below_the_size_of_an_answer(world: ApiWorld) -> None:
    """Every item at its longest: 500 of them would be 7 MB."""
    row = f"{'€' * 1000},1,{'€' * 4000}"
    for part in range(5):
        rows = "".join(f"{part}-{number:03d},{row}\n" for number in range(100))
        text = f"id,name,price,description\n{rows}".encode()
        assert world.import_csv(text).json()["created"] == 100
    seen, query = 0, "?limit=500"
    while query:
        answer = world.call("GET", f"/v1/items{query}")
        assert len(answer.content) <= 4_500_000
        seen += len(answer.json()["items"])
        cursor = answer.json()["nextCursor"]
        query = f"?limit=500&cursor={quote(cursor)}" if cursor else ""
    assert seen == 500


def test_reading_needs_no_write_role_and_writing_does(world: ApiWorld) -> None:
    put(world, PIPE)
    assert world.call("GET", "/v1/items/1", who="clerk").status_code == 200
    for method, body in (("PUT", PIPE), ("DELETE", None)):
        answer = world.call(method, "/v1/items/1", body, who="clerk")
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    assert world.call("GET", "/v1/items/1", who="nobody").status_code == 403
    assert world.call("GET", "/v1/items/1").json()["version"] == 1
