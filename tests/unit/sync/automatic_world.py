"""A company whose changes go to the books by themselves: the stream, the queue and the schedule by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from shared.domain.connections import Setup, StepState
from shared.domain.due import Change
from shared.domain.ids import RecordKind, SourceId
from shared.domain.records import Item
from shared.sync.automatic.relay import relay
from shared.sync.automatic.work import WorkedOff, work_off
from shared.sync.runs import take_over_abandoned_runs
from tests.support.effects import VirtualClock
from tests.support.services import COMPANY
from tests.support.wake_ups import RecordingWakeUps, tick
from tests.unit.sync.item_world import World

DECIDED = Setup(StepState.DONE, StepState.SKIPPED, StepState.PENDING)
FUNCTION = timedelta(seconds=60)


class StoryClock(VirtualClock):
    """Whoever sleeps on it lets pass what was told to happen meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self._stories: list[tuple[datetime, Callable[[], None]]] = []

    def at(self, after: float, story: Callable[[], None]) -> None:
        self._stories.append((self.now() + timedelta(seconds=after), story))

    def sleep(self, seconds: float) -> None:
        until = self.now() + timedelta(seconds=max(0.0, seconds))
        while self._stories and min(self._stories, key=_instant)[0] <= until:
            story = min(self._stories, key=_instant)
            self._stories.remove(story)
            super().sleep((story[0] - self.now()).total_seconds())
            story[1]()
        super().sleep((until - self.now()).total_seconds())


def _instant(story: tuple[datetime, Callable[[], None]]) -> datetime:
    return story[0]


class AutomaticWorld(World):
    """Changes are relayed as they are made, unless `streams` is turned off."""

    def __init__(self, **options: Any) -> None:
        self.stories = StoryClock()
        super().__init__(clock=self.stories, **options)
        self.reconnect(setup=DECIDED)
        self.streams = True
        self.ends: list[WorkedOff] = []
        """How each wake-up ended."""

    @property
    def wake_ups(self) -> RecordingWakeUps:
        wake_ups = self.services.wake_ups
        assert isinstance(wake_ups, RecordingWakeUps)
        return wake_ups

    def has(self, *names: str, **values: Any) -> list[SourceId]:
        made = super().has(*names, **values)
        self._relayed(made)
        return made

    def edit(self, source_id: str, **changes: Any) -> Item:
        edited = super().edit(source_id, **changes)
        self._relayed([edited.source_id])
        return edited

    def relay(self, *source_ids: str) -> None:
        """The stream tells of these records as they are stored now."""
        items = self.items
        relay(
            self.services,
            [
                Change(COMPANY, RecordKind.ITEM, SourceId(one), items[SourceId(one)].version)
                for one in source_ids
            ],
        )

    def _relayed(self, source_ids: list[SourceId]) -> None:
        if self.streams:
            self.relay(*source_ids)

    def deliver(self) -> WorkedOff | None:
        """The queue's next message, at its time; None: there is none."""
        message = self.wake_ups.take_next()
        if message is None:
            return None
        at, key, kind = message
        self.clock.sleep((at - self.clock.now()).total_seconds())
        self._dead, self._performing = False, True
        try:
            end = work_off(self.services, key, kind, self.clock.now() + FUNCTION)
        finally:
            self._performing = False
        self.ends.append(end)
        return end

    def settle_down(self, within: float = 3600.0) -> None:
        """Deliver messages until there are none, at most for so many seconds."""
        until = self.clock.now() + timedelta(seconds=within)
        while self.wake_ups.sent and min(self.wake_ups.sent)[0] <= until:
            self.deliver()

    def minute(self) -> None:
        """The schedule ticks, a minute later."""
        self.clock.sleep(60)
        take_over_abandoned_runs(self.services)
        tick(self.services)

    @property
    def due(self) -> list[str]:
        look = self.services.stores.due.look(
            self.connection.key, RecordKind.ITEM, self.clock.now() + timedelta(days=9), 10_000
        )
        return [row.source_id for row in look.ready]
