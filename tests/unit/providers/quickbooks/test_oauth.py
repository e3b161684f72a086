"""OAuth: what is sent, what counts as refused, and what is only unanswered."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.config import ProviderEndpoints
from shared.domain.connections import OfferedCompany
from shared.domain.errors import ProviderUnavailable, RequestInvalid
from shared.domain.grants import TokenPair
from shared.domain.ids import RemoteCompanyId
from shared.providers.base import ConsentCallback, IssuedTokens, RefreshRefused, RefreshUnanswered
from shared.providers.http import HttpAnswer, HttpFailure
from shared.providers.quickbooks.oauth import QuickBooksOAuth
from tests.unit.providers.quickbooks.payloads import HTML
from tests.unit.providers.scripted import Reply, ScriptedTransport, replied

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ENDPOINTS = ProviderEndpoints(
    api_url="http://books",
    authorize_url="http://books/connect/oauth2?mode=x",
    token_url="http://books/tokens/bearer",
    revoke_url="http://books/tokens/revoke",
)
PAIR = {
    "token_type": "bearer",
    "access_token": "access-1",
    "refresh_token": "refresh-1",
    "expires_in": 3600,
    "x_refresh_token_expires_in": 8726400,
}
CALLBACK = ConsentCallback({"realmId": "9341453172908345127"})


def opened(*replies: Reply) -> tuple[QuickBooksOAuth, ScriptedTransport]:
    transport = ScriptedTransport(*replies)
    return QuickBooksOAuth(ENDPOINTS, "id", "se:cret", transport, 15.0), transport


def exchange(oauth: QuickBooksOAuth, callback: ConsentCallback = CALLBACK) -> object:
    return oauth.exchange(
        code="co/de+1", redirect_uri="https://app/cb", code_verifier="", callback=callback
    )


def test_the_authorize_url_has_what_the_consent_page_wants_and_no_pkce() -> None:
    oauth, _ = opened(replied({}))
    url = oauth.authorize_url(
        state="st&te", redirect_uri="https://app/cb?x", code_challenge="challenge"
    )
    parts = urlsplit(url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "http://books/connect/oauth2"
    assert parse_qs(parts.query) == {
        "mode": ["x"],
        "response_type": ["code"],
        "client_id": ["id"],
        "redirect_uri": ["https://app/cb?x"],
        "scope": ["com.intuit.quickbooks.accounting"],
        "state": ["st&te"],
    }


def test_a_code_is_exchanged_for_tokens_and_the_company_of_the_callback() -> None:
    oauth, transport = opened(replied(PAIR))
    consent = oauth.exchange(
        code="co/de+1", redirect_uri="https://app/cb", code_verifier="", callback=CALLBACK
    )
    assert consent.tokens == IssuedTokens("access-1", "refresh-1", 3600.0, 8726400.0)
    assert consent.covered == (OfferedCompany(RemoteCompanyId("9341453172908345127")),)
    assert consent.user_id == "", "each consent has a token chain of its own"
    (request,) = transport.requests
    assert (request.method, request.url, request.deadline) == ("POST", ENDPOINTS.token_url, 15.0)
    basic = request.headers["authorization"].removeprefix("Basic ")
    assert base64.b64decode(basic) == b"id:se:cret"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["x-include-refresh-token-hard-expires-in"] == "true"
    assert parse_qs(request.body.decode()) == {
        "grant_type": ["authorization_code"],
        "code": ["co/de+1"],
        "redirect_uri": ["https://app/cb"],
    }


@pytest.mark.parametrize("realm", ["", "abc", "1" * 26, "12 3", "١٢٣", "1/2"])
def test_a_callback_without_a_usable_company_is_refused_before_the_code_is_used(realm: str) -> None:
    oauth, transport = opened(replied(PAIR))
    with pytest.raises(RequestInvalid) as refused:
        exchange(oauth, ConsentCallback({"realmId": realm} if realm else {}))
    assert refused.value.problem.code == "CONSENT_INCOMPLETE"
    assert transport.requests == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (replied({"error": "invalid_grant"}, 400), "CONSENT_REFUSED"),
        (replied({"error": "invalid_client"}, 401), "PROVIDER_APP_REFUSED"),
        (replied({"error": "invalid_client"}, 400), "PROVIDER_APP_REFUSED"),
    ],
)
def test_a_refused_code_is_said_in_plain_words(answer: HttpAnswer, code: str) -> None:
    oauth, _ = opened(answer)
    with pytest.raises(RequestInvalid) as refused:
        exchange(oauth)
    assert refused.value.problem.code == code
    assert "invalid_" not in refused.value.problem.message + refused.value.problem.action


UNANSWERED = [
    (HttpFailure("ReadTimeout", sent=True), True),
    (HttpFailure("ConnectError", sent=False), False),
    (replied(HTML, 200), True),
    (replied(HTML, 503), True),
    (replied({"error": "invalid_grant"}, 500), True),
    (replied({"error": "invalid_client"}, 401), True),
    (replied({"error": "server_error"}, 400), True),
    (replied({"error_description": "invalid_grant"}, 400), True),
    (replied({"error": ["invalid_grant"]}, 400), True),
    (replied([], 400), True),
    (replied(b"", 400), True),
    (replied(b"", 429), True),
    (replied({**PAIR, "refresh_token": ""}), True),
    (replied({**PAIR, "access_token": None}), True),
    (replied({**PAIR, "access_token": "with\nnewline"}), True),
    (replied({**PAIR, "expires_in": "soon"}), True),
    (replied({**PAIR, "expires_in": -1}), True),
    (replied(PAIR, 202), True),
]


@pytest.mark.parametrize(("answer", "sent"), UNANSWERED)
def test_only_a_structured_invalid_grant_is_a_refusal(
    answer: HttpAnswer | HttpFailure, *, sent: bool
) -> None:
    oauth, _ = opened(answer)
    outcome = oauth.refresh("refresh-0", NOW)
    assert isinstance(outcome, RefreshUnanswered), outcome
    assert outcome.sent is sent


@pytest.mark.parametrize(
    "answer", [row[0] for row in UNANSWERED if "invalid_client" not in str(row)]
)
def test_an_exchange_without_a_clear_answer_is_unavailable(answer: Reply) -> None:
    oauth, _ = opened(answer)
    with pytest.raises(ProviderUnavailable):
        exchange(oauth)


@pytest.mark.parametrize(
    "body", [{"error": "invalid_grant"}, {"error": "invalid_grant", "error_description": "x"}]
)
def test_invalid_grant_is_a_refusal(body: dict[str, str]) -> None:
    oauth, _ = opened(replied(body, 400))
    assert oauth.refresh("refresh-0", NOW) == RefreshRefused()


def test_a_refresh_sends_the_token_and_takes_what_comes_back() -> None:
    oauth, transport = opened(replied({**PAIR, "refresh_token": "refresh-0"}))
    outcome = oauth.refresh("refresh-0", NOW)
    assert outcome == IssuedTokens("access-1", "refresh-0", 3600.0, 8726400.0)
    assert parse_qs(transport.requests[0].body.decode()) == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["refresh-0"],
    }


def test_lifetimes_come_as_numbers_or_texts_and_the_hard_end_counts() -> None:
    texts = {**PAIR, "expires_in": "3600", "x_refresh_token_expires_in": "8721385"}
    oauth, _ = opened(replied(texts))
    assert oauth.refresh("r", NOW) == IssuedTokens("access-1", "refresh-1", 3600.0, 8721385.0)
    oauth, _ = opened(replied({**PAIR, "x_refresh_token_hard_expires_in": 100}))
    assert oauth.refresh("r", NOW) == IssuedTokens("access-1", "refresh-1", 3600.0, 100.0)
    bare = {name: value for name, value in PAIR.items() if not name.startswith("x_")}
    oauth, _ = opened(replied(bare))
    assert oauth.refresh("r", NOW) == IssuedTokens("access-1", "refresh-1", 3600.0, None)


@pytest.mark.parametrize(
    ("answer", "confirmed"),
    [
        (replied(b""), True),
        (replied(b"", 400), False),
        (HttpFailure("ReadTimeout", sent=True), False),
    ],
)
def test_withdrawing_revokes_the_refresh_token_and_is_confirmed_by_200_alone(
    answer: Reply, *, confirmed: bool
) -> None:
    oauth, transport = opened(answer)
    pair = TokenPair("access-1", "refresh-1")
    assert oauth.withdraw(pair, RemoteCompanyId("1"), last=True) is confirmed
    (request,) = transport.requests
    assert request.url == ENDPOINTS.revoke_url
    assert json.loads(request.body) == {"token": "refresh-1"}
    assert request.headers["content-type"] == "application/json"
    assert request.headers["authorization"].startswith("Basic ")


def test_no_token_shows_in_a_reason() -> None:
    body = {"error": "server_error", "error_description": "Token refresh-0 is bad"}
    oauth, _ = opened(replied(body, 400, intuit_tid="refresh-0 refresh-0"))
    assert "refresh-0" not in repr(oauth.refresh("refresh-0", NOW))
