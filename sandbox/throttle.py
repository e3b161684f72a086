"""Counting calls against limits, in sliding or fixed windows, on the sandbox's clock."""

from collections import Counter, deque
from dataclasses import dataclass
from typing import Literal, TypeAlias

Window: TypeAlias = Literal["sliding", "fixed"]


@dataclass(frozen=True)
class Limit:
    """At most ``most`` calls of one ``key`` in ``seconds``."""

    key: str
    most: int
    seconds: int


class Throttle:
    """Admits a call only when every limit that concerns it has room; then it counts against each."""

    def __init__(self) -> None:
        self._times: dict[tuple[str, int], deque[float]] = {}
        self._in_flight: Counter[str] = Counter()

    def wait(
        self, limits: list[Limit], now: float, window: Window, *, count_refused: bool
    ) -> float:
        """Seconds until the call would have room: 0 means that it is admitted, and counted."""
        waits = [self._room(limit, now, window) for limit in limits]
        longest = max(waits, default=0.0)
        if longest == 0.0 or count_refused:
            for limit in limits:
                self._times[limit.key, limit.seconds].append(now)
        return longest

    def enter(self, key: str, most: int | None) -> bool:
        """Take a place among the calls in flight; False when all are taken (``most`` None: never)."""
        if most is not None and self._in_flight[key] >= most:
            return False
        self._in_flight[key] += 1
        return True

    def leave(self, key: str) -> None:
        self._in_flight[key] -= 1

    def forget(self) -> None:
        """Empty the windows; calls in flight stay counted."""
        self._times.clear()

    def _room(self, limit: Limit, now: float, window: Window) -> float:
        times = self._times.setdefault((limit.key, limit.seconds), deque())
        start = now - now % limit.seconds if window == "fixed" else now - limit.seconds
        while times and (times[0] < start if window == "fixed" else times[0] <= start):
            times.popleft()
        if len(times) < limit.most:
            return 0.0
        oldest_kept = times[-limit.most] if limit.most else now
        freed = start + limit.seconds if window == "fixed" else oldest_kept + limit.seconds
        return max(freed - now, 0.001)
