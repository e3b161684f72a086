"""Connecting a company to a provider, the first time and again: the two ends of a consent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.auth import consents
from shared.auth.connect_ports import ConnectPorts
from shared.auth.establish import establish
from shared.domain.connections import Connection, ConnectionState, RemoteCompany
from shared.domain.errors import (
    Conflicting,
    NeedsReauth,
    ProviderContractBroken,
    RequestInvalid,
    RetryLater,
)
from shared.domain.ids import (
    CompanyId,
    ConnectionKey,
    GrantId,
    PersonId,
    ProviderName,
    RemoteCompanyId,
)
from shared.domain.runs import Problem
from shared.providers.base import (
    Consent,
    ConsentCallback,
    IssuedTokens,
    ProviderOAuth,
    ProviderProfile,
)

# A path, not another site: "//host" and a backslash lead away, a control character may split a header.
_OWN_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")


@dataclass(frozen=True, slots=True)
class FinishedConsent:
    """`return_to` is the path that `begin_consent` was given."""

    connection: Connection
    return_to: str


@dataclass(frozen=True, slots=True)
class _JustIssued:
    """A `TokenSource` over tokens that are not stored yet."""

    provider: ProviderName
    token: str = field(repr=False)

    def access_token(self) -> tuple[str, int]:
        return self.token, 0

    def renew(self, *, after_version: int) -> tuple[str, int]:
        raise NeedsReauth(self.provider, f"{self.provider}: 401 to token version {after_version}")


def begin_consent(
    ports: ConnectPorts,
    oauth: ProviderOAuth,
    connection: ConnectionKey,
    person_id: PersonId,
    *,
    redirect_uri: str,
    return_to: str = "",
) -> str:
    """The provider's address to send the person to; good for 10 minutes and one use.

    `return_to` is a path of our own pages, for after the callback. Raises `RequestInvalid` with code
    INVALID_RETURN_TO for anything else.
    """
    if return_to and not _OWN_PATH.fullmatch(return_to):
        raise RequestInvalid(
            Problem("INVALID_RETURN_TO", "returnTo is not a path of this site.", "", "returnTo")
        )
    request = consents.new_request(
        ports.secret_bytes,
        oauth.profile,
        connection,
        person_id,
        redirect_uri=redirect_uri,
        return_to=return_to,
        now=ports.clock.now(),
    )
    ports.stores.consents.put(request)
    return oauth.authorize_url(
        state=request.state,
        redirect_uri=redirect_uri,
        code_challenge=consents.code_challenge(request),
    )


def finish_consent(
    ports: ConnectPorts,
    oauth: ProviderOAuth,
    parameters: Mapping[str, str],
    *,
    company_id: CompanyId | None,
    person_id: PersonId | None,
) -> FinishedConsent:
    """The callback: exchange the code and store what it gave as a connected connection.

    `parameters` are the callback's query parameters; company and person those of the session it came
    with, None where it came without one (the one-time state stands for both then).

    Raises, having stored nothing but the end of the state: `RequestInvalid` (CONSENT_*, or what the
    exchange says of the code), `Conflicting` with REMOTE_COMPANY_TAKEN, REMOTE_COMPANY_DIFFERS or
    SEVERAL_REMOTE_COMPANIES, `ConnectionStopped`, and `RetryLater` where the provider does not answer
    (the person begins again). Tokens of a refused consent are dropped, not revoked: a provider may
    take revoking one token for disconnecting the app from that remote company (QuickBooks does),
    which would break the BlueClerk company that is rightly connected to it.
    """
    request = consents.take_request(
        ports.stores.consents,
        oauth.profile,
        parameters,
        company_id=company_id,
        person_id=person_id,
        now=ports.clock.now(),
    )
    code = consents.code_of(oauth.profile, parameters)
    asked_at = ports.clock.now()
    consent = oauth.exchange(
        code=code,
        redirect_uri=request.redirect_uri,
        code_verifier=request.code_verifier,
        callback=ConsentCallback(
            {name: value for name, value in parameters.items() if name not in ("code", "state")}
        ),
    )
    connected = ports.stores.connections.get(request.connection)
    remote_company_id = _chosen(oauth.profile, consent, connected)
    remote_company = _look_at(
        ports, oauth.profile, request.connection, remote_company_id, consent.tokens, connected
    )
    connection = establish(ports, oauth.profile, request, consent, remote_company, asked_at)
    return FinishedConsent(connection, request.return_to)


def _chosen(
    profile: ProviderProfile, consent: Consent, connected: Connection | None
) -> RemoteCompanyId:
    covered = consent.remote_company_ids
    if connected is not None and connected.remote_company.remote_company_id in covered:
        return connected.remote_company.remote_company_id
    if not covered:
        raise RequestInvalid(
            Problem("CONSENT_INCOMPLETE", f"{profile.label} named no company.", "Begin again.")
        )
    if len(covered) > 1:
        raise Conflicting(
            Problem(
                "SEVERAL_REMOTE_COMPANIES",
                f"Access was given to several {profile.label} companies.",
                "Begin again and give access to one of them.",
            )
        )
    return covered[0]


def _look_at(
    ports: ConnectPorts,
    profile: ProviderProfile,
    key: ConnectionKey,
    remote_company_id: RemoteCompanyId,
    tokens: IssuedTokens,
    connected: Connection | None,
) -> RemoteCompany:
    """Read the remote company with the new token, which also proves that the token is for it.

    A callback's word for it would not do: its parameters come through the person's browser.
    """
    looking = Connection(
        key=key,
        state=ConnectionState.CONNECTED,
        grant_id=GrantId(""),
        remote_company=RemoteCompany(remote_company_id, name="", home_currency=""),
    )
    source = _JustIssued(key.provider, tokens.access_token)
    try:
        remote_company = ports.open_provider(looking, source).company_info()
    except NeedsReauth:
        raise RequestInvalid(
            Problem(
                "CONSENT_REFUSED",
                f"{profile.label} does not accept the authorisation it has just given.",
                f"Go to Settings → Integrations → Connect {profile.label} and begin again.",
            )
        ) from None
    except RetryLater:
        if connected is None or connected.remote_company.remote_company_id != remote_company_id:
            raise
        # Nothing to learn that is not stored already, and the old pair may be dead by now.
        return connected.remote_company
    if remote_company.remote_company_id != remote_company_id:
        raise ProviderContractBroken(f"{key.provider}: company info of another company")
    return remote_company
