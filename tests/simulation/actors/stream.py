"""The records table's stream: relays what is stored; batches come again, out of order, now and then never."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from shared.domain.due import Change
from shared.domain.errors import RetryLater
from shared.domain.ids import CompanyId, RecordKind
from shared.domain.records import Record
from shared.sync.automatic.relay import relay
from shared.sync.services import Services
from tests.simulation.aws import Functions
from tests.simulation.scheduler import Scheduler
from tests.support.state_machine import TaskFailed

AGAIN_AFTER = 2.0
"""Seconds until a batch that was not relayed is given again."""
MOST_OF_A_BATCH = 10


@dataclass(frozen=True, slots=True)
class StreamTemper:
    """Shares of the changes that are lost or repeated; `reorders`: a batch comes in any order."""

    lost: float = 0.0
    repeated: float = 0.0
    reorders: bool = False

    @classmethod
    def drawn(cls, random: Random) -> StreamTemper:
        return cls(
            lost=random.choice((0.0, 0.0, 0.05)),
            repeated=random.choice((0.0, 0.2)),
            reorders=random.random() < 0.5,
        )


class Stream:
    """One shard. A batch that fails comes again until it is relayed, as long as it takes."""

    def __init__(self, scheduler: Scheduler, functions: Functions, temper: StreamTemper) -> None:
        self._scheduler = scheduler
        self._functions = functions
        self._temper = temper
        self._waiting: list[Change] = []
        self._busy = False

    def calm(self) -> None:
        """From now on each change is told once, in order."""
        self._temper = StreamTemper()

    def stored(self, company_id: CompanyId, kind: RecordKind, records: Sequence[Record]) -> None:
        """Of these the stream will tell."""
        random = self._scheduler.random
        for record in records:
            change = Change(company_id, kind, record.source_id, record.version)
            if random.random() < self._temper.lost:
                self._scheduler.note(f"STREAM lost {change.source_id} v{change.version}")
                continue
            self._waiting.append(change)
            if random.random() < self._temper.repeated:
                self._waiting.insert(random.randrange(len(self._waiting) + 1), change)
        if self._waiting and not self._busy:
            self._busy = True
            self._scheduler.spawn("stream", self._flow)

    def _flow(self) -> None:
        while self._waiting:
            batch = self._waiting[:MOST_OF_A_BATCH]
            if self._temper.reorders:
                self._scheduler.random.shuffle(batch)
            if self._relayed(batch):
                del self._waiting[: len(batch)]
            else:
                self._scheduler.sleep(AGAIN_AFTER)
        self._busy = False

    def _relayed(self, batch: Sequence[Change]) -> bool:
        def work(services: Services) -> bool:
            try:
                relay(services, batch)
            except RetryLater as told:  # the function fails, and the shard tries again
                self._scheduler.note(f"STREAM told {type(told).__name__}")
                return False
            return True

        try:
            return bool(self._functions.invoke("relay", work))
        except TaskFailed:
            return False
