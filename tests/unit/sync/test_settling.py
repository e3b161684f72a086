"""What a worker stores: links and failures before the chunk, and nothing once it was taken over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.errors import LostLease
from shared.sync.engine.preparing import stored_chunks
from shared.sync.engine.settling import Settler, finished
from shared.sync.engine.terms import terms_of
from shared.sync.steps import first_state, perform_step
from tests.unit.sync.item_world import World


def test_a_chunk_that_a_newer_worker_has_stored_tells_the_older_one_to_stop() -> None:
    world = World()
    world.has("Pipe")
    run = world.click().run
    perform_step(world.services, "plan", first_state(run), 300)
    run = world.run(run)
    chunk = next(stored_chunks(world.services.stores, run))
    newer = replace(chunk, epoch=run.epoch + 5)
    assert not world.services.stores.runs.save_chunks(run.connection, [newer])
    terms = terms_of(run.kind, world.connection, world.books.profile)
    settler = Settler(world.services, world.connection, terms, run)
    with pytest.raises(LostLease):
        settler.flush([finished(chunk, chunk.counts, run.epoch)])


def test_links_are_stored_before_the_chunk_that_says_they_are() -> None:
    world = World()
    world.has("Pipe")
    linked: list[int] = []
    world.meets("runs.save_chunks", lambda: linked.append(len(world.links)))
    world.sync()
    assert linked == [1]


def test_a_failure_is_stored_before_the_chunk_and_cleared_after_the_link() -> None:
    world = World(malformed=lambda fields: fields.name == "Bad")
    world.has("Bad", "Good")
    failed: list[int] = []
    # The first save of chunks is that of the rejected batch, the second that of its entries.
    world.meets("runs.save_chunks", lambda: failed.append(len(world.failures)), nth=2)
    world.sync()
    assert failed == [1]
    world.edit("01", name="Better")
    linked: list[int] = []
    world.meets("failures.clear", lambda: linked.append(len(world.links)), nth=2)
    world.sync()
    assert linked == [2]
    assert not world.failures
