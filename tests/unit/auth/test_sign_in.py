"""The code flow: what is sent, what is believed, whose browser may finish it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.auth.bearer import BearerVerifier
from shared.auth.secret_bytes import url_safe
from shared.auth.sign_in import SignIn, SignInAttempt
from shared.config import ConfigurationError
from shared.domain.errors import RetryLater, Unauthenticated
from shared.providers.http import HttpAnswer, HttpFailure
from shared.storage.memory import memory_stores
from tests.unit.auth.doubles import ManualClock
from tests.unit.auth.test_bearer import RSA, SETTINGS, STRANGER, Desk, FakeIssuer, token

BACK = "https://sync.example/console/signed-in"
CONSOLE = replace(SETTINGS, oidc_client_id="console")


class Counted:
    def __init__(self) -> None:
        self.last = 0

    def take(self, count: int) -> bytes:
        self.last += 1
        return self.last.to_bytes(count, "big")


class Issuer(FakeIssuer):
    """With the endpoints of the code flow; `id_token` is what a code is exchanged for."""

    def __init__(self) -> None:
        super().__init__(RSA)
        self.metadata |= {
            "authorization_endpoint": "https://login.example/authorize?tenant=1",
            "token_endpoint": "https://login.example/token",
            "end_session_endpoint": "https://login.example/logout",
        }
        self.id_token: object = ""
        self.answer: HttpAnswer | HttpFailure | None = None
        self.exchanged: list[dict[str, list[str]]] = []
        self.authorization: list[str] = []

    def exchange(self, request):
        if request.url != "https://login.example/token":
            return super().exchange(request)
        self.exchanged.append(parse_qs(request.body.decode()))
        self.authorization.append(request.headers.get("authorization", ""))
        if self.answer is not None:
            return self.answer
        return HttpAnswer(200, {}, json.dumps({"id_token": self.id_token}).encode())


class Place:
    """A console, its issuer, and one browser's attempt to sign in."""

    def __init__(self, secret: str = "", *, without: str = "") -> None:
        self.clock = ManualClock()
        self.issuer = Issuer()
        self.issuer.metadata.pop(without, None)
        self.stores = memory_stores()
        self.sign_in = SignIn(
            CONSOLE,
            lambda: secret,
            BearerVerifier(CONSOLE, self.issuer, self.clock),
            self.issuer,
            self.stores.sessions,
            self.clock,
            Counted(),
        )
        self.address, self.attempt = self.sign_in.begin(BACK)

    def says(self, **claims: object) -> None:
        """What the ID token says, good but for these."""
        good = {"aud": "console", "nonce": self.attempt.nonce, "roles": ["read", "write"]}
        self.issuer.id_token = token(**good | claims)

    def finish(self, attempt: SignInAttempt | None = None, **parameters: str):
        given = {"code": "code-1", "state": self.attempt.state} | parameters
        return self.sign_in.finish(given, attempt or self.attempt, BACK)

    def refused(self, **parameters: str) -> str:
        with pytest.raises(Unauthenticated) as raised:
            self.finish(**parameters)
        return raised.value.problem.code


def test_the_browser_is_sent_with_all_that_the_code_flow_asks_for() -> None:
    place = Place()
    parts = urlsplit(place.address)
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://login.example/authorize"
    assert asked == {
        "tenant": "1",
        "client_id": "console",
        "response_type": "code",
        "scope": "openid profile",
        "redirect_uri": BACK,
        "state": place.attempt.state,
        "nonce": place.attempt.nonce,
        "code_challenge": url_safe(hashlib.sha256(place.attempt.code_verifier.encode()).digest()),
        "code_challenge_method": "S256",
    }
    assert len({place.attempt.state, place.attempt.nonce, place.attempt.code_verifier}) == 3


def test_a_code_becomes_a_session_of_the_person() -> None:
    place = Place()
    place.says(locale="en-AU", zoneinfo="Australia/Sydney")
    session = place.finish()
    assert (session.company_id, session.company_name) == ("acme", "Acme Field Service")
    assert (session.person_id, session.name) == ("person-1", "Ada")
    assert session.roles == {"read", "write"}
    assert (session.locale, session.zoneinfo) == ("en-AU", "Australia/Sydney")
    assert place.sign_in.session(session.session_id) == session
    assert place.issuer.exchanged == [
        {
            "grant_type": ["authorization_code"],
            "code": ["code-1"],
            "redirect_uri": [BACK],
            "client_id": ["console"],
            "code_verifier": [place.attempt.code_verifier],
        }
    ]


@pytest.mark.parametrize(("secret", "sent"), [("", ""), ("s3", "Basic Y29uc29sZTpzMw==")])
def test_a_secret_is_sent_where_the_client_has_one(secret: str, sent: str) -> None:
    place = Place(secret)
    place.says()
    place.finish()
    assert place.issuer.authorization == [sent]


@pytest.mark.parametrize("state", ["", "other", "é"])
def test_another_browsers_callback_is_refused_before_its_code_is_used(state: str) -> None:
    place = Place()
    place.says()
    assert place.refused(state=state) == "SIGN_IN_UNKNOWN"
    assert place.issuer.exchanged == []


def test_a_person_who_says_no_is_not_signed_in() -> None:
    place = Place()
    assert place.refused(error="access_denied", code="") == "SIGN_IN_REFUSED"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"nonce": "another"}, "TOKEN_INVALID"),
        ({"nonce": None}, "TOKEN_INVALID"),
        ({"aud": "blueclerk-sync"}, "TOKEN_INVALID"),
        ({"company_id": None}, "COMPANY_CLAIM_MISSING"),
        ({"roles": []}, "ROLE_MISSING"),
        ({"roles": ["cook"]}, "ROLE_MISSING"),
    ],
)
def test_an_id_token_that_is_not_meant_is_not_believed(
    claims: dict[str, object], code: str
) -> None:
    place = Place()
    place.says(**claims)
    assert place.refused() == code


def test_an_id_token_of_somebody_else_is_not_believed() -> None:
    place = Place()
    place.issuer.id_token = token(STRANGER, aud="console", nonce=place.attempt.nonce)
    assert place.refused() == "TOKEN_INVALID"


@pytest.mark.parametrize(
    "answer",
    [
        HttpAnswer(400, {}, b'{"error": "invalid_grant"}'),
        HttpAnswer(200, {}, b"not json"),
        HttpAnswer(200, {}, b"[]"),
        HttpAnswer(200, {}, b'{"id_token": 7}'),
    ],
)
def test_a_code_that_is_not_accepted_signs_nobody_in(answer: HttpAnswer) -> None:
    place = Place()
    place.issuer.answer = answer
    assert place.refused() == "SIGN_IN_REFUSED"


@pytest.mark.parametrize("answer", [HttpFailure("no", sent=True), HttpAnswer(503, {}, b"")])
def test_an_issuer_that_does_not_answer_is_no_refusal(answer: HttpAnswer | HttpFailure) -> None:
    place = Place()
    place.issuer.answer = answer
    with pytest.raises(RetryLater):
        place.finish()


def test_a_session_ends_after_its_time_and_by_signing_out() -> None:
    place = Place()
    place.says()
    first, second = place.finish(), place.finish()
    address = place.sign_in.end(first.session_id, "https://sync.example/console/signed-out")
    assert address.startswith("https://login.example/logout?client_id=console&post_logout_redirect")
    assert place.sign_in.session(first.session_id) is None
    assert place.sign_in.session(second.session_id) == second
    place.clock.advance(CONSOLE.session_seconds + 1)
    assert place.sign_in.session(second.session_id) is None


@pytest.mark.parametrize("session_id", ["", "x" * 65, "unknown"])
def test_what_is_no_sessions_id_is_nobody(session_id: str) -> None:
    assert Place().sign_in.session(session_id) is None


def test_an_issuer_without_a_page_to_sign_out_is_left_alone() -> None:
    place = Place(without="end_session_endpoint")
    assert place.sign_in.end("nobody", "https://sync.example/") == ""


def test_without_a_client_id_nobody_signs_in() -> None:
    with pytest.raises(ConfigurationError, match="OIDC_CLIENT_ID"):
        SignIn(SETTINGS, str, Desk().verifier, Issuer(), memory_stores().sessions, None, Counted())
