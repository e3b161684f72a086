"""Several grants of one provider, and a container that sweeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from shared.auth.sweep import Sweep
from shared.domain.connections import Connection, ConnectionState, RemoteCompany
from shared.domain.grants import Grant, SweepLane, SweepPlace, TokenPair
from shared.domain.ids import CompanyId, ConnectionKey, GrantId, RemoteCompanyId
from shared.domain.notifications import Notification
from tests.support.effects import SerialInFlight
from tests.support.fake_oauth import QUICKBOOKS, FakeOAuth, oauth_profile
from tests.unit.auth.doubles import PROVIDER, START, a_grant
from tests.unit.auth.token_world import TokenWorld

FUNCTION = timedelta(seconds=150)
NOTICE = timedelta(minutes=30)


class SweptWorld(TokenWorld):
    """Begins with no grant; refresh-<number> is the live token of grant-<number>."""

    def __init__(self) -> None:
        super().__init__()
        self.stores.grants._grants.clear()
        self.oauth = FakeOAuth(oauth_profile(QUICKBOOKS), self.clock, live=None, seconds=0.0)
        self.oauth.issued = 100
        self.container_of_sweeps = self.new_sweep()

    def new_sweep(self) -> Sweep:
        return Sweep(
            ports=self.ports,
            keeper=self.container(),
            oauth=lambda _: self.oauth,
            in_flight=SerialInFlight(self.clock),
            outage_notice=NOTICE,
        )

    def add(
        self,
        number: int,
        lane: SweepLane = SweepLane.TIMED,
        *,
        at: timedelta = timedelta(0),
        companies: tuple[str, ...] | None = None,
        **changes: Any,
    ) -> GrantId:
        """A grant whose turn is `at` from now, and its companies' connections."""
        grant_id = GrantId(f"grant-{number}")
        names = (f"company-{number}",) if companies is None else companies
        grant = replace(
            a_grant(self.vault, now=self.clock.now()),
            grant_id=grant_id,
            remote_company_ids=tuple(RemoteCompanyId(f"realm-of-{name}") for name in names),
            sealed_pair=self.vault.seal(
                TokenPair(f"access-{number}", f"refresh-{number}"), grant_id
            ),
            companies=frozenset(map(CompanyId, names)),
            place=SweepPlace(lane, self.clock.now() + at),
        )
        self.stores.grants.put_new(replace(grant, **changes))
        self.oauth.others.add(f"refresh-{number}")
        for name in names:
            self.stores.connections.save(_connection(name, grant_id))
        return grant_id

    def sweep(self, until: timedelta = FUNCTION) -> Mapping[str, int]:
        """One minute's sweep: what ended how, without what did not happen. The clock stays."""
        ended = self.container_of_sweeps.run(PROVIDER, self.clock.now() + until)
        return {name: count for name, count in ended.items() if count}

    def sweep_minutes(self, count: int) -> list[Mapping[str, int]]:
        ended = []
        for _ in range(count):
            ended.append(self.sweep())
            self.clock.advance(60)
        return ended

    def grant(self, number: int) -> Grant:
        grant = self.stores.grants.get(GrantId(f"grant-{number}"))
        assert grant is not None
        return grant

    def connection(self, company: str) -> Connection:
        connection = self.stores.connections.get(ConnectionKey(CompanyId(company), PROVIDER))
        assert connection is not None
        return connection

    def told_to(self, company: str) -> list[Notification]:
        """Oldest first."""
        page = self.stores.notifications.page(CompanyId(company), 100, None)
        return list(reversed(page.rows))


def _connection(company: str, grant_id: GrantId) -> Connection:
    return Connection(
        key=ConnectionKey(CompanyId(company), PROVIDER),
        state=ConnectionState.CONNECTED,
        grant_id=grant_id,
        remote_company=RemoteCompany(RemoteCompanyId(f"realm-of-{company}"), company, "USD"),
        connected_at=START,
        version=1,
    )
