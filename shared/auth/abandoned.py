"""Ending the use of grants: what a connection leaves behind, and consents that nobody uses.

A grant is retired here first, on the condition that no company is attached, and access is withdrawn at
the provider after that: once retired, nobody can take it up, so nobody is left with a pair that we
withdraw. What a crash between the two leaves at the provider is access that nobody holds a token for.

Access to a remote company is withdrawn only while no BlueClerk company but the one that leaves has
claimed it. A provider may take withdrawing for disconnecting the app from that remote company
(QuickBooks does), which would break the BlueClerk company that is rightly connected to it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import timedelta

from shared.auth.connect_ports import ConnectPorts
from shared.auth.reauth import mark_companies_need_reauth
from shared.domain.connections import Connection, ConnectionState, RemoteCompany
from shared.domain.errors import SyncError
from shared.domain.grants import Grant, GrantState
from shared.domain.ids import ConnectionKey, RemoteCompanyId
from shared.providers.base import ProviderOAuth

STRAY_AFTER = timedelta(hours=1)
"""How old a pair must be for its grant to be looked through: a consent is connected within seconds."""


def let_go(ports: ConnectPorts, oauth: ProviderOAuth, former: Connection) -> None:
    """End the use of what the connection's row, as stored now, no longer uses of `former`.

    Its grant: the company is detached, the grant retired if nobody is left. Its remote company: access
    is withdrawn (best effort), the claim released last, because until its tokens are gone the remote
    company must not serve another company. Safe to call again, which finishes what a crash left.
    """
    key, remote_company_id = former.key, former.remote_company.remote_company_id
    leaves_company = not uses_company(ports, key, remote_company_id)
    if leaves_company and oauth.profile.shares_grants:
        # Withdrawing one organisation of several takes a good access token.
        with contextlib.suppress(SyncError):
            ports.token_source(replace(former, state=ConnectionState.CONNECTED)).access_token()
    grant = ports.stores.grants.get(former.grant_id)
    if grant is not None and grant.state is GrantState.NEEDS_REAUTH:
        # Found dead just now, maybe: the sweep does not come to it any more.
        mark_companies_need_reauth(ports, grant, oauth.profile)
    retired = False
    if grant is not None and not _uses_grant(ports, former):
        others = ports.stores.grants.detach(grant.grant_id, key.company_id)
        retired = not others and ports.stores.grants.retire(grant.grant_id)
    if not leaves_company:
        return
    if grant is not None and (retired or key.company_id in grant.companies):
        owner = ports.stores.connections.owner_of_remote_company(key.provider, remote_company_id)
        if owner in (None, key.company_id):
            _withdraw(ports, oauth, grant, remote_company_id, last=retired)
    release_claim(ports, key, remote_company_id)


def drop_abandoned(
    ports: ConnectPorts,
    oauth: ProviderOAuth,
    grant: Grant,
    keep: AbstractSet[RemoteCompanyId] = frozenset(),
) -> bool:
    """Retire a grant that no company uses, then withdraw its access where that is safe.

    That is, to the remote companies that no BlueClerk company has claimed and that are not in `keep`.
    False where a company uses the grant, or it was retired before: nothing is done then.
    """
    if not ports.stores.grants.retire(grant.grant_id):
        return False
    nobodys = [
        one
        for one in grant.remote_company_ids
        if one not in keep
        and ports.stores.connections.owner_of_remote_company(grant.provider, one) is None
    ]
    for one in nobodys:
        _withdraw(ports, oauth, grant, one, last=one == nobodys[-1])
    return True


def leave_strays(ports: ConnectPorts, oauth: ProviderOAuth, grant: Grant) -> bool:
    """Let go of what crashes between two writes left behind: companies attached to the grant whose
    connection is over another one, or over none. True where there were any; the grant may be retired.

    Not for a grant that a consent may be connecting at this moment (`STRAY_AFTER`): its row comes later.
    """
    found = False
    for company_id in sorted(grant.companies):
        key = ConnectionKey(company_id, grant.provider)
        stray = Connection(
            key=key,
            state=ConnectionState.DISCONNECTED,
            grant_id=grant.grant_id,
            remote_company=RemoteCompany(RemoteCompanyId(""), name="", home_currency=""),
        )
        if _uses_grant(ports, stray):
            continue
        found = True
        claimed = [one for one in grant.remote_company_ids if _claims(ports, key, one)]
        for remote_company_id in claimed or [RemoteCompanyId("")]:
            company = replace(stray.remote_company, remote_company_id=remote_company_id)
            let_go(ports, oauth, replace(stray, remote_company=company))
    return found


def _claims(ports: ConnectPorts, key: ConnectionKey, remote_company_id: RemoteCompanyId) -> bool:
    owner = ports.stores.connections.owner_of_remote_company(key.provider, remote_company_id)
    return owner == key.company_id and not uses_company(ports, key, remote_company_id)


def uses_company(
    ports: ConnectPorts, key: ConnectionKey, remote_company_id: RemoteCompanyId
) -> bool:
    """Whether the row, as stored now, is connected to it (or to be reconnected)."""
    stored = ports.stores.connections.get(key)
    return (
        stored is not None
        and stored.state is not ConnectionState.DISCONNECTED
        and stored.remote_company.remote_company_id == remote_company_id
    )


def release_claim(
    ports: ConnectPorts, key: ConnectionKey, remote_company_id: RemoteCompanyId
) -> None:
    """Unless the company's own connection uses it."""
    connections = ports.stores.connections
    while not uses_company(ports, key, remote_company_id):
        connections.release_remote_company(key.provider, remote_company_id, key.company_id)
        if not uses_company(ports, key, remote_company_id):
            return
        # Connected since we looked, by a consent that may have claimed it before we released it. Then we
        # look again: a disconnection may have released it before this claim, and come no more.
        connections.claim_remote_company(key.provider, remote_company_id, key.company_id)


def _uses_grant(ports: ConnectPorts, former: Connection) -> bool:
    stored = ports.stores.connections.get(former.key)
    return (
        stored is not None
        and stored.state is not ConnectionState.DISCONNECTED
        and stored.grant_id == former.grant_id
    )


def _withdraw(
    ports: ConnectPorts,
    oauth: ProviderOAuth,
    grant: Grant,
    remote_company_id: RemoteCompanyId,
    *,
    last: bool,
) -> None:
    """`grant` as read before it was retired. Best effort: here its use is over in any case."""
    with contextlib.suppress(SyncError):
        pair = ports.vault.open(grant.sealed_pair, grant.grant_id)
        oauth.withdraw(pair, remote_company_id, last=last)
