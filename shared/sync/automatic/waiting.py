"""How much waits to be synced, and for how long: read from due rows, at most a page and a count of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.domain.connections import Connection
from shared.sync.automatic import gate
from shared.sync.services import Services

MOST_COUNTED: Final = 1000
"""Due rows of one connection and kind."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """`count` is exact below `MOST_COUNTED`; `oldest_since`: when the oldest change was heard of.

    `kept_back`: so many of them are of kinds that go only when a person asks; `going_since` is of the
    others.
    """

    count: int = 0
    oldest_since: datetime | None = None
    kept_back: int = 0
    going_since: datetime | None = None

    @property
    def going(self) -> int:
        return self.count - self.kept_back

    def plus(self, other: Waiting) -> Waiting:
        return Waiting(
            self.count + other.count,
            _earlier(self.oldest_since, other.oldest_since),
            self.kept_back + other.kept_back,
            _earlier(self.going_since, other.going_since),
        )


def _earlier(*times: datetime | None) -> datetime | None:
    return min((at for at in times if at is not None), default=None)


def waiting_of(services: Services, connection: Connection) -> Waiting:
    """Of the automatic kinds. One read where nothing waits of a kind, two where something does.

    What waits for another record counts, but is not what has waited longest: that other one is, or
    stands refused.
    """
    waiting, key, due = Waiting(), connection.key, services.stores.due
    for kind in gate.AUTOMATIC_KINDS:
        count = due.count(key, kind, MOST_COUNTED)
        if not count:
            continue
        since = due.oldest_since(key, kind)
        if gate.only_when_asked(connection, kind):
            waiting = waiting.plus(Waiting(count, since, kept_back=count))
        else:
            waiting = waiting.plus(Waiting(count, since, going_since=since))
    return waiting
