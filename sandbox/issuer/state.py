"""What the issuer knows, and the tokens it makes, forged ones included."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sandbox.clock import Clock
from sandbox.issuer.people import PEOPLE, TOKEN_SECONDS, Person, claims
from sandbox.jsontext import JsonObject, as_list, as_object, dumps
from sandbox.keys import KeyRing
from sandbox.options import described, read

CODE_SECONDS = 120
CLIENTS = {"blueclerk-console": "console-secret"}


@dataclass(frozen=True)
class SignInCode:
    client_id: str
    person: Person
    redirect_uri: str
    challenge: str
    nonce: str
    expires: float


@dataclass(frozen=True)
class TokenOrder:
    """What ``POST /control/issuer/token`` may ask for."""

    company_id: str = "cedar-ridge-plumbing"
    roles: tuple[str, ...] = ("read", "write")
    expires_in: int = TOKEN_SECONDS
    person: str = ""
    overrides: dict[str, object] = field(default_factory=dict)
    algorithm: Literal["RS256", "none", "HS256"] = "RS256"
    key: Literal["current", "stranger"] = "current"


class IssuerState:
    def __init__(self, clock: Clock, issuer: str) -> None:
        self.clock = clock
        self.issuer = issuer
        self.keys = KeyRing()
        self.people = dict(PEOPLE)
        self._codes: dict[str, SignInCode] = {}

    def reset(self) -> None:
        """Only the people that were always there; the signing keys stay."""
        self.people = dict(PEOPLE)

    def new_code(
        self, client_id: str, person: Person, redirect_uri: str, challenge: str, nonce: str
    ) -> str:
        code = secrets.token_urlsafe(32)
        expires = self.clock.seconds() + CODE_SECONDS
        self._codes[code] = SignInCode(client_id, person, redirect_uri, challenge, nonce, expires)
        return code

    def spend(
        self, code: str, client_id: str, redirect_uri: str, verifier: str
    ) -> SignInCode | None:
        """The sign-in behind a code, once, and only for who started it."""
        known = self._codes.pop(code, None)
        if known is None or self.clock.seconds() > known.expires:
            return None
        matches = (
            known.client_id == client_id
            and known.redirect_uri == redirect_uri
            and hmac.compare_digest(known.challenge, challenge_of(verifier))
        )
        return known if matches else None

    def access_token(self, person: Person) -> str:
        return self.keys.sign(claims(person, self.issuer, self.clock.seconds()))

    def id_token(self, code: SignInCode) -> str:
        content = claims(code.person, self.issuer, self.clock.seconds()) | {"aud": code.client_id}
        return self.keys.sign(content | {"nonce": code.nonce} if code.nonce else content)

    def order(self, order: TokenOrder) -> tuple[str, dict[str, Any]]:
        """A token made to measure, and its claims. An override of None leaves the claim out."""
        person = self.people.get(order.person) or Person(
            f"person-of-{order.company_id}",
            "Demo Person",
            f"person@{order.company_id}.example",
            order.company_id,
        )
        person = replace(person, company_id=order.company_id, roles=order.roles)
        content = (
            claims(person, self.issuer, self.clock.seconds(), order.expires_in) | order.overrides
        )
        content = {name: value for name, value in content.items() if value is not None}
        if order.algorithm == "RS256":
            return self.keys.sign(
                content, self.keys.stranger if order.key == "stranger" else None
            ), content
        return _forged(order.algorithm, content, self.keys), content

    def dump(self) -> JsonObject:
        planted = [person for person in self.people.values() if person.id not in PEOPLE]
        return {"keys": self.keys.dump(), "people": described(planted)}

    def load(self, saved: JsonObject) -> None:
        self.keys.load(as_list(saved["keys"]))
        for one in as_list(saved["people"]):
            person = read(Person, as_object(one))
            self.people[person.id] = person


def challenge_of(verifier: str) -> str:
    return _encoded(hashlib.sha256(verifier.encode()).digest())


def _forged(algorithm: str, content: dict[str, Any], keys: KeyRing) -> str:
    """A token without a signature, or signed with the public key as if it were a shared secret."""
    header: JsonObject = {"alg": algorithm, "typ": "JWT", "kid": keys.current.kid}
    signed = f"{_encoded(dumps(header).encode())}.{_encoded(dumps(content).encode())}"
    if algorithm == "none":
        return f"{signed}."
    public = keys.current.as_pem(private=False)
    return f"{signed}.{_encoded(hmac.digest(public, signed.encode(), 'sha256'))}"


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
