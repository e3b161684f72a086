"""What follows once a renewed pair is saved, whoever renewed it."""

from __future__ import annotations

from shared.auth import grant_notices
from shared.auth.connect_ports import ConnectPorts
from shared.auth.revival import mark_connections_connected
from shared.domain.grants import Grant
from shared.providers.base import ProviderProfile


def after_renewal(
    ports: ConnectPorts, before: Grant, after: Grant, profile: ProviderProfile
) -> None:
    """Tell what there is to tell; bring back connections that were given up too early.

    `before` is the grant as read under the lease of whoever renewed it. Where another has taken the
    lease since, the pair may have found the grant marked dead by one who was refused meanwhile: it
    lives again, and so must its connections. The fence says so, by whatever clocks.
    """
    stored = ports.stores.grants.get(after.grant_id)
    if stored is not None and _fence(stored) != _fence(before):
        mark_connections_connected(ports, after, profile)
    grant_notices.renewed(ports, before, after, profile)


def _fence(grant: Grant) -> int:
    return grant.lease.fence if grant.lease else 0
