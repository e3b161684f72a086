"""What may go wrong in a world, how often, and the draw at each port call.

Each sort of fault has a mean number of opportunities between two of its kind. The gaps are drawn from
the world's seed, so that most port calls go well and a world still meets all sorts of trouble.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from random import Random

from tests.simulation.scheduler import Scheduler
from tests.support.fake_faults import (
    BooksCall,
    Busy,
    Fault,
    Limited,
    Lost,
    Missing,
    Rejected,
    Stopped,
)

RARELY, SOMETIMES, OFTEN = 6.0, 2.5, 1.0


class Sort(Enum):
    """A sort of fault."""

    DEATH = auto()
    STALL = auto()
    SLOW = auto()
    RESTART = auto()
    """Every function and execution ends, as by a restart of the local AWS without its data."""
    STORE = auto()
    WRITE = auto()
    READ = auto()
    TOKENS = auto()
    WORKFLOW = auto()
    TWICE = auto()
    """One event is delivered two times."""


MEAN_GAPS = {
    Sort.DEATH: 50,
    Sort.STALL: 120,
    Sort.SLOW: 40,
    Sort.RESTART: 300,
    Sort.STORE: 25,
    Sort.WRITE: 3,
    Sort.READ: 3,
    Sort.TOKENS: 2,
    Sort.WORKFLOW: 2,
    Sort.TWICE: 6,
}
"""Opportunities between two of the sort, on average, where it is frequent."""


ANYWHERE = (Sort.DEATH, Sort.RESTART, Sort.STALL, Sort.SLOW)
"""What may happen to a function at any port call."""


class StoreFault(Enum):
    BEFORE = auto()
    """It never happened."""
    AFTER = auto()
    """It happened, the answer was lost."""
    PART = auto()
    """A part of the rows was written, then no answer."""
    PART_AND_DEATH = auto()


class TokenFault(Enum):
    UNREACHABLE = auto()
    LOST = auto()
    """Issued, the answer lost."""
    BROKEN = auto()
    """Nothing issued, an answer that is not understood."""


@dataclass(frozen=True, slots=True)
class Temper:
    """Which faults a world has: sort to a factor on its mean gap; those left out do not occur."""

    factors: dict[Sort, float]

    @property
    def told(self) -> str:
        """For a person: each sort and its mean gap."""
        gaps = (
            f"{sort.name.lower()} {MEAN_GAPS[sort] * f:.0f}" for sort, f in self.factors.items()
        )
        return ", ".join(gaps) or "none"

    @classmethod
    def drawn(cls, random: Random) -> Temper:
        """One world in ten is calm; in the others about half the sorts occur."""
        if random.random() < 0.1:
            return cls({})
        return cls(
            {
                sort: random.choice((RARELY, SOMETIMES, OFTEN))
                for sort in Sort
                if random.random() < 0.55
            }
        )


class Faults:
    """Draws faults until `stop`. The outage of a provider or of storage is a time, not a call."""

    def __init__(self, scheduler: Scheduler, temper: Temper) -> None:
        self._scheduler = scheduler
        self._random = scheduler.random
        self._temper = temper
        self._left = {sort: self._gap(sort) for sort in temper.factors if sort not in ANYWHERE}
        self.on = True
        self._down_until: datetime | None = None
        self._here = [sort for sort in ANYWHERE if sort in temper.factors]
        self._weights = [1 / self._mean(sort) for sort in self._here]
        self._left_here = self._gap_here()

    def stop(self) -> None:
        """From now on everything works."""
        self.on = False
        self._down_until = None

    def go_down(self, seconds: float) -> None:
        """For so long the provider gives no answer at all; some writes are carried out all the same."""
        self._down_until = self._scheduler.now + timedelta(seconds=seconds)

    @property
    def any(self) -> bool:
        """Whether anything may go wrong now."""
        return self.on and bool(self._temper.factors)

    @property
    def down(self) -> bool:
        return self._down_until is not None and self._scheduler.now < self._down_until

    def strikes(self, sort: Sort) -> bool:
        """Whether this opportunity is taken."""
        if not self.on or sort not in self._left:
            return False
        self._left[sort] -= 1
        if self._left[sort] > 0:
            return False
        self._left[sort] = self._gap(sort)
        return True

    def at_gate(self) -> Sort | None:
        """One draw for everything that may happen anywhere: this is asked at each port call."""
        if not self._here or not self.on:
            return None
        self._left_here -= 1
        if self._left_here > 0:
            return None
        self._left_here = self._gap_here()
        return self._random.choices(self._here, self._weights)[0]

    def at_store(self, *, writes: bool, rows: int) -> StoreFault | None:
        if not self.strikes(Sort.STORE):
            return None
        kinds = [StoreFault.BEFORE]
        if writes:
            kinds.append(StoreFault.AFTER)
        if rows > 1:
            kinds += [StoreFault.PART, StoreFault.PART_AND_DEATH]
        return self._random.choice(kinds)

    def at_books(self, call: BooksCall) -> Fault | None:
        if call.request is None:
            return self._at_read()
        if self.down:
            return self._random.choice((Lost(None), Lost(None), Lost(0.0)))
        if not self.strikes(Sort.WRITE):
            return None
        fault = self._write_fault(len(call.request.entries))
        self._scheduler.note(f"FAULT {fault}")
        return fault

    def at_tokens(self) -> TokenFault | None:
        if self.down:
            return TokenFault.UNREACHABLE
        if not self.strikes(Sort.TOKENS):
            return None
        return self._random.choice(tuple(TokenFault))

    def some(self, rows: int) -> Sequence[int]:
        """A part of so many rows, in order: never all of them."""
        return sorted(self._random.sample(range(rows), self._random.randrange(rows)))

    def _at_read(self) -> Fault | None:
        if self.down:
            return Lost()
        if not self.strikes(Sort.READ):
            return None
        if self._random.random() < 0.15:
            self.go_down(self._random.choice((5, 40, 200, 900)))
        return self._random.choice((Lost(), Lost(), Limited(None), Limited(5.0)))

    def _write_fault(self, entries: int) -> Fault:
        draw = self._random
        places = frozenset(draw.sample(range(entries), draw.randint(1, entries)))
        kinds: tuple[tuple[float, Fault], ...] = (
            (3.0, Lost(None)),
            (5.0, Lost(0.0)),
            (3.0, Lost(0.0, first=draw.randrange(entries))),
            (1.5, Lost(draw.choice((1.0, 5.0, 20.0, 60.0)))),
            (2.0, Rejected()),
            (2.0, Limited(draw.choice((None, 2.0, 30.0)))),
            (3.0, Missing(places, executed=draw.random() < 0.6)),
            (3.0, Busy(places)),
            (0.6, Stopped()),
        )
        if draw.random() < 0.05:
            self.go_down(self._random.choice((5, 40, 200, 900)))
        return draw.choices([fault for _, fault in kinds], [weight for weight, _ in kinds])[0]

    def _mean(self, sort: Sort) -> float:
        return MEAN_GAPS[sort] * self._temper.factors[sort]

    def _gap(self, sort: Sort) -> int:
        return 1 + int(self._random.expovariate(1 / self._mean(sort)))

    def _gap_here(self) -> int:
        return 1 + int(self._random.expovariate(sum(self._weights))) if self._here else 0
