"""Health while changes wait, and failures by cause: over the API."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from shared.domain.connections import Setup, StepState
from shared.domain.due import AutomaticState, Circuit, DueRow
from shared.domain.ids import ConnectionKey, ProviderName, RecordKind, RunId, SourceId
from shared.domain.runs import Failure, Problem
from tests.support.api_client import ApiWorld
from tests.support.services import COMPANY

CONNECTION = "/v1/connections/quickbooks"
KEY = ConnectionKey(COMPANY, ProviderName("quickbooks"))
DECIDED = Setup(StepState.DONE, StepState.SKIPPED)
MINUTE = timedelta(minutes=1)


def health(world: ApiWorld) -> tuple[str, str, str]:
    told = world.call("GET", CONNECTION).json()["health"]
    return told["colour"], told["reason"], told["action"]


def waits(world: ApiWorld, *source_ids: str, kind: RecordKind = RecordKind.ITEM) -> None:
    now = world.clock.now()
    rows = [DueRow(KEY, kind, SourceId(one), 1, now, now) for one in source_ids]
    world.services.stores.due.add(rows)


def remembers(world: ApiWorld, circuit: Circuit | None = None, **changes: Any) -> None:
    """The automatic road's state; compared with the books a moment ago."""
    automatic = world.services.stores.automatic
    stored = automatic.load(KEY) or AutomaticState(KEY, world.clock.now() + MINUTE)
    version = stored.version + 1
    assert automatic.save(replace(stored, circuit=circuit, version=version, **changes))


def failure(world: ApiWorld, source_id: str, cause: str, kind: RecordKind) -> Failure:
    problem = Problem(cause, f"{source_id} is bad.", "Make it better.")
    now = world.clock.now()
    return Failure(KEY, kind, SourceId(source_id), cause, problem, 1, RunId("r"), now)


def test_what_waits_is_counted_with_the_age_of_the_oldest(world: ApiWorld) -> None:
    world.connect(setup=DECIDED)
    began = world.clock.now()
    waits(world, "a", kind=RecordKind.CUSTOMER)
    world.clock.sleep(60)
    waits(world, "b", "c")
    answer = world.call("GET", CONNECTION).json()
    assert answer["unsynced"]["count"] == 3
    assert answer["unsynced"]["oldestSince"] == began.isoformat().replace("+00:00", "Z")
    assert health(world) == (
        "amber",
        "3 changes wait to be synced.",
        "Wait: they go by themselves",
    )


def test_more_than_are_counted_are_said_to_be_more(world: ApiWorld) -> None:
    world.connect(setup=DECIDED)
    waits(world, *(f"{number:05}" for number in range(1_001)))
    assert health(world)[1] == "1,000 changes or more wait to be synced."


def test_changes_that_wait_for_the_imports_say_so(world: ApiWorld) -> None:
    world.connect()
    waits(world, "a")
    assert health(world) == (
        "amber",
        "1 change waits until the import of customers and items is decided.",
        "Finish or skip the import steps of the setup",
    )


def test_a_provider_that_does_not_answer_is_named(world: ApiWorld) -> None:
    world.connect(setup=DECIDED)
    now = world.clock.now()
    remembers(world, Circuit(now, now + MINUTE))
    assert health(world)[:2] == ("amber", "QuickBooks does not answer.")
    waits(world, "a", "b")
    reason = "QuickBooks does not answer. 2 changes wait until it does; nothing is lost."
    assert health(world)[1] == reason


def test_what_stops_the_connection_is_told_in_its_own_words(world: ApiWorld) -> None:
    world.connect(setup=DECIDED)
    now = world.clock.now()
    ended = Problem("SUBSCRIPTION_ENDED", "The subscription has ended.", "Renew it.")
    remembers(world, Circuit(now, now + MINUTE, ended))
    assert health(world) == ("amber", ended.message, ended.action)


def test_without_a_run_it_is_green_once_records_and_links_were_compared(world: ApiWorld) -> None:
    world.connect(setup=DECIDED)
    assert health(world)[0::2] == ("amber", "Start a sync")
    remembers(world)
    assert health(world) == ("green", "All synced.", "")


def test_failures_of_both_kinds_count(world: ApiWorld) -> None:
    world.connect(setup=DECIDED)
    remembers(world)
    failures = world.services.stores.failures
    failures.save([failure(world, "c", "A", RecordKind.CUSTOMER)])
    failures.save([failure(world, each, "A", RecordKind.ITEM) for each in ("a", "b")])
    assert health(world)[1] == "1 customer and 2 items could not be synced."


def test_failures_are_shown_by_cause_the_most_frequent_first(world: ApiWorld) -> None:
    world.connect()
    some = [failure(world, f"a{n}", "FEW", RecordKind.ITEM) for n in range(2)]
    many = [failure(world, f"b{n}", "MANY", RecordKind.ITEM) for n in range(7)]
    other = [failure(world, "c", "MANY", RecordKind.CUSTOMER)]
    for each in (some, many, other):
        world.services.stores.failures.save(each)
    answer = world.call("GET", "/v1/failures/causes?provider=quickbooks").json()
    assert [(one["cause"], one["count"]) for one in answer["causes"]] == [("MANY", 7), ("FEW", 2)]
    first = answer["causes"][0]
    assert first["firstIds"] == ["b0", "b1", "b2", "b3", "b4"]
    assert first["problem"]["message"] == "b0 is bad."
    theirs = world.call("GET", "/v1/failures/causes?provider=quickbooks", who="other").json()
    assert theirs == {"causes": []}


def test_notifications_are_muted_and_heard_again(world: ApiWorld) -> None:
    world.connect()
    muted = world.call("PUT", f"{CONNECTION}/settings", {"notify": False}).json()
    assert muted["settings"]["notify"] is False
    heard = world.call("PUT", f"{CONNECTION}/settings", {"notify": True}).json()
    assert heard["settings"]["notify"] is True
    wrong = world.call("PUT", f"{CONNECTION}/settings", {"notify": "no"})
    assert (wrong.status_code, wrong.json()["field"]) == (400, "notify")


def test_a_payment_that_stands_twice_in_the_books_is_not_called_unsynced(world: ApiWorld) -> None:
    world.connect(setup=DECIDED)
    remembers(world)
    twice = failure(world, "p", "PAYMENT_TWICE_IN_BOOKS", RecordKind.PAYMENT)
    refused = failure(world, "q", "BOOKS_CLOSED", RecordKind.PAYMENT)
    world.services.stores.failures.save([twice])
    see = "See what failed and correct it"
    stands = "1 payment stands otherwise in QuickBooks than here."
    assert health(world) == ("amber", stands, see)
    world.services.stores.failures.save([refused])
    assert health(world) == ("amber", f"1 payment could not be synced. {stands}", see)
