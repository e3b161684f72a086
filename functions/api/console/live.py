"""What moves on a connection's page while one looks: syncs, imports, changes on their way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from functions.api.console.addresses import import_address
from functions.api.console.rendering import Page
from functions.api.console.runs_shown import RunView, runs_under_way
from functions.api.console.words import Words
from shared.domain.connections import Connection
from shared.sync.automatic.gate import may_push, state_of
from shared.sync.automatic.waiting import Waiting, waiting_of
from shared.sync.services import Services

Moves = Literal["", "sync", "changes"]


@dataclass(frozen=True, slots=True)
class ImportLine:
    address: str
    kind: str


@dataclass(frozen=True, slots=True)
class LiveView:
    """`moves` is empty where everything is at rest. `whole`: something else moved when it was shown
    last, so the page around it is to be loaded again.
    """

    moves: Moves
    provider: str
    syncs: list[RunView]
    imports: list[ImportLine]
    whole: bool = False

    @property
    def every(self) -> int:
        """Seconds between two looks."""
        return 1 if self.moves == "sync" else 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePart(Page):
    template: ClassVar[str] = "parts/live.html"
    live: LiveView


def live_view(
    services: Services,
    connection: Connection,
    words: Words,
    shown: Moves | None = None,
    waiting: Waiting | None = None,
) -> LiveView:
    """`shown`: what moved when it was shown last; None: it is shown for the first time. `waiting`: where
    it is known.
    """
    syncs, imports = runs_under_way(services, connection.key)
    moves: Moves = ""
    if syncs or imports:
        moves = "sync"
    elif _changes_go(services, connection, waiting):
        moves = "changes"
    return LiveView(
        moves=moves,
        provider=connection.key.provider,
        syncs=[RunView.of(run, words) for run in syncs],
        imports=[ImportLine(import_address(run), f"{run.kind}s") for run in imports],
        whole=shown is not None and shown != moves,
    )


def _changes_go(services: Services, connection: Connection, waiting: Waiting | None) -> bool:
    """Whether changes are about to be gone, as far as nothing holds them."""
    if not may_push(connection):
        return False
    waiting = waiting or waiting_of(services, connection.key)
    if waiting.oldest_since is None:
        return False
    return state_of(services, connection.key).circuit is None
