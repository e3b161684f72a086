"""The console's pages, as a browser gets them from the deployed local stack once it is warm."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Final

import httpx2

from bench.lab import Company, Lab
from bench.rows import Figure, Row
from functions.api.app import routes
from functions.api.console.session import HOME, ConsoleRoute
from local.api import SuiteApi, suite_api
from local.sign_in import sign_in
from local.sync import sync_items

_ITEMS: Final = 1000
_WARMING: Final = 5
_ASKED: Final = 60
_GOAL: Final = 0.150
_MOST_BYTES: Final = 100_000
_INVOICE: Final = "bench-invoice"


def console_pages(lab: Lab) -> Iterator[Figure]:
    """Every page that is registered, 60 times one after another, for a company with 1,000 items."""
    lab.sandbox()
    company = lab.company()
    lab.worker("seed", company.company_id, str(_ITEMS))
    with suite_api(lab.stack.api_url, lambda: lab.stack.sandbox.token(company.company_id)) as api:
        values = _furnished(api)
    with httpx2.Client(base_url=lab.stack.api_url, trust_env=False, timeout=35) as browser:
        sign_in(browser, f"{lab.stack.api_url}{HOME}", _person_of(lab, company))
        for path in _paths():
            for address in _addresses(path, values):
                yield from _measured(browser, path, address)


def _furnished(api: SuiteApi) -> dict[str, list[str]]:
    """Something for each page to show; the path parameters that lead there."""
    run = sync_items(api, lambda _run: None)
    item_id = str(api.get("/v1/items?limit=1")["items"][0]["id"])
    api.put("/v1/customers/bench-customer", {"name": "Hill Plumbing"})
    api.put(
        f"/v1/invoices/{_INVOICE}",
        {
            "number": "1001",
            "customerId": "bench-customer",
            "status": "DRAFT",
            "currency": "USD",
            "issuedOn": "2026-03-02",
            "lines": [{"itemId": item_id, "unitPrice": "7.00"}],
        },
    )
    return {
        "provider": ["quickbooks"],
        "runId": [str(run["runId"])],
        "id": [_INVOICE],
        "kind": ["customers", "items"],
    }


def _person_of(lab: Lab, company: Company) -> str:
    person = {
        "id": f"person-of-{company.company_id}",
        "name": "Dana Whitfield",
        "email": "dana@bench.example",
        "companyId": company.company_id,
    }
    lab.stack.sandbox.control("issuer/people", person)
    return person["id"]


def _paths() -> list[str]:
    """Of the pages; parts and leaving pages are registered in the same way."""
    return [
        route.path
        for route in routes()
        if isinstance(route, ConsoleRoute) and "GET" in (route.methods or ())
    ]


def _addresses(path: str, values: dict[str, list[str]]) -> list[str]:
    """None where a parameter is not known here."""
    found = [path]
    for name in re.findall(r"{(\w+)}", path):
        found = [
            one.replace(f"{{{name}}}", value) for one in found for value in values.get(name, [])
        ]
    return found


def _measured(browser: httpx2.Client, path: str, address: str) -> Iterator[Figure]:
    """Nothing where there is no page at the moment, or where it only leads to another."""
    browser.get(address, params={"lists": "1"})  # of the books, which stay for a minute
    answers = [browser.get(address) for _ in range(_WARMING)]
    if any(answer.status_code != httpx2.codes.OK for answer in answers):
        return
    seconds = sorted(_timed(browser, address) for _ in range(_ASKED))
    p95, median = seconds[int(_ASKED * 0.95) - 1], seconds[_ASKED // 2]
    size = len(answers[-1].content)
    shown = path.replace("{kind}", address.rpartition("/")[2])
    yield Figure(
        f"console page {shown}, warm: p95 of {_ASKED}",
        f"at most {_GOAL * 1000:.0f} ms, under {_MOST_BYTES // 1000} KB",
        f"{p95 * 1000:.0f} ms (median {median * 1000:.0f} ms), {size / 1000:.1f} KB",
        reached=p95 <= _GOAL and size < _MOST_BYTES,
    )


def _timed(browser: httpx2.Client, address: str) -> float:
    began = time.perf_counter()
    browser.get(address).raise_for_status()
    return time.perf_counter() - began


CONSOLE: Final[tuple[Row, ...]] = (console_pages,)
