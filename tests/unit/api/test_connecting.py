"""Authorize, callback, disconnect."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.domain.connections import ConnectionState
from tests.support.api_client import PUBLIC_URL, ApiWorld

QUICKBOOKS = "/v1/connections/quickbooks"
CALLBACK = "/v1/oauth/quickbooks/callback"


def begin(world: ApiWorld, **body: str) -> str:
    """The one-time state of a consent just begun."""
    answer = world.call("POST", f"{QUICKBOOKS}/authorize", body)
    assert answer.status_code == 200
    return parse_qs(urlsplit(answer.json()["authorizeUrl"]).query)["state"][0]


def come_back(world: ApiWorld, **parameters: str) -> Any:
    """As the browser does: without a bearer token."""
    return world.client.get(CALLBACK, params=parameters, follow_redirects=False)


def test_authorize_answers_the_providers_address_with_our_callback(world: ApiWorld) -> None:
    answer = world.call("POST", f"{QUICKBOOKS}/authorize")
    query = parse_qs(urlsplit(answer.json()["authorizeUrl"]).query)
    assert query["redirect_uri"] == [f"{PUBLIC_URL}{CALLBACK}"]


def test_a_consent_connects_and_shows_a_page(world: ApiWorld) -> None:
    answer = come_back(world, state=begin(world), code="code-1", realmId="realm-1")
    assert answer.status_code == 200
    assert "Hill Plumbing" in answer.text
    assert world.call("GET", QUICKBOOKS).json()["state"] == "connected"


def test_a_consent_goes_on_to_the_path_it_was_given(world: ApiWorld) -> None:
    state = begin(world, returnTo="/settings?tab=integrations")
    answer = come_back(world, state=state, code="code-1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/settings?tab=integrations"


@pytest.mark.parametrize(
    "return_to",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a b"],
)
def test_another_site_is_no_place_to_go_on_to(world: ApiWorld, return_to: str) -> None:
    answer = world.call("POST", f"{QUICKBOOKS}/authorize", {"returnTo": return_to})
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_RETURN_TO")
    assert answer.json()["field"] == "returnTo"


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"error": "access_denied"}, "was not allowed to connect"),
        ({"error": "<script>alert(1)</script>"}, "refused to connect"),
        ({}, "sent no authorization code"),
        ({"code": "forged"}, "The code was refused."),
    ],
)
def test_a_consent_that_was_refused_says_so_and_connects_nothing(
    world: ApiWorld, parameters: dict[str, str], says: str
) -> None:
    answer = come_back(world, state=begin(world), **parameters)
    assert answer.status_code == 400
    assert says in answer.text
    assert "<script" not in answer.text
    assert world.call("GET", QUICKBOOKS).json()["state"] == "not_connected"


def test_a_state_works_once_and_for_ten_minutes(world: ApiWorld) -> None:
    state = begin(world)
    come_back(world, state=state, code="code-1")
    assert "used already" in come_back(world, state=state, code="code-1").text
    late = begin(world)
    world.clock.sleep(600)
    answer = come_back(world, state=late, code="code-1")
    assert (answer.status_code, "longer than 10 minutes" in answer.text) == (400, True)


def test_a_callback_for_an_unknown_provider_is_a_page_too(world: ApiWorld) -> None:
    answer = world.client.get("/v1/oauth/sage/callback?state=x")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


def test_the_page_runs_no_script_and_its_style_is_the_one_allowed(world: ApiWorld) -> None:
    answer = come_back(world, state="unknown")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    (style,) = re.findall(r"<style>(.*?)</style>", answer.text)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert not re.search(r"<script|\son\w+=|javascript:|\sstyle=", answer.text)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_the_page_is_whole_for_a_reader_of_any_kind(world: ApiWorld) -> None:
    text = come_back(world, state="unknown").text
    for part in ('<html lang="en">', "<title>", "<main>", "<h1>", 'name="viewport"'):
        assert part in text


def test_names_from_the_books_are_escaped_on_the_page(world: ApiWorld) -> None:
    world.books.company = replace(world.books.company, name="<b>Hill & Sons</b>")
    answer = come_back(world, state=begin(world), code="code-1")
    assert "&lt;b&gt;Hill &amp; Sons&lt;/b&gt;" in answer.text


def test_disconnecting_stops_and_withdraws_and_is_safe_again(world: ApiWorld) -> None:
    come_back(world, state=begin(world), code="code-1")
    answer = world.call("POST", f"{QUICKBOOKS}/disconnect")
    assert (answer.status_code, answer.json()["state"]) == (200, ConnectionState.DISCONNECTED)
    assert world.oauth.withdrawn
    assert world.call("POST", f"{QUICKBOOKS}/disconnect").status_code == 200
    audit = world.call("GET", "/v1/audit").json()["entries"]
    assert [entry["what"] for entry in audit] == [
        "connection.disconnected",
        "connection.disconnected",
        "connection.connected",
    ]


def test_reading_alone_may_neither_connect_nor_disconnect(world: ApiWorld) -> None:
    for action in ("authorize", "disconnect"):
        assert world.call("POST", f"{QUICKBOOKS}/{action}", who="clerk").status_code == 403
