"""What a use case is given: stores, effects and the way to the books. Made in `shared.bootstrap`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from shared.config import ConfigurationError, Settings
from shared.domain.connections import Connection
from shared.domain.effects import Chance, Clock, Ids, InFlight, Metrics, Tasks, WakeUps, Workflows
from shared.domain.ids import ProviderName, RecordKind
from shared.domain.metrics import Unmeasured
from shared.domain.outcomes import CallOutcome
from shared.providers.base import (
    AccountingProvider,
    CallClass,
    ProviderOAuth,
    ProviderProfile,
    TokenSource,
)
from shared.storage.file_ports import FileStore, ImportQueue
from shared.storage.ports import Stores

if TYPE_CHECKING:
    from shared.auth.caller import Caller
    from shared.auth.connect_ports import ConnectPorts
    from shared.auth.sign_in import SignIn
    from shared.auth.vault import TokenVault


class WritePacer(Protocol):
    """Says when the next write may start; see `shared.providers.pacing`."""

    def may_start(self, call_class: CallClass, in_flight: int) -> float:
        """0.0: start now (the permit is used); else seconds to wait; infinity: not before one settles.

        Raises `ConnectionStopped` when waiting for the limit does not help.
        """

    def note(self, outcome: CallOutcome, call_class: CallClass) -> None:
        """Learn from an outcome; may be called from any thread and raises nothing."""

    def close(self) -> None:
        """Hand back what others may use meanwhile: the next slice should not wait for it."""


class CallCount(Protocol):
    @property
    def total(self) -> int:
        """HTTP calls made to the provider so far."""


@dataclass(frozen=True, slots=True)
class Books:
    """One connection's provider, opened for one kind of record, and the pace of writing to it."""

    provider: AccountingProvider
    pacer: WritePacer
    calls: CallCount


@dataclass(frozen=True, slots=True)
class Uploads:
    """Uploaded files, and the queue of who imports them."""

    files: FileStore
    queue: ImportQueue


def _no_uploads() -> Uploads:
    raise ConfigurationError("this function was given no bucket for uploaded files")


def _no_sign_in() -> SignIn:
    raise ConfigurationError("this function signs nobody in")


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    stores: Stores
    clock: Clock
    ids: Ids
    chance: Chance
    in_flight: InFlight
    workflows: Workflows
    wake_ups: WakeUps
    tasks: Tasks
    profile: Callable[[ProviderName], ProviderProfile]
    open_books: Callable[[Connection, RecordKind], Books]
    oauth: Callable[[ProviderName], ProviderOAuth]
    vault: Callable[[], TokenVault]
    verify_bearer: Callable[[str], Caller]
    connect_ports: Callable[[], ConnectPorts]
    token_source: Callable[[Connection], TokenSource]
    sweep: Callable[[ProviderName, datetime], Mapping[str, int]]
    """See `shared.auth.sweep.Sweep.run`."""
    sign_in: Callable[[], SignIn] = _no_sign_in
    metrics: Metrics = field(default_factory=Unmeasured)
    uploads: Callable[[], Uploads] = _no_uploads

    def provider(self, connection: Connection) -> AccountingProvider:
        """For reads of a moment; a sync opens the books itself."""
        return self.open_books(connection, RecordKind.ITEM).provider
