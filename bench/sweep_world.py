"""A sweep over many grants on a virtual clock: the real code over stores in memory.

Only what costs time and shows nothing is replaced: pairs are sealed by nobody, and the provider answers
at once. Every refresh and every write of the grant store is counted, by the minute.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NoReturn, TypeVar

from shared.auth import grant_notices, sweep_rules
from shared.auth.connect_ports import ConnectPorts
from shared.auth.keeper import TokenKeeper
from shared.auth.sweep import Sweep
from shared.auth.tokens import GrantTokens
from shared.domain.connections import Connection, ConnectionState, RemoteCompany
from shared.domain.grants import Grant, Lease, SweepPlace, TokenPair
from shared.domain.ids import CompanyId, ConnectionKey, GrantId, RemoteCompanyId
from shared.providers.base import IssuedTokens, ProviderOAuth, ProviderProfile, RefreshOutcome
from shared.providers.quickbooks.profile import PROFILE
from shared.storage.memory import memory_stores
from shared.storage.memory.grants import MemoryGrants

T = TypeVar("T")
R = TypeVar("R")

MINUTE = timedelta(minutes=1)
_FUNCTION = timedelta(seconds=150)
_WANTED_EVERY = 20
"""Minutes between two hand-outs of a grant in use."""


class SweepWorld:
    """`in_use`: of so many of the grants a token is wanted every 20 minutes, each at its own minute."""

    def __init__(self, count: int, *, in_use: int = 0, began: datetime | None = None) -> None:
        self.clock = _Clock(began or datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
        self.refreshes: Counter[int] = Counter()
        """By minute since the epoch."""
        self.by_hand_outs = 0
        """Those of them that a caller had to wait for."""
        self.writes = 0
        self._count = count
        self._connections = [_connection(number) for number in range(count)]
        self._wanted = [range(at, in_use, _WANTED_EVERY) for at in range(_WANTED_EVERY)]
        self.grants = _CountedGrants(self)
        self._stores = stores = replace(memory_stores(), grants=self.grants)
        self._oauth: ProviderOAuth = _AnswersAtOnce(self)
        ports = ConnectPorts(
            stores=stores,
            vault=_Unsealed(),
            clock=self.clock,
            ids=self,
            secret_bytes=self,
            open_provider=_nobody_asks,
            token_source=_nobody_asks,
        )
        self._keeper = TokenKeeper(
            grants=self.grants,
            vault=ports.vault,
            clock=self.clock,
            ids=self,
            chance=self,
            call_deadline=20.0,
            on_renewed=lambda before, after: grant_notices.renewed(ports, before, after, PROFILE),
        )
        self._sweep = Sweep(
            ports=ports,
            keeper=self._keeper,
            oauth=lambda _: self._oauth,
            in_flight=_OneByOne(),
            outage_notice=timedelta(minutes=30),
        )

    def connect_all(self, within: timedelta) -> None:
        """Every grant was connected in that time up to now, evenly."""
        now = self.clock.now()
        for number, connection in enumerate(self._connections):
            at = now - within * (1 - number / self._count)
            grant = Grant(
                grant_id=connection.grant_id,
                provider=PROFILE.name,
                remote_company_ids=(connection.remote_company.remote_company_id,),
                sealed_pair=b"a r",
                token_version=1,
                access_expires_at=at + PROFILE.tokens.access_lifetime,
                refresh_expires_at=at + timedelta(days=100),
                rotated_at=at,
                companies=frozenset({connection.key.company_id}),
            )
            self.grants.put_new(replace(grant, place=sweep_rules.place_of(grant, PROFILE, at)))
            self._stores.connections.save(replace(connection, version=1))

    def run(self, length: timedelta) -> None:
        """So many minutes of sweeps and hand-outs."""
        for _ in range(length // MINUTE):
            self._hand_out()
            self._sweep.run(PROFILE.name, self.clock.now() + _FUNCTION)
            self.clock.advance(MINUTE)

    def reset(self) -> None:
        """Count anew."""
        self.refreshes.clear()
        self.by_hand_outs = self.writes = 0

    def busiest_to_mean(self, length: timedelta, of: timedelta = MINUTE) -> float:
        """The most refreshes in a minute (or in `of`) to the mean, over the time since `reset`."""
        buckets: Counter[int] = Counter()
        for minute, count in self.refreshes.items():
            buckets[minute // (of // MINUTE)] += count
        return max(buckets.values()) / (self.refreshes.total() / (length / of))

    def oldest(self) -> timedelta:
        """The longest that any grant has not been renewed by now."""
        now = self.clock.now()
        ages = []
        for connection in self._connections:
            grant = self.grants.get(connection.grant_id)
            if grant is not None and grant.rotated_at is not None:
                ages.append(now - grant.rotated_at)
        return max(ages)

    def note_refresh(self) -> None:
        self.refreshes[sweep_rules.minute_of(self.clock.now())] += 1

    def _hand_out(self) -> None:
        minute = sweep_rules.minute_of(self.clock.now())
        before = self.refreshes.total()
        for number in self._wanted[minute % _WANTED_EVERY]:
            GrantTokens(self._keeper, self._connections[number], self._oauth).access_token()
        self.by_hand_outs += self.refreshes.total() - before

    # The ports that nothing depends on here.

    def new(self) -> str:
        return "an id"

    def fraction(self) -> float:
        return 0.5

    def take(self, count: int) -> bytes:
        return bytes(count)


class _Clock:
    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def sleep(self, seconds: float) -> NoReturn:
        raise AssertionError(f"nobody waits here, let alone {seconds} s")

    def advance(self, by: timedelta) -> None:
        self._now += by


class _CountedGrants(MemoryGrants):
    """Counts the writes of the sweep and of hand-outs."""

    def __init__(self, world: SweepWorld) -> None:
        super().__init__(nullcontext(enter_result=True))
        self._world = world

    def take_lease(
        self, grant_id: GrantId, owner: str, *, now: datetime, expires_at: datetime
    ) -> Lease | None:
        self._world.writes += 1
        return super().take_lease(grant_id, owner, now=now, expires_at=expires_at)

    def release_lease(self, grant_id: GrantId, lease: Lease) -> None:
        self._world.writes += 1
        super().release_lease(grant_id, lease)

    def save_pair(self, grant: Grant, *, expected_token_version: int) -> bool:
        self._world.writes += 1
        return super().save_pair(grant, expected_token_version=expected_token_version)

    def set_place(
        self,
        grant_id: GrantId,
        place: SweepPlace | None,
        *,
        expected_token_version: int,
        wanted_at: datetime | None = None,
        unanswered_since: datetime | None = None,
    ) -> bool:
        self._world.writes += 1
        return super().set_place(
            grant_id,
            place,
            expected_token_version=expected_token_version,
            wanted_at=wanted_at,
            unanswered_since=unanswered_since,
        )


class _AnswersAtOnce:
    """A provider that renews whatever it is given, as QuickBooks does."""

    profile: ProviderProfile = PROFILE
    authorize_url = exchange = withdraw = staticmethod(lambda *_, **__: _nobody_asks())

    def __init__(self, world: SweepWorld) -> None:
        self._world = world

    def refresh(self, refresh_token: str, now: datetime) -> RefreshOutcome:
        del now
        self._world.note_refresh()
        lifetime = PROFILE.tokens.access_lifetime.total_seconds()
        return IssuedTokens("a", refresh_token, lifetime, timedelta(days=100).total_seconds())


class _Unsealed:
    def sealer(self, grant_id: GrantId) -> Callable[[TokenPair], bytes]:
        del grant_id
        return lambda pair: f"{pair.access_token} {pair.refresh_token}".encode()

    def seal(self, pair: TokenPair, grant_id: GrantId) -> bytes:
        return self.sealer(grant_id)(pair)

    def open(self, blob: bytes, grant_id: GrantId) -> TokenPair:
        del grant_id
        return TokenPair(*blob.decode().split())


class _OneByOne:
    """`InFlight` without anything in flight."""

    def map_in_flight(
        self,
        tasks: Iterator[T],
        work: Callable[[T], R],
        *,
        may_start: Callable[[int], float],
        settle: Callable[[list[tuple[T, R]]], None],
        idle: Callable[[], None],
        look_ahead: int,
    ) -> None:
        del may_start, idle, look_ahead
        for task in tasks:
            settle([(task, work(task))])


def _connection(number: int) -> Connection:
    return Connection(
        key=ConnectionKey(CompanyId(f"company-{number}"), PROFILE.name),
        state=ConnectionState.CONNECTED,
        grant_id=GrantId(f"grant-{number}"),
        remote_company=RemoteCompany(RemoteCompanyId(f"realm-{number}"), "", "USD"),
    )


def _nobody_asks(*_: object) -> NoReturn:
    raise AssertionError("no connection is made here")
