"""A seed is all that decides what happens in a world."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.in_flight import SimulatedInFlight
from tests.simulation.scheduler import Livelock, Process, ProcessDied, Scheduler
from tests.simulation.world import simulate

pytestmark = pytest.mark.no_cover

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("seed", [3, 14, 159])
def test_the_same_seed_gives_the_same_world(seed: int) -> None:
    assert simulate(seed).digest == simulate(seed).digest


def test_other_seeds_give_other_worlds() -> None:
    assert len({simulate(seed).digest for seed in range(10)}) == 10


@pytest.mark.parametrize("hash_seed", ["1", "4242"])
def test_the_order_of_sets_in_a_process_does_not_matter(hash_seed: str) -> None:
    """Python orders sets of text anew in each process; a world must not hang on that."""
    program = "from tests.simulation.world import simulate; print(*[simulate(s).digest for s in range(12)])"
    told = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert told == [simulate(seed).digest for seed in range(12)]


def test_time_moves_only_when_everybody_waits() -> None:
    scheduler = Scheduler(1)
    began, seen = scheduler.now, []

    def sleeps(seconds: float) -> None:
        scheduler.sleep(seconds)
        seen.append((scheduler.now - began).total_seconds())

    actors = [scheduler.spawn(f"a{n}", lambda n=n: sleeps(n)) for n in (3, 1, 2)]
    for actor in actors:
        scheduler.run_until(actor)
    assert seen == [1, 2, 3]


def test_a_dead_process_has_no_effect_any_more() -> None:
    """Not even from what its code does while it is being unwound."""
    scheduler, effects = Scheduler(1), []

    def work() -> None:
        try:
            scheduler.sleep(10)
            effects.append("went on")
        finally:
            scheduler.point("last save")
            effects.append("saved")

    process = Process("victim")
    victim = scheduler.spawn("victim", work, process)

    def kills() -> None:
        scheduler.sleep(1)
        scheduler.kill(process)

    scheduler.spawn("killer", kills)
    scheduler.run_until(victim)
    assert effects == []


def test_whoever_waits_for_an_actor_goes_on_at_its_end_or_when_patience_ends() -> None:
    scheduler, told = Scheduler(1), []

    def waits() -> None:
        slow = scheduler.spawn("slow", lambda: scheduler.sleep(5))
        told.append(scheduler.join(slow, 1))
        told.append(scheduler.join(slow, 10))
        told.append((scheduler.now - began).total_seconds())

    began = scheduler.now
    scheduler.run_until(scheduler.spawn("waits", waits))
    assert told == [False, True, 5]


def test_a_world_that_stands_still_is_noticed() -> None:
    scheduler = Scheduler(1)
    with pytest.raises(Livelock):
        scheduler.run_until(scheduler.spawn("waits for ever", scheduler.wait))


def test_dying_ends_the_whole_process() -> None:
    scheduler, seen = Scheduler(1), []

    def part() -> None:
        scheduler.sleep(5)
        seen.append("part")

    def main() -> None:
        scheduler.spawn("part", part, process)
        scheduler.sleep(1)
        with pytest.raises(ProcessDied):
            scheduler.die()
        raise ProcessDied

    process = Process("main")
    scheduler.run_until(scheduler.spawn("main", main, process))
    scheduler.end()
    assert seen == []


def test_calls_in_flight_are_under_way_at_the_same_time() -> None:
    """And what finished is settled on the calling actor, all of it before the map ends."""
    scheduler, settled = Scheduler(1), []

    def work(task: int) -> int:
        scheduler.sleep(1)
        return task * 10

    def maps() -> None:
        SimulatedInFlight(scheduler).map_in_flight(
            iter(range(6)),
            work,
            may_start=lambda in_flight: 0.0 if in_flight < 3 else float("inf"),
            settle=settled.extend,
            idle=lambda: None,
            look_ahead=2,
        )

    began = scheduler.now
    scheduler.run_until(scheduler.spawn("maps", maps))
    assert sorted(settled) == [(n, n * 10) for n in range(6)]
    assert (scheduler.now - began).total_seconds() == 2


def test_a_failing_call_ends_the_map_after_what_is_under_way() -> None:
    scheduler, settled = Scheduler(1), []

    def work(task: int) -> int:
        scheduler.sleep(task)
        if task == 1:
            raise ValueError("failed")
        return task

    def maps() -> None:
        SimulatedInFlight(scheduler).map_in_flight(
            iter((1, 2, 3, 4)),
            work,
            may_start=lambda in_flight: 0.0 if in_flight < 2 else float("inf"),
            settle=settled.extend,
            idle=lambda: None,
            look_ahead=2,
        )

    with pytest.raises(ValueError, match="failed"):
        scheduler.run_until(scheduler.spawn("maps", maps))
    assert settled == [(2, 2)]
