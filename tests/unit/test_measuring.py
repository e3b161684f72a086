"""Calls of providers are logged and counted; what was counted goes out with the invocation."""

from __future__ import annotations

import io
import itertools
import json
from typing import Any

import pytest

from shared.correlation import caused_by
from shared.domain.metrics import NAMESPACE, Metric
from shared.invocation import invocation
from shared.metrics import EmfMetrics
from shared.observability import make_logger
from shared.provider_calls import ObservedTransport
from shared.providers.http import HttpRequest
from shared.system import ThreadedInFlight
from tests.support.effects import VirtualClock
from tests.support.metrics import RecordingMetrics
from tests.unit.providers.scripted import TIMEOUT, Reply, ScriptedTransport, replied

NUMBERS = itertools.count()
URL = "https://books.example/v3/company/7/query?query=select%20Smith"
REFRESH = b"grant_type=refresh_token&refresh_token=RT1"


class Observed:
    """A transport that answers so, with what is logged and counted."""

    def __init__(self, *replies: Reply) -> None:
        self._out = io.StringIO()
        self.metrics = RecordingMetrics()
        logger = make_logger(f"calls-{next(NUMBERS)}", self._out)
        self.transport = ObservedTransport(
            ScriptedTransport(*replies), logger, self.metrics, VirtualClock()
        )

    def call(self, body: bytes = b"") -> Any:
        request = HttpRequest("POST", URL, {"authorization": "Bearer AT1"}, body, 5.0)
        return self.transport.exchange(request)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._out.getvalue().splitlines()]


def test_a_call_is_logged_with_what_caused_it_and_without_what_it_said() -> None:
    observed = Observed(replied({"Name": "Smith"}))
    with caused_by("the click"):
        observed.call(b"Smith")
    [line] = observed.lines
    assert (line["path"], line["status"]) == ("/v3/company/7/query", 200)
    assert line["correlation_id"] == "the click"
    assert "Smith" not in json.dumps(line)
    assert "AT1" not in json.dumps(line)


def test_the_cause_is_known_in_the_threads_that_call() -> None:
    observed = Observed(replied({}))
    with caused_by("the change"):
        ThreadedInFlight().map_in_flight(
            iter([b"1", b"2"]),
            observed.call,
            may_start=lambda _: 0.0,
            settle=lambda _: None,
            idle=lambda: None,
            look_ahead=2,
        )
    assert [line["correlation_id"] for line in observed.lines] == ["the change"] * 2


@pytest.mark.parametrize(
    ("reply", "body", "counted"),
    [
        (replied({}), b"", {}),
        (replied({}, status=429), b"", {"Throttled": 1}),
        (TIMEOUT, b"", {}),
        (replied({}), REFRESH, {}),
        (replied({}, status=400), REFRESH, {"RefreshFailures": 1}),
        (TIMEOUT, REFRESH, {"RefreshFailures": 1}),
        (replied({}, status=400), b"grant_type=authorization_code&code=1", {}),
    ],
)
def test_429s_and_refreshes_without_a_pair_are_counted(
    reply: Reply, body: bytes, counted: dict[str, int]
) -> None:
    observed = Observed(reply)
    observed.call(body)
    assert observed.metrics.totals == counted


def emitted(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if "_aws" in line]


@pytest.fixture(autouse=True)
def named_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "stack-1")


def test_an_invocation_writes_one_line_of_sums_in_the_stacks_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    metrics = EmfMetrics()
    with invocation("some_function", VirtualClock(), metrics=metrics):
        metrics.add(Metric.THROTTLED)
        metrics.add(Metric.THROTTLED, 2)
        metrics.add(Metric.OLDEST_UNSYNCED_SECONDS, 0)
    [line] = emitted(capsys)
    [told] = line["_aws"]["CloudWatchMetrics"]
    assert (told["Namespace"], told["Dimensions"]) == (NAMESPACE, [["service"]])
    assert told["Metrics"] == [
        {"Name": "Throttled", "Unit": "Count"},
        {"Name": "OldestUnsyncedSeconds", "Unit": "Seconds"},
    ]
    assert (line["service"], line["Throttled"], line["OldestUnsyncedSeconds"]) == (
        "stack-1",
        [3],
        [0],
    )


def test_nothing_measured_writes_nothing_and_nothing_goes_out_twice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    metrics = EmfMetrics()
    metrics.add(Metric.DEAD_LETTERS)
    for _ in range(2):
        with invocation("some_function", VirtualClock(), metrics=metrics):
            pass
    assert len(emitted(capsys)) == 1


def test_a_crash_loses_no_measure(capsys: pytest.CaptureFixture[str]) -> None:
    metrics = EmfMetrics()

    def crash() -> None:
        with invocation("some_function", VirtualClock(), metrics=metrics):
            metrics.add(Metric.RECORDS_FAILED, 4)
            raise ValueError("crash")

    with pytest.raises(ValueError, match="crash"):
        crash()
    [line] = emitted(capsys)
    assert line["RecordsFailed"] == [4]
