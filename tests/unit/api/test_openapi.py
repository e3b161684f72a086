"""The OpenAPI document is complete, and true of every route."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.api_client import ApiWorld, api_world

METHODS = {"get", "put", "post", "delete"}
PUBLIC = {"/healthz", "/v1/oauth/{provider}/callback"}


def document() -> dict[str, Any]:
    found: dict[str, Any] = api_world().client.get("/openapi.json").json()
    return found


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    ]


OPERATIONS = operations()
PROTECTED = [(path, method) for path, method, _ in OPERATIONS if path not in PUBLIC]


def test_the_document_is_served_without_a_sign_in_and_has_every_route() -> None:
    assert {(path, method) for path, method, _ in OPERATIONS} == {
        ("/healthz", "get"),
        ("/v1/items", "get"),
        ("/v1/connections/{provider}/setup", "put"),
        ("/v1/connections/{provider}/items:sync", "post"),
        ("/v1/connections/{provider}/customers:sync", "post"),
        ("/v1/failures:retry", "post"),
        ("/v1/items/{id}", "get"),
        ("/v1/items/{id}", "put"),
        ("/v1/items/{id}", "delete"),
        ("/v1/items:import", "post"),
        ("/v1/imports", "get"),
        ("/v1/imports", "post"),
        ("/v1/imports/{id}", "get"),
        ("/v1/imports/{id}/errors", "get"),
        ("/v1/imports/{id}:start", "post"),
        ("/v1/customers", "get"),
        ("/v1/customers/{id}", "get"),
        ("/v1/customers/{id}", "put"),
        ("/v1/customers/{id}", "delete"),
        ("/v1/customers:import", "post"),
        ("/v1/invoices", "get"),
        ("/v1/invoices/{id}", "get"),
        ("/v1/invoices/{id}", "put"),
        ("/v1/invoices/{id}", "delete"),
        ("/v1/invoices/{id}:mark-paid", "post"),
        ("/v1/invoices/{id}/payments", "get"),
        ("/v1/invoices/{id}/payments/{paymentId}", "get"),
        ("/v1/invoices/{id}/payments/{paymentId}", "put"),
        ("/v1/invoices/{id}/payments/{paymentId}", "delete"),
        ("/v1/connections", "get"),
        ("/v1/connections/{provider}", "get"),
        ("/v1/connections/{provider}/settings", "put"),
        ("/v1/connections/{provider}/accounts", "get"),
        ("/v1/connections/{provider}/tax-codes", "get"),
        ("/v1/invoices/{id}/sync", "post"),
        ("/v1/invoices/{id}/sync", "get"),
        ("/v1/connections/{provider}/payment-methods", "get"),
        ("/v1/connections/{provider}/deposit-accounts", "get"),
        ("/v1/connections/{provider}/payment-mapping", "get"),
        ("/v1/connections/{provider}/payment-mapping", "put"),
        ("/v1/connections/{provider}/account-mapping", "get"),
        ("/v1/connections/{provider}/account-mapping:assign", "post"),
        ("/v1/connections/{provider}/account-mapping/{itemId}", "get"),
        ("/v1/connections/{provider}/account-mapping/{itemId}", "put"),
        ("/v1/connections/{provider}/authorize", "post"),
        ("/v1/connections/{provider}/disconnect", "post"),
        ("/v1/connections/{provider}/organisation", "post"),
        ("/v1/connections/{provider}/organisation", "delete"),
        ("/v1/connections/{provider}/customers/unsynced", "get"),
        ("/v1/connections/{provider}/customers/unsynced", "post"),
        ("/v1/connections/{provider}/items/unsynced", "get"),
        ("/v1/connections/{provider}/items/unsynced", "post"),
        ("/v1/connections/{provider}/remote-customers", "get"),
        ("/v1/connections/{provider}/remote-items", "get"),
        ("/v1/connections/{provider}/remote-customers:import", "post"),
        ("/v1/connections/{provider}/remote-items:import", "post"),
        ("/v1/connections/{provider}/remote-customers:unlink", "post"),
        ("/v1/connections/{provider}/remote-items:unlink", "post"),
        ("/v1/connections/{provider}/imports/{importId}", "get"),
        ("/v1/connections/{provider}/imports/{importId}/results", "get"),
        ("/v1/connections/{provider}/syncs", "get"),
        ("/v1/connections/{provider}/syncs", "post"),
        ("/v1/connections/{provider}/syncs/{runId}", "get"),
        ("/v1/oauth/{provider}/callback", "get"),
        ("/v1/failures", "get"),
        ("/v1/failures/causes", "get"),
        ("/v1/notifications", "get"),
        ("/v1/audit", "get"),
    }


@pytest.mark.parametrize(("path", "method"), PROTECTED)
def test_every_route_of_the_api_wants_a_token(path: str, method: str) -> None:
    world = api_world()
    address = re.sub(r"\{\w+\}", "x", path)
    answer = world.client.request(method, address, content=b"{")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(("path", "method"), PROTECTED)
def test_every_route_of_the_api_wants_a_role(path: str, method: str) -> None:
    world = api_world()
    address = re.sub(r"\{\w+\}", "x", path)
    assert world.call(method, address, who="nobody").status_code == 403
    if method != "get":
        assert world.call(method, address, who="clerk").status_code == 403


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_operation_says_what_it_may_answer(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    assert method in METHODS
    assert operation["summary"]
    assert operation["description"]
    assert re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", operation["operationId"])
    assert "422" not in operation["responses"]
    assert any(status.startswith("2") for status in operation["responses"])
    assert ("security" in operation) == (path not in PUBLIC)
    expected = set()
    if path not in PUBLIC:
        expected |= {"400", "401", "403", "500", "503"}
    if "{" in path and path not in PUBLIC:
        expected |= {"404"}
    if "requestBody" in operation:
        expected |= {"413", "415"}
    assert expected <= set(operation["responses"])
    for status in expected:
        content = operation["responses"][status]["content"]
        assert content["application/problem+json"]["schema"]["$ref"].endswith("/ProblemDetails")


def test_routes_that_what_is_stored_may_forbid_say_so() -> None:
    changes = {
        (path, method): operation["responses"].get("409")
        for path, method, operation in OPERATIONS
        if path.startswith("/v1/invoices/") and method != "get"
    }
    assert len(changes) == 6
    for answer in changes.values():
        content = answer["content"]["application/problem+json"]
        assert content["schema"]["$ref"].endswith("/ProblemDetails")


def test_an_invoices_limits_are_told_to_callers(world: ApiWorld) -> None:
    schemas = world.client.get("/openapi.json").json()["components"]["schemas"]
    invoice, payment = schemas["InvoiceBody"], schemas["PaymentBody"]
    needed = {"number", "customerId", "status", "currency", "issuedOn", "lines"}
    assert set(invoice["required"]) == needed
    assert invoice["properties"]["lines"]["maxItems"] == 750
    assert invoice["properties"]["status"]["enum"] == ["DRAFT", "SENT", "PAID", "VOID"]
    assert "sum of the payments" in invoice["properties"]["amountPaid"]["description"]
    assert set(payment["required"]) == {"amount", "paidOn"}


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(ids)) == len(ids)


def test_every_reference_leads_somewhere() -> None:
    found = document()
    schemas = found["components"]["schemas"]
    names = re.findall(r"#/components/schemas/(\w+)", str(found))
    assert set(names) <= set(schemas)
    assert not {"HTTPValidationError", "ValidationError"} & set(schemas)


def test_fields_are_in_camel_case() -> None:
    for name, schema in document()["components"]["schemas"].items():
        for field in schema.get("properties", {}):
            assert re.fullmatch(r"[a-z]+([A-Z][a-z]+[0-9]?)*", field), (name, field)


def test_an_items_limits_are_told_to_callers(world: ApiWorld) -> None:
    body = world.client.get("/openapi.json").json()["components"]["schemas"]["ItemBody"]
    assert set(body["required"]) == {"name", "unitPrice"}
    assert body["properties"]["name"]["maxLength"] == 1000
    assert body["additionalProperties"] is False
