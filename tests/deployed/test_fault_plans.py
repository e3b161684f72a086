"""Every seventh batch goes wrong, in each way a provider can: all items are there once all the same.

420 items are 14 batches, so two are hit. A rule of the sandbox hits a request once; the same request
again (same request id) is let through, which is what tells a repeat from a second write.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from local.price_book import PriceBookRow
from tests.support.deployed.company import (
    Company,
    everything_is_there_once,
    is_plain,
    slice_of_the_book,
    vars_of,
)
from tests.support.deployed.functions import SYNC_ITEMS, Functions

pytestmark = pytest.mark.deployed

ROWS = 420
BATCHES = 14
HIT = 2
Fault = Mapping[str, object]

LOST_ANSWERS: dict[str, Fault] = {
    "HTML with 500": {"type": "html500"},
    "a maintenance page with 200": {"type": "html200"},
    "cut-off JSON after the commit": {"type": "truncatedJson"},
    "half a JSON in good order after the commit": {"type": "truncatedJson", "how": "short"},
    "closed after the commit": {"type": "closedAfterCommit"},
    "reset after the commit": {"type": "closedAfterCommit", "reset": True},
    "closed before the commit": {"type": "closedBeforeCommit"},
    "closed, and committed a second later": {
        "type": "closedBeforeCommit",
        "commit": "late",
        "lateSeconds": 1,
    },
    "an empty body": {"type": "emptyBody"},
    "a huge body": {"type": "hugeBody", "megabytes": 9},
    "a redirect": {"type": "redirect302"},
    "the gateway's 500": {"type": "gateway500"},
    "XML with 504": {"type": "xml504"},
    "entries missing": {"type": "missingEntries", "count": 3},
}
TOO_SLOW: dict[str, Fault] = {
    "a slow trickle": {"type": "slowTrickle", "seconds": 7},
    "silence before the commit": {"type": "hang", "seconds": 7, "when": "beforeCommit"},
    "silence after the commit": {"type": "hang", "seconds": 7, "then": "close"},
}
_DEADLINE = "3"


def named(plans: Mapping[str, Fault]) -> Any:
    return pytest.mark.parametrize("fault", plans.values(), ids=plans.keys())


@pytest.fixture
def book() -> list[PriceBookRow]:
    return slice_of_the_book(ROWS)


@pytest.fixture
def office(company: Company, book: list[PriceBookRow]) -> Company:
    """Connected, with the slice of the price book imported and nothing synced yet."""
    company.import_book(book)
    return company.ready()


@pytest.fixture(scope="module")
def impatient(functions: Functions) -> Iterator[None]:
    """A provider's call is given up after a few seconds."""
    with functions.settings(SYNC_ITEMS, REQUEST_DEADLINE_SECONDS=_DEADLINE):
        yield


def synced(office: Company, book: list[PriceBookRow], refused: int = 0) -> dict[str, Any]:
    run = office.sync()
    assert run["state"] == "finished", run
    assert run["counts"]["created"] == ROWS - refused
    assert run["counts"]["refused"] == refused == len(office.failures()), run["causes"]
    everything_is_there_once(office, book)
    return run


def faulted(office: Company) -> list[dict[str, Any]]:
    return [batch for batch in office.requests("batch") if batch["fault"]]


def assert_repeated_identically(office: Company) -> None:
    """Each request that was hit came once more, with the same bytes under the same request id."""
    batches = office.requests("batch")
    for hit in faulted(office):
        again = [one for one in batches if one["requestId"] == hit["requestId"]]
        assert [one["bodySha256"] for one in again] == [hit["bodySha256"]] * 2
        assert again[0]["fault"]
        assert not again[1]["fault"]


@named(LOST_ANSWERS)
def test_after_a_lost_answer_the_identical_bytes_go_again_under_the_same_request_id(
    office: Company, book: list[PriceBookRow], fault: Fault
) -> None:
    office.fault(fault, kind="batch", every=7)
    synced(office, book)
    assert len(faulted(office)) == HIT
    assert_repeated_identically(office)
    assert office.counters()["batches"] == BATCHES + HIT
    assert office.counters()["singleWrites"] == 0
    if fault.get("commit") == "late":
        time.sleep(1.5)
        everything_is_there_once(office, book)


@named(
    {"committed": {"type": "closedAfterCommit"}, "not committed": {"type": "closedBeforeCommit"}}
)
def test_after_two_lost_answers_reading_back_tells_what_is_there_and_only_the_absent_goes_singly(
    office: Company, book: list[PriceBookRow], functions: Functions, fault: Fault
) -> None:
    name = next(row.name for row in book[100:] if is_plain(row.name))
    office.fault(fault, kind="batch", entries={"names": [name]}, atMost=2)
    run = synced(office, book)
    assert len(faulted(office)) == 2
    assert len({(one["requestId"], one["bodySha256"]) for one in faulted(office)}) == 1
    assert office.counters()["batches"] == BATCHES + 1, "never a third time"
    committed = fault["type"] == "closedAfterCommit"
    assert office.counters()["singleWrites"] == (0 if committed else 30)
    assert ("PushSingly" in functions.states(run["runId"])) is not committed
    writes = office.written()
    assert office.sync()["counts"]["unchanged"] == ROWS
    assert office.written() == writes


@pytest.mark.usefixtures("impatient")
@named(TOO_SLOW)
def test_an_answer_that_does_not_come_in_time_counts_as_lost(
    office: Company, book: list[PriceBookRow], fault: Fault
) -> None:
    office.fault(fault, kind="batch", every=7, atMost=HIT)
    began = time.monotonic()
    run = synced(office, book)
    hit = faulted(office)
    assert len(hit) == HIT
    batches = office.requests("batch")
    for one in hit:
        again = [each for each in batches if each["requestId"] == one["requestId"]]
        assert len(again) > 1, "given up at the deadline and sent again"
        assert {each["bodySha256"] for each in again} == {one["bodySha256"]}
    assert run["counts"]["settled"] == ROWS
    time.sleep(max(0.0, 8 - (time.monotonic() - began)))  # the late commit
    everything_is_there_once(office, book)


def test_entries_in_another_order_are_told_by_their_ids_and_nothing_goes_again(
    office: Company, book: list[PriceBookRow]
) -> None:
    office.fault("reorderedEntries", kind="batch", every=7)
    synced(office, book)
    assert len(faulted(office)) == HIT
    assert office.counters()["batches"] == BATCHES
    # Whose id is whose shows when one of them is written again.
    name = next(name for hit in faulted(office) for name in hit["names"] if is_plain(name))
    row = next(row for row in book if row.name == name)
    office.import_rows([{**vars_of(row), "unit_price": "4321.09"}])
    assert office.sync()["counts"]["updated"] == 1
    [repriced] = [item for item in office.books() if item["UnitPrice"] == 4321.09]
    assert (repriced["Name"], repriced["Sku"]) == (row.name, row.code)


@pytest.mark.parametrize("retry_after", [1, None], ids=["with Retry-After", "without Retry-After"])
def test_a_429_is_waited_out_and_no_failure_of_a_record(
    office: Company, book: list[PriceBookRow], retry_after: int | None
) -> None:
    """Without Retry-After one batch is hit: after a second one QuickBooks wants a minute's rest."""
    fault = {"type": "throttle429", "retryAfter": retry_after}
    office.fault(fault, kind="batch", every=7, atMost=HIT if retry_after else 1)
    synced(office, book)
    assert len(faulted(office)) == (HIT if retry_after else 1)
    assert_repeated_identically(office)
    assert office.counters()["singleWrites"] == 0


def test_a_401_renews_the_token_and_sends_the_same_bytes(
    office: Company, book: list[PriceBookRow]
) -> None:
    office.fault("unauthorized401", kind="batch", every=7)
    synced(office, book)
    assert len(faulted(office)) == HIT
    assert_repeated_identically(office)
    assert 1 <= office.counters()["refreshes"] <= HIT
    assert office.connection()["state"] == "connected"


def test_a_batch_refused_whole_is_pushed_one_at_a_time_and_no_other_batch_goes_twice(
    office: Company, book: list[PriceBookRow], functions: Functions
) -> None:
    office.fault("batch400", kind="batch", every=7)
    run = synced(office, book)
    assert functions.states(run["runId"]).count("PushSingly") == 1
    batches = office.requests("batch")
    assert len({one["requestId"] for one in batches}) == len(batches) == BATCHES
    singly = Counter(name for one in office.requests("write") for name in one["names"])
    refused_whole = Counter(name for one in faulted(office) for name in one["names"])
    assert singly == refused_whole, "exactly the 30 of each such batch, once each"
    assert sum(singly.values()) == 30 * HIT


def test_of_a_batch_refused_for_one_malformed_entry_only_that_one_is_refused(
    office: Company, book: list[PriceBookRow], functions: Functions
) -> None:
    bad = next(row for row in book if is_plain(row.name))
    office.fault("batch400", entries={"names": [bad.name]})
    run = office.sync()
    assert run["state"] == "finished"
    assert "PushSingly" in functions.states(run["runId"])
    assert office.counters()["singleWrites"] == 30
    assert office.counters()["batches"] == BATCHES
    assert [failure["id"] for failure in office.failures()] == [bad.id]
    assert (run["counts"]["created"], run["counts"]["refused"]) == (ROWS - 1, 1)
    everything_is_there_once(office, [row for row in book if row is not bad])


def test_entries_refused_for_a_passing_cause_go_again_under_a_new_request_id(
    office: Company, book: list[PriceBookRow]
) -> None:
    office.fault({"type": "entryFault", "code": "6000"}, kind="batch", every=7)
    synced(office, book)
    assert len(faulted(office)) == HIT
    batches = office.requests("batch")
    for hit in faulted(office):
        others = [one for one in batches if one["requestId"] != hit["requestId"]]
        assert [one["names"] for one in others].count(hit["names"]) == 1
    assert len(batches) == BATCHES + HIT


def test_an_entry_refused_for_a_lasting_cause_is_refused_alone_with_its_reason(
    office: Company, book: list[PriceBookRow]
) -> None:
    bad = next(row for row in book if is_plain(row.name))
    office.fault({"type": "entryFault", "code": "2020"}, entries={"names": [bad.name]})
    run = office.sync()
    [failure] = office.failures()
    assert failure["id"] == bad.id
    assert failure["problem"]["message"]
    assert run["counts"]["refused"] == 1
    assert [cause["count"] for cause in run["causes"]] == [1]
    everything_is_there_once(office, [row for row in book if row is not bad])
    assert office.counters()["batches"] == BATCHES

    office.control.delete("/faults")
    healed = office.sync()
    assert (healed["counts"]["created"], healed["counts"]["refused"]) == (1, 0)
    assert office.failures() == []
    everything_is_there_once(office, book)
