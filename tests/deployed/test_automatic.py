"""Changes go to the books by themselves: the stream, the queue and the workers as they are deployed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from local.companies import skip_imports
from local.stack import Stack
from tests.support.deployed.company import Company, until
from tests.support.deployed.functions import (
    RELAY_CHANGES,
    SCHEDULE_SYNCS,
    SYNC_ITEMS,
    Functions,
)

pytestmark = [pytest.mark.deployed, pytest.mark.alone]

SOON = 30.0
"""Seconds, on a loaded machine; the bench takes the figure."""
SILENT = 3


@pytest.fixture
def office(company: Company) -> Company:
    """Connected, and its imports decided."""
    company.ready()
    skip_imports(company.api)
    return company


def put(office: Company, item_id: str, name: str, currency: str = "USD") -> None:
    office.api.put(
        f"/v1/items/{item_id}", {"name": name, "unitPrice": "2.50", "currency": currency}
    )


def has(office: Company, *names: str) -> Callable[[], bool]:
    """Whether the books have these items and no others."""
    return lambda: sorted(item["Name"] for item in office.books()) == sorted(names)


def test_a_change_is_there_within_seconds_and_once(office: Company) -> None:
    put(office, "1", "Pipe")
    until(has(office, "Pipe"), "the new item", SOON)
    put(office, "1", "Copper pipe")
    until(has(office, "Copper pipe"), "the new name", SOON)
    writes = office.written()
    assert office.sync()["counts"]["unchanged"] == 1
    assert office.written() == writes == 2


def test_nothing_goes_by_itself_before_the_imports_are_decided(company: Company) -> None:
    company.ready()
    put(company, "1", "Pipe")
    time.sleep(4)
    assert company.books() == []
    skip_imports(company.api)
    put(company, "2", "Elbow")
    until(lambda: "Elbow" in [item["Name"] for item in company.books()], "the later one", SOON)


def test_a_refused_record_is_one_failure_and_the_rest_goes(office: Company) -> None:
    put(office, "bad", "Bad", currency="EUR")
    put(office, "good", "Good")
    until(has(office, "Good"), "the good item", SOON)
    until(lambda: len(office.failures()) == 1, "the failure", SOON)
    [failure] = office.failures()
    assert (failure["id"], failure["cause"]) == ("bad", "CURRENCY_DIFFERS")
    put(office, "bad", "Bad")
    until(has(office, "Bad", "Good"), "the corrected item", SOON)
    until(lambda: office.failures() == [], "the failure to close itself", SOON)


def test_what_waits_for_a_reconnection_goes_by_itself_afterwards(office: Company) -> None:
    put(office, "1", "Pipe")
    until(has(office, "Pipe"), "the first item", SOON)
    office.control.post("/grants/revoke", {"realm": office.realm})
    for number in range(2, 6):
        put(office, str(number), f"Pipe {number}")
    until(lambda: office.connection()["state"] == "needs_reauth", "the dead grant to be seen", SOON)
    assert office.failures() == []
    office.connect()
    until(has(office, "Pipe", *(f"Pipe {n}" for n in range(2, 6))), "what waited", SOON)


def test_what_is_not_of_our_making_is_counted_and_holds_up_nothing(
    office: Company, functions: Functions, stack: Stack
) -> None:
    strange = {"eventName": "MODIFY", "dynamodb": {"Keys": {"pk": {"N": "7"}}}}
    assert functions.invoke(RELAY_CHANGES, {"Records": [strange]})["strange"] == 1
    bodies = ("hello", "[]", json.dumps({"companyId": 1, "provider": "quickbooks", "kind": "item"}))
    sqs = stack.aws.session.client(
        "sqs", endpoint_url=stack.aws.endpoint_url, config=stack.aws.config
    )
    queue = stack.deployed.resources["SyncItemsQueue"]
    for body in bodies:
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    event = {"Records": [{"body": body} for body in bodies]}
    assert functions.invoke(SYNC_ITEMS, event) == {"batches": 0, "strange": len(bodies)}
    put(office, "1", "Pipe")
    until(has(office, "Pipe"), "the item behind them", SOON)


def test_a_worker_killed_amid_a_batch_loses_and_doubles_nothing(
    office: Company, functions: Functions
) -> None:
    hung = {"type": "hang", "when": "afterCommit", "seconds": 20}
    short = {"ABANDONED_SECONDS": str(SILENT)}
    with functions.settings(SYNC_ITEMS, **short), functions.settings(SCHEDULE_SYNCS, **short):
        office.fault(hung, kind="batch", nth=[1])
        put(office, "1", "Pipe")
        until(lambda: len(office.requests("batch")) == 1, "the batch to hang", SOON)
        functions.kill(SYNC_ITEMS)
        put(office, "2", "Elbow")
        time.sleep(SILENT + 1)
        functions.invoke(SCHEDULE_SYNCS, {})
        until(has(office, "Pipe", "Elbow"), "both items", SOON)
    assert office.doubled() == {}
    assert office.failures() == []
