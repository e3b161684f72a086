"""Storing a consent: the pair, the claim on the remote company, the connection.

A connection keeps one grant id for as long as it is connected to the same remote company: a new
consent saves its pair as the next token version of that grant, on the same condition as a refresh
does. So versions never go back or stand for two pairs, a refresh under way at that moment loses, and
runs under way go on with the new pair. Another remote company means another grant id.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from shared.auth import grant_rules
from shared.auth.connect_ports import ConnectPorts
from shared.domain.connections import (
    Connection,
    ConnectionSettings,
    ConnectionState,
    RemoteCompany,
)
from shared.domain.errors import Conflicting
from shared.domain.grants import Grant
from shared.domain.ids import ConnectionKey, CorrelationId, GrantId, RemoteCompanyId
from shared.domain.runs import Problem
from shared.providers.base import Consent, ProviderProfile
from shared.storage.ports import AuditEntry, ConsentRequest


def establish(
    ports: ConnectPorts,
    profile: ProviderProfile,
    request: ConsentRequest,
    consent: Consent,
    remote_company: RemoteCompany,
    asked_at: datetime,
) -> Connection:
    """The connection as saved. Raises `Conflicting` (REMOTE_COMPANY_DIFFERS, REMOTE_COMPANY_TAKEN)."""
    key = request.connection
    while True:
        stored = ports.stores.connections.get(key)
        _refuse_another(profile, stored, remote_company)
        _claim(ports, profile, key, remote_company.remote_company_id)
        same = (
            stored is not None
            and stored.remote_company.remote_company_id == remote_company.remote_company_id
        )
        connection = Connection(
            key=key,
            state=ConnectionState.CONNECTED,
            grant_id=_store_pair(
                ports, profile, consent, asked_at, stored.grant_id if stored else None
            ),
            remote_company=remote_company,
            settings=stored.settings if stored and same else ConnectionSettings(),
            connected_at=ports.clock.now(),
            version=(stored.version if stored else 0) + 1,
            correlation_id=CorrelationId(ports.ids.new()),
        )
        if ports.stores.connections.save(connection):
            break
    try:
        # Again, for a disconnection that released it since: see `disconnect`.
        _claim(ports, profile, key, remote_company.remote_company_id)
    except Conflicting:
        ended = replace(
            connection, state=ConnectionState.DISCONNECTED, version=connection.version + 1
        )
        ports.stores.connections.save(ended)
        raise
    ports.stores.audit.add(
        AuditEntry(
            company_id=key.company_id,
            at=ports.clock.now(),
            entry_id=ports.ids.new(),
            who=request.person_id,
            what="connection.reconnected" if same else "connection.connected",
            about={
                "provider": key.provider,
                "remote_company_id": remote_company.remote_company_id,
            },
        )
    )
    return connection


def _refuse_another(
    profile: ProviderProfile, stored: Connection | None, remote_company: RemoteCompany
) -> None:
    if stored is None or stored.state is ConnectionState.DISCONNECTED:
        return
    connected = stored.remote_company
    if connected.remote_company_id == remote_company.remote_company_id:
        return
    raise Conflicting(
        Problem(
            "REMOTE_COMPANY_DIFFERS",
            f'"{connected.name}" is connected, but access was given to "{remote_company.name}".',
            f'Reconnect {profile.label} and choose "{connected.name}", or disconnect it first.',
        )
    )


def _claim(
    ports: ConnectPorts,
    profile: ProviderProfile,
    key: ConnectionKey,
    remote_company_id: RemoteCompanyId,
) -> None:
    owner = ports.stores.connections.claim_remote_company(
        key.provider, remote_company_id, key.company_id
    )
    if owner != key.company_id:
        raise Conflicting(
            Problem(
                "REMOTE_COMPANY_TAKEN",
                f"This {profile.label} company is connected to another BlueClerk company.",
                "Disconnect it there first, or choose another company.",
            )
        )


def _store_pair(
    ports: ConnectPorts,
    profile: ProviderProfile,
    consent: Consent,
    asked_at: datetime,
    grant_id: GrantId | None,
) -> GrantId:
    """Save the pair under this grant id where it can be the next version, else under a new one."""
    stored = ports.stores.grants.get(grant_id) if grant_id else None
    covered = set(consent.remote_company_ids)
    while stored is not None and set(stored.remote_company_ids) == covered:
        version = stored.token_version
        grant = _grant(ports, profile, consent, asked_at, stored.grant_id, version + 1)
        if ports.stores.grants.save_pair(grant, expected_token_version=version):
            return stored.grant_id
        stored = ports.stores.grants.get(stored.grant_id)
    grant = _grant(ports, profile, consent, asked_at, GrantId(ports.ids.new()), 1)
    ports.stores.grants.put_new(grant)
    return grant.grant_id


def _grant(
    ports: ConnectPorts,
    profile: ProviderProfile,
    consent: Consent,
    asked_at: datetime,
    grant_id: GrantId,
    version: int,
) -> Grant:
    access_until, refresh_until = grant_rules.next_expiries(
        consent.tokens, asked_at, profile.tokens
    )
    return Grant(
        grant_id=grant_id,
        provider=profile.name,
        remote_company_ids=consent.remote_company_ids,
        sealed_pair=ports.vault.seal(grant_rules.pair_of(consent.tokens), grant_id),
        token_version=version,
        access_expires_at=access_until,
        refresh_expires_at=refresh_until,
        rotated_at=asked_at,
    )
