"""The local AWS is stopped cleanly amid a run and started again over its data: all arrives, and once.

Executions, queue messages and workers of before may be gone or come again; what is to be done lies in the
tables. A stack of its own, because the shared one must not lose its workers under other tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local import aws, processes
from local.companies import skip_imports
from local.settings import StackOptions
from local.stack import Stack, start_stack
from tests.support.deployed.company import (
    ACTIVE,
    Company,
    everything_is_there_once,
    open_company,
    plain_rows,
    until,
)
from tests.support.deployed.functions import SCHEDULE_SYNCS, Functions
from tests.support.sandbox_process import ControlClient

pytestmark = [pytest.mark.deployed, pytest.mark.alone]

ROWS = 600
EDITED = 40
OPTIONS = StackOptions(
    usual_ports=False, parameters={"HeartbeatSeconds": "1", "AbandonedSeconds": "4"}
)


@pytest.fixture
def own_stack(tmp_path: Path) -> Iterator[Stack]:
    with start_stack(tmp_path, OPTIONS) as running:
        Functions(running, tmp_path).hold_the_schedule()
        yield running


@pytest.fixture
def office(own_stack: Stack) -> Iterator[Company]:
    control = ControlClient(own_stack.sandbox.url)
    with open_company(own_stack, control, 1) as company:
        company.import_rows(plain_rows(ROWS))
        company.ready()
        yield company
    control.close()


def restart(stack: Stack, data: Path) -> processes.Child:
    """Stop the local AWS with its state saved, and start it again at the same address."""
    [child] = [one for one in stack.children if one.name == aws.NAME]
    assert processes.stop(child), "a clean stop"
    again, _ = aws.start(data, int(stack.aws.endpoint_url.rpartition(":")[2]))
    return again


def test_a_run_and_changes_amid_a_clean_restart_of_the_local_aws_all_arrive_once(
    office: Company, own_stack: Stack, tmp_path: Path
) -> None:
    skip_imports(office.api)
    office.control.settings(latency={"batch": 4000})
    run = office.click()
    until(lambda: office.run(run["runId"])["counts"]["settled"] > 0, "the push to begin")
    rows = plain_rows(ROWS)
    edited = [{**row, "unit_price": "7.25"} for row in rows[-EDITED:]]
    office.import_rows(edited)
    assert office.run(run["runId"])["state"] == "pushing"

    started = restart(own_stack, tmp_path)
    try:
        office.control.settings(latency={"batch": 20})
        functions = Functions(own_stack, tmp_path)
        assert len(office.books()) < ROWS, "it was cut off amid the run"

        def ended() -> bool:
            functions.invoke(SCHEDULE_SYNCS, {})  # which takes over what is silent
            return bool(office.run(run["runId"])["state"] not in ACTIVE)

        until(ended, "the run to end", 90)
        after = office.run(run["runId"])
        assert (after["state"], after["counts"]["settled"]) == ("finished", ROWS)
        until(lambda: office.connection()["unsynced"]["count"] == 0, "the rows to go", 30)
        everything_is_there_once(office, [*rows[:-EDITED], *edited])
        assert office.failures() == []
        writes = office.written()
        assert office.sync()["counts"]["unchanged"] == ROWS
        assert office.written() == writes
    finally:
        processes.stop(started)
