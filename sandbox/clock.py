"""The sandbox's time: the machine's, plus what control added, so that tokens can be made to expire."""

import time
from datetime import UTC, datetime


class Clock:
    """Real time shifted by ``shift_seconds``. Latency and hangs are real waits and do not look here."""

    def __init__(self, shift_seconds: float = 0.0) -> None:
        self.shift_seconds = shift_seconds

    def seconds(self) -> float:
        """Seconds since 1970."""
        return time.time() + self.shift_seconds

    def now(self) -> datetime:
        """The same moment as an aware UTC datetime."""
        return datetime.fromtimestamp(self.seconds(), UTC)

    def advance(self, seconds: float) -> None:
        self.shift_seconds += seconds
