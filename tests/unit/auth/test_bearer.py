"""Whose token is accepted, and that nothing else is."""

from __future__ import annotations

import base64
import hmac
import json
import traceback
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from shared.auth.bearer import BearerVerifier
from shared.config import ConfigurationError, ProviderEndpoints, Settings
from shared.domain.errors import RetryLater, Unauthenticated
from shared.domain.ids import ProviderName
from shared.providers.http import HttpAnswer, HttpFailure
from tests.unit.auth.doubles import START, ManualClock

ISSUER = "https://issuer.example/tenant"
AUDIENCE = "blueclerk-sync"
RSA = RSAKey.generate_key(2048, {"kid": "rsa-1"})
EC = ECKey.generate_key("P-256", {"kid": "ec-1"})
STRANGER = RSAKey.generate_key(2048, {"kid": "rsa-1"})
SETTINGS = Settings(
    records_table="r",
    sync_state_table="s",
    grants_table="g",
    token_key_id="k",
    provider_secret_name="p",
    endpoints={ProviderName("quickbooks"): ProviderEndpoints("a", "b", "c", "d")},
    oidc_issuer=ISSUER,
    oidc_audience=AUDIENCE,
)


class FakeIssuer:
    """Discovery and keys over the transport port; `requests` are the addresses that were asked."""

    def __init__(self, *keys) -> None:
        self.keys = list(keys)
        self.metadata = {"issuer": ISSUER, "jwks_uri": "https://keys.example/jwks"}
        self.failure: HttpAnswer | HttpFailure | None = None
        self.requests: list[str] = []

    def exchange(self, request):
        self.requests.append(request.url)
        if self.failure:
            return self.failure
        if request.url == f"{ISSUER}/.well-known/openid-configuration":
            return HttpAnswer(200, {}, json.dumps(self.metadata).encode())
        assert request.url == self.metadata["jwks_uri"]
        listed = [key.as_dict(private=False) for key in self.keys]
        return HttpAnswer(200, {}, json.dumps({"keys": listed}).encode())


class Desk:
    """A verifier, its issuer and the clock."""

    def __init__(self, *keys, settings: Settings = SETTINGS) -> None:
        self.clock = ManualClock()
        self.issuer = FakeIssuer(*(keys or (RSA, EC)))
        self.verifier = BearerVerifier(settings, self.issuer, self.clock)

    def verify(self, token: str):
        return self.verifier.verify(token)

    def code_for(self, token: str) -> str:
        """The code it is refused with; and nothing of the token is in the error."""
        with pytest.raises(Unauthenticated) as raised:
            self.verify(token)
        shown = "".join(traceback.format_exception(raised.value)) + repr(raised.value)
        for part in token.split("."):
            assert len(part) < 20 or part not in shown
        return raised.value.problem.code


@pytest.fixture
def desk() -> Desk:
    return Desk()


def claims(**changes):
    """Good ones, but for these; None leaves one out."""
    now = int(START.timestamp())
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "person-1",
        "iat": now - 10,
        "nbf": now - 10,
        "exp": now + 600,
        "company_id": "acme",
        "company_name": "Acme Field Service",
        "name": "Ada",
        "roles": ["read", "write"],
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def token(
    key=RSA, *, algorithm: str = "RS256", header: dict[str, str] | None = None, **changes
) -> str:
    described = {"alg": algorithm, "kid": key.kid} if header is None else header
    return jwt.encode(described, claims(**changes), key, algorithms=[described["alg"]])


def unsigned(header: dict[str, object], **changes) -> str:
    parts = [json.dumps(part).encode() for part in (header, claims(**changes))]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


def test_a_good_token_says_who_calls_and_for_whom(desk):
    caller = desk.verify(token())

    assert (caller.company_id, caller.company_name) == ("acme", "Acme Field Service")
    assert (caller.person_id, caller.name) == ("person-1", "Ada")
    assert caller.roles == {"read", "write"}


def test_es256_is_accepted_too(desk):
    assert desk.verify(token(EC, algorithm="ES256")).company_id == "acme"


@pytest.mark.parametrize(
    ("claim", "roles"),
    [
        (["read"], {"read"}),
        ("read write", {"read", "write"}),
        (["admin", "write", 7, {"a": 1}], {"write"}),
        ("admin", set()),
        (None, set()),
        (7, set()),
    ],
)
def test_roles_are_a_list_or_words_and_only_ours_count(desk, claim, roles):
    assert desk.verify(token(roles=claim)).roles == roles


def test_claims_are_looked_for_where_the_settings_say(desk):
    settings = replace(SETTINGS, oidc_company_claim="org", oidc_roles_claim="scope")
    caller = Desk(settings=settings).verify(token(org="beta", scope="openid read"))

    assert (caller.company_id, caller.roles) == ("beta", {"read"})


def test_names_fall_back_on_ids(desk):
    caller = desk.verify(token(name=None, company_name=["x"]))

    assert (caller.name, caller.company_name) == ("person-1", "acme")


def test_another_issuers_signature_under_our_key_id_is_refused(desk):
    assert desk.code_for(token(STRANGER)) == "TOKEN_INVALID"


def test_a_changed_payload_is_refused(desk):
    header, _, signature = token().split(".")
    payload = unsigned({}, company_id="other").split(".")[1]

    assert desk.code_for(f"{header}.{payload}.{signature}") == "TOKEN_INVALID"


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS512", "PS256", "", 7, None])
def test_an_algorithm_off_the_list_is_refused(desk, algorithm):
    assert desk.code_for(unsigned({"alg": algorithm, "kid": "rsa-1"})) == "TOKEN_INVALID"


def test_a_public_key_is_no_shared_secret(desk):
    """The old trick: HS256 with the issuer's public key, which everybody has, as the secret."""
    signed = unsigned({"alg": "HS256", "kid": "rsa-1"}).rstrip(".")
    signature = hmac.digest(RSA.as_pem(private=False), signed.encode(), "sha256")
    forged = signed + "." + base64.urlsafe_b64encode(signature).rstrip(b"=").decode()

    assert desk.code_for(forged) == "TOKEN_INVALID"


def test_an_algorithm_of_another_kind_of_key_is_refused(desk):
    forged = token(EC, header={"alg": "ES256", "kid": "rsa-1"})

    assert desk.code_for(forged) == "TOKEN_INVALID"


def test_a_key_that_the_token_brings_along_is_not_used(desk):
    own = STRANGER.as_dict(private=False)
    forged = jwt.encode(
        {"alg": "RS256", "jwk": own, "kid": "mine"}, claims(), STRANGER, algorithms=["RS256"]
    )

    assert desk.code_for(forged) == "TOKEN_INVALID"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": "https://issuer.example/other"}, "TOKEN_INVALID"),
        ({"iss": None}, "TOKEN_INVALID"),
        ({"aud": "another app"}, "TOKEN_INVALID"),
        ({"aud": ["a", "b"]}, "TOKEN_INVALID"),
        ({"aud": None}, "TOKEN_INVALID"),
        ({"exp": None}, "TOKEN_INVALID"),
        ({"exp": "tomorrow"}, "TOKEN_INVALID"),
        ({"sub": None}, "TOKEN_INVALID"),
        ({"sub": ""}, "TOKEN_INVALID"),
        ({"sub": 7}, "TOKEN_INVALID"),
        ({"sub": "p" * 256}, "TOKEN_INVALID"),
        ({"company_id": None}, "COMPANY_CLAIM_MISSING"),
        ({"company_id": ""}, "COMPANY_CLAIM_MISSING"),
        ({"company_id": "a/b"}, "COMPANY_CLAIM_MISSING"),
        ({"company_id": "acme\n"}, "COMPANY_CLAIM_MISSING"),
        ({"company_id": "a" * 65}, "COMPANY_CLAIM_MISSING"),
        ({"company_id": ["acme"]}, "COMPANY_CLAIM_MISSING"),
        ({"company_id": 7}, "COMPANY_CLAIM_MISSING"),
    ],
)
def test_a_claim_that_is_missing_or_wrong_is_refused(desk, changes, code):
    assert desk.code_for(token(**changes)) == code


def test_several_audiences_are_fine_when_we_are_one(desk):
    assert desk.verify(token(aud=["another", AUDIENCE])).company_id == "acme"


@pytest.mark.parametrize(
    ("changes", "accepted"),
    [({"exp": -59}, True), ({"exp": -61}, False), ({"nbf": 59}, True), ({"nbf": 61}, False)],
)
def test_clocks_may_differ_by_a_minute(desk, changes, accepted):
    moved = {name: int(START.timestamp()) + seconds for name, seconds in changes.items()}
    if accepted:
        assert desk.verify(token(**moved)).company_id == "acme"
    else:
        code = "TOKEN_EXPIRED" if "exp" in moved else "TOKEN_INVALID"
        assert desk.code_for(token(**moved)) == code


@pytest.mark.parametrize("rubbish", ["", ".", "..", "a.b.c", "é.é.é", "\x00", "x" * 9000])
def test_what_is_no_token_is_refused_without_asking_the_issuer(desk, rubbish):
    assert desk.code_for(rubbish) == "TOKEN_INVALID"
    assert desk.issuer.requests == []


@given(st.text(max_size=300))
def test_any_text_is_refused(text):
    Desk().code_for(text)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=5,
    )
)
def test_any_header_is_refused(header):
    parts = [json.dumps(part).encode() for part in (header, claims())]
    made = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    Desk().code_for(made + ".AAAA")


@pytest.mark.parametrize("key_id", [["rsa-1"], {"a": 1}, 7, None])
def test_a_key_id_that_is_no_text_is_refused(desk, key_id):
    assert desk.code_for(unsigned({"alg": "RS256", "kid": key_id})) == "TOKEN_INVALID"


def test_an_overlong_token_is_refused_however_good(desk):
    assert desk.code_for(token(note="x" * 9000)) == "TOKEN_INVALID"


def test_keys_are_fetched_once_for_many_calls(desk):
    for _ in range(5):
        desk.verify(token())

    assert desk.issuer.requests == [
        f"{ISSUER}/.well-known/openid-configuration",
        "https://keys.example/jwks",
    ]


def test_a_new_key_of_the_issuer_is_learned_when_it_is_first_seen(desk):
    desk.verify(token())
    new = RSAKey.generate_key(2048, {"kid": "rsa-2"})
    desk.issuer.keys = [new]
    desk.clock.advance(61)

    assert desk.verify(token(new)).company_id == "acme"
    assert desk.code_for(token()) == "TOKEN_INVALID", "a key that was withdrawn no longer counts"


def test_unknown_key_ids_cost_one_look_a_minute(desk):
    desk.verify(token())
    made = len(desk.issuer.requests)

    for _ in range(10):
        desk.code_for(token(STRANGER, header={"alg": "RS256", "kid": "guess"}))
        desk.clock.advance(5)
    assert len(desk.issuer.requests) == made

    desk.clock.advance(11)
    for _ in range(10):
        desk.code_for(token(STRANGER, header={"alg": "RS256", "kid": "guess"}))
    assert len(desk.issuer.requests) == made + 2


def test_keys_are_looked_at_again_after_an_hour(desk):
    desk.verify(token())
    desk.clock.advance(3601)
    desk.verify(token(exp=int(desk.clock.now().timestamp()) + 60))

    assert len(desk.issuer.requests) == 4


def test_known_keys_serve_on_while_the_issuer_is_away(desk):
    desk.verify(token())
    desk.issuer.failure = HttpFailure("timed out", sent=True)
    desk.clock.advance(7200)

    assert desk.verify(token(exp=int(desk.clock.now().timestamp()) + 60)).company_id == "acme"


@pytest.mark.parametrize(
    "failure",
    [
        HttpFailure("connection refused", sent=False),
        HttpAnswer(503, {}, b"<html>"),
        HttpAnswer(200, {}, b"<html>"),
        HttpAnswer(200, {}, b"[]"),
        HttpAnswer(200, {}, b'{"issuer": "https://issuer.example/tenant"}'),
        HttpAnswer(200, {}, b'{"issuer": "https://evil.example", "jwks_uri": "https://e/k"}'),
        HttpAnswer(
            200,
            {},
            b'{"issuer": "https://issuer.example/tenant", "jwks_uri": "https://keys.example/jwks",'
            b' "keys": []}',
        ),
        HttpAnswer(302, {"location": "https://evil.example"}, b""),
    ],
)
def test_an_issuer_that_gives_no_keys_is_not_the_callers_fault(desk, failure):
    desk.issuer.failure = failure

    with pytest.raises(RetryLater):
        desk.verify(token())

    desk.issuer.failure = None
    desk.clock.advance(5)
    assert desk.verify(token()).company_id == "acme"


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://evil.example"},
        {"issuer": ISSUER + "/"},
        {"jwks_uri": ""},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": 7},
    ],
)
def test_discovery_that_names_another_issuer_or_no_address_is_not_followed(desk, changes):
    desk.issuer.metadata |= changes

    with pytest.raises(RetryLater):
        desk.verify(token())
    assert len(desk.issuer.requests) == 1


def test_an_issuer_that_is_away_is_not_asked_at_every_call(desk):
    desk.issuer.failure = HttpFailure("connection refused", sent=False)

    for _ in range(10):
        with pytest.raises(RetryLater):
            desk.verify(token())

    assert len(desk.issuer.requests) == 1


@pytest.mark.filterwarnings("ignore:Key size")
def test_keys_for_other_uses_or_of_kinds_we_do_not_take_are_passed_over():
    encryption = RSAKey.generate_key(2048, {"kid": "enc"})
    weak = RSAKey.generate_key(1024, {"kid": "weak"})
    odd = [
        encryption.as_dict(private=False) | {"use": "enc"},
        weak.as_dict(private=False),
        ECKey.generate_key("P-384", {"kid": "p384"}).as_dict(private=False),
        OctKey.generate_key(256, {"kid": "oct"}).as_dict(private=True),
        {"kty": "LMS"},
        "text",
        {"kty": "RSA", "kid": "cut"},
        RSA.as_dict(private=False) | {"kid": 7},
    ]

    class WithOddKeys(FakeIssuer):
        def exchange(self, request):
            if request.url.endswith("jwks"):
                # An encryption key may go by the same id; it must not take the other's place.
                namesake = encryption.as_dict(private=False) | {"use": "enc", "kid": "rsa-1"}
                listed = [*odd, RSA.as_dict(private=False), namesake]
                return HttpAnswer(200, {}, json.dumps({"keys": listed}).encode())
            return super().exchange(request)

    verifier = BearerVerifier(SETTINGS, WithOddKeys(), ManualClock())

    assert verifier.verify(token()).company_id == "acme"
    for key in (encryption, weak):
        with pytest.raises(Unauthenticated):
            verifier.verify(token(key))


def test_a_token_without_a_key_id_is_taken_where_the_issuer_names_none_either():
    described = {name: value for name, value in RSA.as_dict(private=False).items() if name != "kid"}

    class Nameless(FakeIssuer):
        def exchange(self, request):
            if request.url.endswith("jwks"):
                return HttpAnswer(200, {}, json.dumps({"keys": [described]}).encode())
            return super().exchange(request)

    verifier = BearerVerifier(SETTINGS, Nameless(), ManualClock())
    made = jwt.encode({"alg": "RS256"}, claims(), RSA, algorithms=["RS256"])

    assert verifier.verify(made).company_id == "acme"


@pytest.mark.parametrize("missing", ["oidc_issuer", "oidc_audience"])
def test_without_issuer_or_audience_nothing_starts(missing):
    with pytest.raises(ConfigurationError, match=missing.upper()):
        Desk(settings=replace(SETTINGS, **{missing: ""}))
