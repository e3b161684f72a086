"""Find the connection that a person's request is about, or say what to do first."""

from __future__ import annotations

from collections.abc import Iterable

from shared.domain.connections import Connection, ConnectionState
from shared.domain.errors import Conflicting, NeedsReauth
from shared.domain.ids import CompanyId, ConnectionKey
from shared.domain.runs import Problem
from shared.sync.services import Services


def usable_connection(services: Services, key: ConnectionKey) -> Connection:
    """One whose provider can be called. Raises `Conflicting` (NOT_CONNECTED) or `NeedsReauth`."""
    return required_usable(existing_connection(services, key))


def required_usable(connection: Connection) -> Connection:
    """One that is not disconnected, as it was read. Raises `NeedsReauth`."""
    if connection.state is ConnectionState.NEEDS_REAUTH:
        raise NeedsReauth(connection.key.provider)
    return connection


def existing_connection(services: Services, key: ConnectionKey) -> Connection:
    """One that is not disconnected, though it may need reconnecting. Raises `Conflicting`."""
    return required_connection(services, key, services.stores.connections.get(key))


def required_connection(
    services: Services, key: ConnectionKey, connection: Connection | None
) -> Connection:
    """The one with this key as it was read. Raises as `existing_connection` does."""
    if connection is None or connection.state is ConnectionState.DISCONNECTED:
        raise not_connected(services, key)
    return connection


def existing_connections(services: Services, company_id: CompanyId) -> list[Connection]:
    """A company's that are not disconnected, though some may need reconnecting."""
    return connected(services.stores.connections.of_company(company_id))


def connected(connections: Iterable[Connection]) -> list[Connection]:
    """Those of them that are not disconnected."""
    return [one for one in connections if one.state is not ConnectionState.DISCONNECTED]


def not_connected(services: Services, key: ConnectionKey) -> Conflicting:
    label = services.profile(key.provider).label
    return Conflicting(Problem("NOT_CONNECTED", f"{label} is not connected.", f"Connect {label}"))
