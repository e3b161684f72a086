"""A run that was stopped may have created what it never heard of; the next one knows its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from shared.domain.ids import SourceId
from shared.domain.links import LinkOrigin
from shared.domain.runs import RunState
from tests.support.fake_faults import BooksCall, Fault, Lost
from tests.unit.sync.item_world import World

ONE = SourceId("01")


def stopped(world: World, first: Lost) -> None:
    """A sync whose first batch is lost so; then nothing answers until it is stopped."""
    usual, links = world.books.choose_fault, dict(world.links)
    sent = Counter[str]()

    def fault(call: BooksCall) -> Fault | None:
        sent[call.on] += 1
        if not sent["batch"]:
            return None
        return first if call.on == "batch" and sent["batch"] == 1 else Lost()

    world.books.choose_fault = fault
    assert world.sync().state is RunState.FAILED
    world.books.choose_fault = usual
    assert dict(world.links) == links


def stopped_unheard(world: World) -> None:
    stopped(world, Lost(0.0))


def stopped_unsent(world: World) -> None:
    stopped(world, Lost())


@pytest.mark.parametrize(
    "edit",
    [
        lambda world: None,
        lambda world: world.edit("01", price="9"),
        lambda world: world.edit("01", name="Tube"),
        lambda world: world.edit("01", name="Tu:be", price="9"),
    ],
)
def test_a_marked_record_is_known_by_its_mark_and_follows_every_edit(
    edit: Callable[[World], object],
) -> None:
    world = World()
    world.has("Pi:pe")
    stopped_unheard(world)
    edit(world)
    world.settles(world.sync())
    assert len(world.names_in_books) == 1
    assert world.links[ONE].origin is LinkOrigin.CREATED
    item, fields = world.items[ONE], world.in_books("01")
    assert fields.unit_price == item.unit_price.amount
    assert fields.name == (world.would_be_called("01") if ":" in item.name else item.name)


def test_a_record_renamed_since_is_known_by_what_was_sent_and_is_renamed() -> None:
    world = World()
    world.has("Pipe", code="P-1")
    stopped_unheard(world)
    world.edit("01", name="Tube")
    world.settles(world.sync())
    assert world.names_in_books == ["Tube"]


@pytest.mark.parametrize("name", ["Pipe", "Pi:pe"])
def test_a_record_archived_since_is_archived_in_the_books(name: str) -> None:
    world = World()
    world.has(name)
    stopped_unheard(world)
    world.edit("01", active=False)
    world.settles(world.sync())
    assert [row.fields.active for row in world.books.items] == [False]


def test_a_stranger_under_the_former_name_is_left_alone() -> None:
    world = World()
    world.has("Pipe", code="P-1")
    stopped_unsent(world)
    theirs = world.books.plant("Pipe", unit_price="7", description="theirs")
    world.edit("01", name="Tube")
    world.settles(world.sync())
    assert sorted(world.names_in_books) == ["Pipe", "Tube"]
    assert world.links[ONE].remote_id != theirs.remote_id


def test_a_run_that_was_stopped_while_planning_hides_none_before_it() -> None:
    world = World()
    world.has("Pi:pe")
    stopped_unheard(world)
    usual = world.books.choose_fault
    world.books.choose_fault = lambda call: Lost()
    assert world.sync().state is RunState.FAILED
    world.books.choose_fault = usual
    world.edit("01", name="Tube")
    world.settles(world.sync())
    assert world.names_in_books == ["Tube"]


def test_after_a_finished_run_nothing_is_looked_up() -> None:
    world = World()
    world.has("Pi:pe")
    stopped_unheard(world)
    world.sync()
    looked_up = world.books.calls["records_by_name"]
    world.has("Pi:pe")
    world.settles(world.sync())
    assert world.books.calls["records_by_name"] == looked_up


def test_what_was_never_created_is_planned_as_new() -> None:
    world = World()
    world.has("Pi:pe", "Elbow")
    stopped_unsent(world)
    world.edit("01", name="Tube")
    run = world.sync()
    assert run.counts.created == 2
    world.settles(run)


@pytest.mark.parametrize(
    "edit",
    [
        lambda world: world.edit("01", price="9"),
        lambda world: world.edit("01", name="Tube", price="9"),
        lambda world: world.edit("01", price="9", active=False),
    ],
)
def test_an_update_nobody_heard_of_is_no_conflict_with_a_later_edit(
    edit: Callable[[World], object],
) -> None:
    world = World()
    world.has("Pipe", "Elbow")
    world.sync()
    world.edit("01", price="4", name="Pipes")
    stopped_unheard(world)
    assert world.in_books("01").unit_price == 4
    edit(world)
    run = world.sync()
    world.settles(run)
    assert (run.counts.updated, run.counts.refused) == (1, 0)
    item, fields = world.items[ONE], world.in_books("01")
    assert fields.active == item.active
    if item.active:
        assert (fields.name, fields.unit_price) == (item.name, item.unit_price.amount)


def test_what_somebody_made_of_it_in_the_books_is_a_conflict_all_the_same() -> None:
    world = World()
    world.has("Pipe")
    world.sync()
    world.edit("01", price="4")
    stopped_unheard(world)
    world.books.edit(world.links[ONE].remote_id, unit_price=7)
    world.edit("01", price="9")
    assert world.sync().counts.refused == 1
    assert world.in_books("01").unit_price == 7


def test_an_update_that_was_never_carried_out_is_simply_sent() -> None:
    world = World()
    world.has("Pipe")
    world.sync()
    world.edit("01", price="4")
    stopped_unsent(world)
    world.edit("01", price="9")
    assert world.sync().counts.updated == 1
    assert world.in_books("01").unit_price == 9


def test_a_record_edited_back_after_an_update_nobody_heard_of_is_sent_back() -> None:
    world = World()
    world.has("Pipe", price="3")
    world.sync()
    world.edit("01", price="4")
    stopped_unheard(world)
    world.edit("01", price="3")
    run = world.sync()
    world.settles(run)
    assert (run.counts.updated, world.in_books("01").unit_price) == (1, 3)
