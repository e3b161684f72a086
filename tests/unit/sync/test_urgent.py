"""An urgent record overtakes a catalogue that is being pushed, whatever the plan says of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from shared.domain.errors import StorageUnavailable
from shared.domain.ids import PersonId, RecordKind, SourceId
from shared.domain.runs import Problem, Run, RunState
from shared.sync.account_mapping import Choice, assign
from shared.sync.automatic.relay import make_due
from tests.support.fake_faults import BooksCall, Fault, Lost, Rejected
from tests.support.fake_shelf import Effect
from tests.unit.sync.automatic_world import AutomaticWorld

SLOW = 0.5
BATCHES = 80


def pushing(items: int = 400, **options: Any) -> AutomaticWorld:
    """A catalogue of 80 batches, one at a time, about to be pushed for 40 seconds."""
    world = AutomaticWorld(latency=SLOW, **options)
    world.streams = False
    world.has(*[f"Pipe {number:03}" for number in range(items)])
    return world


def urgent(world: AutomaticWorld, source_id: str) -> None:
    version = world.items[SourceId(source_id)].version
    make_due(
        world.services,
        world.connection.key,
        RecordKind.ITEM,
        [(SourceId(source_id), version)],
        urgent=True,
    )


def written_at(world: AutomaticWorld, source_id: str) -> datetime:
    return max(effect.at for effect in written(world, source_id))


def written(world: AutomaticWorld, source_id: str) -> list[Effect]:
    return [effect for effect in world.books.effects if effect.source_id == source_id]


def finished(world: AutomaticWorld) -> Run:
    run = world.sync()
    assert run.state is RunState.FINISHED
    world.settles(run)
    world.shown_counts_never_fall()
    world.settle_down()
    assert world.due == []
    return run


@pytest.mark.parametrize("unique_names", [True, False])
def test_one_that_the_plan_has_last_goes_within_seconds(*, unique_names: bool) -> None:
    """Where names need not be unique the books would take it twice."""
    world = pushing(unique_names=unique_names)
    last = max(world.items)
    asked: list[datetime] = []

    def ask() -> None:
        asked.append(world.clock.now())
        urgent(world, last)

    world.stories.at(5, ask)
    finished(world)
    assert (written_at(world, last) - asked[0]).total_seconds() < 10
    world.nothing_is_doubled()


def test_one_that_is_new_since_the_plan_goes_within_seconds() -> None:
    world = pushing()
    asked: list[datetime] = []

    def ask() -> None:
        asked.append(world.clock.now())
        world.has("Valve", ids=["new"])
        urgent(world, "new")

    world.stories.at(5, ask)
    finished(world)
    assert (written_at(world, "new") - asked[0]).total_seconds() < 10
    assert world.names_in_books.count("Valve") == 1


def test_one_that_went_already_and_was_edited_since_goes_again() -> None:
    world = pushing()
    asked: list[datetime] = []

    def ask() -> None:
        asked.append(world.clock.now())
        world.edit("01", price="77.00")
        urgent(world, "01")

    world.stories.at(8, ask)
    finished(world)
    assert str(world.in_books("01").unit_price) == "77"
    assert (written_at(world, "01") - asked[0]).total_seconds() < 10


def test_one_edited_twice_overtakes_twice() -> None:
    world = pushing()
    last = max(world.items)

    def ask(price: str) -> None:
        world.edit(last, price=price)
        urgent(world, last)

    world.stories.at(5, lambda: ask("70.00"))
    world.stories.at(15, lambda: ask("80.00"))
    finished(world)
    assert str(world.in_books(last).unit_price) == "80"
    world.nothing_is_doubled()


def test_one_whose_answer_is_lost_is_not_doubled_by_its_place_in_the_plan() -> None:
    world = pushing()
    last = max(world.items)
    world.stories.at(5, lambda: urgent(world, last))

    def fault(call):  # type: ignore[no-untyped-def]  # what the fake calls
        entries = call.request.entries if call.request else ()
        return Lost(0.0) if [source_id for _, source_id in entries] == [last] else None

    world.books.choose_fault = fault
    finished(world)
    world.nothing_is_doubled()
    assert world.names_in_books.count(world.items[SourceId(last)].name) == 1


def test_one_that_gets_the_first_account_of_its_own_meanwhile_goes_with_it() -> None:
    """The catalogue's pushing had asked before, when no item had one."""
    world = pushing()
    last = max(world.items)

    def choose() -> None:
        assign(
            world.services,
            world.connection.key,
            [SourceId(last)],
            Choice(income_account_id="inc-2"),
            PersonId("ann"),
        )
        urgent(world, last)

    world.stories.at(5, choose)
    finished(world)
    assert [effect.fields.income_account_id for effect in written(world, last)] == ["inc-2"]


def test_one_edited_between_its_plan_and_its_sending_goes_once_and_as_it_is_now() -> None:
    world = pushing()
    last = max(world.items)

    def ask() -> None:
        urgent(world, last)
        world.meets("runs.add_chunks", lambda: world.edit(last, price="70.00"), when="after")

    world.stories.at(5, ask)
    run = finished(world)
    assert [str(effect.fields.unit_price) for effect in written(world, last)] == ["70"]
    overtook = next(chunk for chunk in world.chunks(run) if chunk.number == BATCHES + 1)
    assert overtook.generation == 1, "under the key that it was planned with"


@pytest.mark.parametrize("unique_names", [True, False])
@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_that_dies_as_it_overtakes_loses_and_doubles_nothing(
    when: str, nth: int, *, unique_names: bool
) -> None:
    """Of what it planned then all is stored, or nothing, or all but what closes it: that was sent twice."""
    world = pushing(unique_names=unique_names)
    last = max(world.items)
    died: list[str] = []

    def dies() -> None:
        died.append(when)
        world._die()

    def ask() -> None:
        urgent(world, last)
        world.meets("runs.add_chunks", dies, when=when, nth=nth)

    world.stories.at(3, ask)
    run = finished(world)
    assert died
    world.nothing_is_doubled()
    assert run.counts.settled == run.counts.total
    assert len(world.names_in_books) == 400


@pytest.mark.parametrize("edited", [False, True])
def test_what_went_ahead_unheard_is_looked_at_by_the_next_worker_before_its_older_chunk(
    *, edited: bool
) -> None:
    """It was carried out, and its worker died; its older chunk, under another request key, came first."""
    world = pushing(unique_names=False)
    last = max(world.items)
    silent: list[BooksCall] = []

    def unheard(call: BooksCall) -> Fault | None:
        entries = call.request.entries if call.request else ()
        if last not in [source_id for _, source_id in entries] or len(silent) == 2:
            return None
        silent.append(call)
        if len(silent) == 2:
            world.kill_before("links.get_links")
            if edited:
                world.edit(last, name="Valve")
        return Lost(0.0)

    world.books.choose_fault = unheard
    world.stories.at(5, lambda: urgent(world, last))
    finished(world)
    world.nothing_is_doubled()
    assert len(written(world, last)) == (2 if edited else 1)
    assert len(world.names_in_books) == 400


def test_what_overtook_under_a_worker_that_died_is_not_replaced_by_what_overtakes_later() -> None:
    """It died before the run's row knew how many chunks there are."""
    world = pushing(800)
    first, second = sorted(world.items)[-2:]

    def ask_and_die() -> None:
        urgent(world, first)
        world.meets("runs.add_chunks", lambda: world.kill_before("runs.save"), when="after")

    world.stories.at(5, ask_and_die)
    world.stories.at(60, lambda: urgent(world, second))
    run = finished(world)
    overtook = [entry.source_id for chunk in world.chunks(run)[161:] for entry in chunk.entries]
    assert overtook == [first, second]
    assert run.counts.total == 802, "each is counted where the plan had it too"
    world.nothing_is_doubled()


@pytest.mark.parametrize("unique_names", [True, False])
def test_one_whose_batch_was_refused_and_that_overtook_does_not_go_singly_as_well(
    *, unique_names: bool
) -> None:
    world = pushing(unique_names=unique_names)
    first = min(world.items)
    world.books.faults.add("batch", Rejected())
    world.stories.at(5, lambda: urgent(world, first))
    run = finished(world)
    world.nothing_is_doubled()
    assert run.counts.settled == run.counts.total
    assert [effect.action for effect in written(world, first)] == ["create"]
    assert len(world.names_in_books) == 400


def test_a_save_that_nobody_heard_of_takes_back_nothing_that_was_shown() -> None:
    """The urgent one had nothing to send, which is an end too; the run's row said so."""
    world = pushing()
    world.sync()
    shown: list[int] = []

    def unheard() -> None:
        shown.append(world.saved_runs[-1].counts.settled)
        raise StorageUnavailable("the answer was lost")

    def ask() -> None:
        urgent(world, "01")
        world.meets(
            "runs.add_chunks",
            lambda: world.meets("runs.save", unheard, when="after"),
            when="after",
        )

    for source_id in sorted(world.items)[40:]:
        world.edit(source_id, price="9")
    world.stories.at(5, ask)
    finished(world)
    assert shown


def test_one_keeps_the_name_it_was_given_when_it_overtook() -> None:
    """Planned under a marked name, as another one had its name; that one was refused, and this one went
    ahead under the plain name. Its older chunk does not rename it.
    """
    refused = Problem("CODE_REFUSED", "The code is not taken.", "Change it.")
    world = pushing(refuses=lambda one: refused if one.code == "BAD" else None)
    last = max(world.items)
    world.edit("01", code="BAD")
    world.edit(last, name=world.items[SourceId("01")].name)
    world.stories.at(5, lambda: urgent(world, last))
    assert finished(world).counts.renamed == 0
    assert [effect.fields.name for effect in written(world, last)] == ["Pipe 000"]
