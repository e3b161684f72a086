"""What every `RunStore` promises of runs; chunks are in `test_chunks`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.errors import InvalidCursor
from shared.domain.ids import AskingId, ConnectionKey, ProviderName, RecordKind, RunId, SourceId
from shared.domain.runs import Problem, Run, RunCounts, RunPurpose, RunState
from shared.storage.ports import Stores
from tests.contract.stores.builders import (
    COMPANY,
    CONNECTION,
    NOT_A_CURSOR,
    NOW,
    OTHER_CONNECTION,
    all_pages,
    run,
)

ENDS = [RunState.FINISHED, RunState.NEEDS_REAUTH, RunState.FAILED]


def end(stores: Stores, started: Run, **changes: Any) -> None:
    ended = replace(started, state=RunState.FINISHED, finished_at=NOW, **changes)
    assert stores.runs.save(ended, expected_epoch=started.epoch)


class TestStart:
    def test_a_run_is_started_when_none_is_active(self, stores: Stores) -> None:
        assert stores.runs.start(run()) == run()
        assert stores.runs.get(CONNECTION, RunId("run-1")) == run()
        assert stores.runs.active(CONNECTION, RecordKind.ITEM) == run()

    def test_a_second_start_joins_the_active_run_as_it_is_now(self, stores: Stores) -> None:
        stores.runs.start(run())
        pushing = run(state=RunState.PUSHING, epoch=1, counts=RunCounts(total=7))
        assert stores.runs.save(pushing, expected_epoch=0)
        assert stores.runs.start(run("run-2")) == pushing
        assert stores.runs.get(CONNECTION, RunId("run-2")) is None

    def test_starting_the_active_run_again_changes_nothing(self, stores: Stores) -> None:
        stores.runs.start(run())
        stores.runs.save(run(epoch=3), expected_epoch=0)
        assert stores.runs.start(run()).epoch == 3

    @pytest.mark.parametrize(
        "other",
        [
            {"kind": RecordKind.CUSTOMER},
            {"connection": OTHER_CONNECTION},
            {"connection": ConnectionKey(COMPANY, ProviderName("xero"))},
        ],
    )
    def test_other_kinds_and_connections_are_free(
        self, stores: Stores, other: dict[str, object]
    ) -> None:
        stores.runs.start(run())
        second = run("run-2", **other)
        assert stores.runs.start(second) == second
        assert stores.runs.active(CONNECTION, RecordKind.ITEM) == run()
        assert stores.runs.active(second.connection, second.kind) == second

    def test_those_of_a_connection_are_found_together(self, stores: Stores) -> None:
        """But for what has ended and what is another connection's."""
        assert stores.runs.all_active(CONNECTION) == ()
        customers = run("run-2", kind=RecordKind.CUSTOMER)
        for one in (run(), customers, run("run-3", connection=OTHER_CONNECTION)):
            stores.runs.start(one)
        found = stores.runs.all_active(CONNECTION)
        assert sorted(one.run_id for one in found) == ["run-1", "run-2"]
        assert customers in found
        end(stores, run())
        assert stores.runs.all_active(CONNECTION) == (customers,)

    @pytest.mark.parametrize("state", ENDS)
    def test_an_ended_run_frees_the_connection(self, stores: Stores, state: RunState) -> None:
        stores.runs.start(run())
        assert stores.runs.save(run(state=state, finished_at=NOW), expected_epoch=0)
        assert stores.runs.active(CONNECTION, RecordKind.ITEM) is None
        assert stores.runs.start(run("run-2")) == run("run-2")

    def test_an_ended_run_is_not_started_again(self, stores: Stores) -> None:
        """A repeat of a start whose answer was lost, after the run is through."""
        stores.runs.start(run())
        end(stores, run())
        assert stores.runs.start(run()).state is RunState.FINISHED
        assert stores.runs.active(CONNECTION, RecordKind.ITEM) is None
        assert stores.runs.start(run("run-2")) == run("run-2")
        assert stores.runs.start(run()) == run("run-2")


class TestSave:
    def test_a_run_comes_back_as_it_was_saved(self, stores: Stores) -> None:
        stores.runs.start(run())
        saved = run(
            state=RunState.FAILED,
            heartbeat_at=NOW + timedelta(seconds=10),
            epoch=2,
            takeovers=1,
            plan_attempt=2,
            chunk_count=121,
            counts=RunCounts(3629, 3000, 300, 200, 100, 100, 20, 29),
            causes={"NAME_TAKEN": (28, "Another item has this name."), "é": (1, "中")},
            provider_calls=123,
            finished_at=NOW + timedelta(minutes=3),
            problem=Problem("GRANT_DEAD", "The connection has expired.", "Reconnect.", "x"),
            correlation_id="",
        )
        assert stores.runs.save(saved, expected_epoch=0)
        assert stores.runs.get(CONNECTION, RunId("run-1")) == saved

    def test_an_import_comes_back_as_it_was_saved(self, stores: Stores) -> None:
        stores.runs.start(run(purpose=RunPurpose.IMPORT))
        saved = run(purpose=RunPurpose.IMPORT, epoch=4, chosen_by=2, done_by=(2, 2, 4))
        assert stores.runs.save(saved, expected_epoch=0)
        assert stores.runs.get(CONNECTION, RunId("run-1")) == saved

    @pytest.mark.parametrize("expected", [0, 2])
    def test_the_stored_epoch_must_be_the_expected_one(self, stores: Stores, expected: int) -> None:
        stores.runs.start(run())
        taken_over = run(epoch=1, takeovers=1)
        assert stores.runs.save(taken_over, expected_epoch=0)
        late = run(epoch=1, counts=RunCounts(total=9))
        assert not stores.runs.save(late, expected_epoch=expected)
        late = replace(late, state=RunState.FINISHED)
        assert not stores.runs.save(late, expected_epoch=expected)
        assert stores.runs.active(CONNECTION, RecordKind.ITEM) == taken_over

    @pytest.mark.parametrize("state", [RunState.PUSHING, RunState.FAILED])
    def test_an_ended_run_is_not_saved_again(self, stores: Stores, state: RunState) -> None:
        stores.runs.start(run())
        end(stores, run())
        assert not stores.runs.save(run(state=state), expected_epoch=0)
        assert stores.runs.get(CONNECTION, RunId("run-1")).state is RunState.FINISHED

    @pytest.mark.parametrize("state", [RunState.PUSHING, RunState.FAILED])
    def test_a_run_that_was_never_started_is_not_saved(
        self, stores: Stores, state: RunState
    ) -> None:
        stores.runs.start(run("run-2"))
        assert not stores.runs.save(run(state=state), expected_epoch=0)
        assert stores.runs.get(CONNECTION, RunId("run-1")) is None
        assert stores.runs.active(CONNECTION, RecordKind.ITEM) == run("run-2")

    def test_what_was_saved_does_not_change_with_its_maker(self, stores: Stores) -> None:
        causes = {"A": (1, "one")}
        stores.runs.start(run(causes=causes))
        causes["B"] = (2, "two")
        assert stores.runs.get(CONNECTION, RunId("run-1")).causes == {"A": (1, "one")}


class TestPage:
    def test_newest_first(self, stores: Stores) -> None:
        for number in (3, 1, 4, 2, 5):
            one = run(f"run-{number}", started_at=NOW + timedelta(microseconds=number))
            assert stores.runs.start(one) == one
            end(stores, one)
        stores.runs.start(run("elsewhere", connection=OTHER_CONNECTION))
        pages = all_pages(lambda cursor: stores.runs.page(CONNECTION, 2, cursor))
        assert [[one.run_id for one in page] for page in pages] == [
            ["run-5", "run-4"],
            ["run-3", "run-2"],
            ["run-1"],
        ]
        assert pages[0][0].state is RunState.FINISHED

    def test_all_kinds_are_listed_and_ties_go_by_id(self, stores: Stores) -> None:
        stores.runs.start(run("run-1"))
        stores.runs.start(run("run-2", kind=RecordKind.CUSTOMER))
        found = stores.runs.page(CONNECTION, 5, None)
        assert [one.run_id for one in found.rows] == ["run-2", "run-1"]
        assert found.cursor is None

    def test_a_cursor_of_another_connection_is_refused(self, stores: Stores) -> None:
        for number, key in enumerate((CONNECTION, CONNECTION, OTHER_CONNECTION, OTHER_CONNECTION)):
            kind = (RecordKind.ITEM, RecordKind.CUSTOMER)[number % 2]
            stores.runs.start(run(f"run-{number}", connection=key, kind=kind))
        cursor = stores.runs.page(OTHER_CONNECTION, 1, None).cursor
        with pytest.raises(InvalidCursor):
            stores.runs.page(CONNECTION, 1, cursor)

    @pytest.mark.parametrize("cursor", NOT_A_CURSOR)
    def test_a_cursor_that_is_not_ours_is_refused(self, stores: Stores, cursor: str) -> None:
        with pytest.raises(InvalidCursor):
            stores.runs.page(CONNECTION, 1, cursor)
        with pytest.raises(InvalidCursor):
            stores.runs.active_everywhere(1, cursor)


class TestActiveEverywhere:
    @pytest.mark.parametrize("limit", [1, 7, 100])
    def test_schedule_of_all_companies_and_no_others(self, stores: Stores, limit: int) -> None:
        started = []
        for number in range(40):
            key = ConnectionKey(f"company-{number}", ProviderName("xero"))
            one = run(f"run-{number}", connection=key, started_at=NOW + timedelta(days=number % 3))
            stores.runs.start(one)
            if number % 4 == 0:
                end(stores, one)
            else:
                started.append(one.run_id)
        pages = all_pages(lambda cursor: stores.runs.active_everywhere(limit, cursor))
        assert sorted(one.run_id for page in pages for one in page) == sorted(started)
        assert all(len(page) <= limit for page in pages)

    def test_it_shows_runs_as_they_are_now(self, stores: Stores) -> None:
        stores.runs.start(run())
        beaten = run(state=RunState.PUSHING, heartbeat_at=NOW + timedelta(seconds=10), epoch=1)
        stores.runs.save(beaten, expected_epoch=0)
        assert stores.runs.active_everywhere(10, None).rows == (beaten,)

    def test_nothing_is_active_at_first(self, stores: Stores) -> None:
        found = stores.runs.active_everywhere(10, None)
        assert (found.rows, found.cursor) == ((), None)


class TestAutomaticRuns:
    """An automatic run stands in the list only once it ended, and only if a later plan must know of it."""

    @pytest.mark.parametrize(
        ("ended", "listed"),
        [
            (run(state=RunState.FINISHED, chunk_count=1), False),
            (run(state=RunState.FINISHED, recovered=True), True),
            (run(state=RunState.FINISHED, purpose=RunPurpose.IMPORT, chunk_count=3), False),
            (run(state=RunState.NEEDS_REAUTH), False),
            (run(state=RunState.NEEDS_REAUTH, chunk_count=1), True),
            (run(state=RunState.FAILED, chunk_count=1), True),
        ],
    )
    def test_it_is_listed_at_its_end_if_at_all(
        self, stores: Stores, ended: Run, *, listed: bool
    ) -> None:
        begun = run(only=(SourceId("s#1"), SourceId("é")), asked=(AskingId("a1"), AskingId("a2")))
        assert stores.runs.start(begun) == begun
        assert stores.runs.page(CONNECTION, 10, None).rows == ()
        ended = replace(ended, only=begun.only, asked=begun.asked)
        assert stores.runs.save(ended, expected_epoch=0)
        assert stores.runs.get(CONNECTION, begun.run_id) == ended
        assert stores.runs.page(CONNECTION, 10, None).rows == ((ended,) if listed else ())
        assert stores.runs.active(CONNECTION, RecordKind.ITEM) is None

    def test_it_and_a_run_of_a_person_are_never_active_together(self, stores: Stores) -> None:
        begun = run(only=(SourceId("s1"),))
        assert stores.runs.start(begun) == begun
        assert stores.runs.start(run(run_id=RunId("r-other"))) == begun
