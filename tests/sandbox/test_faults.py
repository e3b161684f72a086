"""Fault plans: each fault as a client meets it, whether the write was done, and that a repeat settles it."""

import threading
import time
from typing import Any

import httpx2
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
from tests.support.sandbox_process import ControlClient

REQUEST_ID = "feedfacefeedfacefeedfacefeedface"
BATCH = {"BatchItemRequest": creations(5)}
DONE, NOT_DONE = 5, 0


def send(books: Books, **query: str) -> httpx2.Response:
    return books.post("batch", BATCH, **(query or {"requestid": REQUEST_ID}))


def count(books: Books) -> int:
    total: int = books.query("select count(*) from Item")["totalCount"]
    return total


# Answers that say nothing about the outcome

STRANGE: list[tuple[str | dict[str, Any], int, str, int]] = [
    ("html500", 500, "text/html", NOT_DONE),
    ({"type": "html500", "status": 503, "commit": "yes"}, 503, "text/html", DONE),
    ("html200", 200, "text/html", NOT_DONE),
    ({"type": "html200", "commit": "yes"}, 200, "text/html", DONE),
    ("xml504", 504, "application/xml", DONE),
    ({"type": "xml504", "commit": "no"}, 504, "application/xml", NOT_DONE),
    ("gateway500", 500, "application/json", NOT_DONE),
    ("unauthorized401", 401, "application/json", NOT_DONE),
    ("forbidden403", 403, "application/json", NOT_DONE),
    ("throttle429", 429, "application/json", NOT_DONE),
    ({"type": "throttle429", "format": "xml"}, 429, "application/xml", NOT_DONE),
    ({"type": "throttle429", "format": "html"}, 429, "text/html", NOT_DONE),
    ("batch400", 400, "application/json", NOT_DONE),
    ("redirect302", 302, "text/html", NOT_DONE),
    ("emptyBody", 200, "application/json", DONE),
    ({"type": "truncatedJson", "how": "short"}, 200, "application/json", DONE),
]


@pytest.mark.parametrize(
    ("fault", "status", "media_type", "done"), STRANGE, ids=[str(row[0])[:60] for row in STRANGE]
)
def test_a_fault_answers_so_and_the_repeat_settles_it(
    books: Books,
    control: ControlClient,
    fault: str | dict[str, Any],
    status: int,
    media_type: str,
    done: int,
) -> None:
    control.fault(fault, kind="batch")
    answer = send(books)

    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (
        status,
        media_type,
    )
    assert count(books) == done
    repeated = {entry["bId"]: entry for entry in content(send(books))["BatchItemResponse"]}
    assert all("Item" in entry for entry in repeated.values())
    assert count(books) == DONE
    assert sum(control.counters()["faults"].values()) == 1


def test_bodies_of_strange_answers(books: Books, control: ControlClient) -> None:
    def answer(fault: str | dict[str, Any]) -> httpx2.Response:
        control.delete("/faults")
        control.fault(fault, kind="read", repeats=True)
        return books.get("preferences")

    assert answer("gateway500").json()["fault"]["error"][0]["code"] == "3100"
    assert (
        answer({"type": "unauthorized401", "code": "130"}).json()["fault"]["error"][0]["code"]
        == "130"
    )
    assert books.tokens["access_token"] in answer("unauthorized401").text
    assert '<Error code="6002">' in answer("xml504").text
    assert "Retry-After" not in answer("throttle429").headers
    assert answer({"type": "throttle429", "retryAfter": 7}).headers["retry-after"] == "7"
    assert answer({"type": "throttle429", "format": "empty"}).content == b""
    assert answer({"type": "redirect302", "location": "/login"}).headers["location"] == "/login"
    assert answer("emptyBody").content == b""


# Connections that end

CUT: list[tuple[str | dict[str, Any], int]] = [
    ("closedBeforeCommit", NOT_DONE),
    ("closedAfterCommit", DONE),
    ({"type": "closedAfterCommit", "reset": True}, DONE),
    ("truncatedJson", DONE),
    ({"type": "truncatedJson", "reset": True}, DONE),
    ({"type": "hang", "seconds": 0.1, "then": "close"}, DONE),
    ({"type": "hang", "seconds": 0.1, "then": "close", "commit": "no"}, NOT_DONE),
]


@pytest.mark.parametrize(("fault", "done"), CUT, ids=[str(row[0])[:60] for row in CUT])
def test_a_cut_connection_is_an_error_for_the_client_and_the_repeat_settles_it(
    books: Books, control: ControlClient, fault: str | dict[str, Any], done: int
) -> None:
    control.fault(fault, kind="batch")
    with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
        send(books)

    assert count(books) == done
    assert send(books).status_code == 200
    assert count(books) == DONE


def test_a_cut_answer_has_promised_more_than_came(books: Books, control: ControlClient) -> None:
    control.fault("truncatedJson", kind="batch")
    request = books.http.build_request("POST", f"{books.base}/batch", json=BATCH)
    answer = books.http.send(request, stream=True)
    parts = answer.iter_raw()
    got = next(parts)
    with pytest.raises(httpx2.RemoteProtocolError):
        next(parts)
    answer.close()

    assert len(got) == int(answer.headers["content-length"]) // 2
    assert got.startswith(b'{"BatchItemResponse":[')


# Slow and large


@pytest.mark.parametrize(
    ("when", "done_meanwhile"), [("beforeCommit", NOT_DONE), ("afterCommit", DONE)]
)
def test_a_hang_outlasts_the_client_and_the_write_is_done_all_the_same(
    books: Books, control: ControlClient, when: str, done_meanwhile: int
) -> None:
    control.fault({"type": "hang", "seconds": 0.5, "when": when}, kind="batch")
    with pytest.raises(httpx2.ReadTimeout):
        books.http.post(
            f"{books.base}/batch", json=BATCH, params={"requestid": REQUEST_ID}, timeout=0.2
        )

    assert count(books) == done_meanwhile
    time.sleep(0.4)
    assert count(books) == DONE


def test_a_commit_can_come_after_the_answer_that_said_nothing(
    books: Books, control: ControlClient
) -> None:
    control.fault({"type": "html500", "commit": "late", "lateSeconds": 0.3}, kind="batch")

    assert send(books).status_code == 500
    assert count(books) == NOT_DONE
    time.sleep(0.4)
    assert count(books) == DONE


def test_a_trickled_answer_is_whole_in_the_end(books: Books, control: ControlClient) -> None:
    control.fault({"type": "slowTrickle", "seconds": 0.4}, kind="batch")
    started = time.monotonic()
    answer = send(books)

    assert len(content(answer)["BatchItemResponse"]) == 5
    assert time.monotonic() - started > 0.35


def test_a_huge_answer_is_json_behind_megabytes_of_blanks(
    books: Books, control: ControlClient
) -> None:
    control.fault({"type": "hugeBody", "megabytes": 3}, kind="batch")
    answer = send(books)

    assert len(answer.content) > 3 * 1024 * 1024
    assert len(content(answer)["BatchItemResponse"]) == 5


# Entries


def test_missing_entries_were_done_all_the_same(books: Books, control: ControlClient) -> None:
    control.fault({"type": "missingEntries", "count": 2}, kind="batch")

    assert {entry["bId"] for entry in content(send(books))["BatchItemResponse"]} == {"3", "4", "5"}
    assert count(books) == DONE
    assert len(content(send(books))["BatchItemResponse"]) == 5


def test_the_missing_entries_can_be_chosen_by_name(books: Books, control: ControlClient) -> None:
    control.fault("missingEntries", kind="batch", entries={"names": ["Item 2", "Item 4"]})

    assert {entry["bId"] for entry in content(send(books))["BatchItemResponse"]} == {"1", "3", "5"}


@pytest.mark.parametrize(("order", "b_ids"), [("reversed", "54321"), ("rotated", "23451")])
def test_entries_can_come_in_another_order(
    books: Books, control: ControlClient, order: str, b_ids: str
) -> None:
    control.fault({"type": "reorderedEntries", "order": order}, kind="batch")

    assert "".join(entry["bId"] for entry in content(send(books))["BatchItemResponse"]) == b_ids


def test_a_planted_entry_is_refused_in_a_batch_and_alone(
    books: Books, control: ControlClient
) -> None:
    control.fault({"type": "entryFault", "code": "2050"}, entries={"namePattern": "[24]$"})
    answered = books.batch(creations(5))

    assert {b_id for b_id, entry in answered.items() if "Fault" in entry} == {"2", "4"}
    assert entry_error(answered["2"])["code"] == "2050"
    assert books.refused("item", service("Item 2"))["code"] == "2050"
    assert count(books) == 3


def test_a_transient_refusal_ends_after_so_many_times_for_each_name(
    books: Books, control: ControlClient
) -> None:
    control.fault("entryFault", entries={"names": ["Item 2", "Item 3"], "timesEach": 1})
    first = books.batch(creations(3), requestid="first")
    replay = books.batch(creations(3), requestid="first")
    again = books.batch([creation("2", "Item 2"), creation("3", "Item 3")], requestid="second")

    assert [entry_error(first[b_id])["code"] for b_id in ("2", "3")] == ["6000", "6000"]
    assert replay == first
    assert all("Item" in entry for entry in again.values())


def test_an_entry_can_be_chosen_by_its_bid(books: Books, control: ControlClient) -> None:
    control.fault("entryFault", entries={"bIds": ["3"]})

    assert [b_id for b_id, entry in books.batch(creations(5)).items() if "Fault" in entry] == ["3"]


def test_a_planted_malformed_entry_refuses_its_whole_batch_and_alone_only_itself(
    books: Books, control: ControlClient
) -> None:
    control.fault("batch400", entries={"nameContains": "malformed"})
    entries = [*creations(3), creation("4", "malformed thing")]

    for _ in range(2):
        error = only_error(books.post("batch", {"BatchItemRequest": entries}, requestid=REQUEST_ID))
        assert error["code"] == "2010"
    assert count(books) == 0
    assert books.refused("item", service("malformed thing"))["code"] == "2010"
    for number in range(1, 4):
        books.item(service(f"Item {number}"))


# Which calls


def outcomes(books: Books, number: int, **query: str) -> list[int]:
    return [
        books.post("batch", {"BatchItemRequest": creations(1, f"Row {one}")}, **query).status_code
        for one in range(number)
    ]


def test_every_third_different_batch_fails_and_repeats_are_not_counted(
    books: Books, control: ControlClient
) -> None:
    control.fault("html500", kind="batch", every=3)
    assert outcomes(books, 6) == [200, 200, 500, 200, 200, 500]

    assert outcomes(books, 6) == [200] * 6
    (rule,) = control.get("/faults")["rules"]
    assert (rule["matched"], rule["given"]) == (6, 2)


def test_with_repeats_every_call_counts(books: Books, control: ControlClient) -> None:
    control.fault("html500", kind="batch", every=2, repeats=True)

    assert [send(books).status_code for _ in range(4)] == [200, 500, 200, 500]


def test_nth_and_at_most_choose_calls(books: Books, control: ControlClient) -> None:
    control.fault("html500", kind="batch", nth=[1, 3])
    assert outcomes(books, 4) == [500, 200, 500, 200]
    control.delete("/faults")
    control.fault("html500", kind="query", repeats=True, atMost=1)

    assert [books.get("query", query="select * from Item").status_code for _ in range(2)] == [
        500,
        200,
    ]


def test_kind_realm_path_and_body_choose_calls(books: Books, control: ControlClient) -> None:
    control.fault("html500", kind=["write", "batch"], bodyContains="poison")
    control.fault("html200", pathContains="companyinfo")
    control.fault("html500", realm="9341453172908345127")

    assert books.post("item", service("healthy")).status_code == 200
    assert books.post("item", service("poison")).status_code == 500
    assert books.get(f"companyinfo/{books.realm}").headers["content-type"].startswith("text/html")
    assert books.get("preferences").headers["content-type"].startswith("application/json")


def test_the_first_rule_that_is_due_decides(books: Books, control: ControlClient) -> None:
    control.fault("html500", kind="batch", nth=[2])
    control.fault("gateway500", kind="batch", every=1)
    first, second = (
        outcomes(books, 1),
        books.post("batch", {"BatchItemRequest": creations(1, "Other")}),
    )

    assert first == [500]
    assert second.headers["content-type"].startswith("text/html")
    assert control.counters()["faults"] == {"gateway500": 1, "html500": 1}


def test_a_mistyped_rule_is_refused_by_name(control: ControlClient) -> None:
    rules: tuple[dict[str, Any], ...] = (
        {"fault": {"type": "nope"}},
        {"fault": {"type": "hang", "secs": 1}},
        {"fault": {"type": "hang"}, "match": {"evry": 2}},
        {"fault": {"type": "entryFault"}, "match": {"entries": {"namePattern": "("}}},
        {"match": {}},
    )
    for rule in rules:
        with pytest.raises(AssertionError, match="error"):
            control.post("/faults", {"rules": [rule]})
    assert control.get("/faults") == {"rules": []}


# The token endpoint


def test_a_lost_refresh_answer_may_have_rotated_the_token(
    books: Books, control: ControlClient
) -> None:
    control.settings(rotationSeconds=0)
    control.fault("closedAfterCommit", kind="token")
    with pytest.raises(httpx2.RemoteProtocolError):
        books.refresh(books.tokens["refresh_token"])

    assert books.refresh(books.tokens["refresh_token"]).json() == {"error": "invalid_grant"}
    assert control.counters()["rotations"] == 1


@pytest.mark.parametrize("fault", ["html500", "throttle429", "closedBeforeCommit", "emptyBody"])
def test_a_refresh_that_failed_before_its_effect_can_be_repeated(
    books: Books, control: ControlClient, fault: str
) -> None:
    control.settings(rotationSeconds=0)
    control.fault({"type": fault, "commit": "no"}, kind="token")
    try:
        assert books.refresh(books.tokens["refresh_token"]).text.find("access_token") == -1
    except httpx2.RemoteProtocolError:
        assert fault == "closedBeforeCommit"

    assert books.refresh(books.tokens["refresh_token"]).status_code == 200


def test_latency_holds_a_call_before_its_effect(books: Books, control: ControlClient) -> None:
    control.settings(latency={"batch": 300})
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(send(books).status_code))
    thread.start()
    time.sleep(0.1)
    assert count(books) == 0
    thread.join()

    assert (seen, count(books)) == ([200], 5)
