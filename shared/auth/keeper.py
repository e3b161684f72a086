"""What one container keeps between hand-outs of access tokens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from shared.domain.effects import Chance, Clock, Ids
from shared.domain.grants import Grant, TokenPair
from shared.domain.ids import GrantId
from shared.storage.auth_ports import GrantStore

if TYPE_CHECKING:
    from shared.auth.vault import TokenVault

_OPENED_PAIRS = 32


class TokenKeeper:
    """Made once per container; serves all its connections and threads.

    `call_deadline` is the total deadline of one `ProviderOAuth.refresh`, in seconds; every lease
    outlasts it. Opened pairs are kept by grant, token version and blob, the last used ones only.
    `on_renewed` is told of each renewal once it is saved: the grant before it, with the lease of whoever
    renewed it, and after it. Its `StorageUnavailable` is swallowed.
    """

    def __init__(
        self,
        *,
        grants: GrantStore,
        vault: TokenVault,
        clock: Clock,
        ids: Ids,
        chance: Chance,
        call_deadline: float,
        on_renewed: Callable[[Grant, Grant], None] = lambda _before, _after: None,
    ) -> None:
        self.grants = grants
        self.vault = vault
        self.clock = clock
        self.ids = ids
        self.chance = chance
        self.call_deadline = timedelta(seconds=call_deadline)
        self.on_renewed = on_renewed
        self.unsaved: dict[GrantId, tuple[Grant, Grant]] = {}
        """Grants as they were, and with the pair that a provider gave and storage has not taken yet:
        the only live one.
        """

        def open_pair(grant_id: GrantId, version: int, blob: bytes) -> TokenPair:
            del version  # only part of the key
            return vault.open(blob, grant_id)

        self._open_pair = lru_cache(maxsize=_OPENED_PAIRS)(open_pair)

    def opened(self, grant: Grant) -> TokenPair:
        """The pair in the clear. Raises `SealBroken`, `StorageUnavailable`."""
        return self._open_pair(grant.grant_id, grant.token_version, grant.sealed_pair)

    def sleep_about(self, seconds: float) -> None:
        """Between half and one and a half times that long, so that waiting callers spread."""
        self.clock.sleep(seconds * (0.5 + self.chance.fraction()))
