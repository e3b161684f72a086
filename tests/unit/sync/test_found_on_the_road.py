"""What simulated worlds found on the automatic road, as the smallest story of each (tests/simulation)."""

from __future__ import annotations

import pytest

from shared.domain.connections import Setup, StepState
from shared.domain.ids import PersonId, RecordKind, SourceId
from shared.domain.runs import Problem
from shared.sync.automatic import gate
from shared.sync.automatic.ask import retry, send_selected
from shared.sync.automatic.relay import make_due
from shared.sync.automatic.work import WorkEnd
from shared.sync.setup import decide_steps
from tests.support.fake_faults import BooksCall, Fault, Lost, Rejected
from tests.unit.sync.automatic_world import FUNCTION, AutomaticWorld
from tests.unit.sync.item_world import Killed

ANN = PersonId("ann")


def failures(world: AutomaticWorld) -> list[SourceId]:
    page = world.services.stores.failures.page(world.connection.key, RecordKind.ITEM, 100, None)
    return [failure.source_id for failure in page.rows]


def refusing() -> AutomaticWorld:
    problem = Problem("CODE_REFUSED", "The code is not taken.", "Change it.")
    world = AutomaticWorld(refuses=lambda _: problem)
    world.has("Bad")
    world.settle_down()
    assert failures(world) == ["01"]
    return world


def test_a_refused_record_that_is_archived_stands_refused_no_longer() -> None:
    world = refusing()
    world.edit("01", active=False)
    world.settle_down()
    assert (failures(world), world.due) == ([], [])


def test_the_comparison_finds_a_refused_record_that_was_archived_unheard() -> None:
    world = refusing()
    world.streams = False
    world.edit("01", active=False)
    world.clock.sleep(gate.COMPARE_EVERY.total_seconds())
    world.minute()
    world.settle_down()
    assert failures(world) == []


def test_deciding_again_opens_the_road_that_a_crash_left_shut() -> None:
    """The decision was stored, and nothing after it: the schedule did not know the connection."""
    world = AutomaticWorld()
    world.streams = False
    world.has("Pipe")
    steps = Setup(StepState.DONE, StepState.SKIPPED, StepState.PENDING)
    assert world.connection.setup == steps
    assert world.services.stores.automatic.load(world.connection.key) is None
    decide_steps(world.services, world.connection.key, ANN, import_items=StepState.SKIPPED)
    world.minute()
    world.settle_down()
    assert world.names_in_books == ["Pipe"]


def test_trouble_is_forgotten_once_a_full_run_has_sent_what_waited() -> None:
    """Nothing is left to probe with; the schedule would look at the connection for ever."""
    world = AutomaticWorld()
    world.has("Pipe")
    world.settle_down()
    gate.open_circuit(world.services, world.connection.key)
    for _ in range(2):
        world.minute()
        world.settle_down()
    state = gate.state_of(world.services, world.connection.key)
    assert state.circuit is None


def test_the_trouble_of_a_connection_is_remembered_while_another_kind_waits() -> None:
    world = AutomaticWorld()
    key = world.connection.key
    world.has_customer("c1", "Ann")
    make_due(world.services, key, RecordKind.CUSTOMER, [(SourceId("c1"), 1)])
    world.wake_ups.sent.clear()
    gate.open_circuit(world.services, key)
    world.clock.sleep(20)
    world.services.wake_ups.wake(key, RecordKind.ITEM)
    world.deliver()
    assert gate.state_of(world.services, key).circuit is not None


def test_what_a_run_refused_that_took_two_workers_is_not_tried_again() -> None:
    """The worker that ended the run had not begun it, and began another over the same records."""
    world = refusing()
    world.edit("01", name="Still bad")
    world.kill_before("runs.save_chunks")
    with pytest.raises(Killed):
        world.settle_down()
    world.clock.sleep(61)
    world.minute()
    began = len(world.ends)
    world.settle_down()
    assert failures(world) == ["01"]
    assert world.due == []
    assert sum(end.batches for end in world.ends[began:]) == 1


@pytest.mark.parametrize("edited_meanwhile", [False, True])
def test_what_was_asked_for_and_refused_ends_though_no_worker_has_the_time_for_a_whole_run(
    *, edited_meanwhile: bool
) -> None:
    """Each was ended by another worker than had begun it, which sent the record anew, for ever."""
    world = refusing()
    slow = FUNCTION.total_seconds()

    def refused_when_time_is_up(call: BooksCall) -> Fault | None:
        if call.on != "batch":
            return None
        world.clock.sleep(slow)
        return Rejected()

    world.books.choose_fault = refused_when_time_is_up
    retry(world.services, world.connection.key, RecordKind.ITEM, ANN)
    if edited_meanwhile:
        world.meets("runs.save_chunks", lambda: world.edit("01", name="Worse"))
    world.settle_down()
    assert (failures(world), world.due) == (["01"], [])
    assert sum(end.batches for end in world.ends[1:]) <= (4 if edited_meanwhile else 2)


def test_what_is_asked_for_while_two_workers_carry_a_run_through_goes_once_more() -> None:
    world = refusing()
    world.edit("01", name="Still bad")
    before = world.books.calls["batch"]

    def asked_and_killed() -> None:
        retry(world.services, world.connection.key, RecordKind.ITEM, ANN)
        world._die()

    world.meets("runs.save_chunks", asked_and_killed)
    with pytest.raises(Killed):
        world.settle_down()
    world.clock.sleep(61)
    world.minute()
    world.settle_down()
    assert (failures(world), world.due) == (["01"], [])
    assert world.books.calls["batch"] - before == 3, (
        "the killed worker's, its repeat, and what was asked"
    )


def test_after_a_run_of_two_workers_what_is_urgent_still_goes_first() -> None:
    """Also before what was asked for since."""
    world = refusing()
    world.has(*[f"Bad {number}" for number in range(2, 13)])
    world.settle_down()
    key = world.connection.key
    send_selected(world.services, key, RecordKind.ITEM, [SourceId("12")], ANN)
    world.kill_before("runs.save_chunks")
    with pytest.raises(Killed):
        world.settle_down()
    world.edit("12", name="Worse")
    others = [SourceId(f"{number:02}") for number in range(1, 12)]
    retry(world.services, key, RecordKind.ITEM, ANN, source_ids=others)
    world.clock.sleep(61)
    world.minute()

    def slowly(call: BooksCall) -> None:
        if call.on == "batch":
            world.clock.sleep(2)
            sent.append([source_id for _, source_id in call.request.entries if call.request])

    sent: list[list[SourceId]] = []
    world.books.choose_fault = slowly
    world.settle_down()
    resumed, *following = sent
    assert resumed == ["12"]
    assert "12" in [source_id for entries in following[:2] for source_id in entries]


def test_the_comparison_wakes_for_rows_whose_wake_up_was_lost() -> None:
    world = AutomaticWorld()
    world.has("Pipe")
    world.settle_down()
    make_due(world.services, world.connection.key, RecordKind.ITEM, [(SourceId("01"), 1)])
    world.wake_ups.sent.clear()
    world.clock.sleep(gate.COMPARE_EVERY.total_seconds())
    world.minute()
    world.settle_down()
    assert world.due == []


def test_an_update_nobody_heard_of_is_no_conflict_with_a_later_edit() -> None:
    """It was carried out, its answers and the reading back were lost, and the record was edited again."""
    world = AutomaticWorld()
    world.has("Pipe")
    world.settle_down()
    world.clock.sleep(5)
    world.books.faults.add("batch", Lost(0.0), Lost(None))
    world.books.faults.add("records_by_id", Lost())
    world.edit("01", price="4")
    world.deliver()
    assert world.ends[-1].end is WorkEnd.CIRCUIT_OPEN
    assert world.in_books("01").unit_price == 4
    world.edit("01", price="5")
    world.settle_down()
    assert (world.in_books("01").unit_price, failures(world), world.due) == (5, [], [])


def test_what_a_person_made_of_an_update_nobody_heard_of_is_a_conflict_all_the_same() -> None:
    world = AutomaticWorld()
    world.has("Pipe")
    world.settle_down()
    world.clock.sleep(5)
    world.books.faults.add("batch", Lost(0.0), Lost(None))
    world.books.faults.add("records_by_id", Lost())
    world.edit("01", price="4")
    world.deliver()
    world.books.edit(world.links[SourceId("01")].remote_id, unit_price=7)
    world.edit("01", price="5")
    world.settle_down()
    assert (world.in_books("01").unit_price, failures(world)) == (7, ["01"])


def test_a_refusal_that_a_fenced_off_worker_left_goes_with_the_next_comparison() -> None:
    """It was held up, another worker took its run over and sent the record, then it saved what it knew."""
    problems = [Problem("CODE_REFUSED", "The code is not taken.", "Change it.")]
    world = AutomaticWorld(refuses=lambda _: problems[0] if problems else None)
    world.has("Pipe")
    world.settle_down()
    [refused] = world.failures.values()
    problems.clear()
    world.edit("01", name="Copper pipe")
    world.settle_down()
    assert failures(world) == []
    world.services.stores.failures.save([refused])
    world.clock.sleep(gate.COMPARE_EVERY.total_seconds())
    world.minute()
    world.settle_down()
    assert (failures(world), world.due) == ([], [])


def test_a_record_edited_back_after_an_update_nobody_heard_of_is_sent_back() -> None:
    """The link says what the record says again; the books say what was carried out in between."""
    world = AutomaticWorld()
    world.has("Pipe", price="3")
    world.settle_down()
    world.clock.sleep(5)
    world.books.faults.add("batch", Lost(0.0), Lost(None))
    world.books.faults.add("records_by_id", Lost())
    world.edit("01", price="4")
    world.deliver()
    assert world.in_books("01").unit_price == 4
    world.edit("01", price="3")
    world.settle_down()
    assert (world.in_books("01").unit_price, failures(world), world.due) == (3, [], [])
