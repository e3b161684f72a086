"""A change reaches the books by itself, once, soon, and whatever dies, is lost or comes twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from shared.domain.connections import ConnectionState, Setup, StepState
from shared.domain.due import Change
from shared.domain.errors import StorageUnavailable
from shared.domain.ids import CompanyId, RecordKind, SourceId
from shared.domain.runs import Problem, RunState
from shared.sync.automatic.relay import make_due, relay
from shared.sync.automatic.work import WorkEnd, work_off
from shared.sync.runs import start_or_join
from tests.support.fake_faults import Busy, Dead, Fault, Limited, Lost, Rejected, Stopped
from tests.support.services import COMPANY
from tests.unit.sync.automatic_world import FUNCTION, AutomaticWorld
from tests.unit.sync.item_world import PERSON, Killed

ITEM = RecordKind.ITEM


class TestAChange:
    def test_a_new_record_is_created_and_nothing_stays_due(self) -> None:
        world = AutomaticWorld()
        world.has("Pipe")
        world.settle_down()
        assert world.names_in_books == ["Pipe"]
        assert (world.due, world.failures) == ([], {})
        assert world.links[SourceId("01")].source_version == 1

    def test_an_edit_goes_as_an_update_of_what_changed(self) -> None:
        world = AutomaticWorld()
        world.has("Pipe")
        world.settle_down()
        before = len(world.books.effects)
        world.edit("01", price="9.99")
        world.settle_down()
        assert world.written_since(before) == [("update", "01")]
        assert str(world.in_books("01").unit_price) == "9.99"

    def test_a_name_that_is_there_already_is_adopted_with_one_look_and_no_listing(self) -> None:
        world = AutomaticWorld()
        planted = world.books.plant("Pipe", unit_price="2.50")
        world.has("pipe")
        world.settle_down()
        assert world.links[SourceId("01")].remote_id == planted.remote_id
        assert (world.books.calls["page_records"], world.books.calls["records_by_name"]) == (0, 1)

    def test_of_two_equal_names_the_first_is_plain_and_the_other_marked(self) -> None:
        world = AutomaticWorld()
        world.has("Pipe", "PIPE")
        world.settle_down()
        world.has("pipe")
        world.settle_down()
        marked = [world.would_be_called("02"), world.would_be_called("03")]
        assert world.names_in_books == ["Pipe", *marked]

    def test_a_refused_record_is_one_failure_and_holds_up_nothing(self) -> None:
        problem = Problem("BAD", "It is bad.", "Make it better.")
        world = AutomaticWorld(refuses=lambda fields: problem if fields.name == "Bad" else None)
        world.has("Good", "Bad", "Better")
        world.settle_down()
        assert world.names_in_books == ["Good", "Better"]
        assert list(world.failures) == ["02"]
        assert world.due == []

    def test_a_failure_closes_itself_when_the_record_is_corrected(self) -> None:
        problem = Problem("BAD", "It is bad.", "Make it better.")
        world = AutomaticWorld(refuses=lambda fields: problem if fields.name == "Bad" else None)
        world.has("Bad")
        world.settle_down()
        world.edit("01", name="Fine")
        world.settle_down()
        assert (world.names_in_books, world.failures) == (["Fine"], {})

    def test_what_a_person_asks_again_is_tried_again_though_it_stands_refused(self) -> None:
        problems = [Problem("BAD", "It is bad.", "Make it better.")]
        world = AutomaticWorld(refuses=lambda _: problems[0] if problems else None)
        world.has("Pipe")
        world.settle_down()
        problems.clear()
        make_due(world.services, world.connection.key, ITEM, [(SourceId("01"), 1)])
        world.settle_down()
        assert (world.names_in_books, world.failures) == (["Pipe"], {})

    def test_a_passing_refusal_is_tried_again_later_and_later(self) -> None:
        world = AutomaticWorld()
        world.books.faults.add("batch", *[Busy(frozenset({0}))] * 7)
        world.has("Pipe")
        world.settle_down()
        assert (world.names_in_books, world.failures, world.due) == (["Pipe"], {}, [])

    def test_one_archived_unseen_goes_nowhere(self) -> None:
        world = AutomaticWorld()
        world.streams = False
        world.has("Pipe", active=False)
        world.relay("01")
        world.settle_down()
        assert (world.names_in_books, world.due) == ([], [])
        assert world.books.calls.total() == 0

    def test_a_record_that_is_gone_is_no_work(self) -> None:
        world = AutomaticWorld()
        world.has("Pipe")
        world.delete("01")
        world.settle_down()
        assert (world.names_in_books, world.due, world.failures) == ([], [], {})


class TestCoalescing:
    def test_fifty_edits_within_two_seconds_are_two_writes(self) -> None:
        world = AutomaticWorld(latency=0.2)
        world.has("Pipe")
        world.settle_down()
        world.clock.sleep(5)
        before = len(world.books.effects)
        for number in range(50):
            price = f"{number + 3}.00"
            world.stories.at(number * 0.04, lambda price=price: world.edit("01", price=price))
        world.clock.sleep(0.001)
        world.settle_down()
        assert len(world.written_since(before)) <= 2
        assert str(world.in_books("01").unit_price) == "52"

    def test_a_burst_becomes_batches_no_closer_than_the_interval(self) -> None:
        world = AutomaticWorld()
        began = world.clock.now()
        world.has(*[f"Pipe {number}" for number in range(23)])
        world.settle_down()
        assert sum(end.batches for end in world.ends) == 3  # of ten records at least
        assert (world.clock.now() - began).total_seconds() >= 2 * 1.5
        world.nothing_is_doubled()

    def test_repeats_and_reordering_change_nothing(self) -> None:
        world = AutomaticWorld()
        world.has("Pipe")
        world.edit("01", price="4.00")
        relay(world.services, [Change(COMPANY, ITEM, SourceId("01"), 1)] * 3)
        world.settle_down()
        world.relay("01")
        world.settle_down()
        assert len(world.books.effects) == 1
        assert world.due == []


class TestTheGate:
    def test_nothing_is_even_remembered_before_the_imports_are_decided(self) -> None:
        world = AutomaticWorld()
        world.reconnect(setup=Setup(StepState.DONE, StepState.PENDING))
        world.has("Pipe")
        assert (world.due, world.wake_ups.sent) == ([], [])

    def test_another_companys_change_is_not_ours(self) -> None:
        world = AutomaticWorld()
        world.streams = False
        world.has("Pipe")
        assert relay(world.services, [Change(CompanyId("other"), ITEM, SourceId("01"), 1)]) == 0

    def test_rows_wait_while_the_connection_needs_reauth_and_go_after(self) -> None:
        world = AutomaticWorld()
        world.reconnect(state=ConnectionState.NEEDS_REAUTH)
        world.has("Pipe", "Elbow")
        world.settle_down()
        assert {end.end for end in world.ends} == {WorkEnd.CLOSED}
        assert (world.due, world.books.calls.total()) == (["01", "02"], 0)
        world.reconnect(state=ConnectionState.CONNECTED)
        world.services.wake_ups.wake(world.connection.key, ITEM)
        world.settle_down()
        assert world.names_in_books == ["Pipe", "Elbow"]

    def test_a_grant_that_dies_under_a_batch_fails_nothing_and_the_rows_wait(self) -> None:
        world = AutomaticWorld()
        world.books.faults.add("batch", Dead())
        world.has("Pipe")
        world.settle_down()
        stored = world.services.stores.connections.get(world.connection.key)
        assert stored is not None
        assert stored.state is ConnectionState.NEEDS_REAUTH
        assert (world.due, world.failures) == (["01"], {})

    def test_a_provider_that_stops_the_connection_is_asked_again_a_quarter_later(self) -> None:
        world = AutomaticWorld()
        world.books.faults.add("batch", Stopped(Problem("PLAN_ENDED", "The plan ended.", "Pay.")))
        world.has("Pipe")
        world.settle_down(within=60)
        state = world.services.stores.automatic.load(world.connection.key)
        assert state is not None
        assert state.circuit is not None
        assert state.circuit.problem is not None
        assert state.circuit.problem.code == "PLAN_ENDED"
        assert (world.names_in_books, world.failures) == ([], {})
        for _ in range(16):
            world.minute()
        world.settle_down()
        assert world.names_in_books == ["Pipe"]


class TestTheCircuit:
    def test_a_provider_that_is_down_draws_one_probe_per_interval_and_fails_nothing(self) -> None:
        world = AutomaticWorld()
        down = [True]
        world.books.choose_fault = lambda _: Lost(None) if down[0] else None
        world.has(*[f"Pipe {number}" for number in range(40)])
        for second in range(600):
            world.stories.at(second, lambda second=second: world.edit("01", price=f"{second}.50"))
        world.settle_down(within=600)
        probes = sum(end.batches for end in world.ends)
        assert probes <= 600 / 15 + 2
        assert world.failures == {}
        calls_down = world.books.calls.total()
        assert calls_down <= probes * 3
        down[0] = False
        recovered = world.clock.now()
        world.settle_down(within=180)
        assert len(world.names_in_books) == 40
        assert world.due == []
        assert world.clock.now() - recovered < timedelta(minutes=3)
        world.nothing_is_doubled()

    def test_the_wake_up_of_a_probe_may_be_lost_the_schedule_sends_another(self) -> None:
        world = AutomaticWorld()
        world.books.faults.add("batch", *[Lost(None)] * 8)
        world.books.faults.add("records_by_name", *[Lost(None)] * 2)
        world.has("Pipe")
        assert world.deliver() is not None
        assert world.ends[-1].end is WorkEnd.CIRCUIT_OPEN
        world.wake_ups.sent.clear()
        for _ in range(12):
            world.minute()
            world.settle_down(within=10)
        assert (world.names_in_books, world.due) == (["Pipe"], [])

    def test_the_other_kind_is_woken_when_it_closes(self) -> None:
        world = AutomaticWorld()
        world.books.faults.add("records_by_name", Lost(None))
        world.has("Pipe")
        world.deliver()
        assert world.ends[-1].end is WorkEnd.CIRCUIT_OPEN
        world.deliver()
        assert world.names_in_books == ["Pipe"]
        assert (RecordKind.CUSTOMER) in {kind for _, _, kind in world.wake_ups.sent}

    def test_our_own_storages_trouble_is_no_outage_of_the_provider(self) -> None:
        world = AutomaticWorld()
        world.has("Pipe")

        def away() -> None:
            raise StorageUnavailable("no answer")

        began = world.clock.now()
        world.meets("runs.add_chunks", away)
        world.settle_down()
        assert world.names_in_books == ["Pipe"]
        assert WorkEnd.PUT_OFF in {end.end for end in world.ends}
        assert world.clock.now() - began < timedelta(seconds=10)
        state = world.services.stores.automatic.load(world.connection.key)
        assert state is not None
        assert state.circuit is None

    def test_a_look_up_beyond_a_limit_waits_as_long_as_it_is_told(self) -> None:
        world = AutomaticWorld()
        world.books.faults.add("records_by_name", Limited(30.0))
        world.has("Pipe")
        began = world.clock.now()
        world.settle_down()
        assert world.names_in_books == ["Pipe"]
        assert timedelta(seconds=30) <= world.clock.now() - began < timedelta(seconds=40)

    def test_a_429_is_no_outage(self) -> None:
        world = AutomaticWorld()
        world.books.faults.add("batch", Limited(3.0))
        world.has("Pipe")
        world.deliver()
        assert world.names_in_books == ["Pipe"]
        state = world.services.stores.automatic.load(world.connection.key)
        assert state is not None
        assert state.circuit is None


class TestFullRuns:
    def test_a_full_run_holds_the_lease_and_its_end_looks_at_what_is_due(self) -> None:
        world = AutomaticWorld()
        world.streams = False
        world.has("Pipe")
        run = world.click().run
        world.streams = True
        world.has("Elbow")
        world.deliver()
        assert world.ends[-1].end is WorkEnd.BUSY
        world.work()
        assert world.run(run).state is RunState.FINISHED
        world.settle_down()
        assert (world.due, sorted(world.names_in_books)) == ([], ["Elbow", "Pipe"])
        world.nothing_is_doubled()

    def test_what_a_full_run_brought_in_step_costs_no_call(self) -> None:
        world = AutomaticWorld()
        world.has(*[f"Pipe {number}" for number in range(450)])
        world.wake_ups.sent.clear()
        world.sync()
        calls = world.books.calls.total()
        world.settle_down()
        assert (world.books.calls.total(), world.due) == (calls, [])

    def test_a_click_makes_way_for_itself_where_an_automatic_batch_was_left_behind(self) -> None:
        world = AutomaticWorld()
        world.has("Pipe")
        world.kill_after("runs.add_chunks")
        with pytest.raises(Killed):
            world.deliver()
        world._dead = False
        world.clock.sleep(61)
        run = world.sync()
        assert (run.state, world.names_in_books) == (RunState.FINISHED, ["Pipe"])
        world.settle_down()
        assert world.due == []

    def test_an_automatic_run_is_not_in_the_list_of_runs(self) -> None:
        world = AutomaticWorld()
        world.has("Pipe")
        world.settle_down()
        assert world.services.stores.runs.page(world.connection.key, 10, None).rows == ()


class TestWhatIsMissed:
    def test_the_daily_comparison_finds_what_the_stream_lost(self) -> None:
        world = AutomaticWorld()
        world.has("Pipe", "Elbow")
        world.settle_down()
        world.minute()
        world.streams = False
        world.edit("01", price="7.00")
        world.has("Valve")
        world.clock.sleep(86_400)
        world.minute()
        world.settle_down()
        assert str(world.in_books("01").unit_price) == "7"
        assert "Valve" in world.names_in_books

    def test_it_leaves_alone_what_stands_refused_in_that_version(self) -> None:
        problem = Problem("BAD", "It is bad.", "Make it better.")
        world = AutomaticWorld(refuses=lambda _: problem)
        world.has("Bad")
        world.settle_down()
        calls = world.books.calls.total()
        world.clock.sleep(86_400)
        world.minute()
        world.settle_down()
        assert world.books.calls.total() == calls

    def test_it_is_daily(self) -> None:
        world = AutomaticWorld()
        world.has("Pipe")
        world.settle_down()
        world.minute()
        world.streams = False
        world.edit("01", price="7.00")
        for _ in range(5):
            world.minute()
        assert world.due == []


DEATHS = [
    "automatic.save",
    "runs.start",
    "runs.save",
    "runs.add_chunks",
    "links.save_links",
    "runs.save_chunks",
    "due.remove",
]


class TestDying:
    @pytest.mark.parametrize("call", DEATHS)
    @pytest.mark.parametrize("how", ["kill_before", "kill_after"])
    def test_a_worker_killed_at_any_step_loses_and_doubles_nothing(
        self, call: str, how: str
    ) -> None:
        world = AutomaticWorld()
        world.has("Pipe", "Elbow")
        kill: Callable[[str], None] = getattr(world, how)
        kill(call)
        with pytest.raises(Killed):
            world.settle_down()
        world._dead = False
        for _ in range(3):
            world.minute()
            world.services.wake_ups.wake(world.connection.key, ITEM)  # the queue's own redelivery
            world.settle_down()
        assert (sorted(world.names_in_books), world.due) == (["Elbow", "Pipe"], [])
        world.nothing_is_doubled()

    def test_a_batch_whose_answer_was_lost_is_known_again(self) -> None:
        world = AutomaticWorld()
        world.books.faults.add("batch", Lost(0.0), Lost(0.0))
        world.has("Pipe")
        world.settle_down()
        assert (world.names_in_books, world.due) == (["Pipe"], [])
        world.nothing_is_doubled()

    def test_a_batch_refused_as_a_whole_goes_singly(self) -> None:
        world = AutomaticWorld(malformed=lambda fields: fields.name == "Bad")
        world.has("Good", "Bad", "Better")
        world.settle_down()
        assert (world.names_in_books, list(world.failures)) == (["Good", "Better"], ["02"])

    def test_a_stopped_batch_whose_answer_was_lost_is_recovered_under_its_marked_name(self) -> None:
        """The grant dies after the create was carried out unheard; the record is renamed meanwhile."""
        world = AutomaticWorld()
        world.has("Pipe")
        world.settle_down()
        world.has("pipe")
        faults: list[Fault | None] = [None, Lost(0.0), Lost(0.0), Dead()]
        world.books.choose_fault = lambda _: faults.pop(0) if faults else None
        world.settle_down()
        assert not faults
        world.edit("02", name="Elbow")
        world.reconnect(state=ConnectionState.CONNECTED)
        world.services.wake_ups.wake(world.connection.key, ITEM)
        world.settle_down()
        assert world.names_in_books == ["Pipe", "Elbow"]
        world.nothing_is_doubled()

    def test_two_workers_woken_together_do_the_work_once(self) -> None:
        world = AutomaticWorld()
        world.has("Pipe")

        def second() -> None:
            work_off(world.services, world.connection.key, ITEM, world.clock.now() + FUNCTION)

        world.meets("runs.add_chunks", second)
        world.settle_down()
        assert world.names_in_books == ["Pipe"]
        world.nothing_is_doubled()


def test_a_click_while_a_batch_goes_waits_for_its_end() -> None:
    world = AutomaticWorld()
    world.has("Pipe")
    started = []

    def click() -> None:
        world.meets("runs.start", lambda: None)
        with pytest.raises(Exception, match="under way"):
            start_or_join(world.services, world.connection, ITEM, PERSON)
        started.append(world.clock.now())

    world.meets("runs.add_chunks", click)
    world.settle_down()
    assert started
    assert world.sync().state is RunState.FINISHED


def test_a_batch_that_is_refused_by_the_look_up_is_rejected_not_lost() -> None:
    """A contract broken by the provider stops the connection's road, and says so."""
    world = AutomaticWorld()
    world.books.faults.add("records_by_name", Rejected())
    world.has("Pipe")
    world.settle_down(within=30)
    state = world.services.stores.automatic.load(world.connection.key)
    assert state is not None
    assert state.circuit is not None
    assert state.circuit.problem is not None
    assert state.circuit.problem.code == "PROVIDER_CHANGED"
    assert world.due == ["01"]
