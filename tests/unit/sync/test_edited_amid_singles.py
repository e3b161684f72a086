"""Records that are edited while a refused batch goes one at a time: what went out is known for ours."""

from __future__ import annotations

import pytest

from shared.domain.errors import StorageUnavailable
from shared.domain.ids import PersonId, SourceId
from shared.domain.runs import ChunkState, RunState
from shared.sync.account_mapping import Choice, assign
from tests.support.fake_books import INCOME_ACCOUNT, SERVICES_ACCOUNT
from tests.support.fake_faults import Lost, Rejected, Stopped
from tests.unit.sync.item_world import World

ONE = SourceId("01")


def refused_then_edited(world: World, **changes: str) -> None:
    """The next batch is refused as a whole, and the record is edited before it goes singly."""
    world.books.faults.add("batch", Rejected())
    world.meets("runs.save_chunks", lambda: world.edit("01", **changes), when="after")


def edited_to_five_amid_singles() -> World:
    """A pipe in the books; an update of it to 4 is about to be refused, and it is edited to 5 then."""
    world = World()
    world.has("Pipe")
    world.sync()
    world.edit("01", price="4")
    refused_then_edited(world, price="5")
    return world


def test_an_edit_that_a_killed_worker_sent_is_no_conflict_with_the_next_edit() -> None:
    world = edited_to_five_amid_singles()

    def edited_and_killed() -> None:
        assert world.in_books("01").unit_price == 5
        world.edit("01", price="6")
        world._die()

    world.meets("links.save_links", edited_and_killed)
    run = world.sync()
    world.settles(run)
    assert (run.counts.updated, world.failures) == (1, {})
    assert world.in_books("01").unit_price == 6


def test_what_somebody_made_of_it_meanwhile_is_a_conflict_all_the_same() -> None:
    world = edited_to_five_amid_singles()

    def edited_on_both_sides_and_killed() -> None:
        world.books.edit(world.links[ONE].remote_id, unit_price=7)
        world.edit("01", price="6")
        world._die()

    world.meets("links.save_links", edited_on_both_sides_and_killed)
    assert world.sync().counts.refused == 1
    assert world.in_books("01").unit_price == 7


def test_what_was_created_of_an_edit_before_the_run_was_stopped_is_known_after_any_other() -> None:
    """Neither its name nor its content is what was planned, or what was sent."""
    world = World()
    world.has("Pipe")
    refused_then_edited(world, price="5")
    world.books.faults.add("single", Lost(0.0), Stopped())
    assert world.sync().state is RunState.FAILED
    assert world.names_in_books == ["Pipe"]
    world.edit("01", name="Elbow", price="6")
    world.settles(world.sync())
    assert world.names_in_books == ["Elbow"]
    assert world.in_books("01").unit_price == 6


def test_what_was_planned_and_comes_late_is_ours_still() -> None:
    """Its batch was given up and read as absent; it is carried out as the edit goes after it."""
    world = World()
    world.has("Pipe")
    world.sync()
    world.edit("01", price="4")
    world.books.faults.add("batch", Lost(3600.0), Lost())

    def edited() -> None:
        [left] = [c for c in world.chunks(run) if c.state is ChunkState.REJECTED]
        assert len(left.entries) == 1
        world.edit("01", price="5")
        world.meets("runs.save_chunks", lambda: world.clock.sleep(3600), when="after")

    world.meets("runs.save_chunks", edited, when="after")
    run = world.click().run
    world.work()
    world.settles(run)
    assert world.failures == {}
    assert world.in_books("01").unit_price == 5
    assert [effect.late for effect in world.books.effects] == [False, True, False]


def test_what_was_planned_is_ours_still_however_often_it_was_edited_since() -> None:
    """Each edit was about to go when its worker was killed; then what was planned came."""
    world = World()
    world.has("Pipe")
    world.sync()
    world.edit("01", price="4")
    world.books.faults.add("batch", Lost(3600.0), Lost())
    prices = iter(range(5, 10))

    def edited_and_killed() -> None:
        edited()
        world._die()

    def edited() -> None:
        price = next(prices, None)
        if price is None:
            world.clock.sleep(3600)
            return
        world.edit("01", price=str(price))
        world.meets("runs.save_chunks", edited_and_killed, when="after")

    world.meets("runs.save_chunks", edited, when="after")
    world.sync()
    assert world.failures == {}
    assert [effect.late for effect in world.books.effects][:2] == [False, True]


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_was_settled_is_counted_once_though_the_store_fails_then(when: str) -> None:
    world = World()
    world.has("Pipe", "Elbow", "Tee")
    world.books.faults.add("batch", Rejected())

    def away() -> None:
        raise StorageUnavailable("away for a moment")

    def edited() -> None:
        world.edit("03", price="5")
        world.meets("runs.save_chunks", away, when=when)

    world.meets("runs.save_chunks", edited, when="after")
    run = world.sync()
    world.settles(run)
    assert run.counts.created == 3


def test_what_a_killed_worker_created_under_another_account_is_not_created_again() -> None:
    """Where names need not be unique the books refuse no second one; the record itself is as planned."""
    world = World(unique_names=False)
    world.has("Pipe")

    def mapped(account: str) -> None:
        assign(world.services, world.connection.key, [ONE], Choice(account), PersonId("ann"))

    def mapped_again_and_killed() -> None:
        mapped(INCOME_ACCOUNT.remote_id)
        world._die()

    world.books.faults.add("batch", Rejected())
    world.meets("runs.save_chunks", lambda: mapped(SERVICES_ACCOUNT.remote_id), when="after")
    world.meets("links.save_links", mapped_again_and_killed, when="after")
    world.settles(world.sync())
    assert world.names_in_books == ["Pipe"]
    assert world.in_books("01").income_account_id == INCOME_ACCOUNT.remote_id


def test_only_what_goes_out_otherwise_than_planned_is_stored_before_it_goes() -> None:
    world = World()
    world.has("Pipe", "Elbow", "Tee")
    refused_then_edited(world, price="5")
    world.settles(world.sync())
    assert world.store_calls["runs.save_chunks"] == 3  # refused, the edited one, the end
