"""Run worlds: `python -m tests.simulation --seeds 500`, or one of them: `--seed 17 --trace`.

Exit status 1 with the seeds that broke an invariant, each followed by how to replay it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

# ruff: noqa: T201 - this program talks to a person
from tests.simulation.imports.world import given_by as given_by_imports
from tests.simulation.imports.world import simulate_imports
from tests.simulation.installation import Given, Installation
from tests.simulation.payments.world import given_by as given_by_payments
from tests.simulation.payments.world import simulate_payments
from tests.simulation.world import Verdict, simulate


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort of worlds, and the option that asks for it."""

    option: str
    simulate: Callable[..., Verdict]
    given: Callable[[int], Given | None]


SORTS = {
    "": Sort("", simulate, lambda _: None),
    "payments": Sort(" --payments", simulate_payments, given_by_payments),
    "imports": Sort(" --imports", simulate_imports, given_by_imports),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=500, help="how many worlds")
    parser.add_argument("--first", type=int, default=0, help="the first world's seed")
    parser.add_argument("--seed", type=int, help="this world only")
    parser.add_argument("--payments", action="store_true", help="worlds of payments")
    parser.add_argument("--imports", action="store_true", help="worlds of imports")
    parser.add_argument("--trace", action="store_true", help="print every port call of it")
    parser.add_argument("--stop", action="store_true", help="stop at the first bad world")
    options = parser.parse_args()
    sort = SORTS["payments" if options.payments else "imports" if options.imports else ""]
    if options.seed is not None:
        return _one(options.seed, sort, trace=options.trace)
    seeds = range(options.first, options.first + options.seeds)
    return _many(seeds, sort, stop=options.stop)


def _one(seed: int, sort: Sort, *, trace: bool) -> int:
    installation = Installation(seed, given=sort.given(seed))
    print(f"seed {seed}: {installation.knobs}\nfaults: {installation.temper.told}")
    verdict = sort.simulate(seed, keep_trace=trace)
    for line in verdict.trace:
        print(line)
    print(f"{verdict.points} port calls, trace {verdict.digest}, executions {verdict.ends}")
    for violation in verdict.violations:
        print(f"VIOLATION {violation}")
    return 1 if verdict.violations else 0


def _many(seeds: range, sort: Sort, *, stop: bool) -> int:
    began, points, bad = time.perf_counter(), 0, 0
    done = 0
    for seed in seeds:
        verdict = sort.simulate(seed)
        done += 1
        points += verdict.points
        if verdict.violations:
            bad += 1
            print(f"world {seed}: {'; '.join(verdict.violations)}")
            print(f"    python -m tests.simulation{sort.option} --seed {seed} --trace", flush=True)
            if stop:
                break
    seconds = time.perf_counter() - began
    print(
        f"{done} worlds, {bad} bad, {points} port calls, {done / seconds:.1f} worlds/s",
        file=sys.stderr,
    )
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
