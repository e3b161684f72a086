"""What waits is measured each minute, whatever it waits for, and costs nothing once it is gone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from shared.domain.connections import ConnectionState
from shared.domain.due import AutomaticState
from shared.domain.ids import ConnectionKey, RecordKind, SourceId
from shared.storage.ports import AutomaticStore
from shared.sync.automatic.relay import make_due
from shared.sync.automatic.resume import resume
from tests.support.fake_books import Lost
from tests.support.metrics import RecordingMetrics
from tests.unit.sync.automatic_world import AutomaticWorld


def without_a_worker() -> AutomaticWorld:
    """One item has changed, and nothing is scheduled: its wake-up is lost."""
    world = AutomaticWorld()
    world.has("Pipe")
    world.wake_ups.sent.clear()
    return world


def measured(world: AutomaticWorld) -> tuple[float, float]:
    """By the schedule's next tick: the oldest one's age in seconds, and how many wait."""
    metrics = RecordingMetrics()
    world.services = replace(world.services, metrics=metrics)
    world.minute()
    return metrics.totals["OldestUnsyncedSeconds"], metrics.totals["DueRows"]


def looked_at(world: AutomaticWorld) -> Sequence[ConnectionKey]:
    return world.services.stores.automatic.due_everywhere(world.clock.now(), 10)


def state_of(world: AutomaticWorld) -> AutomaticState:
    state = world.services.stores.automatic.load(world.connection.key)
    assert state is not None
    return state


def test_a_row_whose_wake_up_is_lost_is_seen_each_minute() -> None:
    world = without_a_worker()
    world.minute()  # the first comparison, which wakes a worker
    world.wake_ups.sent.clear()
    assert [measured(world) for _ in range(3)] == [(120, 1), (180, 1), (240, 1)]
    assert world.wake_ups.sent == []


def test_rows_made_due_by_a_person_are_seen_too() -> None:
    world = AutomaticWorld()
    world.streams = False
    world.has("Pipe")
    resume(world.services, world.connection.key)
    world.minute()
    world.settle_down()
    measured(world)
    make_due(world.services, world.connection.key, RecordKind.ITEM, [(SourceId("01"), 2)])
    world.wake_ups.sent.clear()
    assert [measured(world) for _ in range(2)] == [(60, 1), (120, 1)]


def test_what_is_gone_is_looked_at_once_more_and_then_no_longer() -> None:
    world = without_a_worker()
    measured(world)
    world.settle_down()
    assert world.due == []
    assert measured(world) == (0, 0)
    version = state_of(world).version
    for _ in range(10):
        assert measured(world) == (0, 0)
        assert looked_at(world) == []
    assert state_of(world).version == version, "nothing is written any more"


def test_more_rows_while_it_is_looked_at_write_nothing() -> None:
    world = without_a_worker()
    version = state_of(world).version
    world.edit("01", price="4")
    world.has("Elbow")
    assert state_of(world).version == version


def test_with_an_open_circuit_it_is_seen_as_well() -> None:
    world = AutomaticWorld()
    world.books.choose_fault = lambda _: Lost(None)
    world.has("Pipe")
    world.deliver()
    world.wake_ups.sent.clear()
    ages = [measured(world)[0] for _ in range(3)]
    assert [later - earlier for earlier, later in pairwise(ages)] == [60, 60]


def test_what_waits_for_a_person_to_reconnect_is_seen_again_from_then_on() -> None:
    world = without_a_worker()
    world.minute()
    world.wake_ups.sent.clear()
    world.reconnect(state=ConnectionState.NEEDS_REAUTH)
    assert [measured(world) for _ in range(2)] == [(0, 0), (0, 0)]
    assert looked_at(world) == []
    world.reconnect(state=ConnectionState.CONNECTED)
    resume(world.services, world.connection.key)
    world.wake_ups.sent.clear()
    assert [measured(world) for _ in range(2)] == [(240, 1), (300, 1)]


class Interrupted:
    """An `AutomaticStore`: something happens just before the first save that puts out of sight."""

    def __init__(self, store: AutomaticStore, story: Callable[[], object]) -> None:
        self._store = store
        self._stories = [story]

    def load(self, connection: ConnectionKey) -> AutomaticState | None:
        return self._store.load(connection)

    def save(self, state: AutomaticState) -> bool:
        if state.look_at is None and self._stories:
            self._stories.pop()()
        return self._store.save(state)

    def due_everywhere(self, now: datetime, limit: int) -> Sequence[ConnectionKey]:
        return self._store.due_everywhere(now, limit)


def test_a_row_stored_while_the_connection_goes_out_of_sight_is_seen() -> None:
    world = without_a_worker()
    world.minute()
    world.settle_down()

    def edited() -> None:
        world.edit("01", price="4")
        world.wake_ups.sent.clear()

    stores = world.services.stores
    interrupted = Interrupted(stores.automatic, edited)
    world.services = replace(world.services, stores=replace(stores, automatic=interrupted))
    assert measured(world) == (0, 1)
    assert measured(world) == (60, 1)
