"""Payments by every road at once, workers killed, answers lost: each is in the books once, to the cent.

`python -m bench payments` is the long form of it.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from bench.payment_storm import FOUND_AGAIN, Office, Storm
from local.companies import skip_imports
from local.stack import Stack
from tests.support.deployed.company import Company
from tests.support.deployed.functions import API, SCHEDULE_SYNCS, SYNC_PAYMENTS, Functions

pytestmark = pytest.mark.deployed

COMPANIES, INVOICES, EACH = 2, 8, 5
SILENT = "5"


def opened(company: Company) -> Office:
    company.ready()
    skip_imports(company.api)
    return Office(company.company_id, company.api, company.realm)


def test_each_payment_is_in_the_books_once_whatever_happens_to_it(
    stack: Stack, new_company: Callable[[], Company], functions: Functions
) -> None:
    with ExitStack() as changed:
        for function in (API, SYNC_PAYMENTS, SCHEDULE_SYNCS):
            changed.enter_context(functions.settings(function, ABANDONED_SECONDS=SILENT))
        storm = Storm(
            stack,
            [opened(new_company()) for _ in range(COMPANIES)],
            INVOICES,
            EACH,
            kill=lambda: functions.signal_workers(SYNC_PAYMENTS, signal.SIGKILL) > 0,
            tick=lambda: functions.invoke(SCHEDULE_SYNCS, {}),
            patience=240.0,
        )
        storm.open()
        storm.plant(FOUND_AGAIN)
        storm.rage(click_every=3.0, kill_every=5.0)
        assert storm.check() == []
    assert storm.kills > 0
    assert storm.clicks > 0
    assert storm.faults().total() > 0
