"""A connection whose authorisation is gone: what people are told, and how its row comes to say so."""

from __future__ import annotations

from dataclasses import replace

from shared.domain.connections import Connection, ConnectionState
from shared.domain.grants import GrantState
from shared.domain.runs import Problem
from shared.providers.base import ProviderProfile
from shared.storage.ports import Stores


def reauth_problem(profile: ProviderProfile) -> Problem:
    """The owner's sentence; answered with 409 to whatever a person started."""
    return Problem(
        "UNAUTHORIZED",
        f"Your {profile.label} connection has expired. "
        f"Go to Settings → Integrations → Reconnect {profile.label}.",
    )


def mark_connection_needs_reauth(stores: Stores, connection: Connection) -> Connection:
    """Turn the connection's row to NEEDS_REAUTH; answers it as stored now.

    For whoever was told `NeedsReauth`, or 401 to a token just renewed, while working for `connection`
    (as read when the work began). Left alone: a row that was disconnected or got another grant
    since, and one connected anew since whose grant lives, so that old news never undoes a consent.
    """
    while True:
        stored = stores.connections.get(connection.key)
        if (
            stored is None
            or stored.state is not ConnectionState.CONNECTED
            or stored.grant_id != connection.grant_id
        ):
            return stored or connection
        if stored.connected_at != connection.connected_at:
            grant = stores.grants.get(stored.grant_id)
            if grant is not None and grant.state is not GrantState.NEEDS_REAUTH:
                return stored
        marked = replace(stored, state=ConnectionState.NEEDS_REAUTH, version=stored.version + 1)
        if stores.connections.save(marked):
            return marked
