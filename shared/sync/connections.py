"""Find the connection that a person's request is about, or say what to do first."""

from __future__ import annotations

from shared.domain.connections import Connection, ConnectionState
from shared.domain.errors import Conflicting, NeedsReauth
from shared.domain.ids import CompanyId, ConnectionKey
from shared.domain.runs import Problem
from shared.sync.services import Services


def usable_connection(services: Services, key: ConnectionKey) -> Connection:
    """One whose provider can be called. Raises `Conflicting` (NOT_CONNECTED) or `NeedsReauth`."""
    connection = existing_connection(services, key)
    if connection.state is ConnectionState.NEEDS_REAUTH:
        raise NeedsReauth(key.provider)
    return connection


def existing_connection(services: Services, key: ConnectionKey) -> Connection:
    """One that is not disconnected, though it may need reconnecting. Raises `Conflicting`."""
    connection = services.stores.connections.get(key)
    if connection is None or connection.state is ConnectionState.DISCONNECTED:
        raise not_connected(services, key)
    return connection


def existing_connections(services: Services, company_id: CompanyId) -> list[Connection]:
    """A company's that are not disconnected, though some may need reconnecting."""
    found = services.stores.connections.of_company(company_id)
    return [one for one in found if one.state is not ConnectionState.DISCONNECTED]


def not_connected(services: Services, key: ConnectionKey) -> Conflicting:
    label = services.profile(key.provider).label
    return Conflicting(Problem("NOT_CONNECTED", f"{label} is not connected.", f"Connect {label}"))
