"""Where payments are booked, over the API."""

from __future__ import annotations

import pytest

from shared.sync.payments.terms import payment_mapping
from tests.support.api_client import ApiWorld
from tests.support.services import COMPANY

CONNECTION = "/v1/connections/quickbooks"
MAPPING = f"{CONNECTION}/payment-mapping"
CHECKS = {"method": "Check", "methodId": "method-1", "depositAccountId": "bank-1"}


def test_the_books_say_what_there_is_to_choose(world: ApiWorld) -> None:
    world.connect()
    methods = world.call("GET", f"{CONNECTION}/payment-methods").json()
    assert methods["methods"] == [{"id": "method-1", "name": "Check"}]
    accounts = world.call("GET", f"{CONNECTION}/deposit-accounts").json()
    assert [one["id"] for one in accounts["accounts"]] == ["bank-1"]
    world.call("GET", f"{CONNECTION}/payment-methods")
    assert world.books.calls["payment_methods"] == 1  # kept for a minute


def test_what_is_chosen_is_what_payments_go_by(world: ApiWorld) -> None:
    world.connect()
    assert world.call("GET", MAPPING).json() == {"defaultDepositAccountId": None, "methods": []}
    wanted = {"defaultDepositAccountId": "bank-1", "methods": [CHECKS]}
    answer = world.call("PUT", MAPPING, wanted)
    assert answer.json() == {
        "defaultDepositAccountId": "bank-1",
        "methods": [{**CHECKS, "method": "check"}],
    }
    assert world.call("GET", MAPPING).json() == answer.json()
    [connection] = world.services.stores.connections.of_company(COMPANY)
    chosen = payment_mapping(connection)
    assert chosen.of(" CHECK ") == ("method-1", "bank-1")
    assert chosen.of("Cash") == ("", "bank-1")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"defaultDepositAccountId": "nowhere"}, "defaultDepositAccountId"),
        ({"methods": [{**CHECKS, "methodId": "none"}]}, "methods[0].methodId"),
        ({"methods": [{**CHECKS, "depositAccountId": "x"}]}, "methods[0].depositAccountId"),
        ({"methods": [CHECKS, {**CHECKS, "method": "CHECK"}]}, "methods[1].method"),
        ({"methods": [{**CHECKS, "method": " "}]}, "methods[0].method"),
        ({"methods": [{**CHECKS, "method": f"m{n}"} for n in range(51)]}, "methods"),
    ],
)
def test_what_is_not_in_the_books_or_said_twice_is_refused_and_changes_nothing(
    world: ApiWorld, body: dict[str, object], field: str
) -> None:
    world.connect()
    answer = world.call("PUT", MAPPING, body)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert world.call("GET", MAPPING).json() == {"defaultDepositAccountId": None, "methods": []}


def test_without_a_connection_there_is_nothing_to_choose(world: ApiWorld) -> None:
    assert world.call("GET", MAPPING).status_code == 409
    assert world.call("PUT", MAPPING, {}).status_code == 409
