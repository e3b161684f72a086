"""What stands refused is told once per cause, and so is its end."""

from __future__ import annotations

from dataclasses import replace

from shared.domain.notifications import Notification
from shared.domain.runs import Problem
from shared.sync.automatic.dead_letters import report
from shared.sync.failure_notices import MOST_TOLD, failure_cause, tell_standing
from tests.support.fake_faults import Busy
from tests.support.metrics import RecordingMetrics
from tests.support.services import COMPANY
from tests.unit.sync.automatic_world import AutomaticWorld
from tests.unit.sync.item_world import World

BAD = Problem("PRICE_TOO_HIGH", "Smith's pipe is too dear.", "Lower the price of Smith's pipe.")


def refusing() -> AutomaticWorld:
    return AutomaticWorld(refuses=lambda fields: BAD if fields.name.startswith("Bad") else None)


def told(world: World) -> list[Notification]:
    """Oldest first."""
    page = world.services.stores.notifications.page(COMPANY, 100, None)
    return list(page.rows)[::-1]


def codes(world: World) -> list[tuple[str, bool]]:
    return [(one.problem.code, one.closed_at is None) for one in told(world)]


def cause_of(world: World, cause: str) -> str:
    return failure_cause(world.connection.key.provider, world.kind, cause)


def test_many_failures_of_one_cause_are_told_once() -> None:
    world = refusing()
    world.has("Bad one", "Fine", "Bad two")
    world.settle_down()
    world.has("Bad three")
    world.settle_down()
    [one] = told(world)
    assert (one.cause, one.closed_at) == (cause_of(world, BAD.code), None)
    assert one.problem.message == "Some items could not be synced to QuickBooks: price too high."


def test_no_word_of_a_record_is_in_it() -> None:
    world = refusing()
    world.has("Bad one")
    world.settle_down()
    assert "Smith" not in repr(told(world))


def test_its_end_is_told_when_the_last_one_is_gone_and_not_before() -> None:
    world = refusing()
    world.has("Bad one", "Bad two")
    world.settle_down()
    world.edit("01", name="Good one")
    world.settle_down()
    assert codes(world) == [("RECORDS_REFUSED", True)]
    world.edit("02", name="Good two")
    world.settle_down()
    assert codes(world) == [("RECORDS_REFUSED", False), ("RECORDS_SYNCED_AGAIN", False)]
    first, second = told(world)
    assert second.recovery_of == first.notification_id


def test_the_same_cause_again_is_told_again() -> None:
    world = refusing()
    world.has("Bad one")
    world.settle_down()
    world.edit("01", name="Good one")
    world.settle_down()
    world.edit("01", name="Bad again")
    world.settle_down()
    assert codes(world)[-1] == ("RECORDS_REFUSED", True)
    assert len(told(world)) == 3


def test_archiving_the_last_one_ends_it() -> None:
    world = refusing()
    world.has("Bad one")
    world.settle_down()
    world.edit("01", active=False)
    world.settle_down()
    assert codes(world) == [("RECORDS_REFUSED", False), ("RECORDS_SYNCED_AGAIN", False)]


def test_a_full_run_tells_too() -> None:
    world = World(refuses=lambda fields: BAD if fields.name.startswith("Bad") else None)
    world.has("Bad one", "Fine")
    world.sync()
    assert codes(world) == [("RECORDS_REFUSED", True)]


def test_a_worker_that_dies_before_telling_is_made_up_for() -> None:
    world = World(refuses=lambda fields: BAD if fields.name.startswith("Bad") else None)
    world.has("Bad one")
    world.kill_before("notifications.open")
    world.sync()
    world.take_over()
    assert codes(world) == [("RECORDS_REFUSED", True)]


def test_a_passing_cause_is_told_only_when_nobody_tries_again_by_himself() -> None:
    world = AutomaticWorld()
    world.has("Pipe")
    world.books.choose_fault = lambda call: Busy(frozenset({0})) if call.request else None
    while world.due:
        assert codes(world) == []
        world.deliver()
    assert codes(world) == [("RECORDS_REFUSED", True)]
    world.books.choose_fault = lambda call: None
    world.edit("01", name="Pipes")
    world.settle_down()
    assert codes(world)[0] == ("RECORDS_REFUSED", False)


def test_a_flood_of_causes_is_bounded() -> None:
    world = World()
    causes = [f"CAUSE_{number:02}" for number in range(MOST_TOLD + 5)]
    for _ in range(2):
        tell_standing(world.services, world.connection.key, world.kind, causes, passing_too=True)
    assert len(told(world)) == MOST_TOLD


def test_failures_and_successes_are_measured() -> None:
    world = refusing()
    metrics = RecordingMetrics()
    world.services = replace(world.services, metrics=metrics)
    world.has("Bad one", "Fine", "Good")
    world.settle_down()
    assert metrics.totals == {"RecordsSynced": 2, "RecordsFailed": 1}


class TestDeadLetters:
    def test_the_company_is_told_and_the_next_run_ends_it(self) -> None:
        world = AutomaticWorld()
        metrics = RecordingMetrics()
        world.services = replace(world.services, metrics=metrics)
        body = f'{{"companyId": "{COMPANY}", "provider": "quickbooks", "kind": "item"}}'
        assert report(world.services, [body, body]) == {"told": 2, "strange": 0}
        assert codes(world) == [("STOPPED_UNEXPECTEDLY", True)]
        world.has("Pipe")
        world.settle_down()
        assert codes(world) == [("STOPPED_UNEXPECTEDLY", False), ("RECORDS_SYNCED_AGAIN", False)]
        assert metrics.totals["DeadLetters"] == 2

    def test_what_is_not_of_our_making_is_counted_and_passed_over(self) -> None:
        world = AutomaticWorld()
        strange = [
            "",
            "[]",
            '{"companyId": "nobody", "provider": "quickbooks", "kind": "item"}',
            f'{{"companyId": "{COMPANY}", "provider": "quickbooks", "kind": "cat"}}',
            f'{{"companyId": "{COMPANY}", "provider": 7, "kind": "item"}}',
        ]
        assert report(world.services, strange) == {"told": 0, "strange": len(strange)}
        assert told(world) == []
