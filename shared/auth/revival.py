"""Connections that come back because somebody authorised their grant anew."""

from __future__ import annotations

from dataclasses import replace

from shared.auth import grant_notices
from shared.auth.connect_ports import ConnectPorts
from shared.domain.connections import ConnectionState
from shared.domain.grants import Grant
from shared.domain.ids import ConnectionKey
from shared.providers.base import ProviderProfile


def mark_connections_connected(ports: ConnectPorts, grant: Grant, profile: ProviderProfile) -> None:
    """Every connection over this grant, whose new pair is saved, is connected again.

    Its `connected_at` moves, so that a worker's old news of the dead pair does not undo it: also where
    that worker has not come to turn the row yet.
    """
    for company_id in sorted(grant.companies):
        key = ConnectionKey(company_id, grant.provider)
        while True:
            stored = ports.stores.connections.get(key)
            if (
                stored is None
                or stored.state is ConnectionState.DISCONNECTED
                or stored.grant_id != grant.grant_id
            ):
                break
            revived = replace(
                stored,
                state=ConnectionState.CONNECTED,
                connected_at=ports.clock.now(),
                version=stored.version + 1,
            )
            if ports.stores.connections.save(revived):
                grant_notices.connected(ports, revived, profile)
                break
