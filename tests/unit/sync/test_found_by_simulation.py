"""What simulated worlds found in the engine, as the smallest story of each (tests/simulation)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from shared.domain.connections import ConnectionState
from shared.domain.errors import StorageUnavailable
from shared.domain.runs import RunState
from tests.support.fake_desk import Keys
from tests.support.fake_faults import Lost, Missing, Rejected, Stopped
from tests.support.fake_profile import fake_profile
from tests.unit.sync.item_world import World


def _no_answer() -> None:
    raise StorageUnavailable("the answer was lost")


def test_a_plan_whose_last_save_was_stored_unheard_is_not_undone() -> None:
    """The run's row said PUSHING already; saving it again as it was before would plan anew."""
    world = World()
    world.has(*(f"Item {n}" for n in range(7)))
    started = world.click()
    world.meets("runs.save", _no_answer, when="after", nth=3)
    world.work()
    run = world.run(started.run)
    assert run.state is RunState.FINISHED
    assert run.plan_attempt == 1
    states = [saved.state for saved in world.saved_runs]
    assert states == sorted(states, key=[RunState.PLANNING, RunState.PUSHING, run.state].index)


def test_a_run_that_is_stopped_does_not_take_back_what_it_has_shown() -> None:
    """An entry was done and shown, its chunk not saved; the grant died before it went again."""
    world = World(latency=1.0)
    world.has("Pipe", "Elbow", "Tee")
    started = world.click()
    world.books.faults.add("batch", Rejected())

    def revoked_and_killed() -> None:
        world.reconnect(state=ConnectionState.NEEDS_REAUTH)
        world._die()

    world.meets("runs.save_chunks", revoked_and_killed, nth=2)
    world.work()
    assert world.run(started.run).state is RunState.NEEDS_REAUTH
    assert world.run(started.run).counts.settled > 0
    world.shown_counts_never_fall()


def test_the_next_slice_does_not_wait_for_what_the_last_one_held() -> None:
    """The pace of a connection is shared, so a slice hands back its calls in flight when it ends."""
    world = World()
    world.has("Pipe")
    opened = []
    open_books = world.services.open_books

    def opening(connection, kind):
        opened.append(open_books(connection, kind))
        return opened[-1]

    object.__setattr__(world.services, "open_books", opening)
    world.sync()
    assert len(opened) == 2
    assert all(books.pacer.closed for books in opened)


def test_what_one_record_created_unheard_is_not_adopted_for_another() -> None:
    """A rename amid planning gave two records one name. The first created it, its answer was lost; the
    second found the name taken, and must not look whose it is before the first has been heard.
    """
    world = World(batch_size=1)
    first, second = world.has("Tee", "Hose")
    world.meets("records.page", lambda: world.edit(first, name="Hose"), nth=2)
    world.books.faults.add("batch", Missing(frozenset({0})))
    run = world.sync()
    world.settles(run)
    created = {effect.source_id: effect.remote_id for effect in world.books.effects}
    assert {source_id: link.remote_id for source_id, link in world.links.items()} == created
    assert set(created) == {first, second}


def test_a_slice_reads_back_what_it_must_before_it_is_over() -> None:
    """More stale records than fit into a slice: somebody touched the whole catalogue in the books."""
    profile = fake_profile(batch_size=1, in_flight=1)
    world = World(profile=profile, latency=10.0, settings={"slice_seconds": 60.0})
    ids = world.has(*(f"Item {n}" for n in range(9)))
    world.sync()
    for row in world.books.items:
        world.books.edit(row.remote_id, description="Touched")
    for source_id in ids:
        world.edit(source_id, price="9")
    run = world.sync()
    world.settles(run)
    assert {world.in_books(source_id).unit_price for source_id in ids} == {Decimal(9)}
    assert {world.in_books(source_id).description for source_id in ids} == {"Touched"}


def test_what_a_stopped_run_created_unheard_is_known_after_any_edit() -> None:
    """Renamed and repriced since: neither its name nor its content is what was sent."""
    world = World()
    [source_id] = world.has("Pipe")
    world.books.faults.add("batch", Lost(0.0), Stopped())
    assert world.sync().state is RunState.FAILED
    assert world.names_in_books == ["Pipe"]
    world.edit(source_id, name="Elbow", price="9")
    run = world.sync()
    world.settles(run)
    assert world.names_in_books == ["Elbow"]
    assert world.in_books(source_id).unit_price == Decimal(9)


def test_somebody_elses_record_of_the_name_that_was_sent_is_left_alone() -> None:
    """A stopped run had not sent it; then somebody made one in the books, and ours was renamed."""
    world = World()
    [source_id] = world.has("Pipe")
    world.books.faults.add("batch", Stopped())
    assert world.sync().state is RunState.FAILED
    theirs = world.books.plant("Pipe", unit_price="77")
    world.edit(source_id, name="Elbow", price="9")
    world.settles(world.sync())
    assert sorted(world.names_in_books) == ["Elbow", "Pipe"]
    assert world.links[source_id].remote_id != theirs.remote_id


def test_a_record_found_after_silence_keeps_its_name() -> None:
    """A single create was carried out unheard, and edited in the books before it was read back: what is
    left is an update of it. Sent as a create once more, its own name would have counted as taken.
    """
    world = World(keys=Keys.FORGOTTEN)
    first, _ = world.has("Pipe", "Elbow")
    world.books.faults.add("batch", Rejected())
    world.books.faults.add("single", Lost(0.0), Lost())
    world.meets(
        "links.get_links",
        lambda: world.books.edit(world.books.items[0].remote_id, description="Touched"),
    )
    world.settles(world.sync())
    assert world.names_in_books == ["Pipe", "Elbow"]
    assert world.links[first].remote_name == "Pipe"


@pytest.mark.parametrize("step", [2, 3])
def test_a_run_put_back_to_planning_is_planned_again(step: int) -> None:
    """By the claim of a worker that had read the row before it was planned: before the push, or
    before the end. A run without chunks would else have ended as finished, with nothing done.
    """
    world = World()
    world.has("Pipe", "Elbow")
    started = world.click()

    def put_back() -> None:
        row = world.run(started.run)
        claimed = replace(row, epoch=row.epoch + 1, state=RunState.PLANNING, plan_attempt=0)
        assert world.services.stores.runs.save(claimed, expected_epoch=row.epoch)

    world.meets("runs.get", put_back, nth=step)
    world.work()
    run = world.run(started.run)
    assert run.state is RunState.FINISHED
    assert run.counts.total == 2
    world.settles(run)


def test_no_two_workers_number_their_plans_alike() -> None:
    """The chunks of both stand under the run; those of one that was fenced off must not replace ours."""
    world = World()
    world.has("Pipe")
    started = world.click()
    world.kill_after("runs.save")  # the claim of one that then dies
    world.kill_before("runs.add_chunks")
    world.kill_before("runs.add_chunks")
    world.work()
    attempts = [saved.plan_attempt for saved in world.saved_runs if saved.plan_attempt]
    epochs = {saved.plan_attempt: saved.epoch for saved in reversed(world.saved_runs)}
    assert world.run(started.run).state is RunState.FINISHED
    assert len(set(attempts)) == 3
    assert all(epochs[attempt] == attempt for attempt in attempts)


@pytest.mark.parametrize("end", ["the run was stopped", "its worker died"])
def test_what_an_adopted_record_was_updated_to_unheard_is_known_for_ours(end: str) -> None:
    """The books have its description and account otherwise, so what they say is never all that we would
    say: it counted as somebody's change. And what they had otherwise did not become a change of ours.
    """
    world = World()
    world.books.plant("Pipe", unit_price="7", description="Theirs", income_account_id="inc-2")
    [source_id] = world.has("Pipe", price="7", description="Ours")
    world.sync()
    assert world.links[source_id].differing == ("description", "income_account_id")
    world.edit(source_id, price="8")

    def edited_and_died() -> None:
        world.edit(source_id, price="9")
        world._die()

    if end == "the run was stopped":
        world.books.faults.add("batch", Lost(0.0), Stopped())
        assert world.sync().state is RunState.FAILED
        world.edit(source_id, price="9")
    else:
        world.meets("links.save_links", edited_and_died)
    run = world.sync()
    world.settles(run)
    assert not world.failures
    found = world.in_books(source_id)
    assert (found.unit_price, found.description) == (Decimal(9), "Theirs")
    assert found.income_account_id == "inc-2"


@pytest.mark.parametrize("first", [Lost(0.0), Missing(frozenset({0}))])
def test_what_the_repeat_of_an_unanswered_single_is_told_is_not_its_end(
    first: Lost | Missing,
) -> None:
    """The update was made; refused as a whole was only the identical repeat. Taken for the end, the books'
    newer version counted as somebody else's change ever after.
    """
    world = World()
    world.has("Pipe")
    world.sync()
    world.edit("01", price="7.00")
    world.books.faults.add("batch", Rejected())
    world.books.faults.add("single", first, Rejected())
    world.sync()
    assert world.failures == {}
    world.edit("01", price="8.00")
    world.sync()
    assert world.failures == {}
    assert str(world.in_books("01").unit_price) == "8"


def test_what_the_repeat_of_an_unanswered_batch_is_told_is_not_its_end() -> None:
    """Read back before the entries go singly, where names would not keep them single."""
    world = World(profile=fake_profile(unique_names=False))
    world.has("Pipe", "Elbow")
    world.books.faults.add("batch", Lost(0.0), Rejected())
    world.sync()
    assert world.failures == {}
    assert sorted(world.names_in_books) == ["Elbow", "Pipe"]
    world.nothing_is_doubled()
