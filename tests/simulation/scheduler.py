"""One runnable actor at a time, on virtual time; who runs next is drawn from the world's seed.

An *actor* is a flow of control (a function's invocation, one call in flight, a person), a *process*
what dies as one (an invocation with its calls in flight). Actors are greenlets, so that the code under
test is the code that is deployed: it calls its ports, and the ports come here.

A process that died has no effect any more: whatever its unwinding code still calls (`finally`, a last
save) raises `ProcessDied` again at the port.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from greenlet import getcurrent, greenlet

from tests.support.effects import BEGINNING

MOST_POINTS = 60_000
"""A world that goes on longer than this is not getting anywhere."""


class ProcessDied(BaseException):
    """Thrown into every actor of a process that is no more; nothing of ours may catch it."""


class Livelock(BaseException):
    """The world did not come to rest; nothing of ours may catch it either."""


class Process:
    """`mortal`: a function, which may die anywhere; people and the clockwork of AWS go on.

    `stalled_until`: the last instant to which it was held up (see `Scheduler.stall`). `number` counts
    the processes of a world by their first actor's birth.
    """

    def __init__(self, name: str, *, mortal: bool = False) -> None:
        self.name = name
        self.mortal = mortal
        self.dead = False
        self.actors: list[Actor] = []
        self.stalled_until: datetime | None = None
        self.number = 0

    @property
    def lives(self) -> bool:
        return not self.dead and any(not actor.ended for actor in self.actors)


class Actor:
    """`error` is what its work raised, if it did; `ended` whether it is over, dead included."""

    __slots__ = ("ended", "error", "greenlet", "joined_by", "name", "process", "ticket", "woken")

    def __init__(self, name: str, process: Process) -> None:
        self.name = name
        self.process = process
        self.greenlet: greenlet | None = None
        self.ticket = 0
        """Changes with each parking, so that an old timer wakes nobody."""
        self.woken = False
        self.ended = False
        self.error: Exception | None = None
        self.joined_by: Actor | None = None


class Scheduler:
    """`random` is the one source of chance in a world. `trace` is None unless lines are to be kept."""

    def __init__(
        self, seed: int, *, keep_trace: bool = False, most_points: int = MOST_POINTS
    ) -> None:
        self.random = Random(seed)
        self._most_points = most_points
        self.points = 0
        self.trace: list[str] | None = [] if keep_trace else None
        self._digest = hashlib.blake2b(digest_size=16)
        self._now = self._noted_at = BEGINNING
        self._seconds = "0.000"
        self._hub = getcurrent()
        self._living: dict[Actor, None] = {}
        self._ready: list[Actor] = []
        self._timers: list[tuple[datetime, int, Actor, int]] = []
        self._timer_count = 0
        self._process_count = 0
        self._stuck: Livelock | None = None
        self.current: Actor | None = None

    # For everybody.

    @property
    def now(self) -> datetime:
        return self._now

    @property
    def digest(self) -> str:
        """Equal for two worlds in which the same happened in the same order."""
        return self._digest.hexdigest()

    def note(self, what: str) -> None:
        """A line of the trace."""
        who = self.current.name if self.current else "-"
        if self._noted_at is not self._now:
            self._noted_at = self._now
            self._seconds = f"{(self._now - BEGINNING).total_seconds():.3f}"
        line = f"{self._seconds} {who} {what}"
        self._digest.update(line.encode())
        if self.trace is not None:
            self.trace.append(line)

    # For the hub.

    def spawn(self, name: str, work: Callable[[], object], process: Process | None = None) -> Actor:
        """A new actor, ready to run: in this process, or in one of its own."""
        actor = Actor(name, process or Process(name))
        if not actor.process.actors:
            self._process_count += 1
            actor.process.number = self._process_count
        actor.process.actors.append(actor)
        actor.greenlet = greenlet(lambda: self._live(actor, work), self._hub)
        self._living[actor] = None
        self._ready.append(actor)
        return actor

    def run_until(self, actor: Actor) -> None:
        """Run everybody until this actor is over; raises what it raised, or `Livelock`."""
        while not actor.ended:
            self._switch(self._next())
            if self._stuck is not None:
                raise self._stuck
        if actor.error is not None:
            raise actor.error

    def end(self) -> None:
        """Kill whoever is left."""
        for actor in list(self._living):
            self.kill(actor.process, note=False)
        while self._ready:
            self._switch(self._ready.pop())

    # For actors.

    def point(self, what: str) -> None:
        """A port call: noted; others may run first. Raises `ProcessDied`, `Livelock`."""
        actor = self._running()
        self.points += 1
        if self.points > self._most_points:
            raise Livelock(f"{self.points} port calls")
        self.note(what)
        others = len(self._ready)
        if others:
            choice = self.random.randrange(others + 1)
            if choice < others:
                chosen = self._ready[choice]
                self._ready[choice] = actor
                self._switch(chosen)
                self.current = actor
                self._running()

    def sleep(self, seconds: float) -> None:
        """Until so many virtual seconds later. Raises `ProcessDied`."""
        self.wait(seconds)

    def wait(self, seconds: float | None = None) -> bool:
        """Park until woken (True) or so many seconds later (False). Raises `ProcessDied`."""
        actor = self._running()
        actor.ticket += 1
        actor.woken = False
        if seconds is not None:
            due = self._now + timedelta(seconds=max(0.0, seconds))
            self._timer_count += 1
            heapq.heappush(self._timers, (due, self._timer_count, actor, actor.ticket))
        self._switch(self._next())
        self.current = actor
        self._running()
        return actor.woken

    def wake(self, actor: Actor) -> None:
        """End its `wait`; nothing happens if it is not waiting."""
        if not actor.ended and actor is not self.current and actor not in self._ready:
            actor.woken = True
            self._make_ready(actor)

    def join(self, actor: Actor, seconds: float | None = None) -> bool:
        """Wait for its end, at most so long; answers whether it is over. Raises `ProcessDied`."""
        if not actor.ended:
            actor.joined_by = self._running()
            self.wait(seconds)
            actor.joined_by = None
        return actor.ended

    def kill(self, process: Process, *, note: bool = True) -> None:
        """The process is no more. The caller's own goes with its next port call, or by `die`."""
        if process.dead:
            return
        if note:
            self.note(f"KILL {process.name}")
        process.dead = True
        for actor in process.actors:
            if not actor.ended and actor is not self.current and actor not in self._ready:
                self._make_ready(actor)

    def die(self) -> None:
        """Kill the caller's own process here and now."""
        actor = self._running()
        self.kill(actor.process)
        raise ProcessDied

    def stall(self, seconds: float) -> None:
        """Hold the caller up, as a frozen machine would be; it then goes on as if nothing had been."""
        actor = self._running()
        self.note(f"STALL {seconds:.0f}")
        actor.process.stalled_until = self._now + timedelta(seconds=seconds)
        self.sleep(seconds)

    # Inside.

    def _running(self) -> Actor:
        actor = self.current
        assert actor is not None, "a port was called outside every actor"
        if actor.process.dead:
            raise ProcessDied
        return actor

    def _live(self, actor: Actor, work: Callable[[], object]) -> None:
        self.current = actor
        try:
            if not actor.process.dead:
                work()
        except ProcessDied:
            pass
        except Livelock as stuck:
            self._stuck = stuck
        except Exception as error:  # noqa: BLE001 - kept for who waits for the actor
            actor.error = error
        actor.ended = True
        del self._living[actor]
        if actor.joined_by is not None:
            self.wake(actor.joined_by)

    def _make_ready(self, actor: Actor) -> None:
        actor.ticket += 1
        self._ready.append(actor)

    def _next(self) -> Actor:
        """Who runs next, taken off the list; moves time on where nobody is ready."""
        while not self._ready:
            if not self._timers:
                raise Livelock("everybody waits for somebody")
            due, _, actor, ticket = heapq.heappop(self._timers)
            if actor.ticket == ticket and not actor.ended:
                self._now = max(self._now, due)
                self._make_ready(actor)
                self._make_ready_until(due)
        choice = self.random.randrange(len(self._ready)) if len(self._ready) > 1 else 0
        chosen = self._ready[choice]
        self._ready[choice] = self._ready[-1]
        self._ready.pop()
        return chosen

    def _make_ready_until(self, due: datetime) -> None:
        while self._timers and self._timers[0][0] <= due:
            _, _, actor, ticket = heapq.heappop(self._timers)
            if actor.ticket == ticket and not actor.ended:
                self._make_ready(actor)

    def _switch(self, actor: Actor) -> None:
        assert actor.greenlet is not None
        if actor.greenlet is not getcurrent():
            self.current = actor
            actor.greenlet.switch()
