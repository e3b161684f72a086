"""One grant, its provider and a container that hands out its tokens, on a clock that tests move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, NoReturn

from shared.auth.after_renewal import after_renewal
from shared.auth.connect_ports import ConnectPorts
from shared.auth.keeper import TokenKeeper
from shared.auth.tokens import GrantTokens
from shared.auth.vault import EnvelopeVault
from shared.domain.connections import Connection
from shared.domain.errors import StorageUnavailable
from shared.domain.grants import Grant, Lease, TokenPair
from shared.domain.ids import GrantId
from shared.domain.notifications import Notification
from shared.providers.base import TokenRules
from shared.storage.auth_ports import GrantStore
from shared.storage.memory import memory_stores
from tests.support.fake_oauth import QUICKBOOKS, FakeOAuth, oauth_profile
from tests.unit.auth.doubles import (
    GRANT,
    KEY,
    CountingBytes,
    CountingIds,
    Half,
    ManualClock,
    a_connection,
    a_grant,
    local_vault,
)

CALL_DEADLINE = 20.0


class FailingGrants:
    """Grants whose saves fail so many times: before the write, or after it has happened.

    `on_lease` is called before a lease is taken, `on_save` before a pair is saved.
    """

    def __init__(self, grants: GrantStore) -> None:
        self._grants = grants
        self.before = 0
        self.after = 0
        self.reads = 0
        self.places = 0
        self.counts = 0
        self.refuses_leases = False
        self.refuses_places = False
        self.on_lease: Callable[[], None] = lambda: None
        self.on_save: Callable[[], None] = lambda: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._grants, name)

    def get(self, grant_id: GrantId) -> Grant | None:
        self.reads += 1
        return self._grants.get(grant_id)

    def take_lease(self, grant_id, owner, *, now, expires_at) -> Lease | None:
        self.on_lease()
        if self.refuses_leases:
            return None
        return self._grants.take_lease(grant_id, owner, now=now, expires_at=expires_at)

    def save_pair(self, grant: Grant, *, expected_token_version: int) -> bool:
        self.on_save()
        if self.before:
            self.before -= 1
            raise StorageUnavailable("no answer")
        saved = self._grants.save_pair(grant, expected_token_version=expected_token_version)
        if self.after:
            self.after -= 1
            raise StorageUnavailable("no answer")
        return saved

    def set_place(self, grant_id, place, **more) -> bool:
        self.places += 1
        if self.refuses_places:
            raise StorageUnavailable("no answer")
        return self._grants.set_place(grant_id, place, **more)

    def count_in_sweep(self, provider, lane) -> int:
        self.counts += 1
        return self._grants.count_in_sweep(provider, lane)


class WatchedVault:
    """A vault that counts openings and calls `on_sealer` before a data key is fetched."""

    def __init__(self, vault: EnvelopeVault) -> None:
        self._vault = vault
        self.openings = 0
        self.on_sealer: Callable[[], None] = lambda: None

    def sealer(self, grant_id: GrantId) -> Callable[[TokenPair], bytes]:
        self.on_sealer()
        return self._vault.sealer(grant_id)

    def seal(self, pair: TokenPair, grant_id: GrantId) -> bytes:
        return self._vault.seal(pair, grant_id)

    def open(self, blob: bytes, grant_id: GrantId) -> TokenPair:
        self.openings += 1
        return self._vault.open(blob, grant_id)


class TokenWorld:
    """`left`: seconds of life that the stored access token still has."""

    def __init__(self, rules: TokenRules = QUICKBOOKS, *, left: float = 3600.0) -> None:
        self.clock = ManualClock()
        self.vault = WatchedVault(local_vault())
        self.stores = memory_stores()
        self.grants = FailingGrants(self.stores.grants)
        self.ids = CountingIds()
        self.oauth = FakeOAuth(oauth_profile(rules), self.clock)
        self.grants.put_new(a_grant(self.vault, life=timedelta(seconds=left)))
        self.ports = ConnectPorts(
            stores=replace(self.stores, grants=self.grants),
            vault=self.vault,
            clock=self.clock,
            ids=self.ids,
            secret_bytes=CountingBytes(),
            open_provider=_nobody_asks,
            token_source=_nobody_asks,
        )

    def container(self) -> TokenKeeper:
        return TokenKeeper(
            grants=self.grants,
            vault=self.vault,
            clock=self.clock,
            ids=self.ids,
            chance=Half(),
            call_deadline=CALL_DEADLINE,
            on_renewed=lambda before, after: after_renewal(
                self.ports, before, after, self.oauth.profile
            ),
        )

    def tokens(
        self,
        *,
        keeper: TokenKeeper | None = None,
        connection: Connection | None = None,
        patience: float | None = None,
    ) -> GrantTokens:
        return GrantTokens(
            keeper or self.container(),
            connection or a_connection(),
            self.oauth,
            patience=patience,
        )

    @property
    def stored(self) -> Grant:
        grant = self.grants.get(GRANT)
        assert grant is not None
        return grant

    @property
    def stored_pair(self) -> TokenPair:
        return self.vault.open(self.stored.sealed_pair, GRANT)

    def take_lease(self, owner: str = "another", seconds: float = 50.0) -> Lease:
        lease = self.grants.take_lease(
            GRANT,
            owner,
            now=self.clock.now(),
            expires_at=self.clock.now() + timedelta(seconds=seconds),
        )
        assert lease is not None
        return lease

    def save_as_another(self, serial: int = 9) -> None:
        """Another worker saves pair number `serial` as the next version."""
        stored = self.stored
        renewed = a_grant(self.vault, now=self.clock.now(), serial=serial)
        assert self.grants.save_pair(renewed, expected_token_version=stored.token_version)

    @property
    def told(self) -> list[Notification]:
        """What the company was told so far, oldest first."""
        page = self.stores.notifications.page(KEY.company_id, 100, None)
        return list(reversed(page.rows))


def _nobody_asks(*_: object) -> NoReturn:
    raise AssertionError("no connection is made here")
