"""Deciding the imports opens the automatic road, once and remembered."""

from __future__ import annotations

from shared.domain.connections import Setup, StepState
from shared.domain.ids import PersonId
from shared.sync.automatic.resume import resume
from shared.sync.setup import decide_steps
from tests.unit.sync.automatic_world import AutomaticWorld

ANN = PersonId("ann")


def undecided() -> AutomaticWorld:
    world = AutomaticWorld()
    world.reconnect(setup=Setup())
    return world


def test_both_imports_decided_send_what_is_out_of_step() -> None:
    world = undecided()
    world.has("Pipe", "Elbow")
    decide_steps(world.services, world.connection.key, ANN, import_customers=StepState.SKIPPED)
    assert world.wake_ups.sent == []
    decide_steps(world.services, world.connection.key, ANN, import_items=StepState.DONE)
    world.minute()
    world.settle_down()
    assert world.names_in_books == ["Pipe", "Elbow"]


def test_what_was_decided_is_remembered_and_noted_once() -> None:
    world = undecided()
    for _ in range(2):
        decided = decide_steps(
            world.services, world.connection.key, ANN, map_items=StepState.SKIPPED
        )
        assert decided.setup == Setup(map_items=StepState.SKIPPED)
    entries = world.services.stores.audit.page(world.connection.key.company_id, 10, None).rows
    assert [(entry.what, entry.who) for entry in entries] == [("connection.setup_changed", "ann")]


def test_resuming_a_road_that_is_not_open_does_nothing() -> None:
    world = undecided()
    resume(world.services, world.connection.key)
    assert (world.wake_ups.sent, world.services.stores.automatic.load(world.connection.key)) == (
        [],
        None,
    )


def test_another_default_account_makes_every_item_due() -> None:
    world = AutomaticWorld()
    world.has("Pipe", "Elbow")
    world.settle_down()
    settings = world.connection.settings
    world.reconnect(settings=type(settings)(default_income_account_id="inc-2"))
    resume(world.services, world.connection.key)
    world.minute()
    world.settle_down()
    assert {world.in_books(one).income_account_id for one in ("01", "02")} == {"inc-2"}
