"""What connecting and disconnecting need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.auth.secret_bytes import SecretBytes
from shared.domain.connections import Connection
from shared.domain.effects import Clock, Ids
from shared.providers.base import AccountingProvider, TokenSource
from shared.storage.ports import Stores

if TYPE_CHECKING:
    from shared.auth.vault import TokenVault


@dataclass(frozen=True, slots=True)
class ConnectPorts:
    """What the use cases of connecting need.

    `open_provider` is for one look at the remote company, `token_source` the hand-out over a grant
    that is stored already.
    """

    stores: Stores
    vault: TokenVault
    clock: Clock
    ids: Ids
    secret_bytes: SecretBytes
    open_provider: Callable[[Connection, TokenSource], AccountingProvider]
    token_source: Callable[[Connection], TokenSource]
