"""Runs: one at a time per connection, joined by further clicks, taken over when they go silent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.config import Settings
from shared.domain.connections import ConnectionSettings, ConnectionState
from shared.domain.errors import Conflicting, LostLease, NeedsReauth, RetryLater
from shared.domain.ids import CompanyId, RecordKind
from shared.domain.runs import Run, RunState
from shared.sync.runs import (
    claim_slice,
    end_run,
    start_or_join,
    take_over_abandoned_runs,
    take_over_if_abandoned,
)
from shared.sync.steps import LONGEST_WAIT
from tests.support.fake_faults import Lost
from tests.support.services import connect
from tests.support.workflows import RecordingWorkflows
from tests.unit.sync.item_world import PERSON, World


class Unstartable(RecordingWorkflows):
    """Cannot start executions of these runs, or of any."""

    def __init__(self, refuses: Callable[[Run], bool]) -> None:
        super().__init__()
        self._refuses = refuses

    def start_sync(self, run: Run) -> None:
        if self._refuses(run):
            raise RetryLater("throttled")
        super().start_sync(run)


def with_workflows(world: World, workflows: RecordingWorkflows) -> None:
    world.workflows = workflows
    world.services = replace(world.services, workflows=workflows)


class TestClicks:
    def test_two_clicks_are_one_run_and_one_execution(self) -> None:
        world = World()
        world.has("Pipe")
        first, second = world.click(), world.click()
        assert (first.joined, second.joined) == (False, True)
        assert first.run.run_id == second.run.run_id
        assert len(world.workflows.started) == 1

    def test_a_click_in_the_middle_joins_and_the_run_ends_once(self) -> None:
        world = World()
        world.has("Pipe")
        joined = []
        world.meets("runs.save_chunks", lambda: joined.append(world.click()))
        run = world.sync()
        assert [(each.joined, each.run.run_id) for each in joined] == [(True, run.run_id)]
        assert world.steps.count("summarise: done") == 1

    def test_a_click_after_the_end_starts_another_run(self) -> None:
        world = World()
        first = world.sync()
        assert world.click().run.run_id != first.run_id

    def test_the_run_says_who_started_it_for_which_remote_company_and_under_which_id(self) -> None:
        world = World()
        run = world.sync()
        assert (run.started_by, run.correlation_id) == (PERSON, run.run_id)
        assert run.remote_company_id == world.books.company.remote_company_id

    def test_who_is_not_connected_is_told_to_connect(self) -> None:
        world = World()
        world.reconnect(state=ConnectionState.DISCONNECTED)
        with pytest.raises(Conflicting) as refused:
            world.click()
        assert refused.value.problem.code == "NOT_CONNECTED"

    def test_who_needs_to_reconnect_is_told_that(self) -> None:
        world = World()
        world.reconnect(state=ConnectionState.NEEDS_REAUTH)
        with pytest.raises(NeedsReauth):
            world.click()

    def test_without_an_income_account_the_missing_setting_is_named(self) -> None:
        world = World()
        world.reconnect(settings=ConnectionSettings())
        with pytest.raises(Conflicting) as refused:
            world.click()
        assert refused.value.problem.field == "defaultIncomeAccountId"
        assert not world.workflows.started


class TestTakingOver:
    @pytest.mark.parametrize(("silent", "taken"), [(0, 0), (59, 0), (60, 1), (600, 1)])
    def test_a_run_silent_for_a_minute_is_taken_over_by_the_next_click(
        self, silent: float, taken: int
    ) -> None:
        world = World()
        started = world.click()
        world.clock.sleep(silent)
        joined = world.click()
        assert joined.joined
        assert joined.run.takeovers == taken
        assert len(world.workflows.started) == 1 + taken
        assert joined.run.run_id == started.run.run_id

    def test_of_two_that_take_over_at_once_one_does(self) -> None:
        world = World()
        run = world.click().run
        world.clock.sleep(61)
        world.meets("runs.save", lambda: take_over_if_abandoned(world.services, run))
        take_over_if_abandoned(world.services, run)
        assert [started.takeovers for started in world.workflows.started] == [0, 1]
        assert world.run(run).takeovers == 1

    def test_an_ended_run_is_not_taken_over(self) -> None:
        world = World()
        run = world.sync()
        world.clock.sleep(3600)
        assert take_over_if_abandoned(world.services, run) == run
        assert take_over_abandoned_runs(world.services) == 0

    def test_the_worker_that_was_taken_over_writes_nothing_more(self) -> None:
        world = World()
        run = world.click().run
        claimed = claim_slice(world.services, run.connection, run.run_id, 0)
        world.clock.sleep(61)
        world.click()
        with pytest.raises(LostLease):
            claim_slice(world.services, run.connection, run.run_id, 0)
        with pytest.raises(LostLease):
            end_run(world.services, claimed, RunState.FINISHED)
        assert world.run(run).state.active

    @pytest.mark.parametrize(
        "asleep_at", ["runs.add_chunks", "links.save_links", "runs.save_chunks", "runs.save"]
    )
    @pytest.mark.parametrize("nth", [1, 2, 3])
    def test_a_worker_that_wakes_up_after_its_run_was_taken_over_and_ended_does_no_harm(
        self, asleep_at: str, nth: int
    ) -> None:
        world = World()
        world.books.plant("Adopted", unit_price="9")
        world.has("Adopted", *(f"Item {n}" for n in range(12)))
        world.meets(asleep_at, world.take_over, nth=nth)
        run = world.sync()
        assert run.state is RunState.FINISHED
        assert (run.counts.adopted, run.counts.created) == (1, 12)
        world.settles(run)
        assert world.sync().counts.unchanged == 13

    def test_it_learns_of_that_from_the_first_chunk_that_it_may_not_save(self) -> None:
        world = World()
        world.has("Pipe")
        world.meets("runs.save_chunks", world.take_over)
        world.sync()
        assert world.steps[-1] == "push: lost"

    @pytest.mark.parametrize("asleep_at", ["links.save_links", "runs.save_chunks"])
    def test_nor_does_it_when_a_record_was_edited_meanwhile(self, asleep_at: str) -> None:
        world = World()
        world.has(*(f"Item {n}" for n in range(4)))

        def story() -> None:
            world.edit("01", price="9")
            world.take_over()

        world.meets(asleep_at, story)
        world.settles(world.sync())
        world.settles(world.sync())
        assert world.in_books("01").unit_price == 9

    def test_when_both_workers_go_on_side_by_side_nothing_is_doubled(self) -> None:
        world = World()
        world.has(*(f"Item {n}" for n in range(12)))
        zombie = world.click().run
        # The first worker falls asleep after its first batches; the second one does half, falls
        # asleep itself, and the first one wakes up.
        world.meets("runs.save_chunks", world.take_over)
        world.execute(zombie)
        world.settles(zombie)
        assert world.steps[-1].endswith("lost")


class TestSchedule:
    def test_it_takes_over_silent_runs_of_every_company(self) -> None:
        world = World()
        world.has("Pipe")
        other = connect(world.services, world.books, CompanyId("company-2"))
        world.click()
        start_or_join(world.services, other, RecordKind.ITEM, PERSON)
        world.workflows.started.clear()
        assert take_over_abandoned_runs(world.services) == 0
        world.clock.sleep(61)
        assert take_over_abandoned_runs(world.services) == 2
        assert {run.connection.company_id for run in world.workflows.started} == {
            "company-1",
            "company-2",
        }

    def test_a_run_that_cannot_be_started_keeps_no_other_waiting(self) -> None:
        world = World()
        other = connect(world.services, world.books, CompanyId("company-0"))
        world.click()
        start_or_join(world.services, other, RecordKind.ITEM, PERSON)
        with_workflows(world, Unstartable(lambda run: run.connection == other.key))
        world.clock.sleep(61)
        assert take_over_abandoned_runs(world.services) == 1

    def test_a_run_whose_execution_could_not_be_started_is_not_lost(self) -> None:
        world = World()
        world.has("Pipe")
        working = world.workflows
        with_workflows(world, Unstartable(lambda run: True))
        with pytest.raises(RetryLater):
            world.click()
        with_workflows(world, working)
        world.clock.sleep(61)
        assert take_over_abandoned_runs(world.services) == 1
        world.work()
        assert len(world.links) == 1

    def test_a_run_that_pauses_for_the_provider_is_not_taken_for_abandoned(self) -> None:
        abandoned_after = Settings.__dataclass_fields__["abandoned_seconds"].default
        assert abandoned_after > LONGEST_WAIT + 15, "a pause, a start and a claim fit in"

    def test_a_provider_that_is_down_ends_the_run_though_the_schedule_looks_every_second(
        self,
    ) -> None:
        world = World()
        world.has("Pipe")
        world.books.choose_fault = lambda call: Lost()
        begun = world.clock.now()

        def pause(seconds: float) -> None:
            until = world.clock.now() + timedelta(seconds=seconds)
            while world.clock.now() < until:
                world.clock.sleep(1)
                take_over_abandoned_runs(world.services)

        world.pause = pause
        run = world.sync()
        assert (run.state, run.takeovers) == (RunState.FAILED, 0)
        assert world.clock.now() - begun < timedelta(minutes=10)
