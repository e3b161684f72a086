"""A connection whose authorisation is gone: what people are told, and how its row comes to say so."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from shared.auth import grant_notices
from shared.auth.notices import NoticePorts
from shared.domain.connections import Connection, ConnectionState
from shared.domain.grants import Grant, GrantState
from shared.domain.ids import ConnectionKey, GrantId
from shared.domain.runs import Problem
from shared.providers.base import ProviderProfile


def reauth_problem(profile: ProviderProfile) -> Problem:
    """The owner's sentence; answered with 409 to whatever a person started."""
    return Problem(
        "UNAUTHORIZED",
        f"Your {profile.label} connection has expired. "
        f"Go to Settings → Integrations → Reconnect {profile.label}.",
    )


def mark_connection_needs_reauth(
    ports: NoticePorts, connection: Connection, profile: ProviderProfile
) -> Connection:
    """Turn the connection's row to NEEDS_REAUTH and tell the office; answers the row as stored now.

    For whoever was told `NeedsReauth`, or 401 to a token just renewed, while working for `connection`
    (as read when the work began). Left alone: a row that was disconnected or got another grant
    since, and one connected anew since whose grant lives, so that old news never undoes a consent.
    Where the grant is dead, so are the other connections over it: they are turned too.
    """
    marked = _mark(ports, connection.key, connection.grant_id, connection.connected_at, profile)
    grant = ports.stores.grants.get(connection.grant_id)
    if grant is not None:
        mark_companies_need_reauth(ports, grant, profile)
    return marked or connection


def mark_companies_need_reauth(ports: NoticePorts, grant: Grant, profile: ProviderProfile) -> None:
    """The same for every company that uses the grant, as long as the grant is dead."""
    for company_id in sorted(grant.companies):
        _mark(ports, ConnectionKey(company_id, grant.provider), grant.grant_id, None, profile)


def _mark(
    ports: NoticePorts,
    key: ConnectionKey,
    grant_id: GrantId,
    connected_at: datetime | None,
    profile: ProviderProfile,
) -> Connection | None:
    """Tell first, then turn the row: a crash between leaves the row to the next who notices.

    `connected_at`: the consent that the news is about; any other one counts only if its grant is dead.
    """
    told = False
    while True:
        stored = ports.stores.connections.get(key)
        if (
            stored is None
            or stored.state is not ConnectionState.CONNECTED
            or stored.grant_id != grant_id
            or not (
                (connected_at is not None and stored.connected_at == connected_at)
                or _is_dead(ports, grant_id)
            )
        ):
            if told and (stored is None or stored.state is not ConnectionState.NEEDS_REAUTH):
                grant_notices.expired_no_more(ports, key.company_id, profile)
            return stored
        told |= grant_notices.expired(ports, key.company_id, profile, reauth_problem(profile))
        marked = replace(stored, state=ConnectionState.NEEDS_REAUTH, version=stored.version + 1)
        if ports.stores.connections.save(marked):
            return marked


def _is_dead(ports: NoticePorts, grant_id: GrantId) -> bool:
    """Gone counts as dead: nobody can renew it."""
    grant = ports.stores.grants.get(grant_id)
    return grant is None or grant.state is GrantState.NEEDS_REAUTH
