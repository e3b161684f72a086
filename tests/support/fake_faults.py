"""What may go wrong in one call to the fake books, as data. A test queues them, the simulation draws."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass

from shared.domain.runs import Problem
from shared.providers.base import WriteRequest

REJECTION = Problem("MALFORMED", "The request as a whole was refused.", "Correct it.")
ACCESS_WITHDRAWN = Problem("ACCESS_WITHDRAWN", "The books may not be used.", "Ask their owner.")


@dataclass(frozen=True, slots=True)
class Lost:
    """No trustworthy answer. A read raises `ProviderUnavailable`.

    `executed_after` None: it never reached the books. 0.0: it was carried out and the answer lost.
    More: a late commit, carried out that many seconds after the call was given up. `first`: only so
    many entries of a batch were carried out.
    """

    executed_after: float | None = None
    first: int | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """The whole request is definitely refused. A read raises `ProviderContractBroken`."""

    problem: Problem = REJECTION


@dataclass(frozen=True, slots=True)
class Limited:
    """Too many requests; nothing was carried out."""

    after: float | None = None


@dataclass(frozen=True, slots=True)
class Dead:
    """401 that a renewed token does not cure."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The books refuse this connection as a whole."""

    problem: Problem = ACCESS_WITHDRAWN


@dataclass(frozen=True, slots=True)
class Missing:
    """The answer is there but lacks the entries at these places; they are carried out or not."""

    places: frozenset[int]
    executed: bool = True


@dataclass(frozen=True, slots=True)
class Busy:
    """The entries at these places are refused for a passing cause."""

    places: frozenset[int]


Fault = Lost | Rejected | Limited | Dead | Stopped | Missing | Busy


@dataclass(frozen=True, slots=True)
class BooksCall:
    """One call: `on` is "batch", "single" or the name of a read; `request` only with a write."""

    on: str
    request: WriteRequest | None = None


class FaultQueue:
    """Hands out queued faults, first in first out, each to one call of its sort."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, deque[Fault | None]] = defaultdict(deque)

    def add(self, on: str, *faults: Fault | None) -> None:
        """None lets one call pass."""
        self._waiting[on].extend(faults)

    def __call__(self, call: BooksCall) -> Fault | None:
        waiting = self._waiting[call.on]
        return waiting.popleft() if waiting else None
