"""Five hundred worlds of each sort (records, payments), each from its seed.

`python -m tests.simulation --seed N --trace` replays one, with `--payments` one of payments.

They run in a process of their own: measuring coverage through greenlets would more than double their
time. A few more run in this one.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.simulation.payments.world import simulate_payments
from tests.simulation.world import Verdict, simulate

WORLDS = 500
MEASURED_HERE = 12
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("sort", [(), ("--payments",)], ids=["records", "payments"])
def test_no_world_breaks_an_invariant(sort: tuple[str, ...]) -> None:
    """What must hold stands in `invariants` and `watch`, and in those of payments."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.simulation", *sort, "--seeds", str(WORLDS)],
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


@pytest.mark.parametrize("seed", range(WORLDS, WORLDS + MEASURED_HERE))
def test_a_world_of_payments_holds(seed: int) -> None:
    assert not simulate_payments(seed).violations


def test_a_world_of_payments_replays_exactly() -> None:
    assert len({simulate_payments(7).digest for _ in range(2)}) == 1


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


PAYMENTS_TROUBLE = (
    "KILL wake-up",
    "KILL push",
    "STALL",
    "RESTART",
    "FAULT Lost",
    "or rather Lost",
    "FAULT Missing",
    "NoTrustworthyAnswer",
    "CallRejected",
    "EntryBusy",
    "EntryRefused",
    "Stale",
    "PushSingly",
    "GrantDead",
    "joined=True",
    "ledger.save, the rest",
    "ledger.save lost",
    "VOIDED",
    "STREAM lost",
    "TOLD PAYMENT_TWICE_IN_BOOKS",
)


@pytest.mark.parametrize(
    ("simulated", "trouble"), [(simulate, TROUBLE), (simulate_payments, PAYMENTS_TROUBLE)]
)
def test_worlds_meet_the_trouble_they_are_there_for(
    simulated: Callable[..., Verdict], trouble: tuple[str, ...]
) -> None:
    """A simulation in which nothing fails would pass as well."""
    unmet = set(trouble)
    for seed in range(WORLDS_FOR_ALL_TROUBLE):
        trace = "\n".join(simulated(seed, keep_trace=True).trace)
        unmet = {sign for sign in unmet if sign not in trace}
        if not unmet:
            return
    raise AssertionError(f"no world of {WORLDS_FOR_ALL_TROUBLE} has {sorted(unmet)}")
