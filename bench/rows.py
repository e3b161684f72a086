"""The rows of DESIGN section 7 that item pushes can show. Each answers one or more figures."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from bench.lab import Company, Lab
from bench.sweep_world import SweepWorld
from local.stack import ROOT

CATALOGUE = 3629
BATCHES = 121
SWEPT = 100_000
HALF_SECOND = 500
ALL_STEPS = ("plan", "push", "summarise")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value against its goal; `reached` None where there is no goal to reach."""

    what: str
    goal: str
    measured: str
    reached: bool = True

    def line(self) -> str:
        return (
            f"{'ok  ' if self.reached else 'MISS'} {self.what}: {self.measured} (goal {self.goal})"
        )

    def raw(self) -> dict[str, object]:
        return asdict(self)


Row = Callable[[Lab], Iterator[Figure]]


def _seeded(lab: Lab, count: int = CATALOGUE, **settings: str) -> Company:
    company = lab.company(**settings)
    lab.worker("seed", company.company_id, str(count))
    lab.reset_counters()
    return company


def _pushed(lab: Lab, company: Company, task: str = "steps") -> dict[str, Any]:
    measured = lab.worker(task, company.company_id, *ALL_STEPS)
    counts = measured["counts"]
    complete = counts["settled_in_books"] = lab.rows_in_books(company)
    if measured["state"] != "finished" or counts["refused"] or complete < counts["total"]:
        raise SystemExit(f"a push did not complete: {measured}")
    return measured


def push_adaptive(lab: Lab) -> Iterator[Figure]:
    """3,629 new items, 500 ms a batch, no throttle: adaptive."""
    lab.sandbox(latency={**lab_latency(), "batch": HALF_SECOND})
    company = _seeded(lab)
    measured = _pushed(lab, company)
    counters = lab.counters()
    seconds = measured["push"]["seconds"]
    yield Figure(
        "3,629 new items, 500 ms a batch, adaptive: seconds of pushing (floor 7.0 with the ramp)",
        "at most 8 s",
        f"{seconds:.2f} s",
        seconds <= 8,
    )
    yield Figure(
        "… batch calls", "exactly 121", str(counters["batches"]), counters["batches"] == BATCHES
    )


def push_again(lab: Lab) -> Iterator[Figure]:
    """The same again: nothing changed; then one price changed."""
    lab.sandbox()
    company = _seeded(lab)
    _pushed(lab, company)
    lab.reset_counters()
    _pushed(lab, company)
    unchanged = lab.counters()
    writes = unchanged["batches"] + unchanged["singleWrites"]
    yield Figure("nothing changed: provider writes", "0", str(writes), writes == 0)
    lab.worker("touch", company.company_id, "CRP-00042")
    lab.reset_counters()
    _pushed(lab, company)
    changed = lab.counters()
    entries = changed["batchEntries"] + changed["singleWrites"]
    yield Figure("one price changed: provider writes", "1", str(entries), entries == 1)


def collisions(lab: Lab) -> Iterator[Figure]:
    """Name-list collisions on, against one batch at a time (121 times 500 ms)."""
    lab.sandbox(latency={**lab_latency(), "batch": HALF_SECOND}, collisions=True)
    company = _seeded(lab)
    measured = _pushed(lab, company)
    lab.sandbox(latency={**lab_latency(), "batch": HALF_SECOND})
    peer = lab.peer("ours", lab.company(), CATALOGUE)
    ratio = measured["push"]["seconds"] / peer["seconds"]
    refused = measured["counts"]["refused"]
    yield Figure(
        "name-list collisions: seconds against one batch at a time, same run",
        "at most 1.10, 0 failed",
        f"{ratio:.3f} ({measured['push']['seconds']:.1f} s to {peer['seconds']:.1f} s), {refused} failed",
        ratio <= 1.1 and not refused,
    )


def _documented(lab: Lab, window: str, mode: str) -> Figure:
    lab.sandbox(latency={**lab_latency(), "batch": HALF_SECOND}, throttle=window)
    company = _seeded(lab, pacingMode=mode)
    measured = _pushed(lab, company)
    throttled = lab.counters()["throttled"]
    seconds, slices = measured["push"]["seconds"], measured["push"]["slices"]
    return Figure(
        f"documented limits, {window} minute, {mode}: seconds of pushing (floor 180.5)",
        "at most 186 s, one slice, 0 lost",
        f"{seconds:.1f} s, {slices} slice, 0 lost, {throttled} times 429",
        seconds <= 186 and slices == 1 and (mode == "adaptive" or throttled == 0),
    )


def limits_sliding(lab: Lab) -> Iterator[Figure]:
    """Under the documented limits with a sliding minute, both modes."""
    yield _documented(lab, "sliding", "documented")
    yield _documented(lab, "sliding", "adaptive")


def limits_fixed(lab: Lab) -> Iterator[Figure]:
    """Under the documented limits with a fixed minute, both modes."""
    yield _documented(lab, "fixed", "documented")
    yield _documented(lab, "fixed", "adaptive")


def limits_peer(lab: Lab) -> Iterator[Figure]:
    """python-quickbooks under the sliding minute."""
    lab.sandbox(latency={**lab_latency(), "batch": HALF_SECOND}, throttle="sliding")
    company = lab.company()
    peer = lab.peer("python-quickbooks", company, CATALOGUE)
    lost = CATALOGUE - lab.rows_in_books(company)
    yield Figure(
        "the same limits, sliding minute, python-quickbooks: items lost",
        "for comparison",
        f"{lost:,} of {CATALOGUE:,} ({peer['error']})",
    )


def cpu_against_peer(lab: Lab) -> Iterator[Figure]:
    """CPU of the push against python-quickbooks' `batch_create`, same server (200 ms a batch), same run."""
    lab.sandbox(latency={**lab_latency(), "batch": 200})
    theirs, layer, whole = [], [], []
    for _ in range(3):
        theirs.append(lab.peer("python-quickbooks", lab.company(), CATALOGUE)["cpu"])
        layer.append(lab.peer("ours", lab.company(), CATALOGUE)["cpu"])
        whole.append(_pushed(lab, _seeded(lab))["push"]["cpu"])
    peer = sorted(theirs)[1]
    for what, goal, values in (
        ("provider layer alone", 0.4, layer),
        ("with all state saved", 2.0, whole),
    ):
        ratio = sorted(values)[1] / peer
        yield Figure(
            f"CPU of the push against python-quickbooks, {what} (median of 3)",
            f"at most {goal}",
            f"{ratio:.2f} ({sorted(values)[1]:.2f} s to {peer:.2f} s)",
            ratio <= goal,
        )


def write_units(lab: Lab) -> Iterator[Figure]:
    """DynamoDB write units per new item, by the size of every row written."""
    lab.sandbox()
    company = _seeded(lab)
    measured = _pushed(lab, company, "counted")
    units = measured["write_units"] / CATALOGUE
    yield Figure(
        "DynamoDB write units per new item, plan to summary (rows sized by DynamoDB's rule)",
        "at most 2.4",
        f"{units:.2f}",
        units <= 2.4,
    )


def memory(lab: Lab) -> Iterator[Figure]:
    """Peak memory of the pushing process at 3,629 and 20,000 items."""
    lab.sandbox()
    peaks = []
    for count in (CATALOGUE, 20_000):
        company = _seeded(lab, count)
        lab.worker("steps", company.company_id, "plan")
        peaks.append(lab.worker("steps", company.company_id, "push", "summarise")["peak_mb"])
    growth = peaks[1] / peaks[0]
    yield Figure(
        "peak memory of the pushing process, 3,629 and 20,000 items",
        "flat within 20 %, under 256 MB",
        f"{peaks[0]:.0f} MB and {peaks[1]:.0f} MB ({growth:.2f})",
        growth <= 1.2 and peaks[1] < 256,
    )


def growth(lab: Lab) -> Iterator[Figure]:
    """From 1,000 to 20,000 items: calls, units and time."""
    lab.sandbox()
    taken = []
    for count in (1000, 20_000):
        company = _seeded(lab, count)
        measured = _pushed(lab, company, "counted")
        seconds = measured["plan"]["seconds"] + measured["push"]["seconds"]
        taken.append((measured["provider_calls"], measured["write_units"], seconds))
    (calls, units, seconds), (more_calls, more_units, more_seconds) = taken
    for what, small, large in (
        ("provider calls", calls, more_calls),
        ("write units", units, more_units),
        ("seconds of plan and push", seconds, more_seconds),
    ):
        ratio = large / small / 20
        yield Figure(
            f"1,000 to 20,000 items, {what} per item",
            "linear: at most 1.1 of it",
            f"{ratio:.2f} ({small:g} to {large:g})",
            ratio <= 1.1,
        )


def sweep(lab: Lab) -> Iterator[Figure]:
    """100,000 grants connected in the same hour: idle for 8 days; a tenth in use for 24 hours."""
    del lab
    hour, day = timedelta(hours=1), timedelta(days=1)
    world = SweepWorld(SWEPT)
    world.connect_all(within=hour)
    world.run(8 * day)
    yield from _swept(world, 8 * day, "all idle, 8 days")
    yield Figure(
        "… longest without a renewal",
        "at most 7.35 days",
        f"{world.oldest() / day:.2f} days",
        world.oldest() <= 7.35 * day,
    )
    world = SweepWorld(SWEPT, in_use=SWEPT // 10)
    world.connect_all(within=hour)
    world.run(hour)
    world.reset()
    world.run(day)
    yield from _swept(world, day, "a tenth in use, 24 hours after the first")
    yield Figure(
        "… renewals that a caller waited for",
        "0",
        str(world.by_hand_outs),
        world.by_hand_outs == 0,
    )


def _swept(world: SweepWorld, length: timedelta, how: str) -> Iterator[Figure]:
    days = length / timedelta(days=1)
    refreshes, writes = world.refreshes.total(), world.writes
    busiest = world.busiest_to_mean(length)
    yield Figure(
        f"sweep of 100,000 grants connected in one hour, {how}: busiest minute to mean",
        "at most 1.2",
        f"{busiest:.3f}",
        busiest <= 1.2,
    )
    yield Figure(
        f"… {how}: refreshes and grant writes a day",
        "for comparison",
        f"{refreshes / days:,.0f} and {writes / days:,.0f}",
    )


def imports(lab: Lab) -> Iterator[Figure]:
    """Importing each handler's module against boto3 plus one DynamoDB client."""
    del lab
    base = "import boto3; boto3.client('dynamodb', region_name='us-east-1')"
    for name, goal in (
        ("sync_items", 1.5),
        ("schedule_syncs", 1.5),
        ("refresh_token", 1.5),
        ("api", 3.0),
    ):
        pairs = [
            (_seconds_of(f"import functions.{name}.handler"), _seconds_of(base)) for _ in range(7)
        ]
        ratio = sorted(handler / boto for handler, boto in pairs)[3]
        yield Figure(
            f"importing functions/{name}, against boto3 and one client (median of 7 pairs)",
            f"at most {goal}",
            f"{ratio:.2f}",
            ratio <= goal,
        )


def lab_latency() -> dict[str, int]:
    return {"batch": 0, "write": 0, "read": 0, "query": 0, "token": 0}


def _seconds_of(code: str) -> float:
    timed = f"import time; b = time.perf_counter()\n{code}\nprint(time.perf_counter() - b)"
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", timed],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(ended.stdout)


ROWS: tuple[Row, ...] = (
    push_adaptive,
    push_again,
    collisions,
    cpu_against_peer,
    write_units,
    memory,
    growth,
    imports,
    sweep,
    limits_sliding,
    limits_fixed,
    limits_peer,
)
