"""Signing in to the console: OpenID Connect's code flow with PKCE, and the sessions it opens.

What belongs to an attempt (state, nonce, verifier) stays with the browser that made it, in a cookie
that no script reads: whoever else brings its callback brings another cookie, or none.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from shared.auth.caller import Caller
from shared.auth.secret_bytes import SecretBytes, url_safe
from shared.config import ConfigurationError, Settings
from shared.domain.effects import Clock
from shared.domain.errors import RetryLater, Unauthenticated
from shared.domain.runs import Problem
from shared.providers.http import HttpAnswer, HttpRequest, Transport
from shared.storage.auth_ports import Session, SessionStore

if TYPE_CHECKING:  # it brings the JWT library, which only who signs in needs
    from shared.auth.bearer import BearerVerifier

SCOPE: Final = "openid profile"
ATTEMPT_LIFE: Final = timedelta(minutes=10)
_SECRET_BYTES: Final = 32
_DEADLINE: Final = 8.0
_LONGEST_SESSION_ID: Final = 64
_OK: Final = 200
_FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """The secrets of one attempt; texts without a dot."""

    state: str
    nonce: str
    code_verifier: str


class SignIn:
    """Made once per container. Raises `ConfigurationError` without a client id of the issuer."""

    def __init__(
        self,
        settings: Settings,
        client_secret: Callable[[], str],
        verifier: BearerVerifier,
        transport: Transport,
        sessions: SessionStore,
        clock: Clock,
        secret_bytes: SecretBytes,
    ) -> None:
        if not settings.oidc_client_id:
            raise ConfigurationError("OIDC_CLIENT_ID must be set to sign in to the console")
        self._client_id = settings.oidc_client_id
        self._life = timedelta(seconds=settings.session_seconds)
        self._client_secret = client_secret
        self._verifier = verifier
        self._transport = transport
        self._sessions = sessions
        self._clock = clock
        self._secret_bytes = secret_bytes

    def begin(self, redirect_uri: str) -> tuple[str, SignInAttempt]:
        """Where to send the browser, and what it is to bring back.

        Raises `RetryLater` while the issuer does not answer.
        """
        attempt = SignInAttempt(self._secret(), self._secret(), self._secret())
        challenge = url_safe(hashlib.sha256(attempt.code_verifier.encode()).digest())
        query = {
            "client_id": self._client_id,
            "response_type": "code",
            "scope": SCOPE,
            "redirect_uri": redirect_uri,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return _with_query(self._endpoint("authorization_endpoint"), query), attempt

    def finish(
        self, parameters: Mapping[str, str], attempt: SignInAttempt, redirect_uri: str
    ) -> Session:
        """The callback: its code is exchanged, and a session stored.

        Raises `Unauthenticated` where the sign-in is not ours, was refused or names no company, and
        `RetryLater` where the issuer does not answer (the person begins again).
        """
        if not hmac.compare_digest(parameters.get("state", "").encode(), attempt.state.encode()):
            raise _refused("SIGN_IN_UNKNOWN", "This sign-in was begun elsewhere or is too old.")
        if parameters.get("error") or not parameters.get("code"):
            raise _refused("SIGN_IN_REFUSED", "The sign-in was not completed.")
        form = {
            "grant_type": "authorization_code",
            "code": parameters["code"],
            "redirect_uri": redirect_uri,
            "client_id": self._client_id,
            "code_verifier": attempt.code_verifier,
        }
        caller = self._verifier.verify_identity(self._exchanged(form), attempt.nonce)
        if not caller.roles:
            raise _refused("ROLE_MISSING", "Your sign-in gives you no role here.")
        session = self._session_of(caller)
        self._sessions.put(session)
        return session

    def session(self, session_id: str) -> Session | None:
        """Whose browser that is; None where nobody is signed in, or not any more."""
        if not session_id or len(session_id) > _LONGEST_SESSION_ID:
            return None
        session = self._sessions.get(session_id)
        return session if session and self._clock.now() < session.expires_at else None

    def end(self, session_id: str, return_to: str) -> str:
        """Sign out here; where to send the browser to sign out at the issuer too, empty for nowhere."""
        self._sessions.remove(session_id)
        try:
            end_session = self._verifier.keys.endpoint("end_session_endpoint")
        except RetryLater:
            return ""
        if not end_session:
            return ""
        # OpenID Connect RP-Initiated Logout 1.0, 2: the client's id may stand for an id_token_hint.
        query = {"client_id": self._client_id, "post_logout_redirect_uri": return_to}
        return _with_query(end_session, query)

    def _exchanged(self, form: Mapping[str, str]) -> str:
        """The ID token."""
        headers = {"accept": "application/json", "content-type": _FORM}
        if secret := self._client_secret():
            basic = base64.b64encode(f"{self._client_id}:{secret}".encode())
            headers["authorization"] = f"Basic {basic.decode('ascii')}"
        url = self._endpoint("token_endpoint")
        body = urlencode(form).encode("ascii")
        answer = self._transport.exchange(HttpRequest("POST", url, headers, body, _DEADLINE))
        if not isinstance(answer, HttpAnswer) or answer.status >= 500:  # noqa: PLR2004 - HTTP's own border
            raise RetryLater("the sign-in issuer does not answer")
        try:
            id_token = json.loads(answer.body)["id_token"]
        except (ValueError, KeyError, TypeError):
            id_token = None
        if answer.status != _OK or not isinstance(id_token, str):
            raise _refused("SIGN_IN_REFUSED", "The sign-in was not accepted any more.")
        return id_token

    def _endpoint(self, name: str) -> str:
        url = self._verifier.keys.endpoint(name)
        if not url:
            raise ConfigurationError(f"the sign-in issuer names no {name}")
        return url

    def _session_of(self, caller: Caller) -> Session:
        return Session(
            session_id=self._secret(),
            company_id=caller.company_id,
            company_name=caller.company_name,
            person_id=caller.person_id,
            name=caller.name,
            roles=caller.roles,
            expires_at=self._clock.now() + self._life,
            locale=caller.locale,
            zoneinfo=caller.zoneinfo,
        )

    def _secret(self) -> str:
        return url_safe(self._secret_bytes.take(_SECRET_BYTES))


def caller_of(session: Session) -> Caller:
    return Caller(
        company_id=session.company_id,
        company_name=session.company_name,
        person_id=session.person_id,
        roles=session.roles,
        name=session.name,
        locale=session.locale,
        zoneinfo=session.zoneinfo,
    )


def _with_query(url: str, query: Mapping[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"


def _refused(code: str, message: str) -> Unauthenticated:
    return Unauthenticated(Problem(code, message, "Sign in again."))
