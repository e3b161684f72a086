"""Whole syncs: steps, waits, crashes, what becomes of the connection meanwhile, and dying anywhere."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.connections import ConnectionState, RemoteCompany
from shared.domain.errors import LostLease, StorageUnavailable
from shared.domain.ids import RemoteCompanyId, SourceId
from shared.domain.runs import Problem, RunCounts, RunState
from shared.sync.engine.progress import Progress
from shared.sync.runs import claim_slice
from shared.sync.steps import MOST_CRASHES, MOST_WAITS, SyncState, first_state, perform_step
from tests.support.fake_faults import Busy, Dead, Limited, Lost, Rejected
from tests.unit.sync.item_world import World


def step(world: World, operation: str, state: dict[str, Any], remaining: float = 300) -> Any:
    return perform_step(world.services, operation, state, remaining)


class TestState:
    def test_it_is_read_as_it_was_written_and_small(self) -> None:
        world = World()
        run = world.click().run
        problem = Problem("CODE", "A sentence.", "An action.", "field")
        state = replace(
            SyncState.read(first_state(run)), waits=3, crashes=2, problem=problem, outcome="wait"
        )
        written = state.written(7.4)
        assert SyncState.read(written) == state
        assert written["waitSeconds"] == 7
        assert len(json.dumps(written)) < 2_000

    def test_an_input_of_another_shape_is_an_error(self) -> None:
        with pytest.raises(KeyError):
            SyncState.read({"runId": "r"})

    def test_the_error_that_a_catch_leaves_in_it_is_not_carried_on(self) -> None:
        world = World()
        state = first_state(world.click().run) | {"error": {"Cause": "x" * 30_000}}
        assert "error" not in step(world, "classify", state)


class TestWaits:
    def test_they_grow_are_bounded_and_end_in_a_problem(self) -> None:
        world = World()
        world.has("Pipe")
        world.books.choose_fault = lambda call: Lost()
        state, pauses = first_state(world.click().run), []
        while True:
            state = step(world, "plan", state)
            if state["outcome"] != "wait":
                break
            pauses.append(state["waitSeconds"])
        assert pauses == [5, 10, 20, 40, 40, 40, 40, 40]
        assert len(pauses) == MOST_WAITS
        assert state["outcome"] == "stopped"
        assert state["problem"]["code"] == "PROVIDER_UNAVAILABLE"

    def test_what_the_provider_names_is_kept_to_as_far_as_a_heartbeat_allows(self) -> None:
        world = World()
        world.has("Pipe")
        world.books.faults.add("page_records", Limited(17.0), Limited(3600.0))
        state = step(world, "plan", first_state(world.click().run))
        assert state["waitSeconds"] == 17
        assert step(world, "plan", state)["waitSeconds"] == 40

    def test_a_slice_that_brought_the_run_forward_begins_the_counting_anew(self) -> None:
        world = World()
        world.has("Pipe")
        state = step(world, "plan", first_state(world.click().run))
        state = step(world, "push", state | {"waits": 7, "crashes": 3})
        assert (state["outcome"], state["waits"], state["crashes"]) == ("done", 0, 0)

    def test_a_slice_that_did_not_leaves_it(self) -> None:
        world = World()
        state = step(world, "plan", first_state(world.click().run))
        state = step(world, "push", state | {"waits": 7, "crashes": 3})
        assert (state["outcome"], state["waits"], state["crashes"]) == ("done", 7, 3)

    def test_storage_that_cannot_be_reached_is_waited_for(self) -> None:
        def unreachable() -> None:
            raise StorageUnavailable("no connection")

        for call in ("runs.get", "runs.save", "links.save_links", "runs.save_chunks"):
            world = World()
            world.has("Pipe")
            started = world.click()
            world.meets(call, unreachable)
            world.work()
            assert world.run(started.run).state is RunState.FINISHED
            assert any(outcome.endswith(": wait") for outcome in world.steps)
            world.settles(started.run)


class TestCrashes:
    def test_a_step_that_always_crashes_stops_the_run_after_some_and_fails_no_record(self) -> None:
        for operation in ("links.page_links", "records.get_many"):
            world = World()
            world.has("Pipe")
            started = world.click()
            for _ in range(20):
                world.meets(operation, world._die)
            world.work()
            run = world.run(started.run)
            assert run.state is RunState.FAILED
            assert run.problem is not None
            assert run.problem.code == "STOPPED_UNEXPECTEDLY"
            assert not world.failures
            assert sum("Killed" in each for each in world.steps) == MOST_CRASHES + 1

    def test_a_fallback_that_always_crashes_stops_the_run_too(self) -> None:
        world = World()
        world.has("Pipe")
        world.books.faults.add("batch", Rejected())
        started = world.click()
        world.books.faults.add("single", *[None] * 20)
        send = world.books.send

        def breaks(request: Any) -> Any:
            if request.path == "/item":
                raise RuntimeError("a bug of ours")
            return send(request)

        world.books.send = breaks  # type: ignore[method-assign] - a bug of ours, always
        world.work()
        assert world.run(started.run).state is RunState.FAILED


class TestConnectionMeanwhile:
    def test_disconnected_in_the_middle_the_run_ends_with_words_and_fails_nothing(self) -> None:
        world = World(latency=1.0, settings={"slice_seconds": 2})
        world.has(*(f"Item {n}" for n in range(40)))
        world.meets("runs.save_chunks", lambda: world.reconnect(state=ConnectionState.DISCONNECTED))
        run = world.sync()
        assert run.state is RunState.FAILED
        assert run.problem is not None
        assert run.problem.code == "DISCONNECTED"
        assert not world.failures
        assert world.links, "what arrived is kept"
        world.reconnect(state=ConnectionState.CONNECTED)
        run = world.sync()
        assert run.state is RunState.FINISHED
        world.settles(run)

    @pytest.mark.parametrize("at", ["links.page_links", "runs.save_chunks"])
    def test_connected_to_another_company_in_the_middle_the_run_ends_and_the_next_one_can_start(
        self, at: str
    ) -> None:
        world = World(latency=1.0, settings={"slice_seconds": 2})
        world.has(*(f"Item {n}" for n in range(40)))
        other = RemoteCompany(RemoteCompanyId("realm-2"), "Dale Plumbing", "USD")
        world.meets(at, lambda: world.reconnect(remote_company=other))
        run = world.sync()
        assert run.state is RunState.FAILED
        assert run.problem is not None
        assert run.problem.code == "CONNECTION_CHANGED"
        started = world.click()
        assert not started.joined
        assert started.run.remote_company_id == "realm-2"

    def test_a_grant_that_dies_while_planning_ends_the_run(self) -> None:
        world = World()
        world.has("Pipe")
        world.books.faults.add("page_records", Dead())
        run = world.sync()
        assert (run.state, run.counts.settled) == (RunState.NEEDS_REAUTH, 0)
        stored = world.services.stores.connections.get(world.connection.key)
        assert stored is not None
        assert stored.state is ConnectionState.NEEDS_REAUTH

    def test_a_grant_that_dies_while_reading_back_ends_the_run_and_keeps_what_is_done(self) -> None:
        world = World()
        world.has(*(f"Item {n}" for n in range(10)))
        world.books.faults.add("batch", None, Lost(), Lost())
        world.books.faults.add("records_by_name", Dead())
        run = world.sync()
        assert run.state is RunState.NEEDS_REAUTH
        assert len(world.links) == 5
        assert not world.failures


class TestEndings:
    def test_the_run_says_when_it_ended_how_much_and_why_some_were_refused(self) -> None:
        world = World(latency=1.0)
        world.has("Pipe", "Elbow")
        world.has("Foreign", currency="CAD")
        run = world.sync()
        assert run.finished_at == world.clock.now()
        assert run.finished_at > run.started_at
        assert run.problem is None
        assert run.counts.refused == 1
        assert sum(count for count, _ in run.causes.values()) == 1

    def test_a_failure_of_an_earlier_run_is_no_cause_of_this_one(self) -> None:
        world = World(refuses=lambda fields: None)
        world.has("Foreign", currency="CAD")
        world.sync()
        world.delete("01")
        world.has("Pipe", ids=["02"])
        assert world.sync().causes == {}

    def test_a_step_of_a_run_that_has_ended_changes_nothing(self) -> None:
        world = World()
        world.has("Pipe")
        run = world.sync()
        for operation in ("plan", "push", "push_singly", "summarise"):
            assert step(world, operation, first_state(run))["outcome"] == "lost"
        assert world.run(run) == run

    def test_a_slice_ends_before_the_function_does(self) -> None:
        world = World(latency=10.0)
        world.has(*(f"Item {n}" for n in range(300)))
        state = step(world, "plan", first_state(world.click().run))
        begun = world.clock.now()
        state = step(world, "push", state, remaining=100)
        assert state["outcome"] == "more"
        # 100 s to live, 25 s kept for the call that is under way; here calls come one by one.
        assert (world.clock.now() - begun).total_seconds() <= 100


class TestProgress:
    @staticmethod
    def begun(world: World) -> Progress:
        run = world.click().run
        return Progress(world.services, claim_slice(world.services, run.connection, run.run_id, 0))

    def test_what_moves_is_shown_at_once_a_little_later_and_not_too_often(self) -> None:
        world = World()
        progress = self.begun(world)
        shown = []
        for settled in range(1, 41):
            world.clock.sleep(0.05)
            progress.moved(RunCounts(created=settled), {})
            shown.append(world.run(progress.run).counts.created)
        assert shown[3] == 0
        assert shown[6] == 5
        assert len(set(shown)) == 9

    def test_counts_that_a_crash_left_behind_are_not_shown_until_they_caught_up(self) -> None:
        world = World()
        progress = self.begun(world)
        for settled, expected in ((5, 5), (3, 5), (4, 5), (6, 6)):
            world.clock.sleep(1)
            progress.moved(RunCounts(created=settled), {})
            assert world.run(progress.run).counts.created == expected

    def test_a_heartbeat_is_saved_every_ten_seconds_and_not_more_often(self) -> None:
        world = World()
        progress = self.begun(world)
        before = world.store_calls["runs.save"]
        for _ in range(35):
            world.clock.sleep(1)
            progress.beat()
        assert world.store_calls["runs.save"] == before + 3
        assert world.clock.now() - world.run(progress.run).heartbeat_at < timedelta(seconds=10)

    def test_who_was_taken_over_learns_it_from_the_next_save(self) -> None:
        world = World()
        progress = self.begun(world)
        world.clock.sleep(61)
        world.click()
        with pytest.raises(LostLease):
            progress.beat()


def busy_world() -> World:
    """Everything at once: adoption, marks, refusals, a rejected batch, busy entries, lost answers."""
    world = World(malformed=lambda fields: fields.name == "Malformed")
    world.has("Kept", "Edited", "Renamed", "Archived", "Stale")
    world.sync()
    world.edit("02", price="9")
    world.edit("03", name="Kept")
    world.edit("04", active=False)
    world.edit("05", price="8")
    world.books.edit(world.links[SourceId("05")].remote_id, description="theirs")
    world.books.plant("Adopted", description="theirs")
    world.books.plant("Category", linkable=False)
    world.has("Adopted", "ADOPTED", "Category", "Long " * 30, "Malformed", "A", "B", "C", "D", "E")
    world.has("Foreign", currency="CAD")
    world.books.faults.add("batch", None, Lost(0.0), Busy(frozenset({1})))
    world.steps.clear()
    world.saved_runs.clear()
    return world


def outcome_of(world: World) -> dict[str, tuple[str, str]]:
    """What each record came to: in the books, or as a failure."""
    failed = {each: ("failed", failure.cause) for each, failure in world.failures.items()}
    linked = {
        each: (world.in_books(each).name, str(world.in_books(each).unit_price))
        for each in world.links
        if each not in failed
    }
    return {**linked, **failed}


@pytest.mark.no_cover
class TestDyingAnywhere:
    """Killing any function at any point and running again loses nothing and doubles nothing."""

    CALLS = 120

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_every_store_call_of_a_sync_may_be_its_workers_last(self, when: str) -> None:
        expected = outcome_of_an_undisturbed_sync()
        for nth in range(1, self.CALLS):
            world = busy_world()
            met = world.at_any_call(nth, world._die, when)
            run = world.sync()
            if run.state.active:  # it died in the last step: nobody is left to go on by itself
                world.take_over()
                run = world.run(run)
            assert run.state is RunState.FINISHED, (nth, world.steps)
            world.settles(run)
            world.shown_counts_never_fall()
            assert outcome_of(world) == expected, (nth, met, world.steps)
            if not met:
                break
        else:
            pytest.fail("the sync has more store calls than were tried")

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_at_every_store_call_a_second_worker_may_take_over(self, when: str) -> None:
        expected = outcome_of_an_undisturbed_sync()
        for nth in range(1, self.CALLS):
            world = busy_world()
            met = world.at_any_call(nth, world.take_over, when)
            run = world.sync()
            assert run.state is RunState.FINISHED, (nth, world.steps)
            world.settles(run)
            assert outcome_of(world) == expected, (nth, world.steps)
            if not met:
                break
        else:
            pytest.fail("the sync has more store calls than were tried")


def outcome_of_an_undisturbed_sync() -> dict[str, tuple[str, str]]:
    world = busy_world()
    world.settles(world.sync())
    return outcome_of(world)
