"""Rows of invoices and payments: how soon one is in the books, and many of them through a storm."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack

from bench.automatic import LATENCY, acknowledged_to_answered, api_of, open_company, p95
from bench.lab import Company, Lab
from bench.payment_storm import FOUND_AGAIN, NEVER_HEARD, Office, Storm
from bench.rows import Figure, Row, lab_latency
from local.api import SuiteApi
from tests.support.deployed.functions import API, SCHEDULE_SYNCS, SYNC_PAYMENTS, Functions

CHANGES = 100
PAUSE = 0.5
WARM_UP = 4.0
"""Seconds after each of the two that are not counted: cold workers start meanwhile."""
COMPANIES, INVOICES, EACH, BY_API = 4, 125, 20, 2
"""10,000 payments, a tenth of them through the API: its processes would take the cores for themselves.

PAYMENTS_COMPANIES and so on in the environment make it another size.
"""
SILENT = "10"
"""Seconds without a heartbeat after which a killed worker's run is taken over; 60 as it is deployed."""
SIZES = {"COMPANIES": COMPANIES, "INVOICES": INVOICES, "EACH": EACH, "BY_API": BY_API}


def invoices(lab: Lab) -> Iterator[Figure]:
    """100 single invoices and payments by turns on the warm stack, 200 ms a call: until each is there."""
    lab.sandbox(latency=dict.fromkeys(lab_latency(), LATENCY))
    company = open_company(lab)
    with api_of(lab, company) as api:
        api.put("/v1/customers/C-1", {"name": "Ann Field"})
        api.put("/v1/items/I-1", {"name": "Labor", "unitPrice": "10.00", "currency": "USD"})
        _written(lab, company, api, range(-2, 0), WARM_UP)
        delays = _written(lab, company, api, range(CHANGES), PAUSE)
    for what in ("invoice", "payment"):
        seconds = sorted(delays[what])
        yield Figure(
            f"{CHANGES // 2} single {what}s, 200 ms a call: from acknowledged to answered, p95",
            "at most 3 s",
            f"{p95(seconds):.2f} s (median {seconds[len(seconds) // 2]:.2f} s)",
            p95(seconds) <= 3,
        )


def _written(
    lab: Lab, company: Company, api: SuiteApi, numbers: range, pause: float
) -> dict[str, list[float]]:
    """Seconds from each acknowledgement to the provider's answer: an invoice, then the payment of it."""
    acknowledged: dict[str, dict[str, float]] = {"invoice": {}, "payment": {}}
    for number in numbers:
        name = f"N-{number // 2:03}"
        if number % 2 == 0:
            line = {"itemId": "I-1", "quantity": "1", "unitPrice": "10.00"}
            body = {
                "number": name,
                "customerId": "C-1",
                "status": "SENT",
                "currency": "USD",
                "issuedOn": "2026-11-02",
                "lines": [line],
            }
            api.put(f"/v1/invoices/{name}", body)
            acknowledged["invoice"][name] = time.time()
        else:
            paid = {"amount": "10.00", "paidOn": "2026-11-20", "reference": f"P-{name}"}
            api.put(f"/v1/invoices/{name}/payments/1", paid)
            acknowledged["payment"][f"P-{name}"] = time.time()
        time.sleep(pause)
    return {
        what: acknowledged_to_answered(lab, company, since) for what, since in acknowledged.items()
    }


def payments(lab: Lab) -> Iterator[Figure]:
    """10,000 payments by all roads at once, workers killed, answers lost."""
    lab.sandbox(latency=dict.fromkeys(lab_latency(), 50))
    sizes = {name: int(os.environ.get(f"PAYMENTS_{name}", usual)) for name, usual in SIZES.items()}
    functions = Functions(lab.stack, lab.data)
    with ExitStack() as apis:
        for function in (API, SYNC_PAYMENTS, SCHEDULE_SYNCS):
            apis.enter_context(functions.settings(function, ABANDONED_SECONDS=SILENT))
        offices = []
        for _ in range(sizes["COMPANIES"]):
            company = open_company(lab)
            api = apis.enter_context(api_of(lab, company))
            offices.append(Office(company.company_id, api, company.realm))
        storm = Storm(
            lab.stack,
            offices,
            sizes["INVOICES"],
            sizes["EACH"],
            kill=lambda: functions.signal_workers(SYNC_PAYMENTS, signal.SIGKILL) > 0,
            tick=lambda: functions.invoke(SCHEDULE_SYNCS, {}),
            by_api=sizes["BY_API"],
            in_bulk=lambda office, since: lab.worker(
                "pay",
                office.company_id,
                *(str(number) for number in (sizes["INVOICES"], sizes["EACH"], since)),
            ),
        )
        storm.open()
        lab.reset_counters()
        storm.plant((*FOUND_AGAIN, *NEVER_HEARD))
        storm.rage(click_every=20.0, kill_every=20.0)
        wrong = storm.check()
    count = f"{storm.payments:,}"
    yield Figure(
        f"{count} payments on the deployed stack, by every road at once: what is not as it must be",
        "nothing: each once, sums to the cent, ledger posted, 0 dead letters",
        "; ".join(wrong[:5])
        or f"nothing ({storm.kills} kills, {storm.clicks} double clicks, {storm.retries} retries, "
        f"{storm.faults().total()} faults)",
        not wrong,
    )
    yield Figure(
        "… from the first recorded to the last in the books",
        "for comparison",
        f"{storm.seconds:.0f} s ({storm.recorded_in:.0f} s of it recording)",
    )
    calls = storm.calls()
    told = ", ".join(f"{calls[kind]:,} {kind}" for kind in sorted(calls))
    yield Figure("… calls of the provider", "for comparison", told)


MONEY: tuple[Row, ...] = (invoices, payments)
