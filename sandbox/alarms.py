"""What is to happen later by the sandbox's clock, whether time passes or control turns the clock."""

import asyncio
import heapq
from collections.abc import Callable
from itertools import count

from sandbox.clock import Clock


class Alarms:
    """Actions in the order of their times. Nothing of it is saved: an end of the process loses them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._order = count()
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """``act`` once, when the clock has gone on by so much. Inside a running event loop only."""
        due = self._clock.seconds() + seconds
        heapq.heappush(self._waiting, (due, next(self._order), act))
        asyncio.get_running_loop().call_later(seconds, self.ring)

    def ring(self) -> None:
        """Do all that is due by now."""
        now = self._clock.seconds()
        while self._waiting and self._waiting[0][0] <= now:
            heapq.heappop(self._waiting)[2]()

    def clear(self) -> None:
        self._waiting.clear()

    def __len__(self) -> int:
        return len(self._waiting)
