"""Runs actors one at a time, each in a thread of its own that stops at every port call.

Who goes on, who dies and how time passes is read from a script of bytes, so that hypothesis can make,
shrink and replay one. Where the script ends the first who can goes on, and nothing fails any more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from shared.domain.errors import StorageUnavailable
from tests.unit.auth.doubles import START

T = TypeVar("T")


class Killed(BaseException):
    """The process is gone: nothing of it runs any more, no clean-up either."""


@dataclass(eq=False)
class Actor:
    name: str
    work: Callable[[], object]
    skew: timedelta
    wakes_at: datetime = START
    at_store: bool = False
    """Stopped before or after a call of a store."""
    order: BaseException | None = None
    """What to raise when it goes on."""
    ended: bool = False
    killed: bool = False
    result: object = None
    turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))


class Interleaving:
    """`faults` says whether actors may die or stall and storage may fail."""

    def __init__(self, script: bytes, *, faults: bool) -> None:
        self._script = iter(script)
        self._faults = faults
        self._back = threading.Semaphore(0)
        self._running: Actor | None = None
        self.now = START
        self.actors: list[Actor] = []
        self.faults_happened = 0

    @property
    def running(self) -> Actor:
        assert self._running is not None
        return self._running

    def add(self, name: str, work: Callable[[], object], skew: timedelta = timedelta(0)) -> None:
        self.actors.append(Actor(name, work, skew))

    def step(self, *, at_store: bool = False, until: datetime | None = None) -> None:
        """Called by the running actor: others may run now. Raises what the schedule has for it."""
        actor = self.running
        actor.at_store = at_store
        actor.wakes_at = until or self.now
        self._back.release()
        actor.turn.acquire()
        order, actor.order = actor.order, None
        if order is not None:
            raise order

    def run(self) -> None:
        """Until every actor has ended."""
        threads = [threading.Thread(target=self._live, args=(actor,)) for actor in self.actors]
        for thread in threads:
            thread.start()
        self._run()
        for thread in threads:
            thread.join()

    def _run(self) -> None:
        while waiting := [actor for actor in self.actors if not actor.ended]:
            ready = [actor for actor in waiting if actor.wakes_at <= self.now]
            if not ready:
                self.now = min(actor.wakes_at for actor in waiting)
                continue
            actor = self._choose(ready)
            happening = self._choose(self._happenings(actor))
            if isinstance(happening, timedelta):
                self.now += happening
                continue
            self._resume(actor, happening)

    def _choose(self, options: Sequence[T]) -> T:
        return options[next(self._script, 0) % len(options)]

    def _happenings(self, actor: Actor) -> list[object]:
        """Most often it just goes on; first what shrinks best."""
        happenings: list[object] = [None] * 12
        if self._faults:
            happenings += [timedelta(seconds=seconds) for seconds in (1, 12, 40, 70)]
            happenings.append(Killed())
            if actor.at_store:
                happenings.append(StorageUnavailable("no answer"))
        return happenings

    def _resume(self, actor: Actor, order: BaseException | None) -> None:
        actor.order = order
        if order is not None:
            self.faults_happened += 1
            actor.killed = isinstance(order, Killed)
        self._running = actor
        actor.turn.release()
        self._back.acquire()
        self._running = None

    def _live(self, actor: Actor) -> None:
        actor.turn.acquire()
        try:
            actor.result = actor.order or actor.work()
        except BaseException as error:  # noqa: BLE001 it is the actor's result; the test judges it
            actor.result = error
        actor.ended = True
        self._back.release()


class ActorClock:
    """The clock of whichever actor runs, with that actor's skew."""

    def __init__(self, interleaving: Interleaving) -> None:
        self._interleaving = interleaving

    def now(self) -> datetime:
        running = self._interleaving._running
        return self._interleaving.now + (running.skew if running else timedelta(0))

    def sleep(self, seconds: float) -> None:
        self._interleaving.step(until=self._interleaving.now + timedelta(seconds=seconds))
