"""Errors: problem details for everything, in the right order, with nothing in them that should not be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from shared.domain.connections import Connection
from shared.domain.errors import StorageUnavailable
from shared.domain.ids import CompanyId, SourceId
from shared.domain.records import Item
from shared.storage.memory import memory_stores
from tests.support.api_client import ApiWorld, api_world

ITEM = {"name": "Pipe", "unitPrice": "1"}


def is_problem(answer: Any) -> dict[str, Any]:
    """The problem of an answer, once it is seen to be a complete one."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == answer.status_code
    for member in ("type", "title", "detail", "code", "action", "instance", "correlationId"):
        assert isinstance(problem[member], str), member
    assert problem["detail"]
    assert problem["type"].endswith(problem["code"])
    assert problem["instance"].endswith(problem["correlationId"])
    assert answer.headers["x-correlation-id"] == problem["correlationId"]
    return problem


def raw(world: ApiWorld, content: bytes, media_type: str = "application/json") -> Any:
    return world.client.put(
        "/v1/items/1", content=content, headers={**world.as_("office"), "Content-Type": media_type}
    )


def test_an_address_that_is_nothing_is_not_found(world: ApiWorld) -> None:
    for path in ("/v1", "/v2/items", "/v1/items:export", "/docs", "/redoc"):
        answer = world.call("GET", path)
        assert (answer.status_code, is_problem(answer)["code"]) == (404, "UNKNOWN_ROUTE"), path


def test_a_method_that_is_not_there_is_told_with_those_that_are(world: ApiWorld) -> None:
    answer = world.call("PATCH", "/v1/items/1")
    assert (answer.status_code, is_problem(answer)["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "DELETE, GET, PUT"
    assert world.call("GET", "/v1/items:import").headers["allow"] == "POST"


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b'{"name": "Pipe",}',
        b'{"name": "a", "name": "b"}',
        b'{"unitPrice": NaN}',
        b'{"unitPrice": Infinity}',
        b'{"name": "\xff"}',
        b"[" * 200_000,
        b'{"unitPrice": 1e99999999999999999999}',
        b"name=Pipe",
    ],
)
def test_a_body_that_is_not_json_is_refused_without_being_repeated(
    world: ApiWorld, content: bytes
) -> None:
    answer = raw(world, content)
    assert (answer.status_code, is_problem(answer)["code"]) == (400, "MALFORMED_JSON")
    assert "Pipe" not in answer.text


@pytest.mark.parametrize("content", [b"[]", b'"text"', b"null", b"7", b"true"])
def test_json_that_is_no_object_is_refused(world: ApiWorld, content: bytes) -> None:
    answer = raw(world, content)
    assert (answer.status_code, is_problem(answer)["code"]) == (400, "WRONG_TYPE")


def test_a_body_that_is_missing_is_told(world: ApiWorld) -> None:
    answer = raw(world, b"")
    assert (answer.status_code, is_problem(answer)["code"]) == (400, "MISSING_BODY")


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "model/x+json", "x", ""]
)
def test_a_body_of_another_type_is_refused(world: ApiWorld, media_type: str) -> None:
    answer = raw(world, json.dumps(ITEM).encode(), media_type)
    assert (answer.status_code, is_problem(answer)["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_json_under_another_name_is_json(world: ApiWorld) -> None:
    content = json.dumps(ITEM).encode()
    assert raw(world, content, "application/json; charset=utf-8").status_code == 201
    assert raw(world, content, "application/vnd.blueclerk+json").status_code == 200


def test_a_body_above_the_limit_is_refused_as_too_large(world: ApiWorld) -> None:
    start = b'{"name": "Pipe", "unitPrice": "1", "description": "'
    fits = start + b"x" * (4_718_592 - len(start) - 2) + b'"}'
    assert is_problem(raw(world, fits))["code"] == "TOO_LONG"
    answer = raw(world, fits + b" ")
    assert (answer.status_code, is_problem(answer)["code"]) == (413, "BODY_TOO_LARGE")


def test_a_body_that_announces_too_much_is_refused_before_it_is_read(world: ApiWorld) -> None:
    headers = {"Content-Length": "4718593"}
    answer = world.call("PUT", "/v1/items/1", ITEM, headers=headers)
    assert (answer.status_code, is_problem(answer)["code"]) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Basic b2ZmaWNl", "token-of-office", "Bearer forged"],
)
def test_without_a_good_token_nothing_is_answered(
    world: ApiWorld, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = world.client.get("/v1/items", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    is_problem(answer)
    assert "forged" not in answer.text


def test_who_calls_is_asked_before_anything_of_the_body_is_read(world: ApiWorld) -> None:
    """Neither malformed nor oversized bodies tell a stranger more than 401, nor a reader than 403."""
    for content in (b"{", b"x" * 5_000_000):
        headers = {"Content-Type": "application/json"}
        assert world.client.put("/v1/items/1", content=content, headers=headers).status_code == 401
        headers |= world.as_("clerk")
        assert world.client.put("/v1/items/1", content=content, headers=headers).status_code == 403


class Failing:
    """A store whose reads fail."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def of_company(self, company_id: CompanyId) -> Sequence[Connection]:
        raise self._error


def failing(error: Exception) -> ApiWorld:
    stores = memory_stores()
    connections: Any = Failing(error)
    return api_world(replace(stores, connections=connections))


def test_storage_that_cannot_be_reached_is_said_to_pass(world: ApiWorld) -> None:
    answer = failing(StorageUnavailable("table records: timed out")).call("GET", "/v1/connections")
    assert (answer.status_code, is_problem(answer)["code"]) == (503, "TRY_AGAIN")
    assert answer.headers["retry-after"] == "1"
    assert "records" not in answer.text


def test_the_wait_is_rounded_up_to_whole_seconds() -> None:
    answer = failing(StorageUnavailable("x", after=2.1)).call("GET", "/v1/connections")
    assert answer.headers["retry-after"] == "3"


def test_an_error_nobody_expected_says_nothing_of_itself() -> None:
    world = failing(ValueError("customer Jane Doe, token abc"))
    answer = world.call("GET", "/v1/connections")
    assert answer.status_code == 500
    problem = is_problem(answer)
    assert problem["code"] == "UNEXPECTED"
    assert "Jane" not in answer.text
    assert "Jane" not in world.log.getvalue()
    error = next(line for line in world.logged if line["level"] == "ERROR")
    assert error["correlation_id"] == problem["correlationId"]
    assert "ValueError" in error["exception"]
    assert "test_problems.py" in error["exception"]


def test_each_request_writes_one_line_without_ids_of_records_or_queries(
    world: ApiWorld,
) -> None:
    world.call("GET", "/v1/items/secret-id?cursor=secret-cursor")
    world.client.get("/v1/oauth/quickbooks/callback?code=secret-code&state=secret-state")
    first, second = world.logged
    assert (first["route"], first["method"], first["status"]) == ("/v1/items/{id:path}", "GET", 404)
    assert first["company_id"] == "company-1"
    assert (second["route"], second["status"]) == ("/v1/oauth/{provider}/callback", 400)
    assert "company_id" not in second
    assert "secret" not in world.log.getvalue()


@pytest.mark.parametrize(
    ("given", "kept"),
    [("run-from-frontend_1", True), ("short", False), ("x" * 65, False), ("new\tline id", False)],
)
def test_a_correlation_id_is_taken_from_the_caller_if_it_is_one(
    world: ApiWorld, given: str, *, kept: bool
) -> None:
    headers = {"X-Correlation-Id": given}
    answer = world.call("PUT", "/v1/items/1", ITEM, headers=headers)
    answered = answer.headers["x-correlation-id"]
    assert (answered == given) is kept
    item = world.services.stores.records.get(CompanyId("company-1"), Item, SourceId("1"))
    assert item is not None
    assert item.correlation_id == answered


def test_every_answer_carries_the_safe_headers(world: ApiWorld) -> None:
    for answer in (world.client.get("/healthz"), world.client.get("/v1/items"), raw(world, b"{")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


def test_healthz_needs_no_sign_in(world: ApiWorld) -> None:
    answer = world.client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
