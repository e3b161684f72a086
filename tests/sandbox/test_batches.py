"""Batches: thirty entries that stand alone, request ids that make a repeat harmless, and colliding lists."""

import threading
from typing import Any

import pytest

from tests.sandbox.books import (
    Books,
    content,
    creation,
    creations,
    entry_error,
    only_error,
    service,
)
from tests.support.sandbox_process import HARBOR, ControlClient

REQUEST_ID = "0123456789abcdef0123456789abcdef"


def count(books: Books) -> int:
    total: int = books.query("select count(*) from Item")["totalCount"]
    return total


def test_every_entry_stands_alone_in_one_200(books: Books) -> None:
    books.item(service("Taken"))
    answered = books.batch(
        [
            creation("a", "New"),
            creation("b", "taken"),
            creation("c", "Odd", Colour="red"),
            {
                "bId": "d",
                "operation": "update",
                "Item": {"sparse": True, "Id": "1", "SyncToken": "0", "Sku": "T"},
            },
            {
                "bId": "e",
                "operation": "update",
                "Item": {"sparse": True, "Id": "1", "SyncToken": "7", "Sku": "U"},
            },
            {
                "bId": "f",
                "operation": "update",
                "Item": {"sparse": True, "Id": "99", "SyncToken": "0"},
            },
            {"bId": "g", "operation": "delete", "Item": {"Id": "1", "SyncToken": "1"}},
            {"bId": "h", "Item": service("No operation")},
            {"bId": "i", "operation": "create"},
            {"bId": "j", "operation": "create", "Estimate": {"DocNumber": "1"}},
            {"bId": "k", "operation": "create", "Item": service("Id given", Id="5")},
            {"bId": "l", "CDCQuery": {}},
        ]
    )

    assert {
        b_id: entry_error(entry)["code"] for b_id, entry in answered.items() if "Fault" in entry
    } == {
        "b": "6240",
        "c": "2010",
        "e": "5010",
        "f": "610",
        "g": "500",
        "h": "2020",
        "i": "2010",
        "j": "2010",
        "k": "2030",
        "l": "500",
    }
    assert answered["a"]["Item"]["Name"] == "New"
    assert (answered["d"]["Item"]["Sku"], answered["d"]["Item"]["SyncToken"]) == ("T", "1")
    assert count(books) == 2


def test_two_entries_with_one_name_make_one_item(books: Books) -> None:
    answered = books.batch([creation("1", "Twin"), creation("2", "TWIN")])

    assert entry_error(answered["2"])["Detail"].endswith(f"Id={answered['1']['Item']['Id']}")


def test_a_batch_of_only_failures_is_a_200(books: Books) -> None:
    assert entry_error(books.batch([creation("1", "")])["1"])["code"] == "2020"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"BatchItemRequest": creations(31)}, "1040"),
        ({"BatchItemRequest": []}, "2020"),
        ({}, "2020"),
        ({"BatchItemRequest": creations(1), "More": 1}, "2010"),
        ({"BatchItemRequest": ["x"]}, "2010"),
        ({"BatchItemRequest": [{"operation": "create", "Item": service("x")}]}, "2020"),
        ({"BatchItemRequest": [creation("1", "x"), creation("1", "y")]}, "2030"),
        ([], "2010"),
    ],
)
def test_what_makes_a_whole_batch_unusable_creates_nothing(
    books: Books, body: Any, code: str
) -> None:
    assert only_error(books.post("batch", body))["code"] == code
    assert count(books) == 0


def test_loose_bids_and_the_size_of_a_batch_are_switches(
    books: Books, control: ControlClient
) -> None:
    control.settings(strictBatchIds=False, batchLimit=40)
    entries = [
        *creations(31),
        {"operation": "create", "Item": service("Without")},
        creation("1", "Same again"),
    ]
    answer = content(books.post("batch", {"BatchItemRequest": entries}))["BatchItemResponse"]

    assert len(answer) == 33
    assert "bId" not in answer[31]


def test_an_unknown_property_can_be_made_to_refuse_the_whole_batch(
    books: Books, control: ControlClient
) -> None:
    control.settings(unknownPropertyInBatch="request")
    entries = [creation("1", "Good"), creation("2", "Odd", Colour="red")]

    assert only_error(books.post("batch", {"BatchItemRequest": entries}))["code"] == "2010"
    assert count(books) == 0


# Request ids


def test_a_repeated_batch_gets_the_first_answer_and_is_not_done_twice(books: Books) -> None:
    entries = [*creations(3), creation("4", "Item 1")]
    first = books.batch(entries, requestid=REQUEST_ID)
    again = books.batch(entries, requestid=REQUEST_ID)

    assert again == first
    assert entry_error(again["4"])["code"] == "6240"
    assert count(books) == 3
    assert books.sandbox.control.counters()["replayedEntries"] == 4


def test_without_a_request_id_a_repeat_meets_its_own_items(books: Books) -> None:
    books.batch(creations(2))

    assert {entry_error(entry)["code"] for entry in books.batch(creations(2)).values()} == {"6240"}


def test_other_bids_under_the_same_request_id_are_new(books: Books) -> None:
    books.batch([creation("1", "First")], requestid=REQUEST_ID)
    answered = books.batch(
        [creation("1", "Ignored"), creation("2", "Second")], requestid=REQUEST_ID
    )

    assert [answered[b_id]["Item"]["Name"] for b_id in ("1", "2")] == ["First", "Second"]
    assert count(books) == 2


def test_a_replay_is_the_answer_of_then_not_the_object_of_now(books: Books) -> None:
    first = books.batch([creation("1", "Faucet")], requestid=REQUEST_ID)
    books.item({"sparse": True, "Id": first["1"]["Item"]["Id"], "SyncToken": "0", "UnitPrice": 5})

    assert books.batch([creation("1", "Faucet")], requestid=REQUEST_ID) == first


def test_a_single_write_is_replayed_too_its_failure_included(books: Books) -> None:
    first = books.item(service("Faucet"), requestid="one")
    assert books.item(service("Another body"), requestid="one") == first
    refused = books.refused("item", service("Faucet"), requestid="two")
    assert books.refused("item", service("Free"), requestid="two") == refused

    assert count(books) == 1


def test_request_ids_of_different_companies_do_not_meet(books: Books) -> None:
    books.batch(creations(1), requestid=REQUEST_ID)
    entry = creation("1", "Harbor item", IncomeAccountRef={"value": "1045"})
    with Books(books.sandbox, HARBOR) as other:
        answered = other.batch([entry], requestid=REQUEST_ID)

    assert answered["1"]["Item"]["Name"] == "Harbor item"


@pytest.mark.parametrize(
    ("request_id", "b_id"),
    [("r" * 37, "1"), ("r" * 32, "b" * 11), (REQUEST_ID, "123e4567-e89b-12d3-a456-426614174000")],
)
def test_a_request_id_and_bid_too_long_together_make_every_entry_a_6000(
    books: Books, request_id: str, b_id: str
) -> None:
    answered = books.batch([creation(b_id, "x"), creation("2", "y")], requestid=request_id)

    assert [entry_error(entry)["code"] for entry in answered.values()] == ["6000", "6000"]
    assert count(books) == 0


def test_a_long_bid_without_a_request_id_is_fine(books: Books) -> None:
    assert "Item" in books.batch([creation("b" * 36, "x")])["b" * 36]


def test_the_longest_request_id_and_bid_are_fine(books: Books) -> None:
    assert "Item" in books.batch([creation("b" * 10, "x")], requestid="r" * 36)["b" * 10]


@pytest.mark.parametrize(
    ("path", "body"), [("batch", {"BatchItemRequest": creations(1)}), ("item", service("x"))]
)
@pytest.mark.parametrize("request_id", ["r" * 51, ""])
def test_a_request_id_of_51_or_none_is_2130(
    books: Books, path: str, body: Any, request_id: str
) -> None:
    assert books.refused(path, body, requestid=request_id)["code"] == "2130"


def test_the_memory_of_request_ids_has_switches(books: Books, control: ControlClient) -> None:
    books.batch([creation("1", "Faucet"), creation("2", "")], requestid="r")

    def again() -> list[str]:
        answered = books.batch([creation("1", "Faucet"), creation("2", "")], requestid="r")
        return [
            entry_error(entry)["code"] if "Fault" in entry else "ok" for entry in answered.values()
        ]

    assert again() == ["ok", "2020"]
    control.settings(failedRequests="bare6000")
    assert again() == ["ok", "6000"]
    control.settings(failedRequests="forget")
    assert again() == ["ok", "2020"]
    control.settings(duplicateRequestId="600")
    assert again() == ["600", "2020"]
    control.settings(requestIdMemorySeconds=100)
    control.advance(101)
    assert again() == ["6240", "2020"]
    control.settings(requestIdHonoured=False, requestIdMemorySeconds=None)
    assert again() == ["6240", "2020"]


# Collisions


def together(books: Books, *bodies: tuple[str, Any], **query: str) -> list[Any]:
    """The answers to requests that run at the same time, sent in this order a little apart."""
    answers: list[Any] = [None] * len(bodies)
    arrived = threading.Event()

    def send(place: int, path: str, body: Any) -> None:
        answers[place] = content(books.post(path, body, **query))

    threads = [
        threading.Thread(target=send, args=(place, *body)) for place, body in enumerate(bodies)
    ]
    for thread in threads:
        thread.start()
        arrived.wait(0.05)
    for thread in threads:
        thread.join()
    return answers


def test_with_collisions_on_a_second_batch_of_items_gets_only_transient_6000s(
    books: Books, control: ControlClient
) -> None:
    control.settings(collisions=True, latency={"batch": 200})
    first, second = together(
        books,
        ("batch", {"BatchItemRequest": creations(2, "First")}),
        (
            "batch",
            {
                "BatchItemRequest": [
                    *creations(2, "Second"),
                    {"bId": "q", "Query": "select * from Account"},
                ]
            },
        ),
    )

    assert all("Item" in entry for entry in first["BatchItemResponse"])
    *items, query = second["BatchItemResponse"]
    assert {entry_error(entry)["code"] for entry in items} == {"6000"}
    assert "one product or service at a time" in entry_error(items[0])["Detail"]
    assert "QueryResponse" in query
    assert books.batch(creations(2, "Second"))["1"]["Item"]["Name"] == "Second 1"


def test_a_single_write_collides_too_unless_switched_off(
    books: Books, control: ControlClient
) -> None:
    control.settings(collisions=True, latency={"batch": 200})
    _, single = together(
        books, ("batch", {"BatchItemRequest": creations(1)}), ("item", service("Single"))
    )
    assert entry_error(single)["code"] == "6000"
    control.settings(singleWritesCollide=False)
    _, single = together(
        books, ("batch", {"BatchItemRequest": creations(1, "X")}), ("item", service("Single"))
    )
    assert single["Item"]["Name"] == "Single"


def test_without_collisions_batches_run_side_by_side(books: Books, control: ControlClient) -> None:
    control.settings(latency={"batch": 100})
    answers = together(
        books,
        ("batch", {"BatchItemRequest": creations(2, "First")}),
        ("batch", {"BatchItemRequest": creations(2, "Second")}),
    )

    assert all("Item" in entry for answer in answers for entry in answer["BatchItemResponse"])
    assert control.counters()["maxInFlight"] == 2


def test_identical_batches_at_the_same_time_are_done_once(
    books: Books, control: ControlClient
) -> None:
    control.settings(latency={"batch": 100})
    body = {"BatchItemRequest": creations(3)}
    first, second = together(books, ("batch", body), ("batch", body), requestid=REQUEST_ID)

    assert first["BatchItemResponse"] == second["BatchItemResponse"]
    assert count(books) == 3
