"""Error pages: friendly, with a reference, and never with what went on inside."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from httpx2 import Response

from functions.api.console.rendering import POLICY
from functions.api.console.session import console_router
from shared.domain.errors import (
    NeedsReauth,
    ProviderContractBroken,
    ProviderUnavailable,
    RateLimited,
)
from tests.support.api_client import ApiWorld

SECRET = "s3cret customer data"


class Broken:
    """A store that is not there."""

    def __getattr__(self, _name: str) -> Any:
        raise RuntimeError(SECRET)


def failing(world: ApiWorld, error: Exception) -> Response:
    """A page whose work fails in that way."""
    router = console_router()

    @router.get("/failing")
    def fail() -> None:
        raise error

    app: Any = world.client.app
    app.include_router(router)
    return world.sees("/console/failing")


def is_friendly(answer: Response) -> bool:
    """A whole page with a reference for support, and nothing of ours inside it."""
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-security-policy"] == POLICY
    assert f"<code>{answer.headers['x-correlation-id']}</code>" in answer.text
    for inside in ("Traceback", "Error(", ".py", SECRET, "/openapi.json", "correlation id"):
        assert inside not in answer.text, inside
    return "<h1>" in answer.text and 'class="button' in answer.text


def test_an_unexpected_error(world: ApiWorld) -> None:
    answer = failing(world, RuntimeError(SECRET))
    assert (answer.status_code, is_friendly(answer)) == (500, True)
    assert "Something went wrong on our side." in answer.text


@pytest.mark.parametrize("path", ["/console/nothing", "/console/integrations/nothing/at/all"])
def test_an_address_that_is_nothing(world: ApiWorld, path: str) -> None:
    answer = world.sees(path)
    assert (answer.status_code, is_friendly(answer)) == (404, True)
    assert "This page does not exist" in answer.text


def test_a_button_opened_as_a_page(world: ApiWorld) -> None:
    answer = world.sees("/console/sign-out")
    assert (answer.status_code, is_friendly(answer)) == (405, True)
    assert "only works through its buttons" in answer.text


def test_what_a_role_does_not_allow(world: ApiWorld) -> None:
    answer = world.presses("/console/integrations/quickbooks/connect", who="clerk")
    assert (answer.status_code, is_friendly(answer)) == (403, True)
    nobody = world.sees("/console/integrations", who="nobody")
    assert (nobody.status_code, is_friendly(nobody)) == (403, True)


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (ProviderUnavailable(SECRET), 503, "gave no answer that can be used"),
        (RateLimited(SECRET), 503, "takes no more requests at the moment"),
        (ProviderContractBroken(SECRET), 502, "does not understand"),
    ],
)
def test_a_provider_that_is_down(world: ApiWorld, error: Exception, status: int, says: str) -> None:
    answer = failing(world, error)
    assert (answer.status_code, is_friendly(answer)) == (status, True)
    assert says in answer.text


def test_a_connection_that_has_expired_is_said_in_the_owners_words(world: ApiWorld) -> None:
    label = world.books.profile.label
    answer = failing(world, NeedsReauth(world.books.profile.name))
    assert (answer.status_code, is_friendly(answer)) == (409, True)
    assert (
        f"Your {label} connection has expired. Go to Settings → Integrations → Reconnect {label}."
        in answer.text
    )


def test_where_even_the_sessions_cannot_be_read(world: ApiWorld) -> None:
    app: Any = world.client.app
    app.state.services = replace(world.services, sign_in=Broken)
    answer = world.sees("/console/integrations")
    assert (answer.status_code, is_friendly(answer)) == (500, True)


def test_a_script_is_answered_in_json(world: ApiWorld) -> None:
    answer = world.sees("/console/nothing", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (404, "UNKNOWN_ROUTE")


def test_the_api_stays_an_api(world: ApiWorld) -> None:
    for path in ("/v1/nothing", "/consolehijack"):
        assert world.client.get(path).headers["content-type"] == "application/problem+json"
