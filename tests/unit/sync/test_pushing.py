"""Pushing in batches: DESIGN section 3, "When a batch fails as a whole", row by row."""

from __future__ import annotations

import gc
import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.connections import ConnectionState
from shared.domain.ids import SourceId
from shared.domain.links import ItemFields
from shared.domain.runs import ChunkState, Problem, RunState
from shared.providers.base import RecordWrite
from shared.sync.engine.settling import PreparedEntry
from tests.support.fake_desk import Keys
from tests.support.fake_faults import (
    BooksCall,
    Busy,
    Dead,
    Fault,
    Limited,
    Lost,
    Missing,
    Rejected,
    Stopped,
)
from tests.support.fake_profile import fake_profile
from tests.unit.sync.item_world import World

TEN = tuple(f"Item {n}" for n in range(10))


def refusing(name: str) -> dict[str, object]:
    """Books that refuse an item of this name by itself."""
    problem = Problem("NOT_THIS_ONE", "The books do not like it.", "Call it otherwise.", "name")
    return {"refuses": lambda fields: problem if fields.name == name else None}


def malformed(*names: str) -> dict[str, object]:
    """Books that refuse a whole request with an item of such a name in it."""

    def is_malformed(fields: ItemFields) -> bool:
        return fields.name in names

    return {"malformed": is_malformed}


def never_answered(world: World, *names: str) -> None:
    """Every write with such a name in it gets no answer and has no effect, as with a server's bug."""

    def fault(call: BooksCall) -> Fault | None:
        if call.request is None:
            return None
        sent = {entry["fields"].get("name") for entry in json.loads(call.request.body)}
        return Lost() if sent & set(names) else None

    world.books.choose_fault = fault


class TestUnauthorised:
    def test_a_dead_grant_stops_the_run_marks_the_connection_and_fails_nothing(self) -> None:
        world = World()
        world.has(*TEN)
        world.books.faults.add("batch", None, Dead())
        run = world.sync()
        assert run.state is RunState.NEEDS_REAUTH
        assert run.problem is not None
        assert run.problem.code == "UNAUTHORIZED"
        assert not world.failures
        stored = world.services.stores.connections.get(world.connection.key)
        assert stored is not None
        assert stored.state is ConnectionState.NEEDS_REAUTH
        assert len(world.links) == 5, "what was answered before is kept"

    def test_after_reconnecting_the_next_sync_does_the_rest_and_doubles_nothing(self) -> None:
        world = World()
        world.has(*TEN)
        world.books.faults.add("batch", None, Dead())
        world.sync()
        world.reconnect(state=ConnectionState.CONNECTED)
        run = world.sync()
        assert (run.counts.unchanged, run.counts.created) == (5, 5)
        world.settles(run)

    def test_a_provider_that_stops_the_connection_ends_the_run_with_its_problem(self) -> None:
        world = World()
        world.has(*TEN)
        world.books.faults.add("batch", Stopped())
        run = world.sync()
        assert run.state is RunState.FAILED
        assert run.problem is not None
        assert run.problem.code == "ACCESS_WITHDRAWN"
        assert not world.failures


class TestRejectedAsAWhole:
    def test_the_fallback_pushes_each_entry_once_and_only_the_bad_one_is_refused(self) -> None:
        world = World(**malformed("Item 2"))
        world.has(*TEN)
        run = world.sync()
        assert run.state is RunState.FINISHED
        assert (run.counts.created, run.counts.refused) == (9, 1)
        assert world.books.calls["batch"] == 2
        assert world.books.calls["single"] == 5
        assert set(world.failures) == {"03"}
        assert world.steps == [
            "plan: planned",
            "push: rejected",
            "push_singly: more",
            "push: done",
            "summarise: done",
        ]
        world.settles(run)

    def test_updates_go_singly_too(self) -> None:
        world = World(**malformed("Bad"))
        world.has(*TEN[:4])
        world.sync()
        for source_id in ("01", "02"):
            world.edit(source_id, price="9")
        world.edit("03", name="Bad")
        run = world.sync()
        assert (run.counts.updated, run.counts.refused) == (2, 1)
        assert world.in_books("02").unit_price == 9
        world.settles(run)

    def test_each_entry_is_linked_as_soon_as_it_is_known(self) -> None:
        world = World()
        world.has(*TEN[:5])
        world.books.faults.add("batch", Rejected())
        linked: list[int] = []
        world.meets("links.save_links", lambda: linked.append(len(world.links)), nth=3)
        world.settles(world.sync())
        assert linked == [2]

    def test_several_rejected_batches_all_fall_back(self) -> None:
        world = World(**malformed("Item 0", "Item 9"))
        world.has(*TEN)
        run = world.sync()
        assert (run.counts.created, run.counts.refused) == (8, 2)
        assert world.books.calls["single"] == 10
        world.settles(run)


class TestNoTrustworthyAnswer:
    def test_the_identical_bytes_go_again_under_the_same_key(self) -> None:
        world = World()
        world.has(*TEN[:5])
        world.books.faults.add("batch", Lost())
        run = world.sync()
        first, second = world.books.requests
        assert (first.body, first.query) == (second.body, second.query)
        assert run.counts.created == 5
        assert world.books.calls["records_by_name"] == 0
        world.settles(run)

    def test_what_was_carried_out_is_found_by_the_repeat_and_not_doubled(self) -> None:
        world = World()
        world.has(*TEN[:5])
        world.books.faults.add("batch", Lost(0.0))
        world.settles(world.sync())
        assert len(world.books.effects) == 5

    def test_without_an_answer_again_it_is_read_back_and_what_is_there_is_settled(self) -> None:
        world = World()
        world.has(*TEN[:5])
        world.books.faults.add("batch", Lost(0.0), Lost(0.0))
        run = world.sync()
        assert world.books.calls == Counter(page_records=1, batch=2, records_by_name=1)
        assert (run.counts.created, len(world.links)) == (5, 5)
        world.settles(run)

    def test_what_is_proved_absent_goes_one_at_a_time_and_the_rest_is_settled(self) -> None:
        world = World()
        world.has(*TEN[:5])
        world.books.faults.add("batch", Lost(0.0, first=2), Lost())
        run = world.sync()
        assert world.books.calls["single"] == 3
        assert run.counts.created == 5
        world.settles(run)

    def test_an_update_without_an_answer_is_read_back_by_its_id(self) -> None:
        world = World()
        world.has(*TEN[:5])
        world.sync()
        world.edit("01", price="9")
        world.edit("02", price="8")
        world.books.faults.add("batch", Lost(0.0, first=1), Lost())
        before = len(world.books.effects)
        run = world.sync()
        assert (run.counts.updated, world.books.calls["records_by_id"]) == (2, 1)
        assert world.written_since(before) == [("update", "01"), ("update", "02")]
        world.settles(run)

    def test_a_commit_that_comes_after_the_read_back_is_found_and_not_doubled(self) -> None:
        world = World()
        world.has(*TEN[:5])
        world.books.faults.add("batch", Lost(0.5), Lost())
        # The single call is what takes the time in which the late commit happens.
        slow = world.books.send

        def send(request):  # type: ignore[no-untyped-def] - the protocol's own signature
            world.clock.sleep(1)
            return slow(request)

        world.books.send = send  # type: ignore[method-assign] - the books are slow from here on
        run = world.sync()
        assert run.counts.settled == 5
        assert len({link.remote_id for link in world.links.values()}) == 5
        world.settles(run)

    @pytest.mark.parametrize("executed", [True, False])
    def test_entries_missing_from_an_answer_are_answered_by_the_repeat(
        self, *, executed: bool
    ) -> None:
        world = World(keys=Keys.HONOURED)
        world.has(*TEN[:5])
        world.books.faults.add("batch", Missing(frozenset({1, 3}), executed=executed))
        run = world.sync()
        first, second = world.books.requests
        assert first == second
        assert run.counts.created == 5
        world.settles(run)

    def test_entries_missing_twice_are_read_back(self) -> None:
        world = World()
        world.has(*TEN[:5])
        gap = Missing(frozenset({1, 3}), executed=False)
        world.books.faults.add("batch", gap, gap)
        run = world.sync()
        assert (world.books.calls["records_by_name"], world.books.calls["single"]) == (1, 2)
        assert run.counts.created == 5
        world.settles(run)

    def test_a_key_the_provider_forgot_doubles_nothing(self) -> None:
        world = World(keys=Keys.FORGOTTEN)
        world.has(*TEN[:5])
        world.books.faults.add("batch", Lost(0.0))
        run = world.sync()
        assert run.counts.settled == 5
        world.settles(run)


class TestOtherProviders:
    """What the profile says decides, never a provider's name."""

    def test_a_request_whose_key_means_nothing_to_the_provider_is_read_back_before_it_goes_again(
        self,
    ) -> None:
        profile = replace(fake_profile(unique_names=False), honours_request_key=False)
        world = World(profile=profile, keys=Keys.FORGOTTEN)
        world.has(*TEN[:5])
        world.books.faults.add("batch", Lost(0.0))
        run = world.sync()
        assert (run.counts.created, world.books.calls["batch"]) == (5, 1)
        world.settles(run)

    @pytest.mark.parametrize(("lost", "singles"), [(Lost(0.0), 5), (Lost(), 6)])
    def test_nor_are_its_single_requests_repeated_blindly(self, lost: Lost, singles: int) -> None:
        profile = replace(fake_profile(unique_names=False), honours_request_key=False)
        world = World(profile=profile, keys=Keys.FORGOTTEN)
        world.has(*TEN[:5])
        world.books.faults.add("batch", Rejected())
        world.books.faults.add("single", None, lost)
        run = world.sync()
        assert run.counts.created == 5
        assert world.books.calls["single"] == singles
        world.settles(run)

    def test_where_names_need_not_be_unique_each_finds_a_record_of_its_own(self) -> None:
        world = World(unique_names=False)
        world.has("Pipe", "Pipe", "PIPE", price="3")
        world.has("Pipe", price="4")
        world.books.faults.add("batch", Lost(0.0), Lost())
        run = world.sync()
        assert run.counts.created == len(world.names_in_books) == 4
        assert world.in_books("04").unit_price == 4
        assert {world.in_books(each).unit_price for each in ("01", "02", "03")} == {3}
        world.settles(run)

    def test_where_names_need_not_be_unique_what_is_absent_keeps_its_plain_name(self) -> None:
        world = World(unique_names=False)
        world.has("Pipe", "Pipe", "Pipe")
        world.books.faults.add("batch", Lost(0.0, first=1), Lost())
        run = world.sync()
        assert world.names_in_books == ["Pipe"] * 3
        world.settles(run)


class TestThrottled:
    def test_a_429_is_waited_out_and_the_same_request_goes_again(self) -> None:
        world = World()
        world.has(*TEN[:5])
        world.books.faults.add("batch", Limited(7.0), Limited())
        run = world.sync()
        assert run.counts.created == 5
        assert not world.failures
        assert len(set(world.books.requests)) == 1
        assert 7.0 in world.clock.slept
        world.settles(run)

    def test_a_429_never_ends_a_run_however_long_it_lasts(self) -> None:
        world = World(**malformed("Item 0"), settings={"slice_seconds": 30})
        world.has(*TEN[:5])
        world.books.faults.add("batch", *[Limited(2.0)] * 40)
        world.books.faults.add("single", *[Limited(2.0)] * 40)
        run = world.sync()
        assert run.state is RunState.FINISHED
        assert (run.counts.created, run.counts.refused) == (4, 1)
        assert all(pause <= 2.0 for pause in world.clock.slept)


class TestEntries:
    def test_an_entry_refused_inside_a_good_batch_stays_refused_with_its_reason(self) -> None:
        world = World(**refusing("Item 2"))
        world.has(*TEN[:5])
        run = world.sync()
        assert (run.counts.created, run.counts.refused) == (4, 1)
        assert world.books.calls["batch"] == 1
        assert world.failures[SourceId("03")].problem.code == "NOT_THIS_ONE"
        assert run.causes == {"NOT_THIS_ONE": (1, "The books do not like it.")}
        world.settles(run)

    def test_a_refused_entry_is_tried_again_by_the_next_sync_and_healed_when_it_goes(self) -> None:
        world = World(**refusing("Item 2"))
        world.has(*TEN[:5])
        world.sync()
        world.edit("03", name="Item two")
        run = world.sync()
        assert (run.counts.created, run.counts.unchanged) == (1, 4)
        assert not world.failures
        assert run.causes == {}

    def test_a_busy_entry_goes_again_alone_under_a_new_key(self) -> None:
        world = World()
        world.has(*TEN[:5])
        world.books.faults.add("batch", Busy(frozenset({1, 3})))
        run = world.sync()
        first, second = world.books.requests
        assert first.request_key != second.request_key
        assert [source_id for _, source_id in second.entries] == ["02", "04"]
        assert run.counts.created == 5
        world.settles(run)

    def test_an_entry_that_stays_busy_is_refused_after_three_tries(self) -> None:
        world = World()
        world.has(*TEN[:5])
        world.books.faults.add("batch", Busy(frozenset({1})), *[Busy(frozenset({0}))] * 5)
        run = world.sync()
        assert len(world.books.requests) == 3
        assert len({request.request_key for request in world.books.requests}) == 3
        assert (run.counts.created, run.counts.refused) == (4, 1)
        assert world.failures[SourceId("02")].cause == "PROVIDER_BUSY"
        world.settles(run)


@pytest.mark.no_cover
def test_a_push_holds_some_batches_and_not_the_catalogue() -> None:
    world = World(batch_size=30)
    world.has(*(f"Item {n}" for n in range(4_500)))
    alive = []

    def count() -> None:
        found = Counter(type(each) for each in gc.get_objects())
        alive.append(found[RecordWrite] + found[PreparedEntry])

    for nth in (3, 4):
        world.meets("runs.save_chunks", count, nth=nth)
    assert world.sync().counts.created == 4_500
    assert 0 < max(alive) < 2 * 30 * 40, "in flight and drawn ahead, a write and an entry each"


class TestPoison:
    """Something in a record makes the provider break down over it, every time."""

    def test_one_such_record_holds_up_no_other(self) -> None:
        world = World()
        world.has(*TEN)
        never_answered(world, "Item 2")
        run = world.sync()
        assert set(world.links) == set(world.items) - {"03"}
        assert set(world.failures) == {"03"}
        assert (run.state, run.counts.created, run.counts.refused) == (RunState.FINISHED, 9, 1)
        world.settles(run)

    def test_several_in_several_batches_hold_up_no_other_either(self) -> None:
        world = World()
        world.has(*(f"Item {n}" for n in range(25)))
        never_answered(world, "Item 1", "Item 6", "Item 12", "Item 24")
        run = world.sync()
        assert len(world.links) == 21
        assert set(world.failures) == {"02", "07", "13", "25"}
        world.settles(run)

    def test_a_single_such_record_with_nothing_beside_it_ends_in_words_for_a_person(self) -> None:
        world = World()
        world.has("Item 2")
        never_answered(world, "Item 2")
        run = world.sync()
        assert (run.state, run.counts.refused) == (RunState.FINISHED, 1)
        assert world.failures[SourceId("01")].cause == "NO_ANSWER"
        assert world.books.calls["single"] > 10, "not before waiting was at its end"


class TestProviderDown:
    def test_it_is_waited_for_a_bounded_time_then_the_run_stops_and_nothing_is_failed(self) -> None:
        world = World()
        world.has(*(f"Item {n}" for n in range(60)))
        world.books.choose_fault = lambda call: Lost()
        run = world.sync()
        assert run.state is RunState.FAILED
        assert run.problem is not None
        assert run.problem.code == "PROVIDER_UNAVAILABLE"
        assert not world.failures
        assert sum(world.clock.slept) < 900

    def test_writes_that_go_down_in_the_middle_fail_nothing_and_keep_what_is_done(self) -> None:
        world = World()
        world.has(*(f"Item {n}" for n in range(60)))
        sent = Counter[str]()

        def fault(call: BooksCall) -> Fault | None:
            sent[call.on] += 1
            return Lost() if call.request is not None and sent["batch"] > 3 else None

        world.books.choose_fault = fault
        run = world.sync()
        assert run.state is RunState.FAILED
        assert not world.failures
        assert len(world.links) == 15

    def test_writes_that_are_down_while_reads_are_well_fail_nothing(self) -> None:
        world = World()
        world.has(*TEN)
        world.books.choose_fault = lambda call: Lost() if call.request else None
        run = world.sync()
        assert run.state is RunState.FAILED
        assert not world.failures
        assert not world.links

    def test_after_some_silent_calls_in_a_row_a_slice_gives_up_for_now(self) -> None:
        world = World()
        world.has(*(f"Item {n:03}" for n in range(300)))
        world.books.choose_fault = lambda call: Lost() if call.request else None
        started = world.click()
        world.pause = lambda seconds: (
            world.books.faults and setattr(world.books, "choose_fault", world.books.faults)
        )
        world.work()
        assert world.steps[1] == "push: wait"
        run = world.run(started.run)
        assert (run.state, run.counts.created) == (RunState.FINISHED, 300)
        world.settles(run)

    def test_when_it_comes_back_the_next_sync_does_the_rest(self) -> None:
        world = World()
        world.has(*(f"Item {n}" for n in range(60)))
        up = world.books.choose_fault
        world.books.choose_fault = lambda call: Lost(0.0) if call.request else None
        world.sync()
        world.books.choose_fault = up
        run = world.sync()
        assert run.state is RunState.FINISHED
        assert len(world.links) == 60
        world.settles(run)

    def test_a_short_outage_costs_a_pause_and_nothing_else(self) -> None:
        world = World()
        world.has(*(f"Item {n}" for n in range(60)))
        back = world.clock.now() + timedelta(seconds=20)
        world.books.choose_fault = lambda call: Lost() if world.clock.now() < back else None
        run = world.sync()
        assert (run.state, run.counts.created) == (RunState.FINISHED, 60)
        world.settles(run)

    def test_outages_with_progress_in_between_never_stop_a_run(self) -> None:
        world = World(latency=1.0)
        world.has(*(f"Item {n:03}" for n in range(600)))

        def fault(call: BooksCall) -> Fault | None:  # well for ten seconds of every thirty
            seconds = (world.clock.now() - begun).total_seconds()
            return Lost() if seconds % 30 > 10 else None

        begun = world.clock.now()
        world.books.choose_fault = fault
        run = world.sync()
        assert (run.state, run.counts.created) == (RunState.FINISHED, 600)
        world.settles(run)


class TestBudgetSlices:
    def test_a_small_budget_finishes_in_several_slices_and_sends_each_batch_once(self) -> None:
        world = World(latency=1.0, settings={"slice_seconds": 3})
        world.has(*(f"Item {n}" for n in range(60)))
        run = world.sync()
        assert world.steps.count("push: more") >= 3
        assert (run.counts.created, world.books.calls["batch"]) == (60, 12)
        world.settles(run)
        world.shown_counts_never_fall()

    def test_the_fallback_keeps_to_the_budget_too(self) -> None:
        world = World(latency=1.0, settings={"slice_seconds": 3}, **malformed(*TEN[:2]))
        world.has(*TEN)
        run = world.sync()
        assert world.steps.count("push_singly: more") >= 2
        assert (run.counts.created, run.counts.refused) == (8, 2)
        assert world.books.calls["single"] == 5
        world.settles(run)


class TestStoredChunks:
    def test_every_chunk_is_done_in_the_end_and_their_counts_are_the_runs(self) -> None:
        world = World(**refusing("Item 2"))
        world.books.plant("Item 0", unit_price="7")
        world.has(*TEN)
        run = world.sync()
        chunks = world.chunks(run)
        assert {chunk.state for chunk in chunks} == {ChunkState.DONE}
        total = chunks[0].counts
        for chunk in chunks[1:]:
            total = total.plus(chunk.counts)
        assert total == run.counts

    def test_calls_to_the_provider_are_counted(self) -> None:
        world = World(**malformed("Item 2"))
        world.has(*TEN)
        run = world.sync()
        assert run.provider_calls == world.books.calls.total() > 7

    @pytest.mark.parametrize(
        "fault", [Lost(), Lost(0.0), Limited(), Rejected(), Busy(frozenset({0}))]
    )
    def test_shown_progress_never_falls_whatever_happens(self, fault: Fault) -> None:
        world = World(latency=0.5)
        world.has(*(f"Item {n}" for n in range(60)))
        world.books.faults.add("batch", None, fault, fault, None, fault, fault)
        world.settles(world.sync())
        world.shown_counts_never_fall()

    def test_progress_is_saved_often_enough_to_be_watched(self) -> None:
        world = World(latency=0.5)
        world.has(*(f"Item {n}" for n in range(300)))
        run = world.sync()
        seen = {saved.counts.settled for saved in world.saved_runs if saved.run_id == run.run_id}
        assert len(seen) > 4
