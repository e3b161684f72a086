"""Requests rebuilt from stored chunks: the same bytes under the same key, other bytes never."""

from __future__ import annotations

from shared.domain.runs import ChunkState, RunState
from shared.sync.engine.preparing import Preparer, stored_chunks
from shared.sync.engine.settling import PreparedChunk
from shared.sync.steps import first_state, perform_step
from tests.unit.sync.item_world import World


def planned(*names: str) -> tuple[World, Preparer]:
    world = World()
    world.has(*names)
    run = world.click().run
    perform_step(world.services, "plan", first_state(run), 300)
    run = world.run(run)
    assert run.state is RunState.PUSHING
    return world, Preparer(world.services, world.connection, world.books, run)


def first(preparer: Preparer) -> PreparedChunk:
    return next(preparer.prepared(ChunkState.PLANNED))


def test_a_chunk_rebuilt_is_to_the_byte_what_was_planned() -> None:
    _, preparer = planned("Pipe", "a:b", "é" * 90)
    chunk = first(preparer)
    assert chunk.request.body_hash == chunk.chunk.body_hash
    assert chunk.request.request_key == chunk.chunk.request_key
    assert first(preparer).request == chunk.request


def test_every_chunk_has_a_key_of_its_own_that_the_provider_can_take() -> None:
    world, _ = planned(*(f"Item {n}" for n in range(23)))
    run = world.run(world.workflows.started[0])
    keys = [chunk.request_key for chunk in stored_chunks(world.services.stores, run)][:-1]
    assert len(set(keys)) == len(keys) == 5
    assert {len(key) for key in keys} == {32}
    assert max(map(len, keys)) <= world.books.profile.max_request_key


def test_another_try_has_another_key_and_the_same_one_for_whoever_comes_to_the_same_try() -> None:
    _, preparer = planned("Pipe", "Elbow")
    chunk = first(preparer)
    again = preparer.again(chunk.chunk, chunk.entries)
    assert again.chunk.request_key != chunk.chunk.request_key
    assert again.chunk.generation == chunk.chunk.generation + 1
    assert again.chunk.body_hash == again.request.body_hash
    assert preparer.again(chunk.chunk, chunk.entries).chunk == again.chunk


def test_one_key_never_stands_for_two_contents() -> None:
    """Two workers may come to the same try with what the record said before and after an edit."""
    world, preparer = planned("Pipe", "Elbow")
    before = first(preparer)
    world.edit("01", price="9")
    after = first(preparer)
    assert before.request.body_hash != after.request.body_hash
    batches = [preparer.again(each.chunk, each.entries).chunk for each in (before, after)]
    assert batches[0].request_key != batches[1].request_key
    singles = [preparer.single_key(each.chunk, each.entries[0], 0) for each in (before, after)]
    assert singles[0] != singles[1]


def test_a_record_that_is_gone_is_left_out_and_an_edited_one_is_known_as_such() -> None:
    world, preparer = planned("Pipe", "Elbow", "Tee")
    world.delete("01")
    world.edit("02", price="9")
    entries = first(preparer).entries
    assert [(each.record.source_id, each.edited) for each in entries] == [
        ("02", True),
        ("03", False),
    ]
