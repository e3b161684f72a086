"""Rows of the automatic road: how soon a change is in the books, what it costs, who keeps whom waiting."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from math import ceil
from typing import Any

from bench.lab import Company, Lab
from bench.rows import Figure, Row, lab_latency
from local.api import SuiteApi, suite_api
from local.companies import skip_imports

LATENCY = 200
"""Milliseconds of each call of the provider."""
CHANGES = 200
PAUSE = 0.5
EDITED = 500
MINUTE = 60.0
COMPANIES = 10
OF_EACH = 6
HANGS_FOR = 150.0
GIVE_UP = 120.0


def _slow(lab: Lab) -> None:
    lab.sandbox(latency=dict.fromkeys(lab_latency(), LATENCY))


def api_of(lab: Lab, company: Company) -> Any:  # noqa: ANN401 - a context manager of SuiteApi
    return suite_api(lab.stack.api_url, lambda: lab.stack.sandbox.token(company.company_id))


def open_company(lab: Lab) -> Company:
    company = lab.company()
    with api_of(lab, company) as api:
        skip_imports(api)
    return company


def _put(api: SuiteApi, item_id: str, name: str) -> float:
    """When the change was acknowledged."""
    api.put(f"/v1/items/{item_id}", {"name": name, "unitPrice": "2.50", "currency": "USD"})
    return time.time()


def _calls(lab: Lab, company: Company) -> list[dict[str, Any]]:
    query = f"requests?realm={company.realm}&names=1&limit=10000"
    found: list[dict[str, Any]] = lab.stack.sandbox.control(query)["requests"]
    return found


def _answered(lab: Lab, company: Company) -> dict[str, float]:
    """Name to when the provider answered the write that brought it."""
    return {
        name: float(call["time"]) + float(call["seconds"])
        for call in _calls(lab, company)
        if call["committed"] and call["status"]
        for name in call["names"]
    }


def _until_all(lab: Lab, company: Company, names: Sequence[str]) -> dict[str, float]:
    give_up = time.monotonic() + GIVE_UP
    while not set(names) <= (there := _answered(lab, company)).keys():
        if time.monotonic() > give_up:
            missing = sorted(set(names) - there.keys())
            raise SystemExit(f"{len(missing)} changes did not arrive: {missing[:3]}")
        time.sleep(0.5)
    return there


def p95(seconds: Sequence[float]) -> float:
    return sorted(seconds)[ceil(0.95 * len(seconds)) - 1]


def _delays(lab: Lab, company: Company, what: str, count: int, pause: float) -> list[float]:
    """Seconds from each acknowledgement to the provider's answer; changes come one by one."""
    acknowledged: dict[str, float] = {}
    with api_of(lab, company) as api:
        for number in range(count):
            name = f"{what} {number:04}"
            acknowledged[name] = _put(api, name.replace(" ", "-"), name)
            time.sleep(pause)
    return acknowledged_to_answered(lab, company, acknowledged)


def acknowledged_to_answered(
    lab: Lab, company: Company, acknowledged: Mapping[str, float]
) -> list[float]:
    """Seconds; of names (of invoices the number, of payments the reference) with their instants."""
    there = _until_all(lab, company, list(acknowledged))
    return [there[name] - at for name, at in acknowledged.items()]


def single_changes(lab: Lab) -> Iterator[Figure]:
    """200 single changes on the warm stack, 200 ms a call: until each is in the books."""
    _slow(lab)
    company = open_company(lab)
    _delays(lab, company, "Warm", 3, 1.0)
    seconds = sorted(_delays(lab, company, "Single", CHANGES, PAUSE))
    yield Figure(
        "200 single changes, 200 ms a call: from acknowledged to answered, p95",
        "at most 3 s",
        f"{p95(seconds):.2f} s (median {seconds[len(seconds) // 2]:.2f} s)",
        p95(seconds) <= 3,
    )


def edited_within_a_minute(lab: Lab) -> Iterator[Figure]:
    """500 records edited one after another within a minute: calls of the provider."""
    _slow(lab)
    company = open_company(lab)
    _delays(lab, company, "Warm", 1, 0.0)
    before = len(_calls(lab, company))
    began, names = time.monotonic(), [f"Edited {number:04}" for number in range(EDITED)]

    def put(number: int) -> None:
        time.sleep(max(0.0, began + number * MINUTE / EDITED - time.monotonic()))
        _put(api, f"e{number}", names[number])

    with api_of(lab, company) as api, ThreadPoolExecutor(4) as pool:
        list(pool.map(put, range(EDITED)))
        seconds = time.monotonic() - began
    _until_all(lab, company, names)
    calls = len(_calls(lab, company)) - before
    yield Figure(
        "500 records edited within a minute: calls of the provider, look-ups included",
        "at most 60",
        f"{calls} (edited in {seconds:.0f} s)",
        calls <= 60,
    )


def one_hangs(lab: Lab) -> Iterator[Figure]:
    """Ten companies, the provider of one of them hangs: the nine's delays, the sick one's probes."""
    _slow(lab)
    sick, *healthy = [open_company(lab) for _ in range(COMPANIES)]
    for company in (sick, *healthy):
        _delays(lab, company, "Warm", 1, 0.0)
    hang = {"type": "hang", "when": "beforeCommit", "commit": "no", "seconds": 600}
    lab.stack.sandbox.control(
        "faults", {"rules": [{"fault": hang, "match": {"realm": sick.realm}}]}
    )
    with api_of(lab, sick) as api:
        _put(api, "sick", "Sick")
    began = time.time()
    with ThreadPoolExecutor(len(healthy)) as pool:
        delays = list(pool.map(lambda each: _delays(lab, each, "Healthy", OF_EACH, 4.0), healthy))
    time.sleep(max(0.0, began + HANGS_FOR - time.time()))
    probes = [float(call["time"]) for call in _calls(lab, sick) if float(call["time"]) > began]
    seconds = [second for each in delays for second in each]
    yield Figure(
        "ten companies, one's provider hangs: the nine's delay, p95",
        "at most 5 s",
        f"{p95(seconds):.2f} s",
        p95(seconds) <= 5,
    )
    gaps = [later - earlier for earlier, later in pairwise(probes)]
    yield Figure(
        f"… calls to the sick one in {HANGS_FOR:.0f} s, each given up after 20 s",
        "at most one per 15 s once its circuit is open",
        f"{len(probes)}, gaps {json.dumps([round(gap, 1) for gap in gaps])} s",
        len(probes) <= 1 + HANGS_FOR / 15 + 6,
    )


AUTOMATIC: tuple[Row, ...] = (single_changes, edited_within_a_minute, one_hangs)
