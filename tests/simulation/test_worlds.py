"""Five hundred worlds, each from its seed; `python -m tests.simulation --seed N --trace` replays one.

They run in a process of their own: measuring coverage through greenlets would more than double their
time. A few more run in this one.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.world import simulate

WORLDS = 500
MEASURED_HERE = 12
ROOT = Path(__file__).parents[2]


def test_no_world_breaks_an_invariant() -> None:
    """What must hold stands in `invariants` and `watch`."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--seeds", str(WORLDS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("seed", range(WORLDS, WORLDS + MEASURED_HERE))
def test_a_world_holds(seed: int) -> None:
    assert not simulate(seed).violations


TROUBLE = (
    "KILL push",
    "STALL",
    "RESTART",
    "FAULT Lost",
    "FAULT Missing",
    "NoTrustworthyAnswer",
    "CallRejected",
    "GrantDead",
    "PushSingly",
    "END TakenOver",
    "joined=True",
    "Stale",
    "NameTaken",
    "EntryBusy",
    "ASSIGNED",
)
WORLDS_FOR_ALL_TROUBLE = 200
"""Far more than it takes (some 20 to 60): what a change of the engine reshuffles is which world has what."""


def test_worlds_meet_the_trouble_they_are_there_for() -> None:
    """A simulation in which nothing fails would pass as well."""
    unmet = set(TROUBLE)
    for seed in range(WORLDS_FOR_ALL_TROUBLE):
        trace = "\n".join(simulate(seed, keep_trace=True).trace)
        unmet = {sign for sign in unmet if sign not in trace}
        if not unmet:
            return
    raise AssertionError(f"no world of {WORLDS_FOR_ALL_TROUBLE} has {sorted(unmet)}")
