"""What is new in the books comes in by itself where the office said so, and only there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.connections import NewFromBooks, Setup, StepState
from shared.domain.ids import RecordKind
from shared.domain.runs import RunPurpose
from shared.domain.wake_up import Task
from shared.sync.automatic.compare import BY_ITSELF
from tests.support.wake_ups import RecordingTasks, tick
from tests.unit.sync.automatic_world import DECIDED, AutomaticWorld

BY_ITSELF_KINDS = {RecordKind.CUSTOMER, RecordKind.ITEM}


def world_that(new_from_books: NewFromBooks, setup: Setup = DECIDED) -> AutomaticWorld:
    world = AutomaticWorld()
    settings = replace(world.connection.settings, new_from_books=new_from_books)
    world.reconnect(settings=settings, setup=setup)
    world.has("Pipe")  # the schedule knows a connection from its first change
    world.settle_down()
    return world


def imports(world: AutomaticWorld) -> set[RecordKind]:
    tasks = world.services.tasks
    assert isinstance(tasks, RecordingTasks)
    return {one.kind for one in tasks.sent if one.task is Task.IMPORT}


def test_customers_and_items_once_a_day() -> None:
    world = world_that(NewFromBooks.IMPORT)
    tick(world.services)
    assert imports(world) == BY_ITSELF_KINDS
    for kind in BY_ITSELF_KINDS:
        run = world.services.stores.runs.active(world.connection.key, kind)
        assert run is not None
        assert (run.purpose, run.started_by) == (RunPurpose.IMPORT, BY_ITSELF)
    tasks = world.services.tasks
    assert isinstance(tasks, RecordingTasks)
    tasks.sent.clear()
    world.clock.sleep(30)
    tick(world.services)
    assert imports(world) == set(), "at the next tick"


@pytest.mark.parametrize(
    ("setting", "setup"),
    [
        (NewFromBooks.REVIEW, DECIDED),
        (NewFromBooks.IMPORT, replace(DECIDED, import_customers=StepState.PENDING)),
    ],
)
def test_not_where_a_person_is_to_review_them_or_the_setup_is_undecided(
    setting: NewFromBooks, setup: Setup
) -> None:
    world = world_that(setting, setup)
    tick(world.services)
    assert imports(world) == set()


def test_what_is_under_way_is_left_alone() -> None:
    world = world_that(NewFromBooks.IMPORT)
    world.click()
    tick(world.services)
    assert imports(world) == {RecordKind.CUSTOMER}
