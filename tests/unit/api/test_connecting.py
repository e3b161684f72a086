"""Authorize, callback, disconnect."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from functions.api.console.rendering import POLICY
from shared.domain.connections import ConnectionState, RemoteCompany
from shared.domain.errors import StorageUnavailable
from shared.domain.ids import ConnectionKey, PersonId, ProviderName, RemoteCompanyId
from shared.storage.auth_ports import ConsentRequest
from tests.support.api_client import PUBLIC_URL, ApiWorld
from tests.support.services import COMPANY

QUICKBOOKS = "/v1/connections/quickbooks"
ORGANISATION = f"{QUICKBOOKS}/organisation"
CALLBACK = "/v1/oauth/quickbooks/callback"


def begin(world: ApiWorld, who: str = "office", **body: str) -> str:
    """The one-time state of a consent just begun."""
    answer = world.call("POST", f"{QUICKBOOKS}/authorize", body, who=who)
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
    assert "<script>" not in answer.text
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


def test_a_callback_while_the_sessions_cannot_be_read_says_so(world: ApiWorld) -> None:
    app: Any = world.client.app
    app.state.services = replace(world.services, sign_in=_Unread)
    answer = world.sees(f"{CALLBACK}?state={begin(world)}&code=code-1")
    assert answer.status_code == 503
    assert "Not connected" in answer.text
    assert world.oauth.exchanges == []


class _Unread:
    """Whose storage does not answer."""

    def session(self, _session_id: str) -> None:
        raise StorageUnavailable("the sessions")


def test_the_page_runs_and_looks_as_the_console_does(world: ApiWorld) -> None:
    answer = come_back(world, state="unknown")
    assert answer.headers["content-security-policy"] == POLICY
    assert not re.search(r"<style|<script(?! type=\"module\" src=)|\son\w+=|\sstyle=", answer.text)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_the_page_is_whole_without_a_session_and_in_its_frame_with_one(world: ApiWorld) -> None:
    assert "<nav" not in come_back(world, state="unknown").text
    shown = world.sees(f"{CALLBACK}?state=unknown")
    assert shown.status_code == 400
    assert 'aria-label="Main"' in shown.text
    assert "Back to Integrations" in shown.text


@pytest.mark.parametrize("who", ["clerk", "other"])
def test_a_callback_in_somebody_elses_browser_connects_nothing(world: ApiWorld, who: str) -> None:
    """Neither the colleague's nor the stranger's: a link that was passed on is used up and refused."""
    state = begin(world)
    answer = world.sees(f"{CALLBACK}?state={state}&code=code-1", who=who)
    assert answer.status_code == 400
    assert "Somebody else began to connect with this link." in answer.text
    assert world.oauth.exchanges == []
    assert world.sees(f"{CALLBACK}?state={state}&code=code-1").status_code == 400
    for name in ("office", "other"):
        assert world.call("GET", QUICKBOOKS, who=name).json()["state"] == "not_connected"


def test_a_callback_in_ones_own_browser_connects(world: ApiWorld) -> None:
    answer = world.sees(f"{CALLBACK}?state={begin(world)}&code=code-1")
    assert answer.status_code == 200
    assert world.call("GET", QUICKBOOKS).json()["state"] == "connected"


def test_the_page_is_whole_for_a_reader_of_any_kind(world: ApiWorld) -> None:
    text = come_back(world, state="unknown").text
    for part in ('<html lang="en', "<title>", "<main", "<h1>", 'name="viewport"'):
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


def test_reading_alone_may_neither_connect_nor_choose_nor_disconnect(world: ApiWorld) -> None:
    for action in ("authorize", "organisation", "disconnect"):
        assert world.call("POST", f"{QUICKBOOKS}/{action}", who="clerk").status_code == 403
    assert world.call("DELETE", ORGANISATION, who="clerk").status_code == 403


def test_several_companies_are_asked_about_on_a_page_and_in_the_connection(world: ApiWorld) -> None:
    answer = offer_two(world)
    assert (answer.status_code, "Choose the company" in answer.text) == (200, True)
    assert "“Hill Plumbing”" not in answer.text
    assert "&#34;Hill Plumbing&#34;, &#34;&lt;b&gt;Creek&#34;" in answer.text
    connection = world.call("GET", QUICKBOOKS).json()
    assert connection["state"] == "not_connected"
    assert connection["pendingChoice"] == {
        "offered": [
            {"id": "realm-1", "name": "Hill Plumbing", "unavailable": None},
            {"id": "realm-2", "name": "<b>Creek", "unavailable": None},
        ],
        "connected": None,
        "startAfreshNeeded": False,
        "expiresAt": (world.clock.now() + timedelta(minutes=20)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    (listed,) = world.call("GET", "/v1/connections").json()["connections"]
    assert listed["pendingChoice"] == connection["pendingChoice"]
    assert world.call("GET", QUICKBOOKS, who="other").json()["pendingChoice"] is None


def test_a_choice_goes_on_to_the_path_it_was_given(world: ApiWorld) -> None:
    answer = offer_two(world, returnTo="/settings")
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings")


def test_choosing_connects_once(world: ApiWorld) -> None:
    offer_two(world)
    chosen = world.call("POST", ORGANISATION, {"remoteCompanyId": "realm-1"})
    assert (chosen.status_code, chosen.json()["state"]) == (200, "connected")
    assert chosen.json()["pendingChoice"] is None
    again = world.call("POST", ORGANISATION, {"remoteCompanyId": "realm-1"})
    assert (again.status_code, again.json()["code"]) == (404, "NO_CHOICE")
    assert [entry["what"] for entry in audit(world)] == ["connection.chosen"]


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"remoteCompanyId": "realm-9"}, 400, "NOT_OFFERED", "remoteCompanyId"),
        ({}, 400, "MISSING", "remoteCompanyId"),
        ({"remoteCompanyId": ""}, 400, "EMPTY", "remoteCompanyId"),
        ({"remoteCompanyId": "1" * 201}, 400, "TOO_LONG", "remoteCompanyId"),
        ({"remoteCompanyId": "realm-1", "startAfresh": "yes"}, 400, "WRONG_TYPE", "startAfresh"),
        ({"remoteCompanyId": "realm-1", "more": 1}, 400, "UNKNOWN_FIELD", "more"),
    ],
)
def test_a_decision_that_makes_no_sense_names_the_field(
    world: ApiWorld, body: dict[str, Any], status: int, code: str, field: str
) -> None:
    offer_two(world)
    answer = world.call("POST", ORGANISATION, body)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
        status,
        code,
        field,
    )
    assert world.call("GET", QUICKBOOKS).json()["pendingChoice"] is not None


def test_who_has_a_company_is_not_told(world: ApiWorld) -> None:
    come_back(world, state=begin(world, who="other"), code="code-1")
    offer_two(world)
    first, second = world.call("GET", QUICKBOOKS).json()["pendingChoice"]["offered"]
    assert first["unavailable"] == "connected to another BlueClerk company"
    assert second["unavailable"] is None
    refused = world.call("POST", ORGANISATION, {"remoteCompanyId": "realm-1"})
    assert (refused.status_code, refused.json()["code"]) == (409, "REMOTE_COMPANY_TAKEN")
    assert "company-2" not in refused.text


def test_a_late_decision_says_to_begin_again(world: ApiWorld) -> None:
    offer_two(world)
    world.clock.sleep(20 * 60)
    assert world.call("GET", QUICKBOOKS).json()["pendingChoice"] is None
    answer = world.call("POST", ORGANISATION, {"remoteCompanyId": "realm-1"})
    assert (answer.status_code, answer.json()["code"]) == (409, "CHOICE_EXPIRED")
    assert "begin again" in answer.json()["action"]


def test_another_company_is_a_409_page_with_both_names_and_both_ways_out(world: ApiWorld) -> None:
    before, answer = connect_then_differ(world)
    assert answer.status_code == 409
    for part in ("Hill Plumbing", "Creek Roofing", "Cancel", "start afresh", "20 minutes"):
        assert part in answer.text
    assert "Not connected" not in answer.text
    after = world.call("GET", QUICKBOOKS).json()
    waiting = after.pop("pendingChoice")
    assert waiting["connected"] == "Hill Plumbing"
    assert waiting["startAfreshNeeded"] is True
    assert {**after, "pendingChoice": None} == before


def test_cancelling_leaves_everything_as_it_was(world: ApiWorld) -> None:
    before, _ = connect_then_differ(world)
    answer = world.call("DELETE", ORGANISATION)
    assert answer.status_code == 200
    assert answer.json() == before
    assert world.call("GET", QUICKBOOKS).json() == before
    again = world.call("DELETE", ORGANISATION)
    assert (again.status_code, again.json()["code"]) == (404, "NO_CHOICE")
    assert audit(world)[0]["what"] == "connection.choice_cancelled"


def test_starting_afresh_must_be_said_and_replaces_the_connection(world: ApiWorld) -> None:
    connect_then_differ(world)
    refused = world.call("POST", ORGANISATION, {"remoteCompanyId": "realm-2"})
    assert (refused.status_code, refused.json()["code"]) == (409, "REMOTE_COMPANY_DIFFERS")
    assert "start afresh" in refused.json()["action"]
    body = {"remoteCompanyId": "realm-2", "startAfresh": True}
    answer = world.call("POST", ORGANISATION, body).json()
    assert answer["remoteCompany"]["name"] == "Creek Roofing"
    assert answer["settings"]["defaultIncomeAccountId"] is None
    assert answer["pendingChoice"] is None
    assert audit(world)[0]["what"] == "connection.started_afresh"


def test_a_callback_of_another_provider_or_a_forged_one_is_a_page_and_stores_nothing(
    world: ApiWorld,
) -> None:
    world.services.stores.consents.put(
        ConsentRequest(
            state="of-xero",
            connection=ConnectionKey(COMPANY, ProviderName("xero")),
            person_id=PersonId("office"),
            redirect_uri=f"{PUBLIC_URL}{CALLBACK}",
            expires_at=world.clock.now() + timedelta(minutes=10),
        )
    )
    for state in ("of-xero", "forged", ""):
        answer = come_back(world, state=state, code="code-1")
        assert (answer.status_code, "not ours" in answer.text) == (400, True)
    assert world.oauth.exchanges == []
    assert world.call("GET", QUICKBOOKS).json()["state"] == "not_connected"


def audit(world: ApiWorld) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = world.call("GET", "/v1/audit").json()["entries"]
    return entries


def offer_two(world: ApiWorld, **body: str) -> Any:
    """A consent that covers two companies, one with a name that must be escaped."""
    hill, creek = RemoteCompanyId("realm-1"), RemoteCompanyId("realm-2")
    world.oauth.codes["code-2"] = (hill, creek)
    world.oauth.names = {hill: "Hill Plumbing", creek: "<b>Creek"}
    return come_back(world, state=begin(world, **body), code="code-2")


def connect_then_differ(world: ApiWorld) -> tuple[dict[str, Any], Any]:
    """Connected with an account chosen, then a consent for another company: before, and its page."""
    world.connect()
    before = world.call("GET", QUICKBOOKS).json()
    world.books.company = RemoteCompany(RemoteCompanyId("realm-2"), "Creek Roofing", "USD")
    world.oauth.codes["code-2"] = (RemoteCompanyId("realm-2"),)
    return before, come_back(world, state=begin(world), code="code-2")
