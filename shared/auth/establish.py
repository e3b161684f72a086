"""Making a connection: the claim on the remote company, a grant in use, the row.

A connection keeps one grant for as long as it is connected to the same remote company through consents
of one chain; see `shared.auth.holding`. What the row no longer uses afterwards is let go of.

Claim and grant are looked at again after the row is saved, for a disconnection that undid either in
between: whoever comes later sees the other's row, so no interleaving ends with a connected row over a
grant or a remote company that somebody else was given. See `shared.auth.disconnect`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from shared.auth import grant_notices, refusals
from shared.auth.abandoned import let_go, release_claim
from shared.auth.audit import write_down
from shared.auth.connect_ports import ConnectPorts
from shared.domain.connections import (
    Connection,
    ConnectionSettings,
    ConnectionState,
    RemoteCompany,
    Setup,
)
from shared.domain.errors import Conflicting, SyncError
from shared.domain.grants import GrantState
from shared.domain.ids import (
    ConnectionKey,
    CorrelationId,
    GrantId,
    PersonId,
    RemoteCompanyId,
)
from shared.providers.base import ProviderOAuth, ProviderProfile


@dataclass(frozen=True, slots=True)
class Intent:
    """Who connects which company to what. `replaces`: the connected remote company that they give up."""

    key: ConnectionKey
    person_id: PersonId
    remote_company: RemoteCompany
    replaces: RemoteCompanyId | None = None
    chosen: bool = False
    """Whether a person chose it among those that a consent covers."""

    @property
    def remote_company_id(self) -> RemoteCompanyId:
        return self.remote_company.remote_company_id


def live(stored: Connection | None) -> Connection | None:
    """The connection, unless it is disconnected."""
    return None if stored is None or stored.state is ConnectionState.DISCONNECTED else stored


def establish(
    ports: ConnectPorts,
    oauth: ProviderOAuth,
    intent: Intent,
    hold: Callable[[Connection | None], GrantId],
) -> Connection:
    """The connection as saved.

    `hold` is given the row as it stands and answers a grant that the company is attached to. Raises
    what it raises, and `Conflicting` (REMOTE_COMPANY_TAKEN, CONNECTION_CHANGED); the row is then as it
    was, or disconnected where the disconnection came in between.
    """
    claim(ports, oauth.profile, intent.key, intent.remote_company_id)
    try:
        stored = _replaceable(ports, oauth.profile, intent)
        grant_id = hold(live(stored))
    except SyncError:
        release_claim(ports, intent.key, intent.remote_company_id)
        raise
    former, connection = _save(ports, oauth, intent, stored, grant_id)
    try:
        _check_again(ports, oauth, connection)
    finally:
        if former is not None and _left(former, connection):
            let_go(ports, oauth, former)
    grant_notices.connected(ports, connection, oauth.profile)
    _audit(ports, intent, former)
    return connection


def claim(
    ports: ConnectPorts,
    profile: ProviderProfile,
    key: ConnectionKey,
    remote_company_id: RemoteCompanyId,
) -> None:
    """Raises `Conflicting` with code REMOTE_COMPANY_TAKEN."""
    owner = ports.stores.connections.claim_remote_company(
        key.provider, remote_company_id, key.company_id
    )
    if owner != key.company_id:
        raise refusals.taken(profile)


def _replaceable(
    ports: ConnectPorts, profile: ProviderProfile, intent: Intent
) -> Connection | None:
    """The row as it stands, which this connection may take the place of."""
    stored = ports.stores.connections.get(intent.key)
    current = live(stored)
    if current is not None and current.remote_company.remote_company_id not in (
        intent.remote_company_id,
        intent.replaces,
    ):
        raise refusals.changed_meanwhile(profile)
    return stored


def _save(
    ports: ConnectPorts,
    oauth: ProviderOAuth,
    intent: Intent,
    stored: Connection | None,
    grant_id: GrantId,
) -> tuple[Connection | None, Connection]:
    """The row that was replaced, and the one saved instead."""
    while True:
        same = stored is not None and _same_company(stored, intent)
        connection = Connection(
            key=intent.key,
            state=ConnectionState.CONNECTED,
            grant_id=grant_id,
            remote_company=intent.remote_company,
            settings=stored.settings if stored and same else ConnectionSettings(),
            setup=stored.setup if stored and same else Setup(),
            connected_at=ports.clock.now(),
            version=(stored.version if stored else 0) + 1,
            correlation_id=CorrelationId(ports.ids.new()),
        )
        if ports.stores.connections.save(connection):
            return stored, connection
        try:
            stored = _replaceable(ports, oauth.profile, intent)
        except Conflicting:
            let_go(ports, oauth, connection)
            raise


def _check_again(ports: ConnectPorts, oauth: ProviderOAuth, connection: Connection) -> None:
    """End the connection if its claim or its grant was taken from it before its row was saved."""
    key, profile = connection.key, oauth.profile
    try:
        claim(ports, profile, key, connection.remote_company.remote_company_id)
        grant = ports.stores.grants.get(connection.grant_id)
        row = live(ports.stores.connections.get(key))
        if row is None or row.grant_id != connection.grant_id:
            # Whoever changed it since saw our row, and looks after what it used; but for this claim.
            release_claim(ports, key, connection.remote_company.remote_company_id)
            return
        if (
            grant is None
            or grant.state is GrantState.REVOKED
            or key.company_id not in grant.companies
        ):
            raise refusals.changed_meanwhile(profile)
    except Conflicting:
        ended = replace(
            connection, state=ConnectionState.DISCONNECTED, version=connection.version + 1
        )
        if ports.stores.connections.save(ended):
            let_go(ports, oauth, ended)
        raise


def _left(former: Connection, connection: Connection) -> bool:
    return (
        former.grant_id != connection.grant_id
        or former.remote_company.remote_company_id != connection.remote_company.remote_company_id
    )


def _same_company(stored: Connection, intent: Intent) -> bool:
    return stored.remote_company.remote_company_id == intent.remote_company_id


def _audit(ports: ConnectPorts, intent: Intent, former: Connection | None) -> None:
    about = {"remote_company_id": str(intent.remote_company_id)}
    if former is not None and live(former) and not _same_company(former, intent):
        what = "connection.started_afresh"
        about["instead_of"] = former.remote_company.remote_company_id
    elif intent.chosen:
        what = "connection.chosen"
    elif former is not None and _same_company(former, intent):
        what = "connection.reconnected"
    else:
        what = "connection.connected"
    write_down(ports, intent.key, intent.person_id, what, **about)
