"""The shared budget of one connection, as pure data: what was sent lately, who may send how much.

Times are whole milliseconds since the epoch. A *block* is a number of permits that may be used between
its start and its end; it is reserved before use and counts until the end plus the window, so a count
can be too high, never too low. Its owner corrects it, at the next reservation, to what it really used.

A window is watched half a second longer than the provider states: that is what a network may add to
one request and not to the next. Whatever holds for every 60 seconds also holds for fixed minutes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from shared.providers.base import CallClass, Limits

JITTER: Final = 500
SECOND: Final = 1_000 + JITTER
MINUTE: Final = 60_000 + JITTER
MERGE_SPAN: Final = 100
"""Corrected blocks that fit together into this span are kept as one, so that the state stays small."""

_FORMAT: Final = 1


@dataclass(slots=True)
class Block:
    """`owner` is empty once the block says what was really used."""

    start: int
    end: int
    count: int
    owner: str = ""


@dataclass(slots=True)
class Place:
    """Calls under way: `count` of them, believed until `until` unless renewed."""

    count: int
    until: int


@dataclass(slots=True)
class Waiter:
    """Somebody found no room. `first`: an invoice or payment, which goes before other kinds."""

    first: bool
    until: int


@dataclass(slots=True)
class Budget:
    """The state that all functions of one connection share through `PacingStore`.

    `pauses` counts, for writes and for reads, the throttle pauses in a row without a success between.
    """

    blocks: dict[CallClass, list[Block]] = field(default_factory=dict)
    documented_until: int = 0
    throttled_at: int = 0
    pause_until: int = 0
    pauses: dict[str, int] = field(default_factory=dict)
    serial_until: dict[str, int] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    waiting: dict[str, Waiter] = field(default_factory=dict)

    def reserve(self, call_class: CallClass, block: Block) -> None:
        self.blocks.setdefault(call_class, []).append(block)

    def open_block(self, owner: str) -> Block | None:
        """The owner's block that is not corrected yet; there is one at most."""
        for blocks in self.blocks.values():
            for block in blocks:
                if block.owner == owner:
                    return block
        return None

    def correct(self, owner: str, used: int, last_used: int) -> None:
        """Replace the owner's open block by what was used of it."""
        block = self.open_block(owner)
        if block is not None:
            block.end = max(block.start, last_used)
            block.count = used
            block.owner = ""

    def forget_old(self, now: int) -> None:
        """Drop what no longer counts and join neighbours."""
        for call_class, blocks in self.blocks.items():
            self.blocks[call_class] = _joined(
                [b for b in blocks if b.end + MINUTE > now and b.count]
            )
        self.places = {k: v for k, v in self.places.items() if v.until > now}
        self.waiting = {k: v for k, v in self.waiting.items() if v.until > now}
        self.serial_until = {k: v for k, v in self.serial_until.items() if v > now}

    def room(self, limits: Limits, call_class: CallClass, now: int, kept: float) -> tuple[int, int]:
        """Permits to be had now under the documented windows, and when there is at least one.

        `kept`: the share of minute figures to leave to others.
        """
        room, ready = 10**9, now
        for counted, figure, window in self._windows(limits, call_class, kept):
            free, free_at = _window_room(counted, figure, window, now)
            room, ready = min(room, free), max(ready, free_at)
        return room, ready

    def places_of_others(self, owner: str, now: int) -> int:
        return sum(p.count for name, p in self.places.items() if name != owner and p.until > now)

    def waiters(self, owner: str, now: int, *, first_only: bool) -> int:
        return sum(
            1
            for name, waiter in self.waiting.items()
            if name != owner and waiter.until > now and (waiter.first or not first_only)
        )

    def _windows(
        self, limits: Limits, call_class: CallClass, kept: float
    ) -> Iterator[tuple[list[Block], int, int]]:
        everything = [block for blocks in self.blocks.values() for block in blocks]
        if limits.per_second is not None:
            yield everything, limits.per_second, SECOND
        if limits.all_per_minute is not None:
            yield everything, _leaving(limits.all_per_minute, kept), MINUTE
        if call_class in limits.per_minute:
            own = self.blocks.get(call_class, [])
            yield own, _leaving(limits.per_minute[call_class], kept), MINUTE


def _leaving(figure: int, kept: float) -> int:
    return max(1, figure - round(figure * kept))


def _window_room(blocks: list[Block], figure: int, window: int, now: int) -> tuple[int, int]:
    live = sorted((b.end + window, b.count) for b in blocks if b.end + window > now)
    free = figure - sum(count for _, count in live)
    ready, freed = now, free
    for leaves, count in live:
        if freed > 0:
            break
        freed += count
        ready = leaves
    return max(0, free), ready


def _joined(blocks: list[Block]) -> list[Block]:
    joined: list[Block] = []
    for block in sorted(blocks, key=lambda b: b.start):
        last = joined[-1] if joined else None
        closed = last is not None and not last.owner and not block.owner
        if last is not None and closed and max(last.end, block.end) - last.start <= MERGE_SPAN:
            last.end = max(last.end, block.end)
            last.count += block.count
        else:
            joined.append(block)
    return joined


def to_text(budget: Budget) -> str:
    return json.dumps(
        {
            "format": _FORMAT,
            "blocks": {
                call_class.value: [[b.start, b.end - b.start, b.count, b.owner] for b in blocks]
                for call_class, blocks in budget.blocks.items()
                if blocks
            },
            "documented_until": budget.documented_until,
            "throttled_at": budget.throttled_at,
            "pause_until": budget.pause_until,
            "pauses": budget.pauses,
            "serial_until": budget.serial_until,
            "places": {name: [p.count, p.until] for name, p in budget.places.items()},
            "waiting": {name: [w.first, w.until] for name, w in budget.waiting.items()},
        },
        separators=(",", ":"),
    )


def from_text(text: str) -> Budget:
    """A state of a format that is not ours counts as empty: a limit is then learnt anew."""
    state: dict[str, Any] = json.loads(text)
    if state.get("format") != _FORMAT:
        return Budget()
    return Budget(
        blocks={
            CallClass(name): [Block(s, s + length, n, owner) for s, length, n, owner in rows]
            for name, rows in state["blocks"].items()
        },
        documented_until=state["documented_until"],
        throttled_at=state["throttled_at"],
        pause_until=state["pause_until"],
        pauses=state["pauses"],
        serial_until=state["serial_until"],
        places={name: Place(*row) for name, row in state["places"].items()},
        waiting={name: Waiter(*row) for name, row in state["waiting"].items()},
    )
