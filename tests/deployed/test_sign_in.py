"""Sign-in over the deployed API: forged tokens, rotated keys, the read role. tests/unit/auth has the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx2
import pytest

from tests.support.deployed.company import Company, until
from tests.support.deployed.functions import API, Functions

pytestmark = pytest.mark.deployed

_KEYS_LEARNED_WITHIN = 150.0
"""An unknown key is looked for at most once a minute; the rest is for a slow machine."""

_MINUTES = 600
_YEARS_AHEAD = 4_000_000_000
"""Both beyond any leeway."""


def ordered(**order: object) -> Callable[[Company], str]:
    """A token as the issuer makes it to order (sandbox/README.md)."""
    return lambda company: company.stack.sandbox.token(company.company_id, **order)


def resigned(company: Company) -> str:
    """A good token with another one's signature."""
    good, other = (ordered(expiresIn=seconds)(company) for seconds in (1000, 2000))
    return f"{good.rpartition('.')[0]}.{other.rpartition('.')[2]}"


BAD: dict[str, tuple[Callable[[Company], str], str]] = {
    "of another issuer": (ordered(overrides={"iss": "https://elsewhere.example"}), "TOKEN_INVALID"),
    "of a key that was never published": (ordered(key="stranger"), "TOKEN_INVALID"),
    "without a signature": (ordered(algorithm="none"), "TOKEN_INVALID"),
    "HS256 over the public key": (ordered(algorithm="HS256"), "TOKEN_INVALID"),
    "with another token's signature": (resigned, "TOKEN_INVALID"),
    "expired": (ordered(expiresIn=-_MINUTES), "TOKEN_EXPIRED"),
    "not valid yet": (ordered(overrides={"nbf": _YEARS_AHEAD}), "TOKEN_INVALID"),
    "for another audience": (ordered(overrides={"aud": "somebody-else"}), "TOKEN_INVALID"),
    "without a company": (ordered(overrides={"company_id": None}), "COMPANY_CLAIM_MISSING"),
    "of no shape": (lambda _company: "garbage", "TOKEN_INVALID"),
}


def asked(company: Company, token: str, method: str = "GET", **options: object) -> httpx2.Response:
    headers = {"authorization": f"Bearer {token}"}
    return company.client.request(method, "/v1/items/I-1", headers=headers, **options)  # type: ignore[arg-type]  # what httpx2 takes


def knows(company: Company, token: str) -> bool:
    """Whether it is taken for a sign-in; there is no such item."""
    status = asked(company, token).status_code
    assert status in (401, 404)
    return status == 404


def assert_sign_in_refused(answer: httpx2.Response, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["action"] == "Sign in again."


@pytest.mark.parametrize(("made", "code"), BAD.values(), ids=BAD)
def test_a_bad_token_is_refused_with_a_problem_and_a_challenge(
    company: Company, made: Callable[[Company], str], code: str
) -> None:
    assert knows(company, ordered()(company))
    assert_sign_in_refused(asked(company, made(company)), code)


def test_who_may_only_read_is_refused_a_write(company: Company) -> None:
    reader = ordered(roles=["read"])(company)
    answer = asked(company, reader, "PUT", json={"name": "Pipe", "unitPrice": "1.00"})
    assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")
    assert asked(company, reader).status_code == 404, "reading is allowed, and nothing was written"


def restart(company: Company, functions: Functions) -> None:
    """Another process answers from now on, which knows the keys of now and no former ones."""
    token = ordered()(company)
    asked(company, token)
    functions.kill(API)
    until(lambda: asked(company, token).status_code == 404, "a new process to answer")


@pytest.fixture
def one_reader(company: Company, functions: Functions) -> Iterator[Company]:
    """One process answers; what it learns of keys is forgotten afterwards."""
    restart(company, functions)
    yield company
    restart(company, functions)


def test_a_new_key_works_without_a_deployment_and_the_removed_one_no_more(
    one_reader: Company,
) -> None:
    """Waits up to a minute, the time for which an unknown key is not looked for again."""
    former = ordered()(one_reader)
    assert knows(one_reader, former)
    one_reader.control.post("/issuer/rotate-keys", {"keepFormer": False})
    current = ordered()(one_reader)
    until(lambda: knows(one_reader, current), "the new key to be learned", _KEYS_LEARNED_WITHIN)
    assert_sign_in_refused(asked(one_reader, former), "TOKEN_INVALID")
