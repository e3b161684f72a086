"""One correlation id from the change to the run that sends it."""

from __future__ import annotations

from typing import Any

import pytest

from shared import correlation
from shared.domain.due import Change
from shared.domain.ids import CorrelationId, RecordKind, SourceId
from shared.domain.wake_up import WakeUp
from shared.storage.dynamo.stream import read_stream
from shared.sync.automatic.messages import serve_wake_ups
from shared.sync.automatic.relay import make_due, relay
from shared.wakeups import SqsWakeUps
from tests.support.services import COMPANY
from tests.unit.sync.automatic_world import AutomaticWorld

ITEM = RecordKind.ITEM


def changed(source_id: str, version: int, cause: str) -> Change:
    return Change(COMPANY, ITEM, SourceId(source_id), version, CorrelationId(cause))


def causes_of_runs(world: AutomaticWorld) -> list[str]:
    return [run.correlation_id for run in world.saved_runs if not run.state.active]


def woken(world: AutomaticWorld, cause: str) -> None:
    body = WakeUp(world.connection.key, ITEM, CorrelationId(cause)).written()
    serve_wake_ups(world.services, ITEM, {"Records": [{"body": body}]}, 300)


def test_the_stream_tells_what_caused_the_change() -> None:
    image = {
        "pk": {"S": "item#company-1"},
        "sk": {"S": "01"},
        "version": {"N": "3"},
        "correlation_id": {"S": "the click"},
    }
    [change], _ = read_stream([{"dynamodb": {"NewImage": image}}])
    assert change.correlation_id == "the click"


def test_a_run_is_stored_with_the_cause_of_its_change_whoever_woke_the_worker() -> None:
    world = AutomaticWorld()
    world.streams = False
    world.has("Pipe")
    relay(world.services, [changed("01", 1, "the click")])
    woken(world, "another wake-up")
    assert causes_of_runs(world) == ["the click"]


def test_rows_of_nobody_take_the_cause_of_the_wake_up() -> None:
    world = AutomaticWorld()
    world.streams = False
    world.has("Pipe")
    relay(world.services, [changed("01", 1, "")])
    woken(world, "the comparison")
    assert causes_of_runs(world) == ["the comparison"]


def test_the_provider_is_called_under_the_cause_of_the_run() -> None:
    world = AutomaticWorld()
    world.streams = False
    world.has("Pipe")
    heard: list[str] = []
    world.books.choose_fault = lambda call: heard.append(correlation.current())
    relay(world.services, [changed("01", 1, "the click")])
    woken(world, "")
    assert set(heard) == {"the click"}
    assert correlation.current() == ""


def test_what_a_person_asks_for_is_caused_by_that_call() -> None:
    world = AutomaticWorld()
    world.streams = False
    world.has("Pipe")
    with correlation.caused_by("the retry"):
        make_due(world.services, world.connection.key, ITEM, [(SourceId("01"), 1)])
    woken(world, "")
    assert causes_of_runs(world) == ["the retry"]


def test_the_message_carries_the_cause() -> None:
    class Sqs:
        def send_message(self, **arguments: Any) -> None:
            sent.append(arguments["MessageBody"])

    sent: list[str] = []
    world = AutomaticWorld()
    client: Any = Sqs()
    wake_ups = SqsWakeUps(lambda: client, {ITEM: "the queue"})
    with correlation.caused_by("the click"):
        wake_ups.wake(world.connection.key, ITEM)
    assert WakeUp.read(sent[0]) == WakeUp(world.connection.key, ITEM, CorrelationId("the click"))


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"companyId": "c", "provider": "quickbooks", "kind": "cat"}',
        '{"companyId": "", "provider": "quickbooks", "kind": "item"}',
        '{"companyId": "c", "provider": "quickbooks", "kind": "item", "correlationId": 7}',
    ],
)
def test_a_message_of_another_shape_is_refused(body: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own, the kind's or ours
        WakeUp.read(body)


def test_a_message_from_before_there_was_a_cause_is_read() -> None:
    read = WakeUp.read('{"companyId": "c", "provider": "quickbooks", "kind": "item"}')
    assert read.correlation_id == ""
