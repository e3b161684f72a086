"""The app behind API Gateway's payload 2.0, as Mangum hands it over."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from typing import Any

import pytest

from functions.api.handler import make_adapter
from tests.support.api_client import ApiWorld


def event(
    method: str, path: str, body: str = "", query: str = "", **changes: Any
) -> dict[str, Any]:
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "sync.example", "content-length": str(len(body))}
        | changes.pop("headers", {}),
        "requestContext": {
            "http": {"method": method, "path": path, "sourceIp": "127.0.0.1"},
            "stage": "$default",
        },
        "body": body,
        "isBase64Encoded": False,
        **changes,
    }


def invoke(world: ApiWorld, *args: Any, **changes: Any) -> dict[str, Any]:
    app: Any = world.client.app
    context: Any = None  # Mangum only hands it on
    answer: dict[str, Any] = make_adapter(app)(event(*args, **changes), context)
    return answer


def test_json_and_problems_travel_as_text(world: ApiWorld) -> None:
    health = invoke(world, "GET", "/healthz")
    assert (health["statusCode"], health["body"]) == (200, '{"status":"ok"}')
    assert not health["isBase64Encoded"]
    problem = invoke(world, "GET", "/v1/items")
    assert not problem["isBase64Encoded"]
    assert json.loads(problem["body"])["code"] == "UNAUTHENTICATED"
    page = invoke(world, "GET", "/v1/oauth/quickbooks/callback", query="state=x")
    assert page["body"].startswith("<!doctype html>")


def test_a_body_in_base64_is_read(world: ApiWorld) -> None:
    """API Gateway encodes what is neither text nor JSON: JSON lines, for one."""
    lines = base64.b64encode(b'{"id": "1", "name": "Pipe", "unitPrice": "1"}\n').decode()
    headers = {**world.as_("office"), "content-type": "application/x-ndjson"}
    answer = invoke(world, "POST", "/v1/items:import", lines, headers=headers, isBase64Encoded=True)
    assert json.loads(answer["body"])["created"] == 1


def test_an_address_with_encoded_parts_names_the_record(world: ApiWorld) -> None:
    """Whether the gateway decodes the path or leaves it to us."""
    headers = {**world.as_("office"), "content-type": "application/json"}
    body = json.dumps({"name": "Pipe", "unitPrice": "1"})
    for path in ("/v1/items/a%2Fb%20c", "/v1/items/a/b c"):
        answer = invoke(world, "PUT", path, body, headers=headers)
        assert json.loads(answer["body"])["id"] == "a/b c"
    assert answer["statusCode"] == 200


def test_an_unexpected_error_is_a_problem_here_too(world: ApiWorld) -> None:
    app: Any = world.client.app
    app.state.services = None  # what no request can cope with
    answer = invoke(world, "GET", "/v1/items", headers=world.as_("office"))
    assert answer["statusCode"] == 500
    assert json.loads(answer["body"])["code"] == "UNEXPECTED"


@pytest.mark.parametrize("module", ["httpx2", "authlib", "pynamodb", "boto3", "joserfc"])
def test_importing_the_handler_builds_nothing_and_leaves_heavy_libraries_alone(module: str) -> None:
    """Those are imported by the first request that needs them."""
    code = f"import sys, functions.api.handler; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
