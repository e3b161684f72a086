"""Signing in and out over HTTP: cookies, the address to go on to, whose browser may finish it."""

from __future__ import annotations

from dataclasses import replace
from http.cookies import Morsel, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from functions.api.console.session import HOME, is_own_address
from shared.auth.sign_in import SignInAttempt
from shared.providers.http import HttpFailure
from tests.support.api_client import PUBLIC_URL, api_world
from tests.unit.auth.test_sign_in import Place

INVOICES = "/console/invoices?state=failed&q=a%20b"
AWAY = [
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example/console/",
    "https:evil.example",
    "javascript:alert(1)",
    "/console/\n//evil.example",
    "/console/\x00",
    "/console/\u2028",
    "/consolehijack",
    "/v1/items",
    "console/integrations",
    "",
    f"/console/{'a' * 1000}",
]


class Browser:
    """At a console whose people sign in at an issuer of the test's own."""

    def __init__(self, public_url: str = PUBLIC_URL) -> None:
        self.place = Place()
        self.world = api_world()
        app: Any = self.world.client.app
        app.state.services = replace(
            self.world.services,
            settings=replace(self.world.services.settings, public_url=public_url),
            sign_in=lambda: self.place.sign_in,
        )
        self.client = TestClient(app, base_url=public_url, follow_redirects=False)

    def begins(self, wanted: str = HOME) -> Response:
        """Towards the sign-in; the issuer will say yes to this very attempt."""
        answer = self.client.get(f"/console/sign-in?next={quote(wanted, safe='')}")
        asked = parse_qs(urlsplit(answer.headers["location"]).query)
        self.state, nonce = asked["state"][0], asked["nonce"][0]
        self.place.attempt = SignInAttempt(self.state, nonce, "")
        self.place.says(company_name="Hill Plumbing", name="Dana")
        return answer

    def comes_back(self, **changes: str) -> Response:
        given = {"code": "code-1", "state": self.state} | changes
        return self.client.get("/console/signed-in", params=given)

    def signs_in(self, wanted: str = HOME) -> Response:
        self.begins(wanted)
        return self.comes_back()


@pytest.fixture
def browser() -> Browser:
    return Browser()


def cookies(answer: Response) -> dict[str, Morsel[str]]:
    """What it sets, by name."""
    found = [SimpleCookie(text) for text in answer.headers.get_list("set-cookie")]
    return {name: morsel for one in found for name, morsel in one.items()}


def test_who_comes_back_is_signed_in_where_they_wanted_to_go(browser: Browser) -> None:
    answer = browser.signs_in(INVOICES)
    assert (answer.status_code, answer.headers["location"]) == (303, INVOICES)
    shown = browser.client.get(HOME)
    assert shown.status_code == 200
    assert "Hill Plumbing" in shown.text


@pytest.mark.parametrize("wanted", AWAY)
def test_the_next_address_never_leads_away(browser: Browser, wanted: str) -> None:
    assert not is_own_address(wanted)
    assert browser.signs_in(wanted).headers["location"] == HOME
    signed_in_already = browser.client.get("/console/sign-in", params={"next": wanted})
    assert signed_in_already.headers["location"] == HOME


@pytest.mark.parametrize("wanted", [one for one in AWAY if one.isprintable()])
def test_not_even_a_forged_attempt_leads_away(browser: Browser, wanted: str) -> None:
    browser.begins()
    kept = browser.client.cookies["__Host-attempt"].strip('"').rpartition(".")[0]
    browser.client.cookies.delete("__Host-attempt")
    forged = f"__Host-attempt={kept}.{wanted}"
    answer = browser.client.get(
        "/console/signed-in",
        params={"code": "code-1", "state": browser.state},
        headers={"Cookie": forged.encode()},
    )
    assert answer.headers["location"] == HOME


def test_cookies_are_the_browsers_alone(browser: Browser) -> None:
    """`__Host-` makes browsers refuse them from elsewhere; Lax keeps them off other sites' posts."""
    begun = cookies(browser.begins())
    finished = cookies(browser.comes_back())
    for morsel in (*begun.values(), *finished.values()):
        assert morsel.key.startswith("__Host-")
        assert (morsel["secure"], morsel["httponly"], morsel["samesite"]) == (True, True, "lax")
        assert (morsel["path"], morsel["domain"]) == ("/", "")
    assert int(begun["__Host-attempt"]["max-age"]) == 600
    assert int(finished["__Host-session"]["max-age"]) == 28_800
    assert int(finished["__Host-attempt"]["max-age"]) == 0


@pytest.mark.parametrize(
    ("public_url", "secure"),
    [
        ("http://127.0.0.1:8080", False),
        ("http://localhost:8080", False),
        ("https://127.0.0.1:8080", True),
        ("http://sync.example", True),
        ("http://127.0.0.1.evil.example", True),
    ],
)
def test_only_loopback_does_without_tls(public_url: str, *, secure: bool) -> None:
    for morsel in cookies(Browser(public_url).begins()).values():
        assert bool(morsel["secure"]) is secure
        assert morsel.key.startswith("__Host-") is secure
        assert morsel["httponly"] is True


def test_a_sign_in_of_another_browser_is_refused(browser: Browser) -> None:
    browser.begins()
    browser.client.cookies.clear()
    answer = browser.comes_back()
    assert answer.status_code == 401
    assert "begun elsewhere or is too old" in answer.text
    assert 'href="/console/sign-in"' in answer.text
    assert browser.place.issuer.exchanged == []
    assert "session" not in "".join(cookies(answer))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"state": "forged"}, "begun elsewhere"),
        ({"code": ""}, "not completed"),
        ({"error": "access_denied"}, "not completed"),
    ],
)
def test_what_the_issuer_did_not_say_signs_nobody_in(
    browser: Browser, changes: dict[str, str], says: str
) -> None:
    browser.begins()
    answer = browser.comes_back(**changes)
    assert (answer.status_code, says in answer.text) == (401, True)
    assert browser.client.get(HOME).status_code == 303


def test_somebody_without_a_role_is_told(browser: Browser) -> None:
    browser.begins()
    browser.place.says(roles=[])
    answer = browser.comes_back()
    assert (answer.status_code, "gives you no role here" in answer.text) == (401, True)


def test_an_issuer_that_is_down_is_said_and_works_again_later(browser: Browser) -> None:
    browser.begins()
    browser.place.issuer.answer = HttpFailure("no route", sent=False)
    answer = browser.comes_back()
    assert answer.status_code == 503
    assert "text/html" in answer.headers["content-type"]
    assert "no route" not in answer.text
    browser.place.issuer.answer = None
    assert browser.signs_in().status_code == 303


def test_signing_out_ends_the_session_here_and_at_the_issuer(browser: Browser) -> None:
    browser.signs_in()
    session_id = browser.client.cookies["__Host-session"]
    answer = browser.client.post("/console/sign-out", headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 200
    assert "https://login.example/logout?" in answer.text
    assert int(cookies(answer)["__Host-session"]["max-age"]) == 0
    browser.client.cookies.set("__Host-session", session_id)
    assert browser.client.get(HOME).status_code == 303, "a kept cookie opens nothing"
    browser.client.cookies.clear()
    assert "You are signed out" in browser.client.get("/console/signed-out").text


def test_another_site_signs_nobody_out(browser: Browser) -> None:
    browser.signs_in()
    answer = browser.client.post("/console/sign-out", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert browser.client.get(HOME).status_code == 200


@pytest.mark.parametrize("path", ["/", "/console", "/console/"])
def test_the_short_addresses_lead_to_the_first_page(browser: Browser, path: str) -> None:
    assert browser.client.get(path).headers["location"] == HOME
