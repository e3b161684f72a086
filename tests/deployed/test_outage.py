"""The provider of one company gives no answer for a while, and changes go on: `tests/simulation` has the
ten minutes and 2,000 changes of it, here they are shorter and go through the queues.
"""

from __future__ import annotations

import itertools
import time

import pytest

from local.companies import skip_imports
from local.stack import Stack
from tests.support.deployed.company import Company, until

pytestmark = [pytest.mark.deployed, pytest.mark.alone]

OUTAGE = 40.0
ITEMS, EDITS_OF_EACH = 40, 5
PROBES = OUTAGE / 15 + 1
CALLS_OF_A_PROBE = 5
"""The batch and its identical repeat, then the reading back, tried three times."""
RECOVERY = 60.0
CALLS = ["batch", "write", "read", "query"]


@pytest.fixture
def office(company: Company) -> Company:
    company.ready()
    skip_imports(company.api)
    return company


def put(office: Company, number: int, price: int) -> None:
    office.api.put(
        f"/v1/items/I-{number:02}",
        {"name": f"Fitting {number:02}", "unitPrice": f"{price}.00", "currency": "USD"},
    )


def prices(office: Company) -> dict[str, float]:
    return {str(item["Name"]): float(item["UnitPrice"]) for item in office.books()}


def test_what_changed_during_an_outage_is_there_once_with_its_latest_values(
    office: Company, stack: Stack
) -> None:
    known = range(ITEMS // 2)
    for number in known:
        put(office, number, 1)
    until(lambda: len(office.books()) == len(known), "the items of before", 60)

    # Every second batch is carried out, and nobody hears of it.
    office.fault("closedAfterCommit", kind="batch", every=2, repeats=True)
    office.fault("closedBeforeCommit", kind=CALLS, repeats=True)
    calls_before, began = len(office.requests()), time.monotonic()
    changes = itertools.product(range(2, 2 + EDITS_OF_EACH), range(ITEMS))
    for place, (price, number) in enumerate(changes):
        put(office, number, price)
        due_at = began + OUTAGE * (place + 1) / (ITEMS * EDITS_OF_EACH)
        time.sleep(max(0.0, due_at - time.monotonic()))
    lasted = time.monotonic() - began
    calls = len(office.requests()) - calls_before
    office.control.delete("/faults")

    latest = {f"Fitting {number:02}": 1.0 + EDITS_OF_EACH for number in range(ITEMS)}
    until(lambda: prices(office) == latest, "everything to arrive", RECOVERY)
    assert 0 < calls <= (lasted / OUTAGE) * PROBES * CALLS_OF_A_PROBE
    assert office.doubled() == {}
    assert len(office.books()) == ITEMS
    assert office.failures() == []
    until(lambda: office.connection()["unsynced"]["count"] == 0, "the rows to go", 30)
    told = {one["code"] for one in office.api.get("/v1/notifications")["notifications"]}
    assert "STOPPED_UNEXPECTEDLY" not in told, "no worker crashed"
    assert dead_letters(stack) == 0


def dead_letters(stack: Stack) -> int:
    sqs = stack.aws.session.client(
        "sqs", endpoint_url=stack.aws.endpoint_url, config=stack.aws.config
    )
    asked = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    queue = stack.deployed.resources["DeadLetterQueue"]
    answer = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=asked)
    return sum(int(count) for count in answer["Attributes"].values())
