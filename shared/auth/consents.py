"""One-time states of authorize URLs: made at the beginning of a consent, checked at its callback."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.auth.refusals import begin_again
from shared.auth.secret_bytes import SecretBytes, url_safe
from shared.domain.errors import RequestInvalid
from shared.domain.ids import CompanyId, ConnectionKey, PersonId
from shared.domain.runs import Problem
from shared.providers.base import ProviderProfile
from shared.storage.auth_ports import ConsentRequest, ConsentStore

CONSENT_LIFE = timedelta(minutes=10)
_SECRET_BYTES = 32
_OAUTH_ERROR_CODE = re.compile(r"[a-z_]{1,40}")


def new_request(
    secret_bytes: SecretBytes,
    profile: ProviderProfile,
    connection: ConnectionKey,
    person_id: PersonId,
    *,
    redirect_uri: str,
    return_to: str,
    needs_session: bool,
    now: datetime,
) -> ConsentRequest:
    verifier = url_safe(secret_bytes.take(_SECRET_BYTES)) if profile.uses_pkce else ""
    return ConsentRequest(
        state=url_safe(secret_bytes.take(_SECRET_BYTES)),
        connection=connection,
        person_id=person_id,
        redirect_uri=redirect_uri,
        expires_at=now + CONSENT_LIFE,
        code_verifier=verifier,
        return_to=return_to,
        needs_session=needs_session,
    )


def code_challenge(request: ConsentRequest) -> str:
    """S256 of the verifier (RFC 7636, 4.2); empty where PKCE is not used."""
    if not request.code_verifier:
        return ""
    return url_safe(hashlib.sha256(request.code_verifier.encode()).digest())


def take_request(
    consents: ConsentStore,
    profile: ProviderProfile,
    parameters: Mapping[str, str],
    *,
    company_id: CompanyId | None,
    person_id: PersonId | None,
    now: datetime,
) -> ConsentRequest:
    """What the callback's state stands for; the state is used up by this, whatever comes of it.

    Company and person are those of the session that the callback came with, None without one.
    Raises `RequestInvalid` with code CONSENT_UNKNOWN (forged, used, or another provider's),
    CONSENT_EXPIRED or CONSENT_FOREIGN: somebody else's, or begun at the console and without its session.
    """
    state = parameters.get("state", "")
    request = consents.take(state) if state else None
    if request is None or request.connection.provider != profile.name:
        raise _refused(profile, "CONSENT_UNKNOWN", "This link was used already or is not ours.")
    if now >= request.expires_at:
        raise _refused(profile, "CONSENT_EXPIRED", "Connecting took longer than 10 minutes.")
    foreign_person = person_id is not None and person_id != request.person_id
    foreign_company = company_id is not None and company_id != request.connection.company_id
    if foreign_person or foreign_company or (request.needs_session and person_id is None):
        raise _refused(profile, "CONSENT_FOREIGN", "Somebody else began to connect with this link.")
    return request


def code_of(profile: ProviderProfile, parameters: Mapping[str, str]) -> str:
    """The authorization code of a callback that says yes.

    Raises `RequestInvalid` with code CONSENT_DENIED (the person said no), CONSENT_REFUSED (the
    provider did) or CONSENT_INCOMPLETE.
    """
    error = parameters.get("error", "")
    if error == "access_denied":
        raise _refused(
            profile,
            "CONSENT_DENIED",
            f"{profile.label} was not allowed to connect; nothing changed.",
        )
    if error:
        # The parameter is whatever the browser was sent with: only a code of OAuth's kind is repeated.
        shown = f" ({error})" if _OAUTH_ERROR_CODE.fullmatch(error) else ""
        raise _refused(profile, "CONSENT_REFUSED", f"{profile.label} refused to connect{shown}.")
    code = parameters.get("code", "")
    if not code:
        raise _refused(
            profile, "CONSENT_INCOMPLETE", f"{profile.label} sent no authorization code.", "code"
        )
    return code


def _refused(
    profile: ProviderProfile, code: str, message: str, field: str = "state"
) -> RequestInvalid:
    return RequestInvalid(Problem(code, message, begin_again(profile), field))
