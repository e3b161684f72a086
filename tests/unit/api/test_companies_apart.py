"""No company reaches another through any route: the OpenAPI document is walked with foreign ids.

Everything of company A is marked (`tests.support.two_companies`); its ids are put into every path,
query and body parameter that company B sends. A route that `VALUES` has nothing for fails the walk.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import pytest
from httpx2 import Response

from shared.domain.ids import RemoteCompanyId
from tests.support.api_client import ApiWorld, api_world
from tests.support.dumps import changed, rows_of
from tests.support.two_companies import ID, KEY_OF_A, MARKS, TEXT, A, B, two_companies

PUBLIC = {"/healthz", "/v1/oauth/{provider}/callback"}
ITEM = f"{ID}-item-1"
CUSTOMER = f"{ID}-customer-1"
_CONNECTION = "/v1/connections/{provider}"
_ITEM_BODY = {
    "id": ITEM,
    "name": "Mine",
    "unitPrice": "1.00",
    "code": ITEM,
    "description": "",
    "unit": "",
    "currency": "USD",
    "active": True,
}


_CUSTOMER_BODY = {
    "id": CUSTOMER,
    "name": "Mine",
    "email": "",
    "phone": "",
    "addressLine1": "",
    "city": "",
    "region": "",
    "postalCode": "",
    "country": "",
    "active": True,
}


INVOICE = f"{ID}-invoice-1"
PAYMENT = f"{ID}-payment-1"
_INVOICE_BODY = {
    "id": INVOICE,
    "number": INVOICE,
    "customerId": CUSTOMER,
    "status": "SENT",
    "currency": "USD",
    "issuedOn": "2026-03-02",
    "dueOn": None,
    "lines": [{"itemId": ITEM, "unitPrice": "1.00"}],
    "discountPercent": None,
    "discountAmount": None,
    "pricesIncludeTax": False,
    "memo": "",
    "amountPaid": None,
}
_HOW_PAID = {"paidOn": "2026-03-09", "method": "", "reference": "", "note": ""}
_PAYMENT_BODY = {"amount": "1.00", "currency": "USD", "overpayment": False, **_HOW_PAID}
IMPORT = f"{ID}-import-1"
_PAYMENTS = "/v1/invoices/{id}/payments"


@dataclass(frozen=True)
class Trial:
    """What B sends with A's ids, and how it is answered: as if A were not there."""

    status: int
    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    csv: str = ""


VALUES: dict[tuple[str, str], Trial] = {
    ("get", "/healthz"): Trial(200),
    ("get", "/v1/items"): Trial(200),
    ("get", "/v1/items/{id}"): Trial(404, {"id": ITEM}),
    ("put", "/v1/items/{id}"): Trial(201, {"id": ITEM}, body=_ITEM_BODY),
    ("delete", "/v1/items/{id}"): Trial(404, {"id": ITEM}),
    ("post", "/v1/items:import"): Trial(200, csv=f"id,name,unit_price\n{ITEM},Mine,1.00\n"),
    ("post", "/v1/imports"): Trial(201, body={"kind": "item", "format": "csv", "name": ITEM}),
    ("get", "/v1/imports"): Trial(200),
    ("get", "/v1/imports/{id}"): Trial(404, {"id": IMPORT}),
    ("get", "/v1/imports/{id}/errors"): Trial(404, {"id": IMPORT}),
    ("post", "/v1/imports/{id}:start"): Trial(404, {"id": IMPORT}),
    ("post", "/v1/invoices/{id}/sync"): Trial(404, {"id": f"{ID}-invoice-1"}),
    ("get", "/v1/invoices/{id}/sync"): Trial(
        404, {"id": f"{ID}-invoice-1"}, query={"since": "2026-11-22T09:00:00Z"}
    ),
    ("get", "/v1/customers"): Trial(200),
    ("get", "/v1/customers/{id}"): Trial(404, {"id": CUSTOMER}),
    ("put", "/v1/customers/{id}"): Trial(201, {"id": CUSTOMER}, body=_CUSTOMER_BODY),
    ("delete", "/v1/customers/{id}"): Trial(404, {"id": CUSTOMER}),
    ("post", "/v1/customers:import"): Trial(200, csv=f"id,name\n{CUSTOMER},Mine\n"),
    ("get", "/v1/invoices"): Trial(200),
    ("get", "/v1/invoices/{id}"): Trial(404, {"id": INVOICE}),
    ("put", "/v1/invoices/{id}"): Trial(400, {"id": INVOICE}, body=_INVOICE_BODY),
    ("delete", "/v1/invoices/{id}"): Trial(404, {"id": INVOICE}),
    ("post", "/v1/invoices/{id}:mark-paid"): Trial(
        404, {"id": INVOICE}, body={"paymentId": PAYMENT, **_HOW_PAID}
    ),
    ("get", _PAYMENTS): Trial(404, {"id": INVOICE}),
    ("get", f"{_PAYMENTS}/{{paymentId}}"): Trial(404, {"id": INVOICE, "paymentId": PAYMENT}),
    ("put", f"{_PAYMENTS}/{{paymentId}}"): Trial(
        404, {"id": INVOICE, "paymentId": PAYMENT}, body=_PAYMENT_BODY
    ),
    ("delete", f"{_PAYMENTS}/{{paymentId}}"): Trial(404, {"id": INVOICE, "paymentId": PAYMENT}),
    ("put", f"{_CONNECTION}/setup"): Trial(
        200, body={"importCustomers": "done", "importItems": "skipped", "mapItems": "done"}
    ),
    ("post", f"{_CONNECTION}/items:sync"): Trial(404, body={"ids": [ITEM]}),
    ("post", f"{_CONNECTION}/customers:sync"): Trial(404, body={"ids": [CUSTOMER]}),
    ("post", "/v1/failures:retry"): Trial(
        202,
        body={"provider": "quickbooks", "kind": "item", "ids": [ITEM], "cause": f"{ID}-cause"},
    ),
    ("get", "/v1/connections"): Trial(200),
    ("get", _CONNECTION): Trial(200),
    ("put", f"{_CONNECTION}/settings"): Trial(
        400,
        body={
            "defaultIncomeAccountId": f"{ID}-acc",
            "defaultTaxCodeId": None,
            "invoicesFrom": None,
            "pacingMode": "documented",
            "notify": False,
            "newFromBooks": None,
            "syncsByItself": None,
        },
    ),
    ("get", f"{_CONNECTION}/accounts"): Trial(200),
    ("get", f"{_CONNECTION}/tax-codes"): Trial(200),
    ("get", f"{_CONNECTION}/payment-methods"): Trial(200),
    ("get", f"{_CONNECTION}/deposit-accounts"): Trial(200),
    ("get", f"{_CONNECTION}/payment-mapping"): Trial(200),
    ("put", f"{_CONNECTION}/payment-mapping"): Trial(
        400,
        body={
            "defaultDepositAccountId": f"{ID}-acc",
            "methods": [{"method": ID, "methodId": f"{ID}-m", "depositAccountId": f"{ID}-acc"}],
        },
    ),
    ("get", f"{_CONNECTION}/account-mapping"): Trial(200, query={"unmapped": "false"}),
    ("get", f"{_CONNECTION}/account-mapping/{{itemId}}"): Trial(404, {"itemId": ITEM}),
    ("put", f"{_CONNECTION}/account-mapping/{{itemId}}"): Trial(
        400, {"itemId": ITEM}, body={"incomeAccountId": f"{ID}-acc", "taxCodeId": None}
    ),
    ("post", f"{_CONNECTION}/account-mapping:assign"): Trial(
        400,
        body={
            "ids": [ITEM],
            "unmapped": None,
            "incomeAccountId": f"{ID}-acc",
            "taxCodeId": None,
        },
    ),
    ("get", "/v1/failures/causes"): Trial(200, query={"provider": "quickbooks", "kind": "item"}),
    ("post", f"{_CONNECTION}/authorize"): Trial(200, body={"returnTo": f"/console/{ID}"}),
    ("post", f"{_CONNECTION}/disconnect"): Trial(200),
    ("post", f"{_CONNECTION}/organisation"): Trial(
        400, body={"remoteCompanyId": f"{ID}-realm-2", "startAfresh": True}
    ),
    ("delete", f"{_CONNECTION}/organisation"): Trial(200),
    ("get", f"{_CONNECTION}/syncs"): Trial(200),
    ("post", f"{_CONNECTION}/syncs"): Trial(202, body={"kinds": ["item"]}),
    ("get", f"{_CONNECTION}/syncs/{{runId}}"): Trial(404, {"runId": f"{ID}-run-1"}),
    ("post", f"{_CONNECTION}/customers/unsynced"): Trial(200),
    ("get", f"{_CONNECTION}/customers/unsynced"): Trial(200),
    ("post", f"{_CONNECTION}/items/unsynced"): Trial(200),
    ("get", f"{_CONNECTION}/items/unsynced"): Trial(200),
    ("get", f"{_CONNECTION}/remote-customers"): Trial(
        200, query={"search": "", "status": "matched"}
    ),
    ("get", f"{_CONNECTION}/remote-items"): Trial(200, query={"search": "", "status": "new"}),
    ("post", f"{_CONNECTION}/remote-customers:import"): Trial(
        202,
        body={
            "records": [{"id": f"{ID}-remote-1", "linkTo": f"{ID}-customer-1", "asNew": False}],
            "all": None,
            "newFromBooks": None,
        },
    ),
    ("post", f"{_CONNECTION}/remote-items:import"): Trial(
        409,  # a run of items is under way
        body={
            "records": [{"id": f"{ID}-remote-1", "linkTo": ITEM, "asNew": False}],
            "all": None,
            "newFromBooks": None,
        },
    ),
    ("post", f"{_CONNECTION}/remote-customers:unlink"): Trial(
        200, body={"ids": [f"{ID}-remote-1"]}
    ),
    ("post", f"{_CONNECTION}/remote-items:unlink"): Trial(409, body={"ids": [f"{ID}-remote-1"]}),
    ("get", f"{_CONNECTION}/imports/{{importId}}"): Trial(404, {"importId": f"{ID}-import"}),
    ("get", f"{_CONNECTION}/imports/{{importId}}/results"): Trial(
        404, {"importId": f"{ID}-import"}
    ),
    ("get", "/v1/oauth/{provider}/callback"): Trial(
        400, query={"state": f"{ID}-guessed", "code": "code-1", "realmId": f"{ID}-realm"}
    ),
    ("get", "/v1/failures"): Trial(200, query={"provider": "quickbooks", "kind": "item"}),
    ("get", "/v1/notifications"): Trial(200),
    ("get", "/v1/audit"): Trial(200),
}

DOCUMENT: dict[str, Any] = api_world().client.get("/openapi.json").json()
OPERATIONS = {
    (method, path): operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
PROTECTED = [route for route in OPERATIONS if route[1] not in PUBLIC]
WRITES = [route for route in PROTECTED if route[0] not in ("get", "head")]
LISTINGS = [
    route
    for route, operation in OPERATIONS.items()
    if any(one["name"] == "cursor" for one in operation.get("parameters", []))
]


@pytest.fixture
def world() -> ApiWorld:
    return two_companies()


def ask(
    world: ApiWorld, route: tuple[str, str], who: str, instead_of_id: str = ID, **query: str
) -> Response:
    """The route's trial. Every id of A in it begins with `instead_of_id`."""
    method, path = route
    trial = VALUES[route]
    values = {"provider": "quickbooks", **trial.path}
    content = trial.csv or ("" if trial.body is None else json.dumps(trial.body))
    sent = json.dumps([path.format(**values), trial.query | query, content])
    address, asked, content = json.loads(sent.replace(ID, instead_of_id))
    kind = "text/csv" if trial.csv else "application/json"
    return world.client.request(
        method,
        address,
        params=asked,
        content=content,
        headers={**(world.as_(who) if who else {}), "Content-Type": kind},
        follow_redirects=False,
    )


def told(answer: Response) -> str:
    """Everything of an answer that its caller can read."""
    return f"{answer.status_code} {dict(answer.headers)} {answer.text}"


def of_a(rows: dict[str, str]) -> dict[str, str]:
    """The rows that belong to A or name anything of it."""
    return {place: row for place, row in rows.items() if any(one in place + row for one in MARKS)}


@pytest.mark.parametrize("route", OPERATIONS, ids=" ".join)
def test_the_walk_has_a_value_for_every_parameter_of_every_route(route: tuple[str, str]) -> None:
    assert route in VALUES, "say in VALUES what B sends there with A's ids, and how it is answered"
    trial, operation = VALUES[route], OPERATIONS[route]
    given = {"path": {"provider", *trial.path}, "query": {"limit", "cursor", *trial.query}}
    for one in operation.get("parameters", []):
        assert one["name"] in given[one["in"]], one["name"]
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        schema = content["application/json"]["schema"]
        [name] = {one["$ref"] for one in [schema, *schema.get("anyOf", [])] if "$ref" in one}
        fields = DOCUMENT["components"]["schemas"][name.rpartition("/")[2]]["properties"]
        assert set(trial.body or {}) == set(fields)


def test_a_has_a_row_in_every_store(world: ApiWorld) -> None:
    """Else the walk would prove nothing about that store."""
    rows = rows_of(world.services.stores)
    stores = {place.split(".")[0] for place in rows}
    assert {place.split(".")[0] for place in of_a(rows)} == stores
    # Linked records are written to the records and the links, and have no rows of their own.
    assert stores == set(type(world.services.stores).__slots__) - {"linked_records"}


@pytest.mark.parametrize("route", OPERATIONS, ids=" ".join)
def test_b_learns_nothing_of_a_and_changes_nothing_of_it(
    world: ApiWorld, route: tuple[str, str]
) -> None:
    before = of_a(rows_of(world.services.stores))
    answer = ask(world, route, "other")
    assert answer.status_code == VALUES[route].status, answer.text
    after = rows_of(world.services.stores)
    assert {place: after.get(place) for place in before} == before
    came = "".join(f"{place} {after[place]}" for place in changed(before, of_a(after)))
    assert TEXT not in came
    assert str(A) not in came
    # As if A did not exist: ids nobody has, in a world of their own, draw the very same answer.
    unknown = ask(two_companies(), route, "other", instead_of_id="absent")
    assert told(answer).replace(ID, "absent") == told(unknown)
    assert TEXT not in told(answer)
    assert str(A) not in told(answer)
    told_of_b = world.services.stores.audit.page(B, 100, None).rows
    assert not [entry for entry in told_of_b if any(mark in repr(entry) for mark in MARKS)]


@pytest.mark.parametrize("route", LISTINGS, ids=" ".join)
def test_a_place_in_a_listing_of_a_is_none_in_bs(world: ApiWorld, route: tuple[str, str]) -> None:
    cursor = ask(world, route, "office", limit="1").json()["nextCursor"]
    assert cursor, "A has a second page"
    answer = ask(world, route, "other", cursor=cursor)
    # Below an id of A there may be nothing to have a place in.
    expected = {(400, "INVALID_CURSOR")}
    if VALUES[route].status == HTTPStatus.NOT_FOUND:
        expected.add((404, "IMPORT_NOT_FOUND"))
    assert (answer.status_code, answer.json()["code"]) in expected
    assert not any(mark in told(answer) for mark in MARKS)


@pytest.mark.parametrize("route", WRITES, ids=" ".join)
def test_who_may_only_read_changes_nothing(world: ApiWorld, route: tuple[str, str]) -> None:
    before = rows_of(world.services.stores)
    answer = ask(world, route, "clerk")
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    assert changed(before, rows_of(world.services.stores)) == set()


@pytest.mark.parametrize("route", PROTECTED, ids=" ".join)
def test_nobody_gets_in_without_a_token(world: ApiWorld, route: tuple[str, str]) -> None:
    before = rows_of(world.services.stores)
    answer = ask(world, route, "")
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert changed(before, rows_of(world.services.stores)) == set()


def test_bs_consent_for_the_books_of_a_is_refused_without_a_word_about_a(world: ApiWorld) -> None:
    """Whoever may open the same books in QuickBooks does not learn whose they are in BlueClerk."""
    world.call("POST", "/v1/connections/quickbooks/disconnect", who="other")
    url = world.call("POST", "/v1/connections/quickbooks/authorize", {}, who="other").json()
    state = url["authorizeUrl"].partition("state=")[2].partition("&")[0]
    books_of_a = world.services.stores.connections.get(KEY_OF_A)
    assert books_of_a is not None
    world.books.company = books_of_a.remote_company
    world.oauth.codes["code-2"] = (RemoteCompanyId(f"{ID}-realm"),)
    before = of_a(rows_of(world.services.stores))
    answer = world.client.get(
        "/v1/oauth/quickbooks/callback", params={"state": state, "code": "code-2"}
    )
    assert answer.status_code == 409
    assert "another BlueClerk company" in answer.text
    assert not any(mark in told(answer) for mark in MARKS)
    assert of_a(rows_of(world.services.stores)) == before
