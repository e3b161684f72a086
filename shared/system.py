"""The real effects behind the ports of `shared.domain.effects`: the only code that reaches for them."""

from __future__ import annotations

import contextvars
import queue
import random
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

IDLE_SECONDS: Final = 1.0
MOST_IN_FLIGHT: Final = 16
"""More than any provider's limit; `may_start` is what decides, this only bounds the pool."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))


class UuidIds:
    def new(self) -> str:
        return uuid.uuid4().hex


class SystemChance:
    def fraction(self) -> float:
        return random.random()  # noqa: S311 - jitter, never a secret (see the port)


class ThreadedInFlight:
    """`InFlight` over a pool of at most `most` threads, made anew for each map."""

    def __init__(self, most: int = MOST_IN_FLIGHT) -> None:
        self._most = most

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
        """See the port. After a failure `idle` goes on while calls under way are waited for.

        Raises `RuntimeError` when `may_start` answers infinity with nothing in flight to wait for.
        """
        with _Pool(work, self._most) as pool:
            _Map(tasks, pool, may_start, settle, idle, max(1, look_ahead), self._most).run()


@dataclass(slots=True)
class _Finished(Generic[T, R]):
    """A call's end: `results` has the one result, or is empty and `error` says why."""

    task: T
    results: list[R]
    error: BaseException | None


class _Pool(Generic[T, R]):
    """Threads that are started as they are first needed and end with the map."""

    def __init__(self, work: Callable[[T], R], most: int) -> None:
        self._work = work
        self._most = most
        self._waiting: queue.SimpleQueue[list[T] | None] = queue.SimpleQueue()
        self._finished: queue.SimpleQueue[_Finished[T, R]] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> _Pool[T, R]:
        return self

    def __exit__(self, *_: object) -> None:
        for _thread in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def start(self, task: T, in_flight: int) -> None:
        """`in_flight`: calls under way without this one; a thread is added when all are busy."""
        if len(self._threads) <= in_flight and len(self._threads) < self._most:
            name = f"in-flight-{len(self._threads) + 1}"
            # In a copy of the caller's context: what caused the work is known there too.
            thread = threading.Thread(
                target=contextvars.copy_context().run,
                args=(self._serve,),
                name=name,
                daemon=True,
            )
            thread.start()
            self._threads.append(thread)
        self._waiting.put([task])

    def next_finished(self, timeout: float) -> _Finished[T, R] | None:
        try:
            if timeout <= 0:
                return self._finished.get_nowait()
            return self._finished.get(timeout=timeout)
        except queue.Empty:
            return None

    def _serve(self) -> None:
        while (box := self._waiting.get()) is not None:
            task = box[0]
            try:
                end = _Finished[T, R](task, [self._work(task)], None)
            except BaseException as error:  # noqa: BLE001 - raised again on the calling thread
                end = _Finished[T, R](task, [], error)
            self._finished.put(end)


class _Map(Generic[T, R]):
    """One `map_in_flight`, as a loop of small steps on the calling thread."""

    def __init__(
        self,
        tasks: Iterator[T],
        pool: _Pool[T, R],
        may_start: Callable[[int], float],
        settle: Callable[[list[tuple[T, R]]], None],
        idle: Callable[[], None],
        look_ahead: int,
        most: int,
    ) -> None:
        self._tasks = tasks
        self._pool = pool
        self._may_start = may_start
        self._settle = settle
        self._idle = idle
        self._look_ahead = look_ahead
        self._most = most
        self._ahead: deque[T] = deque()
        self._exhausted = False
        self._in_flight = 0
        self._arrived: list[tuple[T, R]] = []
        self._idle_at = time.monotonic() + IDLE_SECONDS

    def run(self) -> None:
        try:
            self._run()
        except BaseException:
            self._wind_up()
            raise

    def _run(self) -> None:
        while True:
            self._collect(0.0)
            pause = self._fill()
            self._beat()
            if self._arrived:
                self._settle_arrived()  # may change what may start: ask again
            elif not self._exhausted and len(self._ahead) < self._look_ahead:
                self._draw()
            elif not (self._ahead or self._in_flight):
                return
            else:
                self._wait(pause)

    def _fill(self) -> float:
        """Start what may start from the tasks drawn ahead; answers when to ask again."""
        while self._ahead:
            if self._in_flight >= self._most:
                return float("inf")
            pause = self._may_start(self._in_flight)
            if pause > 0:
                return pause
            self._pool.start(self._ahead.popleft(), self._in_flight)
            self._in_flight += 1
        return float("inf")

    def _draw(self) -> None:
        """One task: between two draws a finished call is noticed."""
        try:
            self._ahead.append(next(self._tasks))
        except StopIteration:
            self._exhausted = True

    def _wait(self, pause: float) -> None:
        if not self._in_flight and pause == float("inf"):
            raise RuntimeError("may_start waits for a call to settle, but none is in flight")
        self._collect(min(pause, self._idle_at - time.monotonic()))

    def _collect(self, timeout: float) -> None:
        """Take in every call that has finished; wait up to `timeout` seconds for the first one."""
        error: BaseException | None = None
        while (end := self._pool.next_finished(timeout)) is not None:
            timeout = 0.0
            self._in_flight -= 1
            if end.error is None:
                self._arrived.append((end.task, end.results[0]))
            else:
                error = error or end.error
        if error is not None:
            raise error

    def _settle_arrived(self) -> None:
        arrived, self._arrived = self._arrived, []
        self._settle(arrived)

    def _beat(self) -> None:
        if time.monotonic() >= self._idle_at:
            self._idle_at = time.monotonic() + IDLE_SECONDS
            self._idle()

    def _wind_up(self) -> None:
        """After a failure: wait for what is under way and settle it; that failure is the one raised."""
        while self._in_flight:
            self._quietly(lambda: self._collect(max(0.0, self._idle_at - time.monotonic())))
            self._quietly(self._beat)
        if self._arrived:
            self._quietly(self._settle_arrived)

    @staticmethod
    def _quietly(step: Callable[[], None]) -> None:
        with suppress(Exception):  # the first failure is being raised already
            step()
