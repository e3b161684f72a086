"""The ports of `shared.domain.effects` for one thread: virtual time, counted ids, seeded chance."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

BEGINNING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class VirtualClock:
    """Stands still but for `sleep`. `slept` lists every pause, in seconds."""

    def __init__(self, now: datetime = BEGINNING) -> None:
        self._now = now
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._now += timedelta(seconds=max(0.0, seconds))


class SequentialIds:
    """32 hexadecimal characters that count up."""

    def __init__(self) -> None:
        self._last = 0

    def new(self) -> str:
        self._last += 1
        return f"{self._last:032x}"


class SeededChance:
    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)

    def fraction(self) -> float:
        return self._random.random()


class SerialInFlight:
    """`InFlight` on the calling thread: a call runs when it is started, and settles some calls later.

    `may_start` is asked with the calls that are not settled yet; all of them settle together, when
    no more may start. So its answers decide which calls are "in flight" side by side.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

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
        ahead: deque[T] = deque()
        arrived: list[tuple[T, R]] = []
        try:
            while True:
                ahead.extend(islice(tasks, max(1, look_ahead) - len(ahead)))
                if not ahead and not arrived:
                    return
                pause = may_start(len(arrived)) if ahead else float("inf")
                if pause <= 0:
                    task = ahead.popleft()
                    arrived.append((task, work(task)))
                elif arrived:
                    settled, arrived = arrived, []
                    settle(settled)
                    idle()
                else:
                    assert pause < float("inf"), "waits for a call to settle, but none is in flight"
                    self._clock.sleep(pause)
                    idle()
        except BaseException:
            if arrived:
                settle(arrived)
            raise
