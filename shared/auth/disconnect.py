"""Ending a connection: nothing of it is used any more; links and settings stay for a later one."""

from __future__ import annotations

from dataclasses import replace

from shared.auth import grant_notices
from shared.auth.abandoned import let_go
from shared.auth.audit import write_down
from shared.auth.connect_ports import ConnectPorts
from shared.domain.connections import Connection, ConnectionState
from shared.domain.errors import NotFound
from shared.domain.ids import ConnectionKey, PersonId
from shared.domain.runs import Problem
from shared.providers.base import ProviderOAuth


def disconnect(
    ports: ConnectPorts, oauth: ProviderOAuth, key: ConnectionKey, person_id: PersonId
) -> Connection:
    """Stop the connection, end its use of the grant, set its remote company free.

    The grant is retired, its tokens erased, unless other companies use it. Withdrawing access at the
    provider is best effort. Safe to call again, which finishes what a crash left. Raises `NotFound`
    where there never was a connection.
    """
    while True:
        ended = _end(ports, oauth, key)
        let_go(ports, oauth, ended)
        # A consent finished in between has a row of its own by now, over a grant that we detached or a
        # claim that we released. Its claim comes before and after its save; so one of us sees the other.
        if _stored(ports, oauth, key).state is ConnectionState.DISCONNECTED:
            break
    grant_notices.disconnected(ports, key.company_id, oauth.profile)
    write_down(
        ports,
        key,
        person_id,
        "connection.disconnected",
        remote_company_id=ended.remote_company.remote_company_id,
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
