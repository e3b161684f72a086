"""The real effects: what `ThreadedInFlight` promises, with real threads."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.system import SystemChance, SystemClock, ThreadedInFlight, UuidIds

Settled = list[tuple[int, int]]


def nothing() -> None:
    pass


def up_to(most: int) -> Callable[[int], float]:
    return lambda in_flight: 0.0 if in_flight < most else math.inf


class Gate:
    """Work that ends when the test says so."""

    def __init__(self) -> None:
        self._ends: dict[int, threading.Event] = {}
        self._lock = threading.Lock()
        self.started: list[int] = []

    def end(self, task: int) -> None:
        self._event(task).set()

    def work(self, task: int) -> int:
        with self._lock:
            self.started.append(task)
        assert self._event(task).wait(5)
        return task * 10

    def _event(self, task: int) -> threading.Event:
        with self._lock:
            return self._ends.setdefault(task, threading.Event())


def test_clock_is_aware_utc_and_sleeps_at_least_as_long() -> None:
    clock = SystemClock()
    before = clock.now()
    clock.sleep(0.02)
    clock.sleep(-1)
    assert clock.now() - before >= timedelta(seconds=0.02)
    assert before.tzinfo is UTC


def test_ids_are_32_hexadecimal_characters_and_differ() -> None:
    ids = [UuidIds().new() for _ in range(100)]
    assert len(set(ids)) == 100
    assert all(len(one) == 32 and int(one, 16) >= 0 for one in ids)


def test_chance_stays_below_one() -> None:
    assert all(0.0 <= SystemChance().fraction() < 1.0 for _ in range(1000))


@settings(max_examples=40, deadline=None)
@given(
    durations=st.lists(st.integers(0, 8), max_size=40),
    allowed=st.lists(st.integers(1, 6), min_size=1, max_size=10),
    look_ahead=st.integers(0, 8),
    settling=st.integers(0, 3),
)
def test_every_task_is_settled_once_and_never_more_are_in_flight_than_allowed(
    durations: list[int], allowed: list[int], look_ahead: int, settling: int
) -> None:
    lock = threading.Lock()
    calling_thread = threading.get_ident()
    at_once, exceeded, asked, drawn = [0], [False], [0], [0]
    settled: Settled = []
    limit = [0]

    def tasks() -> Iterator[int]:
        for task in range(len(durations)):
            assert threading.get_ident() == calling_thread
            drawn[0] += 1
            yield task

    def may_start(in_flight: int) -> float:
        assert threading.get_ident() == calling_thread
        asked[0] += 1
        limit[0] = allowed[asked[0] % len(allowed)]
        return 0.0 if in_flight < limit[0] else 0.001

    def work(task: int) -> int:
        with lock:
            at_once[0] += 1
            exceeded[0] = exceeded[0] or at_once[0] > max(allowed)
        time.sleep(durations[task] / 1000)
        with lock:
            at_once[0] -= 1
        return -task

    def settle(results: Settled) -> None:
        assert threading.get_ident() == calling_thread
        assert results
        time.sleep(settling / 1000)
        settled.extend(results)

    ThreadedInFlight().map_in_flight(
        tasks(), work, may_start=may_start, settle=settle, idle=nothing, look_ahead=look_ahead
    )
    assert not exceeded[0]
    assert sorted(settled) == [(task, -task) for task in range(len(durations))]


def test_the_pool_is_bounded_whatever_may_start_says() -> None:
    names: set[str] = set()
    in_flight_seen: list[int] = []

    def may_start(in_flight: int) -> float:
        in_flight_seen.append(in_flight)
        return 0.0

    def work(task: int) -> int:
        names.add(threading.current_thread().name)
        time.sleep(0.01)
        return task

    settled: Settled = []
    ThreadedInFlight(most=3).map_in_flight(
        iter(range(30)),
        work,
        may_start=may_start,
        settle=settled.extend,
        idle=nothing,
        look_ahead=10,
    )
    assert len(settled) == 30
    assert len(names) <= 3
    assert max(in_flight_seen) == 2
    assert not [t for t in threading.enumerate() if t.name in names]  # none outlives its map


def test_freed_places_are_filled_before_settling() -> None:
    gate = Gate()
    started_when_settling: list[list[int]] = []

    def settle(results: Settled) -> None:
        deadline = time.monotonic() + 2
        while len(gate.started) < 3 and time.monotonic() < deadline:
            time.sleep(0.001)
        started_when_settling.append(sorted(gate.started))
        for task in (1, 2, 3):
            gate.end(task)

    gate.end(0)
    ThreadedInFlight().map_in_flight(
        iter(range(4)), gate.work, may_start=up_to(2), settle=settle, idle=nothing, look_ahead=4
    )
    assert started_when_settling[0] == [0, 1, 2]


def test_tasks_are_drawn_ahead_while_calls_are_under_way_and_no_further() -> None:
    gate = Gate()
    drawn: list[int] = []

    def tasks() -> Iterator[int]:
        for task in range(20):
            drawn.append(task)
            if (
                task == 5
            ):  # two in flight and three ahead are drawn already, without an end of a call
                assert gate.started
                for one in range(20):
                    gate.end(one)
            yield task

    seen: list[int] = []

    def settle(results: Settled) -> None:
        seen.append(len(drawn))

    def wait_a_little(task: int) -> int:
        if task == 0:
            threading.Timer(0.2, lambda: gate.end(0)).start()
        return gate.work(task)

    ThreadedInFlight().map_in_flight(
        tasks(), wait_a_little, may_start=up_to(2), settle=settle, idle=nothing, look_ahead=3
    )
    assert seen[0] <= 6  # two started, three ahead, and at most one more for the place freed
    assert len(drawn) == 20


def test_a_finished_call_is_noticed_between_two_slow_draws() -> None:
    """Drawing one task takes 50 ms; the place freed after 10 ms must not wait for ten draws."""
    starts: dict[int, float] = {}

    def tasks() -> Iterator[int]:
        for task in range(12):
            time.sleep(0.05 if task > 1 else 0)
            yield task

    def work(task: int) -> int:
        starts[task] = time.monotonic()
        time.sleep(0.01 if task == 0 else 0.3)
        return task

    began = time.monotonic()
    ThreadedInFlight().map_in_flight(
        tasks(), work, may_start=up_to(2), settle=lambda _: None, idle=nothing, look_ahead=10
    )
    assert starts[2] - began < 0.25


def test_waiting_for_leave_does_not_hold_up_settling() -> None:
    leave = [0.0, 30.0]
    settled_at: list[float] = []
    began = time.monotonic()

    def may_start(in_flight: int) -> float:
        return leave[0] if not settled_at and in_flight == 0 else 0.05

    def settle(results: Settled) -> None:
        settled_at.append(time.monotonic() - began)
        leave[0] = 0.0
        raise KeyError("enough")

    with pytest.raises(KeyError):
        ThreadedInFlight().map_in_flight(
            iter(range(2)),
            lambda task: task,
            may_start=may_start,
            settle=settle,
            idle=nothing,
            look_ahead=2,
        )
    assert settled_at[0] < 1.0


def test_idle_is_called_at_least_once_a_second_while_calls_last() -> None:
    beats: list[float] = []
    ThreadedInFlight().map_in_flight(
        iter([1]),
        lambda task: time.sleep(2.4),
        may_start=up_to(1),
        settle=lambda _: None,
        idle=lambda: beats.append(time.monotonic()),
        look_ahead=1,
    )
    assert len(beats) == 2


def test_idle_is_called_while_nothing_may_start() -> None:
    beats: list[int] = []
    began = time.monotonic()

    def may_start(in_flight: int) -> float:
        return 0.0 if time.monotonic() - began > 1.5 else 10.0

    ThreadedInFlight().map_in_flight(
        iter([1]),
        lambda task: task,
        may_start=may_start,
        settle=lambda _: None,
        idle=lambda: beats.append(1),
        look_ahead=1,
    )
    assert beats
    assert time.monotonic() - began < 4.0  # asked again at each beat, not only after ten seconds


def test_infinity_with_nothing_in_flight_is_an_error_and_no_endless_wait() -> None:
    with pytest.raises(RuntimeError, match="none is in flight"):
        ThreadedInFlight().map_in_flight(
            iter([1]),
            lambda task: task,
            may_start=lambda _: math.inf,
            settle=lambda _: None,
            idle=nothing,
            look_ahead=1,
        )


class Failing:
    """Tasks of which the third is long, and one step that fails once."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._failed = False
        self.drawn: list[int] = []
        self.started: set[int] = set()
        self.settled: Counter[int] = Counter()

    def fail(self, place: str) -> None:
        if place == self._where and not self._failed:
            self._failed = True
            raise LookupError(place)

    def tasks(self) -> Iterator[int]:
        for task in range(100):
            self.drawn.append(task)
            if task == 4:
                self.fail("tasks")
            yield task

    def work(self, task: int) -> int:
        self.started.add(task)
        time.sleep(1.3 if task == 2 else 0.05)
        if task == 1:
            self.fail("work")
        return task

    def settle(self, results: Settled) -> None:
        self.settled.update(task for task, _ in results)
        self.fail("settle")

    def may_start(self, in_flight: int) -> float:
        if len(self.started) > 3:
            self.fail("may_start")
        return up_to(3)(in_flight)


@pytest.mark.parametrize("where", ["work", "settle", "tasks", "may_start", "idle"])
def test_an_exception_ends_drawing_settles_what_was_under_way_and_is_raised(where: str) -> None:
    failing = Failing(where)
    with pytest.raises(LookupError, match=where):
        ThreadedInFlight().map_in_flight(
            failing.tasks(),
            failing.work,
            may_start=failing.may_start,
            settle=failing.settle,
            idle=lambda: failing.fail("idle"),
            look_ahead=2,
        )
    assert all(times == 1 for times in failing.settled.values())
    assert set(failing.settled) == failing.started - ({1} if where == "work" else set())
    assert 2 in failing.settled
    assert len(failing.drawn) < 100


def test_the_first_failure_is_the_one_raised_and_later_ones_do_not_hide_it() -> None:
    """Two have failed when they are noticed together, and a third fails while it is waited for."""

    def tasks() -> Iterator[int]:
        yield from (0, 1, 2)
        time.sleep(0.3)
        yield 3

    def work(task: int) -> int:
        time.sleep((0.05, 0.15, 0.6)[task])
        raise LookupError(str(task))

    with pytest.raises(LookupError, match="0"):
        ThreadedInFlight().map_in_flight(
            tasks(), work, may_start=up_to(3), settle=lambda _: None, idle=nothing, look_ahead=3
        )


def test_no_tasks_is_no_work() -> None:
    ThreadedInFlight().map_in_flight(
        iter(()),
        lambda task: task,
        may_start=lambda _: 1 / 0,
        settle=lambda _: None,
        idle=nothing,
        look_ahead=5,
    )
