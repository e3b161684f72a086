"""The ports for everything that is not a pure rule and not a store: time, ids, chance, parallel work.

They are made in `shared.bootstrap`; a lint rule forbids reaching around them. That is what lets the
simulation run whole flows on a virtual clock and replay them from a seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Protocol, TypeVar

from shared.domain.ids import ConnectionKey, RecordKind
from shared.domain.metrics import Metric
from shared.domain.notifications import Notification
from shared.domain.runs import Run
from shared.domain.wake_up import Task

T = TypeVar("T")
R = TypeVar("R")


class Clock(Protocol):
    def now(self) -> datetime:
        """The instant, aware, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait at least that long."""


class Ids(Protocol):
    def new(self) -> str:
        """32 hexadecimal characters nobody else was given."""


class Chance(Protocol):
    def fraction(self) -> float:
        """Uniform in [0, 1): for jitter, never for a secret."""


class InFlight(Protocol):
    """Several provider calls under way at once; the only parallelism of the suite."""

    def map_in_flight(
        self,
        tasks: Iterator[T],
        work: Callable[[T], R],
        *,
        may_start: Callable[[int], float],
        settle: Callable[[list[tuple[T, R]]], None],
        idle: Callable[[], None],
        look_ahead: int,
    ) -> None:
        """Run `work` over `tasks`, side by side; everything else stays on the calling thread.

        `may_start(in_flight)` answers 0.0 when another task may start now, else the seconds after
        which to ask again (infinity: not before one in flight has settled). `settle` receives what
        finished, in any order, after freed places were filled again, so that saving takes no request
        slot. `tasks` is drawn up to `look_ahead` ahead of the free places, while calls are under way,
        and started in the order in which they were drawn.
        `idle` is called at least once a second (heartbeats). Ends when `tasks` is exhausted and all
        is settled. An exception of `work`, `may_start`, `settle`, `idle` or `tasks` ends the drawing
        and starting of tasks (those drawn but not started are dropped), waits for what is under way,
        settles it, and is raised.
        """


class WakeUps(Protocol):
    def wake(self, connection: ConnectionKey, kind: RecordKind, after: float = 0.0) -> None:
        """Have a worker look at the due rows of that connection and kind, after so many seconds.

        Several become several looks; a look that finds nothing costs little. Raises `RetryLater` when
        it cannot be sent now.
        """


class Tasks(Protocol):
    def hand_over(self, connection: ConnectionKey, kind: RecordKind, task: Task) -> None:
        """Have a worker of the kind do that task, which lies in rows; it may come twice, or late.

        Raises `RetryLater` when it cannot be sent now.
        """


class Metrics(Protocol):
    def add(self, metric: Metric, value: float = 1) -> None:
        """Goes out with the present invocation, added up. From any thread; raises nothing."""

    def flush(self) -> None:
        """Write out what was added; done at the end of each invocation."""


class Announcer(Protocol):
    def announce(self, notification: Notification) -> None:
        """Send it out to whoever is on call. Raises nothing: it stays listed in any case."""


class Workflows(Protocol):
    def start_sync(self, run: Run) -> None:
        """Have the run's state machine executed, under a name made of run id and takeovers.

        The same name again changes nothing. Raises `RetryLater` when it cannot be started now.
        """
