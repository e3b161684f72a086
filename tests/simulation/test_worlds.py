"""Five hundred worlds of records, as many of payments, half as many of imports, each from its seed.

`python -m tests.simulation --seed N --trace` replays one, with `--payments` or `--imports` one of those.

They run in a process of their own: measuring coverage through greenlets would more than double their
time. A few more run in this one.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.simulation.imports.world import simulate_imports
from tests.simulation.payments.world import simulate_payments
from tests.simulation.world import Verdict, simulate

WORLDS = 500
IMPORT_WORLDS = 250
MEASURED_HERE = 12
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("sort", "worlds"),
    [((), WORLDS), (("--payments",), WORLDS), (("--imports",), IMPORT_WORLDS)],
    ids=["records", "payments", "imports"],
)
def test_no_world_breaks_an_invariant(sort: tuple[str, ...], worlds: int) -> None:
    """What must hold stands in `invariants` and `watch`, and in those of payments and of imports."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.simulation", *sort, "--seeds", str(worlds)],
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


@pytest.mark.parametrize("seed", range(IMPORT_WORLDS, IMPORT_WORLDS + MEASURED_HERE))
def test_a_world_of_imports_holds(seed: int) -> None:
    assert not simulate_imports(seed).violations


@pytest.mark.no_cover
@pytest.mark.parametrize("simulated", [simulate_payments, simulate_imports])
def test_a_world_of_another_sort_replays_exactly(simulated: Callable[..., Verdict]) -> None:
    assert len({simulated(7).digest for _ in range(2)}) == 1


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


IMPORTS_TROUBLE = (
    "KILL list",
    "KILL import",
    "KILL begin",
    "KILL unlink",
    "STALL",
    "WAKE-UP lost",
    "CUT OFF",
    "DOUBT",
    "ALERT incomplete",
    "ALERT told NotListed",
    "BEGIN told Conflicting IMPORT_RUNNING",
    "UNLINK told Conflicting IMPORT_RUNNING",
    "APART ['",
    "RESULT linked",
    "RESULT refused ALREADY_IMPORTED",
    "RESULT refused LINKED_ELSEWHERE",
    "RESULT refused MATCH_PROPOSED",
    "RESULT refused NOT_IN_BOOKS",
    "RESULT refused NOT_IMPORTABLE",
    "RESULT refused TWICE",
    "needs_reauth UNAUTHORIZED",
    "failed PROVIDER_UNAVAILABLE",
    "BOOKS deactivate",
)


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("simulated", "trouble"),
    [
        (simulate, TROUBLE),
        (simulate_payments, PAYMENTS_TROUBLE),
        (simulate_imports, IMPORTS_TROUBLE),
    ],
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
