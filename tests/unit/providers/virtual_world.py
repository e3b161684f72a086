"""A virtual clock, a strict reference server and pushers, for simulating the pace of calls.

Events run one at a time in order of virtual time; equal times in the order in which they were made.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from shared.domain.connections import PacingMode
from shared.domain.ids import CompanyId, ConnectionKey, ProviderName, RecordKind, SourceId
from shared.domain.outcomes import Answered, CallOutcome, EntryBusy, Throttled
from shared.domain.runs import Problem
from shared.providers.base import CallClass, Limits
from shared.providers.pacing import Pacer
from shared.storage.ports import PacingRow

CONNECTION = ConnectionKey(CompanyId("c1"), ProviderName("quickbooks"))
LIMITS = Limits(
    in_flight=10,
    per_second=10,
    per_minute={CallClass.BATCH: 40, CallClass.SINGLE: 500, CallClass.READ: 500},
    all_per_minute=500,
    throttle_pause=60.0,
    ramp=(1, 4, 10),
)
START = datetime(2026, 11, 22, 9, 0, 0, tzinfo=UTC)
BUSY = EntryBusy(Problem("REMOTE_BUSY", "Another change was being saved."))
ANSWERED = Answered({})
COLLIDED = Answered({SourceId("s1"): BUSY})


class MemoryPacing:
    """`PacingStore` in a dictionary; counts what it is asked."""

    def __init__(self) -> None:
        self.rows: dict[ConnectionKey, PacingRow] = {}
        self.loads = 0
        self.saves = 0

    def load(self, connection: ConnectionKey) -> PacingRow | None:
        self.loads += 1
        return self.rows.get(connection)

    def save(self, connection: ConnectionKey, row: PacingRow) -> bool:
        self.saves += 1
        stored = self.rows.get(connection)
        if row.version != (stored.version if stored else 0) + 1:
            return False
        self.rows[connection] = row
        return True


class World:
    """The clock of the simulation (a `Clock`: `sleep` lets events run until then)."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        until = self.seconds + max(0.0, seconds)
        self.run(until)
        self.seconds = until

    def at(self, seconds: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (seconds, next(self._numbers), event))

    def run(self, until: float = math.inf) -> None:
        while self._events and self._events[0][0] <= until:
            self.seconds, _, event = heapq.heappop(self._events)
            event()


@dataclass
class StrictServer:
    """Refuses whatever passes a documented figure, at the instant a request arrives.

    `fixed_minute`: minutes begin at `phase` and every 60 s after, instead of sliding. `refused_count`:
    a refused request counts in the windows as well. `collides`: two batches at once are a collision.
    """

    fixed_minute: bool = False
    phase: float = 0.0
    refused_count: bool = True
    collides: bool = False
    unlimited: bool = False
    closed: bool = False
    retry_after: float | None = None
    arrivals: list[tuple[float, CallClass]] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0
    refused: int = 0
    batches_under_way: int = 0

    def arrive(self, now: float, call_class: CallClass) -> CallOutcome:
        refused = self.closed or (not self.unlimited and not self._allows(now, call_class))
        if self.refused_count or not refused:
            self.arrivals.append((now, call_class))
        if refused:
            self.refused += 1
            return Throttled(self.retry_after)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        collided = self.collides and call_class is CallClass.BATCH and self.batches_under_way > 0
        self.batches_under_way += call_class is CallClass.BATCH
        return COLLIDED if collided else ANSWERED

    def leave(self, call_class: CallClass) -> None:
        self.under_way -= 1
        self.batches_under_way -= call_class is CallClass.BATCH

    def _allows(self, now: float, call_class: CallClass) -> bool:
        minute_began = now - 60.0
        if self.fixed_minute:
            minute_began = now - math.fmod(now - self.phase, 60.0) - 1e-9
        minute = [c for t, c in self.arrivals if t > minute_began]
        second = [c for t, c in self.arrivals if t > now - 1.0]
        own = sum(1 for c in minute if c is call_class)
        return (
            self.under_way < LIMITS.in_flight
            and len(second) < 10
            and len(minute) < 500
            and own < LIMITS.per_minute[call_class]
        )


class Pusher:
    """Sends `tasks` calls as `map_in_flight` does: what is refused or collides goes again.

    While calls are under way it asks at least once a second, as the real map does between heartbeats.
    """

    def __init__(
        self,
        world: World,
        server: StrictServer,
        pacer: Pacer,
        tasks: int,
        *,
        call_class: CallClass = CallClass.BATCH,
        lasting: Callable[[], float] = lambda: 0.5,
        travel: Callable[[], float] = lambda: 0.0,
        note_late: bool = False,
    ) -> None:
        self._world = world
        self._server = server
        self._pacer = pacer
        self._left = tasks
        self._call_class = call_class
        self._lasting = lasting
        self._travel = travel
        self._note_late = note_late
        self._asking = False
        self._late: list[CallOutcome] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.done = 0
        self.starts: list[float] = []
        self.finished_at = 0.0
        world.at(world.seconds, self._pump)

    def _pump(self) -> None:
        self._asking = False
        while self._left:
            pause = self._pacer.may_start(self._call_class, self.in_flight)
            if pause > 0:
                if math.isinf(pause):
                    assert self.in_flight or self._late, "infinity with nothing in flight"
                if self.in_flight:
                    self._ask_in(min(pause, 1.0))
                elif not math.isinf(pause):
                    self._ask_in(pause)
                return
            self._start()

    def _ask_in(self, pause: float) -> None:
        if not self._asking:
            self._asking = True
            self._world.at(self._world.seconds + pause, self._pump)

    def _start(self) -> None:
        self._left -= 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self.starts.append(self._world.seconds)
        self._world.at(self._world.seconds + self._travel(), self._arrive)

    def _arrive(self) -> None:
        outcome = self._server.arrive(self._world.seconds, self._call_class)
        if isinstance(outcome, Throttled):
            self._world.at(self._world.seconds + self._travel(), lambda: self._finish(outcome))
            return
        lasting = self._lasting()
        self._world.at(self._world.seconds + lasting, lambda: self._server.leave(self._call_class))
        self._world.at(
            self._world.seconds + lasting + self._travel(), lambda: self._finish(outcome)
        )

    def _finish(self, outcome: CallOutcome) -> None:
        self.in_flight -= 1
        if outcome is ANSWERED:
            self.done += 1
            self.finished_at = self._world.seconds
        else:
            self._left += 1
        if self._note_late:
            self._late.append(outcome)
            self._pump()
            late, self._late = self._late, []
            for one in late:
                self._pacer.note(one, self._call_class)
        else:
            self._pacer.note(outcome, self._call_class)
        self._pump()


def pacer(
    world: World,
    store: MemoryPacing,
    *,
    mode: PacingMode = PacingMode.ADAPTIVE,
    kind: RecordKind = RecordKind.ITEM,
    owner: str = "a",
) -> Pacer:
    return Pacer(store, CONNECTION, LIMITS, mode, kind, world, owner)


def uniform(chance: random.Random, low: float, high: float) -> Callable[[], float]:
    return lambda: chance.uniform(low, high)
