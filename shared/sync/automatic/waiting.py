"""How much waits to be synced, and for how long: read from due rows, at most a page and a count of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.domain.ids import ConnectionKey
from shared.sync.automatic import gate
from shared.sync.services import Services

MOST_COUNTED: Final = 1000
"""Due rows of one connection and kind."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """`count` is exact below `MOST_COUNTED`; `oldest_since`: when the oldest change was heard of."""

    count: int = 0
    oldest_since: datetime | None = None

    def plus(self, other: Waiting) -> Waiting:
        times = [at for at in (self.oldest_since, other.oldest_since) if at is not None]
        return Waiting(self.count + other.count, min(times, default=None))


def waiting_of(services: Services, key: ConnectionKey) -> Waiting:
    """Of the automatic kinds. One read where nothing waits of a kind, two where something does.

    What waits for another record counts, but is not what has waited longest: that other one is, or
    stands refused.
    """
    waiting = Waiting()
    for kind in gate.AUTOMATIC_KINDS:
        count = services.stores.due.count(key, kind, MOST_COUNTED)
        if count:
            waiting = waiting.plus(Waiting(count, services.stores.due.oldest_since(key, kind)))
    return waiting
