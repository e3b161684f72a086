"""PUT, GET, DELETE and import of customers: where they differ from items (test_items.py)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.api_client import ApiWorld

HILL = {
    "name": "Hill Bakery",
    "email": "office@hill.example",
    "phone": "(415) 444-6538",
    "addressLine1": "12 Ocean Dr.",
    "city": "Half Moon Bay",
    "region": "CA",
    "postalCode": "94213",
    "country": "US",
}


def put(world: ApiWorld, body: dict[str, Any], customer_id: str = "1") -> Any:
    return world.call("PUT", f"/v1/customers/{customer_id}", body)


def test_a_new_customer_is_created_and_answered_as_it_is_stored(world: ApiWorld) -> None:
    answer = put(world, HILL)
    assert answer.status_code == 201
    assert answer.headers["location"] == "/v1/customers/1"
    assert answer.json() == {
        "id": "1",
        **HILL,
        "active": True,
        "version": 1,
        "updatedAt": "2026-03-02T09:00:00Z",
    }
    assert world.call("GET", "/v1/customers/1").json() == answer.json()
    assert world.call("GET", "/v1/customers").json()["customers"] == [answer.json()]


def test_what_a_put_leaves_out_becomes_empty_and_equal_content_keeps_the_version(
    world: ApiWorld,
) -> None:
    put(world, HILL)
    bare = put(world, {"name": "Hill"}).json()
    assert (bare["version"], bare["email"], bare["city"]) == (2, "", "")
    assert put(world, {"name": "Hill"}).json()["version"] == 2


def test_an_archived_customer_stays(world: ApiWorld) -> None:
    put(world, HILL)
    archived = world.call("DELETE", "/v1/customers/1").json()
    assert (archived["active"], archived["version"]) == (False, 2)
    assert world.call("GET", "/v1/customers/1").json()["active"] is False


def test_a_customer_and_an_item_of_one_id_are_two_records(world: ApiWorld) -> None:
    put(world, HILL)
    assert world.call("GET", "/v1/items/1").json()["code"] == "ITEM_NOT_FOUND"
    assert world.call("GET", "/v1/customers/2").json()["code"] == "CUSTOMER_NOT_FOUND"


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"name": " "}, "EMPTY", "name"),
        ({"email": "x" * 321}, "TOO_LONG", "email"),
        ({"phone": "1\x00"}, "FORBIDDEN_CHARACTER", "phone"),
        ({"city": 7}, "WRONG_TYPE", "city"),
        ({"unitPrice": "1"}, "UNKNOWN_FIELD", "unitPrice"),
        ({"id": "2"}, "ID_DIFFERS", "id"),
    ],
)
def test_each_bad_field_is_named_and_nothing_is_stored(
    world: ApiWorld, change: dict[str, Any], code: str, field: str
) -> None:
    answer = put(world, {**HILL, **change})
    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["field"]) == (code, field)
    assert world.call("GET", "/v1/customers/1").status_code == 404


def test_a_file_of_customers_is_imported_and_stands_in_the_audit_trail(world: ApiWorld) -> None:
    rows = "name,email,phone\nHill,a@b.example,1\n,c@d.example,2\n"
    answer = world.client.post(
        "/v1/customers:import",
        content=rows,
        headers={**world.as_("office"), "Content-Type": "text/csv"},
    ).json()
    assert (answer["created"], answer["rejected"]) == (1, 1)
    assert (answer["errors"][0]["line"], answer["errors"][0]["field"]) == (3, "name")
    (entry,) = world.call("GET", "/v1/audit").json()["entries"]
    assert entry["what"] == "customers.imported"
