"""What every `DueStore` and `AutomaticStore` promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.due import AutomaticState, Circuit, DueLook, DueRow, LastBatch
from shared.domain.ids import (
    AskingId,
    CompanyId,
    ConnectionKey,
    CorrelationId,
    RecordKind,
    SourceId,
)
from shared.domain.runs import Problem
from shared.storage.ports import Stores
from tests.contract.stores.builders import CONNECTION, IN_ORDER, NOW, OTHER_CONNECTION, QUICKBOOKS

SECOND = timedelta(seconds=1)
ITEM = RecordKind.ITEM
ONCE, AGAIN = AskingId("asked once"), AskingId("asked again")


def due(source_id: str = "s1", version: int = 1, **changes: Any) -> DueRow:
    row = DueRow(CONNECTION, ITEM, SourceId(source_id), version, since=NOW, not_before=NOW)
    return replace(row, **changes)


def look(stores: Stores, limit: int = 100, after: timedelta = SECOND) -> DueLook:
    return stores.due.look(CONNECTION, ITEM, NOW + after, limit)


class TestAdding:
    def test_a_row_comes_back_as_it_was_added(self, stores: Stores) -> None:
        cause = CorrelationId("what caused it")
        rows = [due("a#%é", correlation_id=cause), due("b", 7, urgent=True)]
        stores.due.add(rows)
        assert look(stores).ready == (rows[1], rows[0])

    def test_a_higher_version_raises_the_row_and_its_age_stays(self, stores: Stores) -> None:
        stores.due.add([due(version=2)])
        later = due(version=3, since=NOW + 5 * SECOND, not_before=NOW + 5 * SECOND)
        stores.due.add([later])
        assert look(stores, after=9 * SECOND).ready == (replace(later, since=NOW),)

    @pytest.mark.parametrize("version", [1, 2])
    def test_a_version_that_is_not_higher_changes_nothing(
        self, stores: Stores, version: int
    ) -> None:
        stores.due.add([due(version=2)])
        stores.due.add([due(version=version, not_before=NOW + 5 * SECOND)])
        assert look(stores).ready == (due(version=2),)

    def test_a_higher_version_forgets_the_tries_of_the_former(self, stores: Stores) -> None:
        stores.due.add([due()])
        stores.due.put_off([due(not_before=NOW + 60 * SECOND, tries=3)])
        stores.due.add([due(version=2)])
        assert look(stores).ready == (due(version=2),)

    def test_the_oldest_is_told_among_a_page_of_rows(self, stores: Stores) -> None:
        assert stores.due.oldest_since(CONNECTION, ITEM) is None
        stores.due.add([due("a", since=NOW + 5 * SECOND), due("b", since=NOW + 2 * SECOND)])
        stores.due.add([due("c", connection=OTHER_CONNECTION), due("d", kind=RecordKind.CUSTOMER)])
        assert stores.due.oldest_since(CONNECTION, ITEM) == NOW + 2 * SECOND

    def test_urgent_rows_are_other_rows_and_come_first(self, stores: Stores) -> None:
        stores.due.add([due("a"), due("b"), due("b", urgent=True)])
        assert [(r.source_id, r.urgent) for r in look(stores).ready] == [
            ("b", True),
            ("a", False),
            ("b", False),
        ]
        assert stores.due.urgent(CONNECTION, ITEM, 9) == [due("b", urgent=True)]

    def test_kinds_and_connections_are_apart(self, stores: Stores) -> None:
        stores.due.add([due(kind=RecordKind.CUSTOMER), due(connection=OTHER_CONNECTION)])
        assert look(stores) == DueLook()
        assert stores.due.count(OTHER_CONNECTION, ITEM, 9) == 1


class TestAsking:
    def test_what_was_asked_comes_back_as_it_was_added(self, stores: Stores) -> None:
        rows = [due("a", asked=ONCE, urgent=True), due("a", asked=ONCE), due("b")]
        stores.due.add(rows)
        assert look(stores).ready == tuple(rows)

    @pytest.mark.parametrize("version", [1, 2, 3])
    def test_who_asks_raises_the_row_whatever_version_is_stored(
        self, stores: Stores, version: int
    ) -> None:
        stores.due.add([due(version=2)])
        put_off = due(version=2, not_before=NOW + 60 * SECOND, tries=3, waits_for="item:1")
        stores.due.put_off([replace(put_off, late_check=True)])
        cause = CorrelationId("who asked")
        asked = due(
            version=version,
            since=NOW + SECOND,
            not_before=NOW + SECOND,
            asked=ONCE,
            correlation_id=cause,
        )
        stores.due.add([asked])
        assert look(stores).ready == (replace(asked, version=max(2, version), since=NOW),)

    @pytest.mark.parametrize("earlier", [AskingId(""), ONCE])
    def test_what_was_asked_again_since_it_was_read_stays_as_it_is(
        self, stores: Stores, earlier: AskingId
    ) -> None:
        stores.due.add([due(asked=earlier)])
        [read] = look(stores).ready
        asked = due(asked=AGAIN)
        stores.due.add([asked])
        stores.due.put_off([replace(read, not_before=NOW + 60 * SECOND, tries=1)])
        stores.due.remove([read])
        assert look(stores).ready == (asked,)
        stores.due.remove([asked])
        assert look(stores).ready == ()

    def test_what_went_and_was_asked_anew_stays_whoever_read_the_former(
        self, stores: Stores
    ) -> None:
        for earlier in (due("a", asked=ONCE), due("b")):
            stores.due.add([earlier])
            stores.due.remove([earlier])
            asked = replace(earlier, asked=AGAIN)
            stores.due.add([asked])
            stores.due.put_off([replace(earlier, not_before=NOW + 60 * SECOND)])
            stores.due.remove([earlier])
            assert look(stores).ready == (asked,)
            stores.due.remove([asked])

    def test_a_repeat_of_what_was_heard_leaves_what_was_asked(self, stores: Stores) -> None:
        stores.due.add([due(asked=ONCE)])
        stores.due.add([due(not_before=NOW + 5 * SECOND)])
        assert look(stores).ready == (due(asked=ONCE),)

    def test_a_higher_version_keeps_the_row_of_who_asked_before(self, stores: Stores) -> None:
        asked = due(asked=ONCE)
        stores.due.add([asked])
        stores.due.add([due(version=2)])
        stores.due.remove([asked])
        assert look(stores).ready == (due(version=2, asked=ONCE),)

    def test_the_urgent_row_is_asked_for_alone(self, stores: Stores) -> None:
        stores.due.add([due(), due(urgent=True)])
        stores.due.add([due(urgent=True, asked=ONCE)])
        stores.due.remove([due(), due(urgent=True)])
        assert look(stores).ready == (due(urgent=True, asked=ONCE),)


class TestLooking:
    def test_rows_come_in_order_of_source_id_and_not_more_than_asked(self, stores: Stores) -> None:
        stores.due.add([due(one) for one in reversed(IN_ORDER)])
        assert [row.source_id for row in look(stores).ready] == IN_ORDER
        assert [row.source_id for row in look(stores, limit=3).ready] == IN_ORDER[:3]

    def test_those_not_to_go_yet_are_passed_over_and_the_earliest_is_told(
        self, stores: Stores
    ) -> None:
        late = [due("a", not_before=NOW + 9 * SECOND), due("b", not_before=NOW + 3 * SECOND)]
        stores.due.add([*late, due("c")])
        assert look(stores) == DueLook((due("c"),), NOW + 3 * SECOND)
        assert len(look(stores, after=3 * SECOND).ready) == 2

    def test_rows_behind_many_that_wait_are_found(self, stores: Stores) -> None:
        stores.due.add(
            [due(f"a{number:03}", not_before=NOW + 60 * SECOND) for number in range(230)]
        )
        stores.due.add([due("z")])
        assert [row.source_id for row in look(stores, limit=1).ready] == ["z"]

    def test_counting_stops_where_it_is_told(self, stores: Stores) -> None:
        stores.due.add([due(f"s{number}") for number in range(7)])
        assert stores.due.count(CONNECTION, ITEM, 100) == 7
        assert stores.due.count(CONNECTION, ITEM, 5) == 5


class TestRemoving:
    def test_a_row_that_moved_on_stays(self, stores: Stores) -> None:
        stores.due.add([due("a"), due("b", 2), due("c")])
        stores.due.put_off([due("c", not_before=NOW, tries=1)])
        stores.due.remove([due("a"), due("b", 1), due("c"), due("never")])
        assert [row.source_id for row in look(stores).ready] == ["b", "c"]

    def test_the_urgent_row_goes_alone(self, stores: Stores) -> None:
        stores.due.add([due("a"), due("a", urgent=True)])
        stores.due.remove([due("a", urgent=True)])
        assert look(stores).ready == (due("a"),)


class TestPuttingOff:
    def test_time_and_tries_are_stored(self, stores: Stores) -> None:
        stores.due.add([due()])
        put_off = due(not_before=NOW + 8 * SECOND, tries=2)
        stores.due.put_off([put_off])
        assert look(stores).ready == ()
        assert look(stores, after=8 * SECOND).ready == (put_off,)

    def test_what_it_waits_for_is_stored_and_gone_with_a_higher_version(
        self, stores: Stores
    ) -> None:
        stores.due.add([due("a"), due("b"), due("c"), due("a", kind=RecordKind.CUSTOMER)])
        waiting = [due(one, not_before=NOW + 60 * SECOND, waits_for="item:é#1") for one in "ac"]
        stores.due.put_off(waiting)
        assert stores.due.waiting(CONNECTION, ITEM, 9) == waiting
        assert stores.due.waiting(CONNECTION, ITEM, 1) == waiting[:1]
        assert look(stores) == DueLook((due("b"),)), "nobody comes back for those at a time"
        assert look(stores, after=60 * SECOND).ready == (waiting[0], due("b"), waiting[1])
        stores.due.add([due("a", version=2)])
        stores.due.put_off([due("c")])
        assert stores.due.waiting(CONNECTION, ITEM, 9) == []
        assert len(look(stores).ready) == 3

    def test_what_waits_for_another_is_not_what_has_waited_longest(self, stores: Stores) -> None:
        stores.due.add([due("a", since=NOW - SECOND), due("b")])
        stores.due.put_off([due("a", waits_for="item:1")])
        assert stores.due.oldest_since(CONNECTION, ITEM) == NOW
        stores.due.put_off([due("b", waits_for="item:1")])
        assert stores.due.oldest_since(CONNECTION, ITEM) is None

    def test_late_checks_are_looked_at_in_their_time_and_do_not_count(self, stores: Stores) -> None:
        checks = [due(str(n), since=NOW - SECOND, late_check=True) for n in range(3)]
        stores.due.add([*checks[:2], due("2"), due("3")])
        stores.due.put_off(checks[2:])
        assert look(stores).ready == (*checks[:2], due("2", late_check=True), due("3"))
        assert stores.due.count(CONNECTION, ITEM, 1) == 1
        assert stores.due.count(CONNECTION, ITEM, 9) == 1
        assert stores.due.oldest_since(CONNECTION, ITEM) == NOW
        stores.due.add([due("0", version=2)])
        assert stores.due.count(CONNECTION, ITEM, 9) == 2
        stores.due.put_off([due("1")])
        assert stores.due.count(CONNECTION, ITEM, 9) == 3

    def test_a_row_raised_meanwhile_or_gone_is_left_alone(self, stores: Stores) -> None:
        stores.due.add([due(version=2)])
        stores.due.put_off([due(version=1, tries=1), due("gone", tries=1)])
        assert look(stores).ready == (due(version=2),)


def state(version: int = 1, key: ConnectionKey = CONNECTION, **changes: Any) -> AutomaticState:
    return replace(AutomaticState(key, NOW + 60 * SECOND, version=version), **changes)


class TestAutomatic:
    @pytest.mark.parametrize(
        "saved",
        [
            state(),
            state(
                batches={
                    ITEM: LastBatch(NOW, frozenset({"a", "b"})),
                    RecordKind.CUSTOMER: LastBatch(NOW),
                },
                circuit=Circuit(NOW, NOW + SECOND, Problem("X", "Stopped.", "Act.")),
            ),
            state(circuit=Circuit(NOW, NOW + SECOND)),
            state(look_at=NOW + SECOND, wake_at=NOW + 2 * SECOND),
            state(kept_back_at={RecordKind.ITEM: NOW}),
        ],
    )
    def test_a_state_comes_back_as_it_was_saved(
        self, stores: Stores, saved: AutomaticState
    ) -> None:
        assert stores.automatic.load(CONNECTION) is None
        assert stores.automatic.save(saved)
        assert stores.automatic.load(CONNECTION) == saved

    @pytest.mark.parametrize(("stored", "offered"), [(0, 2), (1, 1), (1, 3), (2, 1)])
    def test_a_save_needs_the_version_before_it(
        self, stores: Stores, stored: int, offered: int
    ) -> None:
        for version in range(1, stored + 1):
            assert stores.automatic.save(state(version))
        assert not stores.automatic.save(state(offered, compare_at=NOW))

    def test_the_schedule_finds_those_whose_time_has_come_earliest_first(
        self, stores: Stores
    ) -> None:
        keys = [ConnectionKey(CompanyId(f"c#{number}"), QUICKBOOKS) for number in range(6)]
        for number, key in enumerate(keys):
            assert stores.automatic.save(state(key=key, compare_at=NOW + (9 - number) * SECOND))
        due = stores.automatic.due_everywhere
        assert due(NOW + 7 * SECOND, 10) == keys[:1:-1]
        assert due(NOW + 7 * SECOND, 2) == keys[:3:-1]
        assert due(NOW, 10) == []

    def test_what_waits_is_looked_at_in_its_time(self, stores: Stores) -> None:
        stores.automatic.save(state(look_at=NOW + 45 * SECOND))
        assert stores.automatic.due_everywhere(NOW + 44 * SECOND, 10) == []
        assert stores.automatic.due_everywhere(NOW + 45 * SECOND, 10) == [CONNECTION]

    def test_what_was_put_off_for_long_is_woken_in_its_time(self, stores: Stores) -> None:
        stores.automatic.save(state(wake_at=NOW + 50 * SECOND))
        assert stores.automatic.due_everywhere(NOW + 49 * SECOND, 10) == []
        assert stores.automatic.due_everywhere(NOW + 50 * SECOND, 10) == [CONNECTION]

    def test_an_open_circuit_is_looked_at_when_it_may_be_probed(self, stores: Stores) -> None:
        stores.automatic.save(state(circuit=Circuit(NOW, NOW + 15 * SECOND)))
        assert stores.automatic.due_everywhere(NOW + 15 * SECOND, 10) == [CONNECTION]
        stores.automatic.save(state(2))
        assert stores.automatic.due_everywhere(NOW + 15 * SECOND, 10) == []
