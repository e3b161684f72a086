"""When the next call to a provider may start: the pace of one connection, shared by all functions.

Two modes (DESIGN section 4). `documented` never passes a documented figure. `adaptive` may pass the
per-second and per-minute ones, never the calls in flight, and only while no invoice or payment of the
connection waits; what it sends is counted all the same, so that the first 429 finds the truth. From
then on the connection is `documented` for 24 hours, for all functions (`shared.providers.lessons`).

- Permits are reserved in blocks by compare-and-set on the pacing row (`shared.providers.budget`).
- Calls in flight are shared too: who holds places renews them with each block; a place not renewed is
  free again after some seconds, or at once by `close`. Who finds none leaves a mark, and bulk kinds
  then leave it a place. Invoices and payments that wait for a window keep a share of the minute.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace
from typing import Final

from shared.domain.connections import PacingMode
from shared.domain.effects import Clock
from shared.domain.errors import ConnectionStopped, RateLimited, StorageUnavailable
from shared.domain.ids import ConnectionKey, RecordKind
from shared.domain.outcomes import CallOutcome
from shared.domain.runs import Problem
from shared.providers.base import CallClass, Limits
from shared.providers.budget import Block, Budget, Place, Waiter, from_text, to_text
from shared.providers.lessons import MOST_PAUSES, CallsOut, Ramp, absorb, side, teaches
from shared.storage.ports import PacingRow, PacingStore

FIRST_KINDS: Final = frozenset({RecordKind.INVOICE, RecordKind.PAYMENT})
KEPT_SHARE: Final = 0.25
"""Of minute figures, kept for invoices and payments while one of them waits."""

QUOTA_TAKEN: Final = Problem(
    "QUOTA_TAKEN",
    "Your books refuse further requests although we paused several times: another app, or a monthly"
    " limit, is using up what they allow.",
    "Try again later, or pause other apps that are connected to the same books.",
)

_TRIES: Final = 6
_LOST_RACE: Final = 0.05
_NO_PLACE: Final = 0.3
_MARK: Final = 3_000
"""Milliseconds that a mark of waiting is believed."""


@dataclass(frozen=True, slots=True)
class _BlockRule:
    """How many permits are reserved at once, and for how long (ms) they and their places are held."""

    permits: int
    usable: int
    held: int


# Places are renewed while more is to be sent; held on to for the last calls, and for a killed worker's.
# Calls hardly ever last 20 s, which `documented` relies on; `adaptive` wants a dead one's places back.
_DOCUMENTED_BLOCK: Final = _BlockRule(permits=10, usable=500, held=20_000)
_ADAPTIVE_BLOCK: Final = _BlockRule(permits=20, usable=1_000, held=6_000)
_DOCUMENTED_READ: Final = _BlockRule(permits=4, usable=2_000, held=20_000)
_ADAPTIVE_READ: Final = _BlockRule(permits=4, usable=2_000, held=3_000)


@dataclass(slots=True)
class _Holding:
    """The open block of this worker, and its places. Without a class there is no open block."""

    call_class: CallClass | None = None
    permits: int = 0
    usable_until: int = 0
    used: int = 0
    last_used: int = 0
    places: int = 0
    places_until: int = 0
    places_last: int = 0
    """For how long (ms) the places are held at a time."""


class Pacer:
    """The pace of one worker on one connection and kind of record. `owner` tells workers apart.

    Used from one thread, except `note`, which any thread may call: the sooner it hears of a 429 or a
    collision, the fewer calls follow it. Everything else raises `StorageUnavailable`, and
    `ConnectionStopped` (`QUOTA_TAKEN`) when waiting does not help.
    """

    def __init__(
        self,
        store: PacingStore,
        connection: ConnectionKey,
        limits: Limits,
        mode: PacingMode,
        kind: RecordKind,
        clock: Clock,
        owner: str,
    ) -> None:
        self._store = store
        self._connection = connection
        self._limits = limits
        self._mode = mode
        self._kind = kind
        self._clock = clock
        self._owner = owner
        self._ramp = Ramp(tuple(min(step, limits.in_flight) for step in limits.ramp))
        self._notes: deque[tuple[CallOutcome, CallClass]] = deque()
        self._calls = CallsOut()
        self._budget: Budget | None = None
        self._version = 0
        self._held = _Holding()

    def in_flight_limit(self, call_class: CallClass) -> int:
        """Calls in flight that this worker may have now, as far as it knows."""
        if call_class is CallClass.READ:
            return self._limits.in_flight
        if self._known.serial_until.get(self._kind, 0) > self._now():
            return 1
        return self._ramp.limit

    def may_start(self, call_class: CallClass, in_flight: int) -> float:
        """0.0: start one call now, its permit is used up; else the seconds after which to ask again.

        Infinity: not before one of this worker's `in_flight` calls has been noted.
        """
        self._learn()
        now = self._now()
        writes = call_class is not CallClass.READ
        if in_flight >= self.in_flight_limit(call_class) or (writes and self._ramp.full):
            self._renew_places(in_flight, now)
            return math.inf
        if self._known.pause_until > now:
            if self._known.pauses.get(side(call_class), 0) > MOST_PAUSES:
                raise ConnectionStopped(QUOTA_TAKEN)
            return (self._known.pause_until - now) / 1000
        if not self._has_permit(call_class, in_flight, now):
            pause = self._reserve(call_class, in_flight, now)
            if pause > 0:
                return pause
        held = self._held
        held.permits -= 1
        held.used += 1
        held.last_used = max(now, self._now())
        self._calls.out += 1
        if writes:
            self._ramp.started()
        return 0.0

    def note(self, outcome: CallOutcome, call_class: CallClass) -> None:
        """Hear what became of a call that was let go. It is taken in at the next question."""
        self._notes.append((outcome, call_class))

    def wait_turn(self, call_class: CallClass, at_most: float = math.inf) -> None:
        """Sleep until one call may start. Raises `RateLimited` when that takes longer than `at_most`."""
        left = at_most
        while (pause := self.may_start(call_class, 0)) > 0:
            if pause > left:
                raise RateLimited("the provider's limit leaves no room now", after=pause)
            self._clock.sleep(pause)
            left -= pause

    def rest(self) -> None:
        """After a read: hand back what would stay held for longer than a moment."""
        if self._held.places_last > _ADAPTIVE_READ.held:
            self.close()

    def close(self) -> None:
        """Hand back places and unused permits. Best effort: they lapse by themselves."""
        if self._budget is None:
            return
        try:
            self._learn()
            for _ in range(_TRIES):
                budget = self._known
                if not self._withdraw(budget) or self._save(budget):
                    return
        except StorageUnavailable:
            return

    @property
    def _known(self) -> Budget:
        """The budget as last seen; read on first use."""
        return self._budget if self._budget is not None else self._load()

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)

    def _load(self) -> Budget:
        row = self._store.load(self._connection)
        self._version = row.version if row else 0
        self._budget = from_text(row.state) if row else Budget()
        self._calls.heard_of(self._budget.throttled_at)
        return self._budget

    def _save(self, budget: Budget) -> bool:
        """False: somebody else was first, and the budget has been read again."""
        budget.forget_old(self._now())
        row = PacingRow(to_text(budget), self._version + 1)
        self._budget = None  # after an error nobody knows what is stored
        if self._store.save(self._connection, row):
            self._version, self._budget = row.version, budget
            return True
        self._load()
        return False

    def _learn(self) -> None:
        """Take in what was noted; what concerns all functions is stored at once."""
        notes = [self._notes.popleft() for _ in range(len(self._notes))]
        if not notes:
            return
        fresh = any(teaches(outcome, call_class, self._known) for outcome, call_class in notes)
        for attempt in range(_TRIES):
            budget = self._load() if fresh and attempt == 0 else self._known
            calls = replace(self._calls)
            changed = [self._absorbed(budget, calls, *note) for note in notes]
            if any(changed):
                self._correct(budget)
                if not self._save(budget):
                    continue
            self._calls = calls
            for outcome, call_class in notes:
                if call_class is not CallClass.READ:
                    self._ramp.noted(outcome)
            return
        self._notes.extendleft(reversed(notes))

    def _absorbed(
        self, budget: Budget, calls: CallsOut, outcome: CallOutcome, call_class: CallClass
    ) -> bool:
        return absorb(
            budget,
            calls,
            outcome,
            call_class,
            kind=self._kind,
            documented=self._mode is PacingMode.DOCUMENTED,
            limits=self._limits,
            now=self._now(),
        )

    def _has_permit(self, call_class: CallClass, in_flight: int, now: int) -> bool:
        held = self._held
        return (
            held.call_class is call_class
            and held.permits > 0
            and now <= held.usable_until
            and in_flight < held.places
            and now < held.places_until
        )

    def _reserve(self, call_class: CallClass, in_flight: int, now: int) -> float:
        """0.0 with a new block in hand, else the seconds to wait."""
        for _ in range(_TRIES):
            budget = self._known
            if budget.pause_until > now:
                return (budget.pause_until - now) / 1000
            self._correct(budget)
            rule, permits, ready = self._offer(budget, call_class, in_flight, now)
            if permits <= 0:
                return self._stand_back(budget, call_class, in_flight, now, ready)
            room = self._room_in_flight(budget, call_class, now)
            held = _Holding(call_class, permits, now + rule.usable)
            more = 1 if call_class is CallClass.READ else permits  # reads go one after another
            held.places, held.places_last = min(in_flight + more, room), rule.held
            held.places_until = now + rule.held
            budget.waiting.pop(self._owner, None)
            budget.places[self._owner] = Place(held.places, held.places_until)
            budget.reserve(call_class, Block(now, held.usable_until, permits, self._owner))
            if self._save(budget):
                self._held = held
                return 0.0
        return _LOST_RACE

    def _renew_places(self, in_flight: int, now: int) -> None:
        """Calls last longer than their places are held: say that they still do."""
        held = self._held
        if not in_flight or held.places_until - now >= held.places_last // 2:
            return
        held.places_until = now + held.places_last
        for _ in range(_TRIES):
            self._known.places[self._owner] = Place(in_flight, held.places_until)
            if self._save(self._known):
                held.places = in_flight
                return

    def _offer(
        self, budget: Budget, call_class: CallClass, in_flight: int, now: int
    ) -> tuple[_BlockRule, int, int]:
        """The kind of block, how many permits are to be had now, and when there is one at the soonest."""
        first_waits = self._gives_way and budget.waiters(self._owner, now, first_only=True) > 0
        documented = self._mode is PacingMode.DOCUMENTED or budget.documented_until > now
        windowed = documented or first_waits
        if call_class is CallClass.READ:
            rule = _DOCUMENTED_READ if windowed else _ADAPTIVE_READ
        else:
            rule = _DOCUMENTED_BLOCK if windowed else _ADAPTIVE_BLOCK
        free = self._room_in_flight(budget, call_class, now) - in_flight
        if free <= 0:
            return rule, 0, now
        if not windowed:
            return rule, rule.permits, now
        kept = KEPT_SHARE if first_waits else 0.0
        room, ready = budget.room(self._limits, call_class, now, kept)
        return rule, min(room, free, rule.permits), ready

    def _room_in_flight(self, budget: Budget, call_class: CallClass, now: int) -> int:
        """Places this worker may hold: what others leave, less one for each that waits."""
        left = self._limits.in_flight - budget.places_of_others(self._owner, now)
        if self._gives_way and call_class is not CallClass.READ:
            waiters = budget.waiters(self._owner, now, first_only=False)
            left = max(min(1, left), left - waiters)
        return min(left, self.in_flight_limit(call_class))

    @property
    def _gives_way(self) -> bool:
        return self._kind not in FIRST_KINDS

    def _stand_back(
        self, budget: Budget, call_class: CallClass, in_flight: int, now: int, ready: int
    ) -> float:
        """No room now. With nothing in flight: hold nothing meanwhile, and say that we wait."""
        by_window = ready > now
        if in_flight:  # a place of our own is free sooner than another's would be noticed
            self._renew_places(in_flight, now)
            return (ready - now) / 1000 if by_window else math.inf
        changed = self._owner in budget.places
        if changed:
            self._withdraw(budget)
        first = not self._gives_way and call_class is not CallClass.READ
        mark = budget.waiting.get(self._owner)
        if (first or not by_window) and (mark is None or mark.until - now < _MARK // 2):
            budget.waiting[self._owner] = Waiter(first, max(now, ready) + _MARK)
            changed = True
        if changed:
            self._save(budget)
        return (ready - now) / 1000 if by_window else _NO_PLACE

    def _correct(self, budget: Budget) -> None:
        """Say in `budget` what was used of our open block; its other permits are gone."""
        held = self._held
        if held.call_class is not None:
            budget.correct(self._owner, held.used, held.last_used)
        held.permits = 0

    def _withdraw(self, budget: Budget) -> bool:
        """Leave nothing of ours in `budget` but what was sent; answers whether there was something."""
        held = self._held
        there = (
            (held.call_class is not None and bool(budget.open_block(self._owner)))
            or self._owner in budget.places
            or self._owner in budget.waiting
        )
        self._correct(budget)
        held.places = held.places_last = 0
        budget.places.pop(self._owner, None)
        budget.waiting.pop(self._owner, None)
        return there
