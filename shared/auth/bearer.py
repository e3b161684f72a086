"""Who is calling: OIDC bearer tokens verified in one place (docs/adr: the gateway has no authorizer).

Imports `joserfc`, which takes a while: who only needs the type imports `shared.auth.caller`.
"""

from __future__ import annotations

import contextlib
import re
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, JoseError

from shared.auth.caller import ROLES, Caller
from shared.auth.issuer_keys import IssuerKeys
from shared.config import ConfigurationError, Settings
from shared.domain.effects import Clock
from shared.domain.errors import Unauthenticated
from shared.domain.ids import CompanyId, PersonId
from shared.domain.runs import Problem
from shared.providers.http import Transport

# A list of our own: the token's header never chooses beyond it ("none", or HS256 over a public key).
_ALGORITHMS = ("RS256", "ES256")
_LEEWAY_SECONDS = 60
_LONGEST_TOKEN = 8192
_LONGEST_PERSON_ID = 255
_COMPANY_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class BearerVerifier:
    """Made once per container. Raises `ConfigurationError` naming a setting that is missing."""

    def __init__(self, settings: Settings, transport: Transport, clock: Clock) -> None:
        if not settings.oidc_issuer or not settings.oidc_audience:
            raise ConfigurationError("OIDC_ISSUER and OIDC_AUDIENCE must be set to verify sign-ins")
        self._settings = settings
        self._clock = clock
        self.keys = IssuerKeys(settings.oidc_issuer, transport, clock)

    def verify(self, token: str) -> Caller:
        """Raises `Unauthenticated` (code says why, the token is never repeated), or `RetryLater`
        while the issuer's keys cannot be had.
        """
        return self._caller(self._claims(token, self._settings.oidc_audience))

    def verify_identity(self, id_token: str, nonce: str) -> Caller:
        """The same of an ID token that was asked for with this nonce: it is meant for our client."""
        claims = self._claims(id_token, self._settings.oidc_client_id)
        if claims.get("nonce") != nonce:
            raise _refused("TOKEN_INVALID", "The sign-in was not begun here.")
        return self._caller(claims)

    def _claims(self, token: str, audience: str) -> dict[str, Any]:
        algorithm, key_id = _header(token)
        key = self.keys.find(key_id)
        if key is None:
            raise _refused("TOKEN_INVALID", "The sign-in is not from the expected issuer.")
        try:
            claims = jwt.decode(token, key, algorithms=[algorithm]).claims
            self._expected(audience).validate(claims)
        except ExpiredTokenError:
            raise _refused("TOKEN_EXPIRED", "The sign-in has expired.") from None
        except (JoseError, ValueError):
            raise _refused("TOKEN_INVALID", "The sign-in is not valid here.") from None
        return claims

    def _expected(self, audience: str) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(self._clock.now().timestamp()),
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": self._settings.oidc_issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
        )

    def _caller(self, claims: dict[str, Any]) -> Caller:
        company_id = claims.get(self._settings.oidc_company_claim)
        if not isinstance(company_id, str) or not _COMPANY_ID.fullmatch(company_id):
            raise _refused("COMPANY_CLAIM_MISSING", "The sign-in names no company.")
        person_id = claims["sub"]
        if len(person_id) > _LONGEST_PERSON_ID:
            raise _refused("TOKEN_INVALID", "The sign-in is not valid here.")
        return Caller(
            company_id=CompanyId(company_id),
            company_name=_text(claims, "company_name") or company_id,
            person_id=PersonId(person_id),
            roles=_roles(claims.get(self._settings.oidc_roles_claim)),
            name=_text(claims, "name") or person_id,
            locale=_text(claims, "locale"),
            zoneinfo=_text(claims, "zoneinfo"),
        )


def _header(token: str) -> tuple[str, str]:
    """Algorithm and key id, as the token claims them: nothing is verified yet."""
    header: dict[str, Any] = {}
    if len(token) <= _LONGEST_TOKEN:
        with contextlib.suppress(JoseError, ValueError):
            header = jws.extract_compact(token.encode("ascii")).headers()
    algorithm = header.get("alg")
    key_id = header.get("kid", "")
    if algorithm not in _ALGORITHMS or not isinstance(key_id, str):
        raise _refused("TOKEN_INVALID", "The sign-in is not a token of an accepted kind.")
    return algorithm, key_id


def _roles(claim: object) -> frozenset[str]:
    """From a list, or one string with spaces between; roles that are not ours are passed over."""
    if isinstance(claim, str):
        named: list[object] = list(claim.split())
    else:
        named = list(claim) if isinstance(claim, list) else []
    return frozenset(role for role in ROLES if role in named)


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _refused(code: str, message: str) -> Unauthenticated:
    return Unauthenticated(Problem(code, message, "Sign in again."))
