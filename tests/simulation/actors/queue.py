"""SQS between those who wake and those who are woken: messages come late, twice, or never.

The design says that none of them matters; but a comparison that was handed over is the next day's again, so
that one is never lost here, as no message is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from random import Random

from shared import correlation
from shared.domain.errors import RetryLater
from shared.domain.ids import ConnectionKey, RecordKind
from shared.domain.wake_up import Task, WakeUp
from shared.sync.automatic.messages import serve_wake_ups
from shared.sync.services import Services
from tests.simulation.aws import FUNCTION_SECONDS, Functions
from tests.simulation.ports import Ports
from tests.simulation.scheduler import Scheduler
from tests.support.state_machine import TaskFailed

VISIBILITY = 310.0
"""Seconds until a message whose worker ended badly comes again."""
MOST_RECEIVES = 5


@dataclass(frozen=True, slots=True)
class QueueTemper:
    """Shares of the messages that are lost, come twice, come late, and of the calls that fail."""

    lost: float = 0.0
    doubled: float = 0.0
    late: float = 0.0
    unsent: float = 0.0

    @classmethod
    def drawn(cls, random: Random) -> QueueTemper:
        return cls(
            lost=random.choice((0.0, 0.0, 0.0, 0.1)),
            doubled=random.choice((0.0, 0.2)),
            late=random.choice((0.0, 0.2)),
            unsent=random.choice((0.0, 0.05)),
        )


class Queue:
    """The ports `WakeUps` and `Tasks`, and the clockwork behind them. Unruly until `calm`."""

    def __init__(
        self, scheduler: Scheduler, ports: Ports, functions: Functions, temper: QueueTemper
    ) -> None:
        self._scheduler = scheduler
        self._ports = ports
        self._functions = functions
        self.temper = temper
        self.dead_letters = 0

    def calm(self) -> None:
        """From now on every message comes once and in time."""
        self.temper = QueueTemper()

    def wake(
        self, connection: ConnectionKey, kind: RecordKind, after: float = 0.0, *, once: bool = False
    ) -> None:
        """See the port. `once`: it does not come twice."""
        wake_up = WakeUp(connection, kind, correlation.current())
        self._send(f"wake-up {kind}", wake_up, after, once=once)

    def hand_over(self, connection: ConnectionKey, kind: RecordKind, task: Task) -> None:
        """See the port. The function that serves it goes by the task's name."""
        self._send(f"{task} {kind}", WakeUp(connection, kind, correlation.current(), task))

    def _send(self, what: str, wake_up: WakeUp, after: float = 0.0, *, once: bool = False) -> None:
        self._ports.gate("queue.send")
        random, temper, kind = self._scheduler.random, self.temper, wake_up.kind
        unsent = random.random() < temper.unsent
        if unsent and random.random() < 0.5:
            raise RetryLater("the wake-up could not be sent")
        lost = 0.0 if wake_up.task is Task.COMPARE else temper.lost
        if random.random() < lost:
            self._scheduler.note(f"WAKE-UP lost {kind}")
        else:
            delay = after + (random.choice((5.0, 90.0)) if random.random() < temper.late else 0.0)
            for _ in range(2 if random.random() < temper.doubled and not once else 1):
                deliver = partial(self._deliver, what, wake_up.written(), kind, delay)
                self._scheduler.spawn("message", deliver)
        if unsent:
            raise RetryLater("whether the wake-up was sent is not known")

    def _deliver(self, what: str, body: str, kind: RecordKind, delay: float) -> None:
        self._scheduler.sleep(delay)
        for _ in range(MOST_RECEIVES):
            if self._served(what, body, kind):
                return
            self._scheduler.sleep(VISIBILITY)
        self.dead_letters += 1
        self._scheduler.note("DEAD LETTER")

    def _served(self, what: str, body: str, kind: RecordKind) -> bool:
        def work(services: Services) -> bool:
            try:
                served = serve_wake_ups(
                    services, kind, {"Records": [{"body": body}]}, FUNCTION_SECONDS
                )
            except RetryLater as told:  # the function fails, and the queue tries again
                self._scheduler.note(f"WAKE-UP told {type(told).__name__}")
                return False
            self._scheduler.note(f"WAKE-UP served {served}")
            return True

        try:
            return bool(self._functions.invoke(what, work))
        except TaskFailed:
            return False
