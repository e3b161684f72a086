"""Ports of the auth tests: a clock that only moves when told, ids and bytes that count."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

from shared.auth.data_keys import LocalDataKeys
from shared.auth.vault import EnvelopeVault, TokenVault
from shared.domain.connections import (
    Connection,
    ConnectionState,
    RemoteCompany,
)
from shared.domain.grants import Grant, TokenPair
from shared.domain.ids import CompanyId, ConnectionKey, GrantId, ProviderName, RemoteCompanyId

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PROVIDER = ProviderName("quickbooks")
KEY = ConnectionKey(CompanyId("acme"), PROVIDER)
REALM = RemoteCompanyId("realm-1")
GRANT = GrantId("grant-1")


class ManualClock:
    """Sleeping moves it. `on_sleep` is called after each sleep: what the others did meanwhile."""

    def __init__(self) -> None:
        self.instant = START
        self.slept: list[float] = []
        self.on_sleep: Callable[[], None] = lambda: None

    def now(self) -> datetime:
        return self.instant

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)
        self.on_sleep()

    def advance(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)


class CountingIds:
    def __init__(self) -> None:
        self._count = count(1)

    def new(self) -> str:
        return f"{next(self._count):032x}"


class Half:
    def fraction(self) -> float:
        return 0.5


class CountingBytes:
    """Different each time, though anybody can guess them."""

    def __init__(self) -> None:
        self._count = count(1)

    def take(self, count: int) -> bytes:
        return next(self._count).to_bytes(count, "big")


def local_vault() -> EnvelopeVault:
    secret_bytes = CountingBytes()
    return EnvelopeVault(LocalDataKeys(b"a master key for tests", secret_bytes), secret_bytes)


def a_connection(
    state: ConnectionState = ConnectionState.CONNECTED, remote_company_id: RemoteCompanyId = REALM
) -> Connection:
    return Connection(
        key=KEY,
        state=state,
        grant_id=GRANT,
        remote_company=RemoteCompany(remote_company_id, "Acme Field Service", "USD"),
        connected_at=START,
        version=1,
    )


def a_grant(
    vault: TokenVault,
    *,
    now: datetime = START,
    life: timedelta = timedelta(hours=1),
    serial: int = 1,
    remote_company_ids: tuple[RemoteCompanyId, ...] = (REALM,),
) -> Grant:
    """Pair number `serial` as token version 1, its access token good for another `life` of an hour."""
    return Grant(
        grant_id=GRANT,
        provider=PROVIDER,
        remote_company_ids=remote_company_ids,
        sealed_pair=vault.seal(TokenPair(f"access-{serial}", f"refresh-{serial}"), GRANT),
        token_version=1,
        access_expires_at=now + life,
        refresh_expires_at=None,
        rotated_at=now + life - timedelta(hours=1),
        companies=frozenset({KEY.company_id}),
    )
