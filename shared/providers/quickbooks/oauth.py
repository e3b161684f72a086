"""OAuth 2.0 of QuickBooks (quickbooks.md section 1): consent, exchange, refresh, withdrawal.

Authlib builds the requests; its clients are not used to send them, because neither keeps a total
deadline and each would refresh by itself, beside the lease. Every call is sent once by our transport.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from shared.domain.connections import OfferedCompany
from shared.domain.errors import ProviderUnavailable, RequestInvalid
from shared.domain.grants import TokenPair
from shared.domain.ids import RemoteCompanyId
from shared.domain.runs import Problem
from shared.providers.base import (
    Consent,
    ConsentCallback,
    IssuedTokens,
    RefreshOutcome,
    RefreshRefused,
    RefreshUnanswered,
)
from shared.providers.http import HttpAnswer, HttpFailure, HttpRequest, Transport
from shared.providers.quickbooks.profile import PROFILE
from shared.providers.redaction import request_id

if TYPE_CHECKING:
    from shared.config import ProviderEndpoints

SCOPE: Final = "com.intuit.quickbooks.accounting"
"""1.3: enough for everything here; asking for more than the app holds fails the consent page."""

_REALM: Final = re.compile(r"\d{1,25}", re.ASCII)
"""1.2: digits only, 10 to 19 of them in one connector's validation [uncertain]: not that strict here."""

_FORM: Final = "application/x-www-form-urlencoded"
_OAUTH_ERROR: Final = re.compile(r"[a-z_]{1,40}", re.ASCII)

_BEGIN_AGAIN: Final = "Go to Settings → Integrations → Connect QuickBooks and begin again."
_CODE_REFUSED: Final = Problem(
    "CONSENT_REFUSED", "QuickBooks did not accept this authorisation any more.", _BEGIN_AGAIN
)
_NO_COMPANY: Final = Problem(
    "CONSENT_INCOMPLETE", "QuickBooks did not say which company was authorised.", _BEGIN_AGAIN
)
_APP_REFUSED: Final = Problem(
    "PROVIDER_APP_REFUSED",
    "QuickBooks does not accept this installation's app keys.",
    "Ask whoever runs this installation to check its QuickBooks client id and secret.",
)


class QuickBooksOAuth:
    """`ProviderOAuth`. `deadline`: total seconds of one call. Safe to use from several threads."""

    profile = PROFILE

    def __init__(
        self,
        endpoints: ProviderEndpoints,
        client_id: str,
        client_secret: str,
        transport: Transport,
        deadline: float,
    ) -> None:
        self._endpoints = endpoints
        self._client_id = client_id
        basic = base64.b64encode(f"{client_id}:{client_secret}".encode())
        self._authorization = f"Basic {basic.decode('ascii')}"
        self._transport = transport
        self._deadline = deadline

    def authorize_url(self, *, state: str, redirect_uri: str, code_challenge: str) -> str:  # noqa: ARG002 - PKCE is treated as unsupported (1.2)
        """1.2. `redirect_uri` must equal a registered one character by character."""
        from authlib.oauth2.rfc6749.parameters import (  # type: ignore[import-untyped]  # noqa: PLC0415 - no types; heavy, so only here
            prepare_grant_uri,
        )

        url: str = prepare_grant_uri(
            self._endpoints.authorize_url,
            self._client_id,
            "code",
            redirect_uri=redirect_uri,
            scope=SCOPE,
            state=state,
        )
        return url

    def exchange(
        self,
        *,
        code: str,
        redirect_uri: str,
        code_verifier: str,  # noqa: ARG002 - PKCE is treated as unsupported (1.2)
        callback: ConsentCallback,
    ) -> Consent:
        """1.2: the company is named by the callback alone, and a code works once.

        Raises `RequestInvalid` for a refused code, a callback without a usable company and refused app
        keys, and `ProviderUnavailable` when there is no answer (the code may be used up then).
        """
        realm = callback.parameters.get("realmId", "")
        if not _REALM.fullmatch(realm):
            raise RequestInvalid(_NO_COMPANY)
        answer = self._ask_for_tokens("authorization_code", code=code, redirect_uri=redirect_uri)
        tokens = _issued(answer)
        if tokens is not None:
            return Consent(tokens, (OfferedCompany(RemoteCompanyId(realm)),))
        error = _error(answer)
        if error == "invalid_grant":
            raise RequestInvalid(_CODE_REFUSED)
        if error in ("invalid_client", "unauthorized_client"):
            raise RequestInvalid(_APP_REFUSED)
        text = f"{PROFILE.name}: exchange of a code: {_reason(answer)}"
        raise ProviderUnavailable(text, provider=PROFILE.name)

    def refresh(self, refresh_token: str, now: datetime) -> RefreshOutcome:  # noqa: ARG002 - lifetimes count from the call
        """1.4 and 1.5: what comes back is stored, changed or not; only `invalid_grant` is final."""
        answer = self._ask_for_tokens("refresh_token", refresh_token=refresh_token)
        tokens = _issued(answer)
        if tokens is not None:
            return tokens
        if _error(answer) == "invalid_grant":
            return RefreshRefused()
        sent = answer.sent if isinstance(answer, HttpFailure) else True
        return RefreshUnanswered(_reason(answer), sent)

    def withdraw(
        self,
        pair: TokenPair,
        remote_company_id: RemoteCompanyId,  # noqa: ARG002 - a grant is one company's (1.2)
        *,
        last: bool,  # noqa: ARG002 - same
    ) -> bool:
        """1.1: the refresh token, revoked by a JSON body; 200 disconnects its company (1.4)."""
        body = json.dumps({"token": pair.refresh_token}).encode("ascii")
        answer = self._post(self._endpoints.revoke_url, "application/json", body)
        return isinstance(answer, HttpAnswer) and answer.status == HTTPStatus.OK

    def _ask_for_tokens(self, grant_type: str, **parameters: str) -> HttpAnswer | HttpFailure:
        from authlib.oauth2.rfc6749.parameters import (  # noqa: PLC0415 - heavy, so only here
            prepare_token_request,
        )

        form: str = prepare_token_request(grant_type, **parameters)
        # 1.4: the end of the whole connection is told only when asked for.
        return self._post(
            self._endpoints.token_url,
            _FORM,
            form.encode("ascii"),
            {"x-include-refresh-token-hard-expires-in": "true"},
        )

    def _post(
        self, url: str, content_type: str, body: bytes, more: Mapping[str, str] | None = None
    ) -> HttpAnswer | HttpFailure:
        headers = {
            "accept": "application/json",
            "authorization": self._authorization,
            "content-type": content_type,
            **(more or {}),
        }
        return self._transport.exchange(HttpRequest("POST", url, headers, body, self._deadline))


def _issued(answer: HttpAnswer | HttpFailure) -> IssuedTokens | None:
    """The token pair of a good answer; None for everything else, also where a part is missing."""
    if isinstance(answer, HttpFailure) or answer.status != HTTPStatus.OK:
        return None
    body = _object(answer)
    access, refresh = body.get("access_token"), body.get("refresh_token")
    lifetime = _seconds(body.get("expires_in"))
    if not (isinstance(access, str) and isinstance(refresh, str) and access and refresh):
        return None
    if lifetime is None or not (access.isascii() and access.isprintable()):
        return None
    ends = [
        seconds
        for name in ("x_refresh_token_expires_in", "x_refresh_token_hard_expires_in")
        if (seconds := _seconds(body.get(name))) is not None
    ]
    return IssuedTokens(access, refresh, lifetime, min(ends) if ends else None)


def _error(answer: HttpAnswer | HttpFailure) -> str:
    """The structured `error` of a 4xx; its description is never looked at (1.5)."""
    if isinstance(answer, HttpFailure):
        return ""
    if not HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return ""
    error = _object(answer).get("error")
    return error if isinstance(error, str) and _OAUTH_ERROR.fullmatch(error) else ""


def _reason(answer: HttpAnswer | HttpFailure) -> str:
    if isinstance(answer, HttpFailure):
        return answer.reason
    tid = request_id(answer.headers.get("intuit_tid") or answer.headers.get("intuit-tid") or "")
    return f"HTTP {answer.status}, error {_error(answer) or 'none'}, request id {tid}"


def _object(answer: HttpAnswer) -> Mapping[str, Any]:
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _seconds(value: object) -> float | None:
    """1.4: one of Intuit's own samples has lifetimes as strings."""
    try:
        seconds = float(value) if isinstance(value, str | int | float) else math.nan
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None
