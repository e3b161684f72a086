"""What every `RunStore` promises of a run's chunks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.errors import InvalidCursor
from shared.domain.ids import ConnectionKey, RemoteId, RemoteVersion, RunId
from shared.domain.runs import Chunk, ChunkState, PushAction, RunCounts
from shared.storage.ports import Page, Stores
from tests.contract.stores.builders import (
    CONNECTION,
    OTHER_CONNECTION,
    all_pages,
    chunk,
    entry,
)

RUN = RunId("run-1")


def page(
    stores: Stores,
    limit: int = 1000,
    cursor: str | None = None,
    state: ChunkState | None = None,
    connection: ConnectionKey = CONNECTION,
) -> Page[Chunk]:
    return stores.runs.page_chunks(connection, RUN, 1, limit, cursor, state)


def test_a_chunk_comes_back_as_it_was_added(stores: Stores) -> None:
    entries = (
        entry(0),
        entry(
            1, action=PushAction.UPDATE, remote_id=RemoteId("7"), remote_version=RemoteVersion("3")
        ),
        entry(2, remote_name="Kupferrohr ⌀ 中 😀 " + "x" * 100, renamed=True),
    )
    added = chunk(0, entries=entries, state=ChunkState.REJECTED, generation=2, counts=RunCounts(9))
    stores.runs.add_chunks(CONNECTION, [added, chunk(1, entries=())])
    assert page(stores).rows == (added, chunk(1, entries=()))


def test_chunks_come_in_order_of_number(stores: Stores) -> None:
    """121 of them, more than one batch; 2 comes before 10."""
    added = [chunk(number) for number in range(121)]
    stores.runs.add_chunks(CONNECTION, added[::-1])
    pages = all_pages(lambda cursor: page(stores, 50, cursor))
    assert [len(one) for one in pages] == [50, 50, 21]
    assert [one for rows in pages for one in rows] == added


def test_adding_the_same_number_again_replaces(stores: Stores) -> None:
    """A plan that is made again after a crash."""
    stores.runs.add_chunks(CONNECTION, [chunk(0, epoch=5), chunk(1)])
    again = [chunk(0, request_key="a"), chunk(1), chunk(0, request_key="b")]
    stores.runs.add_chunks(CONNECTION, again)
    assert page(stores).rows == (chunk(0, request_key="b"), chunk(1))


def test_other_plans_runs_and_connections_are_apart(stores: Stores) -> None:
    others = [chunk(0, plan_attempt=2), chunk(0, plan_attempt=11), chunk(0, run_id=RunId("run-2"))]
    stores.runs.add_chunks(CONNECTION, [chunk(0), *others])
    stores.runs.add_chunks(OTHER_CONNECTION, [chunk(0), chunk(1)])
    assert page(stores).rows == (chunk(0),)
    cursor = page(stores, 1, connection=OTHER_CONNECTION).cursor
    with pytest.raises(InvalidCursor):
        page(stores, 1, cursor)


class TestSave:
    @pytest.mark.parametrize(("stored", "offered"), [(1, 1), (1, 2), (0, 7)])
    def test_an_epoch_that_is_not_lower_replaces(
        self, stores: Stores, stored: int, offered: int
    ) -> None:
        stores.runs.add_chunks(CONNECTION, [chunk(0, epoch=stored)])
        later = chunk(0, epoch=offered, state=ChunkState.DONE, counts=RunCounts(created=30))
        assert stores.runs.save_chunks(CONNECTION, [later]) == []
        assert page(stores).rows == (later,)

    def test_a_lower_epoch_loses_and_changes_nothing(self, stores: Stores) -> None:
        stores.runs.add_chunks(CONNECTION, [chunk(0, epoch=3)])
        late = chunk(0, epoch=2, state=ChunkState.DONE)
        assert stores.runs.save_chunks(CONNECTION, [late]) == [0]
        assert page(stores).rows == (chunk(0, epoch=3),)

    def test_a_chunk_that_was_never_added_loses(self, stores: Stores) -> None:
        assert stores.runs.save_chunks(CONNECTION, [chunk(0)]) == [0]
        assert page(stores).rows == ()

    def test_those_that_lose_do_not_stop_the_others(self, stores: Stores) -> None:
        added = [chunk(number, epoch=9 if number % 10 == 0 else 1) for number in range(60)]
        stores.runs.add_chunks(CONNECTION, added)
        done = [replace(one, epoch=2, state=ChunkState.DONE) for one in added]
        assert stores.runs.save_chunks(CONNECTION, done) == [0, 10, 20, 30, 40, 50]
        found = page(stores, state=ChunkState.DONE)
        assert [one.number for one in found.rows] == [n for n in range(60) if n % 10]


class TestState:
    def test_only_chunks_in_the_state_asked_for(self, stores: Stores) -> None:
        states = [ChunkState.DONE, ChunkState.DONE, ChunkState.PLANNED, ChunkState.REJECTED]
        stores.runs.add_chunks(
            CONNECTION, [chunk(number, state=states[number % 4]) for number in range(20)]
        )
        pages = all_pages(lambda cursor: page(stores, 3, cursor, ChunkState.PLANNED))
        assert [one.number for rows in pages for one in rows] == [2, 6, 10, 14, 18]
        assert all(len(rows) <= 3 for rows in pages)

    def test_pages_end_where_none_is_in_the_state(self, stores: Stores) -> None:
        stores.runs.add_chunks(CONNECTION, [chunk(number) for number in range(4)])
        pages = all_pages(lambda cursor: page(stores, 2, cursor, ChunkState.DONE))
        assert pages == [(), ()]
