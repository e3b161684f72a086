"""`map_in_flight` with actors in place of threads, in the order of steps of `shared.system`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from shared.system import IDLE_SECONDS, MOST_IN_FLIGHT
from tests.simulation.scheduler import Actor, Scheduler

T = TypeVar("T")
R = TypeVar("R")

IDLE = timedelta(seconds=IDLE_SECONDS)
NEVER = float("inf")


class SimulatedInFlight:
    """Every call is an actor of the calling process; starting and settling are points."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

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
        """See the port."""
        _Map(self._scheduler, tasks, work, may_start, settle, idle, max(1, look_ahead)).run()


class _Map(Generic[T, R]):
    def __init__(
        self,
        scheduler: Scheduler,
        tasks: Iterator[T],
        work: Callable[[T], R],
        may_start: Callable[[int], float],
        settle: Callable[[list[tuple[T, R]]], None],
        idle: Callable[[], None],
        look_ahead: int,
    ) -> None:
        self._scheduler = scheduler
        self._tasks = tasks
        self._work = work
        self._may_start = may_start
        self._settle = settle
        self._idle = idle
        self._look_ahead = look_ahead
        self._ahead: deque[T] = deque()
        self._exhausted = False
        self._in_flight = 0
        self._waiting = False
        self._finished: deque[tuple[T, list[R], Exception | None]] = deque()
        self._arrived: list[tuple[T, R]] = []
        self._idle_at: datetime = scheduler.now + IDLE
        assert scheduler.current is not None
        self._caller: Actor = scheduler.current

    def run(self) -> None:
        try:
            self._run()
        except Exception:
            self._wind_up()
            raise

    def _run(self) -> None:
        while True:
            self._collect(0.0)
            pause = self._fill()
            self._beat()
            if self._arrived:
                self._settle_arrived()
            elif not self._exhausted and len(self._ahead) < self._look_ahead:
                self._draw()
            elif not (self._ahead or self._in_flight):
                return
            else:
                self._wait(pause)

    def _fill(self) -> float:
        while self._ahead:
            if self._in_flight >= MOST_IN_FLIGHT:
                return NEVER
            pause = self._may_start(self._in_flight)
            if pause > 0:
                return pause
            self._start(self._ahead.popleft())
        return NEVER

    def _start(self, task: T) -> None:
        def call() -> None:
            try:
                end = (task, [self._work(task)], None)
            except Exception as error:  # noqa: BLE001 - raised again by the caller
                end = (task, [], error)
            self._finished.append(end)
            if self._waiting:
                self._scheduler.wake(self._caller)

        self._in_flight += 1
        self._scheduler.point("call starts")
        self._scheduler.spawn(f"{self._caller.name}/call", call, self._caller.process)

    def _draw(self) -> None:
        try:
            self._ahead.append(next(self._tasks))
        except StopIteration:
            self._exhausted = True

    def _wait(self, pause: float) -> None:
        assert self._in_flight or pause < NEVER, "waits for a call, but none is in flight"
        self._collect(min(pause, self._until_idle()))

    def _until_idle(self) -> float:
        return max(0.0, (self._idle_at - self._scheduler.now).total_seconds())

    def _collect(self, seconds: float) -> None:
        if not self._finished and seconds > 0:
            self._waiting = True
            self._scheduler.wait(seconds)
            self._waiting = False
        failure: Exception | None = None
        while self._finished:
            task, results, error = self._finished.popleft()
            self._in_flight -= 1
            if error is None:
                self._arrived.append((task, results[0]))
            failure = failure or error
        if failure is not None:
            raise failure

    def _settle_arrived(self) -> None:
        arrived, self._arrived = self._arrived, []
        self._scheduler.point(f"settles {len(arrived)}")
        self._settle(arrived)

    def _beat(self) -> None:
        if self._scheduler.now >= self._idle_at:
            self._idle_at = self._scheduler.now + IDLE
            self._idle()

    def _wind_up(self) -> None:
        while self._in_flight:
            with suppress(Exception):
                self._collect(self._until_idle() or IDLE_SECONDS)
            with suppress(Exception):
                self._beat()
        if self._arrived:
            with suppress(Exception):
                self._settle_arrived()
