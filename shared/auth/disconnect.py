"""Ending a connection: nothing of it is used any more; links and settings stay for a later one."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from shared.auth.connect_ports import ConnectPorts
from shared.domain.connections import Connection, ConnectionState
from shared.domain.errors import NotFound, SyncError
from shared.domain.grants import GrantState
from shared.domain.ids import ConnectionKey, GrantId, PersonId
from shared.domain.runs import Problem
from shared.providers.base import ProviderOAuth
from shared.storage.ports import AuditEntry


def disconnect(
    ports: ConnectPorts, oauth: ProviderOAuth, key: ConnectionKey, person_id: PersonId
) -> Connection:
    """Stop the connection, revoke and erase its tokens, set its remote company free.

    Revoking at the provider is best effort. Safe to call again, which finishes what a crash left.
    Raises `NotFound` where there never was a connection.
    """
    while True:
        ended = _end(ports, oauth, key)
        _erase_pair(ports, oauth, ended.grant_id)
        # Freed last: until its tokens are gone the remote company must not serve another company.
        ports.stores.connections.release_remote_company(
            key.provider, ended.remote_company.remote_company_id, key.company_id
        )
        # A consent finished in between has a row of its own by now, with tokens erased or a claim
        # released by us. Its claim comes before and after its save; so one of us sees the other.
        if _stored(ports, oauth, key).state is ConnectionState.DISCONNECTED:
            break
    ports.stores.audit.add(
        AuditEntry(
            company_id=key.company_id,
            at=ports.clock.now(),
            entry_id=ports.ids.new(),
            who=person_id,
            what="connection.disconnected",
            about={
                "provider": key.provider,
                "remote_company_id": ended.remote_company.remote_company_id,
            },
        )
    )
    return ended


def _stored(ports: ConnectPorts, oauth: ProviderOAuth, key: ConnectionKey) -> Connection:
    stored = ports.stores.connections.get(key)
    if stored is None:
        label = oauth.profile.label
        raise NotFound(Problem("NOT_CONNECTED", f"{label} is not connected.", f"Connect {label}."))
    return stored


def _end(ports: ConnectPorts, oauth: ProviderOAuth, key: ConnectionKey) -> Connection:
    while True:
        stored = _stored(ports, oauth, key)
        if stored.state is ConnectionState.DISCONNECTED:
            return stored
        ended = replace(stored, state=ConnectionState.DISCONNECTED, version=stored.version + 1)
        if ports.stores.connections.save(ended):
            return ended


def _erase_pair(ports: ConnectPorts, oauth: ProviderOAuth, grant_id: GrantId) -> None:
    """A grant that other connections may share is left to them."""
    grant = ports.stores.grants.get(grant_id)
    if grant is None or grant.state is GrantState.REVOKED or oauth.profile.shares_grants:
        return
    with contextlib.suppress(SyncError):
        oauth.revoke(ports.vault.open(grant.sealed_pair, grant_id).refresh_token)
    # Another version, so that a refresh under way cannot bring the grant back to life.
    ports.stores.grants.put_new(
        replace(
            grant,
            state=GrantState.REVOKED,
            token_version=grant.token_version + 1,
            sealed_pair=b"",
            sealed_former_pair=None,
        )
    )
