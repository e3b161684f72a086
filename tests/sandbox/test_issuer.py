"""The sign-in issuer: metadata, code flow with PKCE, tokens that verify, and forged ones that must not."""

import base64
import hashlib
import json
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tests.support.sandbox_process import ControlClient, SandboxProcess, plain_client

VERIFIER = "a-verifier-of-more-than-forty-three-characters-000"
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
REDIRECT = "http://127.0.0.1:9/signed-in"
ASKED = {
    "client_id": "blueclerk-console",
    "response_type": "code",
    "scope": "openid profile email",
    "redirect_uri": REDIRECT,
    "state": "s",
    "nonce": "n",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


@pytest.fixture
def http() -> Any:
    with plain_client() as client:
        yield client


def sign_in(
    sandbox: SandboxProcess, http: httpx2.Client, person: str = "dana-whitfield", **changes: str
) -> str:
    answer = http.post(
        f"{sandbox.issuer_url}/authorize", data={**ASKED, "person": person, **changes}
    )
    location = answer.headers["location"]
    assert location.startswith(f"{REDIRECT}?")
    return parse_qs(urlsplit(location).query)["code"][0]


def exchange(
    sandbox: SandboxProcess, http: httpx2.Client, code: str, **changes: str
) -> httpx2.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        "client_id": "blueclerk-console",
    }
    return http.post(f"{sandbox.issuer_url}/token", data={**form, **changes})


def verified(sandbox: SandboxProcess, http: httpx2.Client, token: str) -> dict[str, Any]:
    keys = KeySet.import_key_set(http.get(f"{sandbox.issuer_url}/jwks").json())
    return dict(jwt.decode(token, keys, algorithms=["RS256"]).claims)


def test_metadata_leads_to_the_other_endpoints(
    sandbox: SandboxProcess, http: httpx2.Client
) -> None:
    metadata = http.get(f"{sandbox.issuer_url}/.well-known/openid-configuration").json()

    assert metadata["issuer"] == sandbox.issuer_url
    for name in (
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "end_session_endpoint",
        "jwks_uri",
    ):
        assert metadata[name].startswith(f"{sandbox.issuer_url}/")
    assert metadata["code_challenge_methods_supported"] == ["S256"]


class People(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str | None] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "button":
            self.ids.append(dict(attrs)["value"])


def test_the_page_lists_the_people(sandbox: SandboxProcess, http: httpx2.Client) -> None:
    page = http.get(f"{sandbox.issuer_url}/authorize", params=ASKED)

    assert People(page.text).ids == ["dana-whitfield", "luis-ortega", "mei-tanaka"]
    assert page.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    ("person", "company", "roles"),
    [
        ("dana-whitfield", ("cedar-ridge-plumbing", "Cedar Ridge Plumbing"), ["read", "write"]),
        ("luis-ortega", ("cedar-ridge-plumbing", "Cedar Ridge Plumbing"), ["read"]),
        ("mei-tanaka", ("harbor-electric", "Harbor Electric"), ["read", "write"]),
    ],
)
def test_signing_in_gives_tokens_that_verify_and_name_company_and_roles(
    sandbox: SandboxProcess,
    http: httpx2.Client,
    person: str,
    company: tuple[str, str],
    roles: list[str],
) -> None:
    tokens = exchange(sandbox, http, sign_in(sandbox, http, person)).json()
    access = verified(sandbox, http, tokens["access_token"])
    identity = verified(sandbox, http, tokens["id_token"])

    assert (access["iss"], access["aud"], access["sub"]) == (
        sandbox.issuer_url,
        "blueclerk-accounting-sync",
        person,
    )
    assert ((access["company_id"], access["company_name"]), access["roles"]) == (company, roles)
    assert access["exp"] - access["iat"] == tokens["expires_in"] == 3600
    assert (identity["aud"], identity["nonce"]) == ("blueclerk-console", "n")
    userinfo = http.get(
        f"{sandbox.issuer_url}/userinfo",
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
    )
    assert userinfo.json()["email"] == access["email"]


def test_a_code_is_good_once(sandbox: SandboxProcess, http: httpx2.Client) -> None:
    code = sign_in(sandbox, http)
    assert exchange(sandbox, http, code).status_code == 200

    assert exchange(sandbox, http, code).json() == {"error": "invalid_grant"}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "wrong"}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:9/other"}, "invalid_grant"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_an_exchange_needs_the_verifier_the_address_and_the_client(
    sandbox: SandboxProcess, http: httpx2.Client, changes: dict[str, str], error: str
) -> None:
    assert exchange(sandbox, http, sign_in(sandbox, http), **changes).json() == {"error": error}


@pytest.mark.parametrize("name", [name for name in ASKED if name != "nonce"])
def test_the_page_needs_every_parameter(
    sandbox: SandboxProcess, http: httpx2.Client, name: str
) -> None:
    asked = {one: value for one, value in ASKED.items() if one != name}

    assert http.get(f"{sandbox.issuer_url}/authorize", params=asked).status_code == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "email"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_a_wrong_request_goes_back_with_its_error(
    sandbox: SandboxProcess, http: httpx2.Client, changes: dict[str, str], error: str
) -> None:
    answer = http.get(f"{sandbox.issuer_url}/authorize", params={**ASKED, **changes})

    assert answer.headers["location"] == f"{REDIRECT}?error={error}&state=s"


def test_nobody_is_redirected_off_this_machine(
    sandbox: SandboxProcess, http: httpx2.Client
) -> None:
    elsewhere = "https://elsewhere.example/"

    assert (
        http.get(
            f"{sandbox.issuer_url}/authorize", params={**ASKED, "redirect_uri": elsewhere}
        ).status_code
        == 400
    )
    signed_out = http.get(
        f"{sandbox.issuer_url}/logout", params={"post_logout_redirect_uri": elsewhere}
    )
    assert (signed_out.status_code, "Signed out" in signed_out.text) == (200, True)


def test_signing_out_goes_back_to_the_app(sandbox: SandboxProcess, http: httpx2.Client) -> None:
    answer = http.get(
        f"{sandbox.issuer_url}/logout",
        params={"post_logout_redirect_uri": REDIRECT, "state": "bye"},
    )

    assert answer.headers["location"] == f"{REDIRECT}?state=bye"


# Tokens by control


def test_a_token_to_measure(
    sandbox: SandboxProcess, control: ControlClient, http: httpx2.Client
) -> None:
    token = control.issuer_token(
        companyId="harbor-electric",
        roles=["read"],
        expiresIn=60,
        overrides={"email": None, "extra": 1},
    )
    claims = verified(sandbox, http, token)

    assert (claims["company_id"], claims["company_name"]) == ("harbor-electric", "Harbor Electric")
    assert (claims["roles"], claims["extra"]) == (["read"], 1)
    assert "email" not in claims
    assert claims["exp"] - time.time() < 61


def test_an_expired_token_verifies_but_is_over(
    sandbox: SandboxProcess, control: ControlClient, http: httpx2.Client
) -> None:
    token = control.issuer_token(expiresIn=-10)

    assert verified(sandbox, http, token)["exp"] < time.time()
    answer = http.get(
        f"{sandbox.issuer_url}/userinfo", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "order",
    [{"algorithm": "none"}, {"algorithm": "HS256"}, {"key": "stranger"}],
    ids=["none", "HS256", "stranger"],
)
def test_a_forged_token_does_not_verify(
    sandbox: SandboxProcess, control: ControlClient, http: httpx2.Client, order: dict[str, str]
) -> None:
    token = control.issuer_token(**order)
    header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))

    assert header["alg"] == order.get("algorithm", "RS256")
    with pytest.raises((JoseError, ValueError)):
        verified(sandbox, http, token)
    answer = http.get(
        f"{sandbox.issuer_url}/userinfo", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 401


def test_rotated_keys_sign_new_tokens_and_the_former_may_stay_or_go(
    sandbox: SandboxProcess, control: ControlClient, http: httpx2.Client
) -> None:
    former = control.issuer_token()
    control.post("/issuer/rotate-keys")
    assert verified(sandbox, http, former)
    current = control.issuer_token()
    assert verified(sandbox, http, current)
    control.post("/issuer/rotate-keys", {"keepFormer": False})

    assert verified(sandbox, http, control.issuer_token())
    for token in (former, current):
        with pytest.raises((JoseError, ValueError)):
            verified(sandbox, http, token)


def test_an_unknown_person_cannot_sign_in(sandbox: SandboxProcess, http: httpx2.Client) -> None:
    answer = http.post(f"{sandbox.issuer_url}/authorize", data={**ASKED, "person": "nobody"})

    assert answer.status_code == 400


PLANTED = {
    "id": "noor-haddad",
    "name": "Noor <b>Haddad</b>",
    "email": "noor@oak.example",
    "companyId": "oak-heating",
    "companyName": "Oak & Heating",
    "roles": ["read"],
    "locale": "de-DE",
    "zoneinfo": "Europe/Berlin",
}


def test_a_planted_person_can_sign_in_until_everything_is_reset(
    sandbox: SandboxProcess, control: ControlClient, http: httpx2.Client
) -> None:
    control.post("/issuer/people", PLANTED)
    page = http.get(f"{sandbox.issuer_url}/authorize", params=ASKED).text
    assert "noor-haddad" in People(page).ids
    assert "Noor &lt;b&gt;Haddad&lt;/b&gt;" in page
    tokens = exchange(sandbox, http, sign_in(sandbox, http, "noor-haddad")).json()
    claims = verified(sandbox, http, tokens["id_token"])
    assert (claims["sub"], claims["company_id"]) == ("noor-haddad", "oak-heating")
    assert (claims["company_name"], claims["roles"]) == ("Oak & Heating", ["read"])
    assert (claims["locale"], claims["zoneinfo"]) == ("de-DE", "Europe/Berlin")

    control.reset()
    answer = http.post(f"{sandbox.issuer_url}/authorize", data={**ASKED, "person": "noor-haddad"})
    assert answer.status_code == 400


def test_a_planted_person_outlives_the_process(tmp_path: Path, http: httpx2.Client) -> None:
    with SandboxProcess(data=tmp_path) as first:
        first.control.post("/issuer/people", PLANTED)
    with SandboxProcess(data=tmp_path) as second:
        assert exchange(second, http, sign_in(second, http, "noor-haddad")).status_code == 200


def test_what_is_no_person_is_refused(control: ControlClient) -> None:
    with pytest.raises(AssertionError, match="companyId"):
        control.post("/issuer/people", {"id": "x", "name": "X", "email": "x@example.com"})
