"""A look at the remote company with the token that a consent gave."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.auth import refusals
from shared.auth.connect_ports import ConnectPorts
from shared.domain.connections import Connection, ConnectionState, RemoteCompany
from shared.domain.errors import NeedsReauth, ProviderContractBroken
from shared.domain.ids import ConnectionKey, GrantId, ProviderName, RemoteCompanyId
from shared.providers.base import ProviderProfile, TokenSource


@dataclass(frozen=True, slots=True)
class JustIssued:
    """A `TokenSource` over a token that is not stored yet."""

    provider: ProviderName
    token: str = field(repr=False)

    def access_token(self) -> tuple[str, int]:
        return self.token, 0

    def renew(self, *, after_version: int) -> tuple[str, int]:
        raise NeedsReauth(self.provider, f"{self.provider}: 401 to token version {after_version}")


def would_be(
    key: ConnectionKey, remote_company_id: RemoteCompanyId, grant_id: GrantId
) -> Connection:
    """A connection that is not stored, to open the provider with."""
    return Connection(
        key=key,
        state=ConnectionState.CONNECTED,
        grant_id=grant_id,
        remote_company=RemoteCompany(remote_company_id, name="", home_currency=""),
    )


def look_at(
    ports: ConnectPorts, profile: ProviderProfile, looking: Connection, source: TokenSource
) -> RemoteCompany:
    """The remote company as the provider has it, which also proves that the token is for it.

    A callback's word for it would not do: its parameters come through the person's browser. Raises
    `RequestInvalid` with code CONSENT_REFUSED for a token that is not accepted, and what reads raise.
    """
    try:
        remote_company = ports.open_provider(looking, source).company_info()
    except NeedsReauth:
        raise refusals.not_accepted(profile) from None
    if remote_company.remote_company_id != looking.remote_company.remote_company_id:
        raise ProviderContractBroken(f"{profile.name}: company info of another company")
    return remote_company
