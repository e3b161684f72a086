"""The documented limits, each refused with a 429 and code 3001, in sliding and in fixed windows."""

import threading

import httpx2
import pytest

from tests.sandbox.books import Books, creations
from tests.support.sandbox_process import CEDAR_RIDGE, CLIENT_ID, HARBOR, ControlClient

ROOMY = {"perSecond": 1000, "inFlight": 1000, "perMinute": 1000, "batchesPerMinute": 1000}


def statuses(books: Books, count: int, path: str = "preferences") -> list[int]:
    return [books.get(path).status_code for _ in range(count)]


def batches(books: Books, count: int, prefix: str) -> list[int]:
    return [
        books.post("batch", {"BatchItemRequest": creations(1, f"{prefix} {number}")}).status_code
        for number in range(count)
    ]


def test_nothing_is_throttled_by_default(books: Books) -> None:
    assert set(statuses(books, 30)) == {200}


@pytest.mark.parametrize("window", ["sliding", "fixed"])
@pytest.mark.parametrize("limit", ["perSecond", "perMinute"])
def test_calls_beyond_a_limit_are_refused_until_the_window_has_passed(
    books: Books, control: ControlClient, window: str, limit: str
) -> None:
    control.settings(throttle=window, limits={**ROOMY, limit: 4}, refusedCallsCount=False)

    assert statuses(books, 6).count(200) in ((4, 5, 6) if window == "fixed" else (4,))
    control.advance(61)
    assert statuses(books, 1) == [200]


def test_a_sliding_window_frees_a_place_when_the_oldest_call_leaves_it(
    books: Books, control: ControlClient
) -> None:
    control.settings(throttle="sliding", limits={**ROOMY, "perMinute": 2}, refusedCallsCount=False)
    assert statuses(books, 1) == [200]
    control.advance(40)
    assert statuses(books, 2) == [200, 429]
    control.advance(21)
    assert statuses(books, 2) == [200, 429]


def test_a_fixed_window_frees_all_places_at_the_full_minute(
    books: Books, control: ControlClient
) -> None:
    control.settings(throttle="fixed", limits={**ROOMY, "perMinute": 2}, refusedCallsCount=False)
    control.advance(60 - control_second(control) + 40)
    assert statuses(books, 3) == [200, 200, 429]
    control.advance(10)
    assert statuses(books, 1) == [429]
    control.advance(15)
    assert statuses(books, 3) == [200, 200, 429]


def control_second(control: ControlClient) -> float:
    """How far the sandbox's minute has gone."""
    now: str = control.post("/clock", {"advanceSeconds": 0})["now"]
    return float(now[17:].partition("+")[0])


def test_refused_calls_count_unless_switched_off(books: Books, control: ControlClient) -> None:
    control.settings(throttle="sliding", limits={**ROOMY, "perMinute": 2})
    assert statuses(books, 2) == [200, 200]
    control.advance(40)
    assert statuses(books, 2) == [429, 429]
    control.advance(21)
    assert statuses(books, 1) == [429]


def test_batches_have_a_limit_of_their_own_by_app_and_by_company(
    books: Books, control: ControlClient
) -> None:
    control.settings(
        throttle="sliding",
        limits={**ROOMY, "batchesPerMinute": 2, "batchesPerMinutePerCompany": 3},
        refusedCallsCount=False,
    )
    assert batches(books, 3, "first app") == [200, 200, 429]
    assert statuses(books, 1) == [200]
    control.post("/clients", {"clientId": "second", "clientSecret": "s"})
    with connect_as(books, "second") as second:
        assert batches(second, 2, "second app") == [200, 429]


def connect_as(books: Books, client_id: str) -> Books:
    """The same company through another app."""
    control, other = books.sandbox.control, Books(books.sandbox)
    form = {
        "client_id": client_id,
        "response_type": "code",
        "scope": "com.intuit.quickbooks.accounting",
        "redirect_uri": "http://127.0.0.1:9/",
        "state": "x",
        "company": CEDAR_RIDGE,
    }
    consent = other.http.post(f"{books.sandbox.quickbooks_url}/connect/oauth2", data=form)
    code = httpx2.URL(consent.headers["location"]).params["code"]
    answer = other.http.post(
        f"{books.sandbox.quickbooks_url}/oauth2/v1/tokens/bearer",
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": "http://127.0.0.1:9/",
        },
        auth=(client_id, "s"),
    )
    other.use(answer.json())
    assert control.get("/grants")["grants"][-1]["clientId"] == client_id != CLIENT_ID
    return other


def test_companies_have_limits_each_of_their_own(books: Books, control: ControlClient) -> None:
    control.settings(throttle="sliding", limits={**ROOMY, "perMinute": 1})
    with Books(books.sandbox, HARBOR) as other:
        assert statuses(books, 2) == [200, 429]
        assert statuses(other, 1) == [200]


def test_calls_in_flight_have_a_limit(books: Books, control: ControlClient) -> None:
    control.settings(throttle="sliding", limits={**ROOMY, "inFlight": 2}, latency={"read": 200})
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.extend(statuses(books, 1))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(found) == [200, 200, 429, 429]
    assert statuses(books, 1) == [200]


def test_a_429_has_code_3001_no_retry_after_and_is_counted(
    books: Books, control: ControlClient
) -> None:
    control.settings(throttle="sliding", limits={**ROOMY, "perMinute": 0})
    refused = books.get("preferences")

    (error,) = refused.json()["fault"]["error"]
    assert (error["code"], error["message"]) == (
        "3001",
        "message=ThrottleExceeded; errorCode=003001; statusCode=429",
    )
    assert "retry-after" not in refused.headers
    assert control.counters()["throttled"] == 1
    assert control.requests(kind="read")[-1]["throttled"] is True


def test_a_429_can_be_xml_and_can_have_retry_after(books: Books, control: ControlClient) -> None:
    control.settings(
        throttle="sliding",
        limits={**ROOMY, "perMinute": 1},
        gatewayErrorFormat="xml",
        retryAfterHeader=True,
    )
    assert statuses(books, 1) == [200]
    refused = books.get("preferences")

    assert '<Error code="3001">' in refused.text
    assert 50 <= int(refused.headers["retry-after"]) <= 61
