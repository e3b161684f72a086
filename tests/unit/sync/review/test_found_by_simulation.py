"""What simulated worlds of imports found, as the smallest story of each (tests/simulation/imports)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from shared.domain.connections import ConnectionState
from shared.domain.ids import ConnectionKey, RecordKind, SourceId
from shared.domain.imports import ImportOutcome, Wanted
from shared.domain.money import Money
from shared.domain.records import Customer, Item
from shared.domain.runs import RunState
from shared.domain.wake_up import Task
from shared.storage.keys import of_scope
from shared.storage.memory import memory_stores
from shared.storage.memory.links import MemoryLinks
from shared.sync.review.browse import RowStatus
from shared.sync.runs import start_or_join, take_over_abandoned_runs
from tests.support.fake_faults import BooksCall, Dead, Fault
from tests.support.wake_ups import RecordingTasks
from tests.unit.sync.review.review_world import OFFICE, ReviewWorld


class Interrupted:
    """A store. Before each call of `method` the next story happens; `seen` are the calls' arguments."""

    def __init__(self, store: Any, method: str) -> None:
        self._store = store
        self._method = method
        self.stories: list[Callable[[], object]] = []
        self.seen: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name != self._method:
            return method

        def call(*args: Any, **named: Any) -> Any:
            self.seen.append(args)
            if self.stories:
                self.stories.pop(0)()
            return method(*args, **named)

        return call


def nothing() -> None:
    """The story of a call that nothing happens before."""


@dataclass(slots=True)
class FewTasks(RecordingTasks):
    def hand_over(self, connection: ConnectionKey, kind: RecordKind, task: Task) -> None:
        RecordingTasks.hand_over(self, connection, kind, task)
        assert len(self.sent) < 9, "it goes round in circles"


def synced(world: ReviewWorld) -> list[str]:
    """Causes of what stands refused after a full sync."""
    run = start_or_join(world.services, world.connection, world.kind, OFFICE).run
    world.services.workflows.execute_all(world.services)
    assert world.run(run.run_id).state is RunState.FINISHED
    rows = world.services.stores.failures.page(world.key, world.kind, 100, None).rows
    return [failure.cause for failure in rows]


def test_what_the_books_hold_and_would_not_take_from_us_is_in_nobodys_way() -> None:
    """Two addresses in one field: imported as it stands, and not refused by each sync for ever."""
    world = ReviewWorld()
    world.imported(*world.in_books("Ann", email="ann@x, bob@x"))
    (record,) = world.records.values()
    assert isinstance(record, Customer)
    assert record.email == "ann@x, bob@x"
    assert synced(world) == []
    assert not world.books.effects


def test_what_was_refused_and_is_linked_by_a_person_is_refused_no_more() -> None:
    world = ReviewWorld(RecordKind.ITEM)
    ours = SourceId("01")
    item = Item(ours, "Pipe", Money(Decimal(5), "EUR"), version=1)
    assert not world.services.stores.records.save(world.key.company_id, [item])
    assert synced(world) == ["CURRENCY_DIFFERS"]
    world.imported(Wanted(world.in_books("Pipe, copper")[0], link_to=ours))
    assert synced(world) == []
    assert not world.books.effects


def with_few_tasks() -> ReviewWorld:
    world = ReviewWorld()
    world.tasks = FewTasks()
    world.services = replace(world.services, tasks=world.tasks)
    return world


def test_an_import_whose_grant_dies_as_the_books_are_listed_ends_with_that() -> None:
    """It asked for a list again and again, as fast as it could, until its time was up."""
    world = with_few_tasks()
    world.in_books("Ann")
    run = world.start()

    def dies(call: BooksCall) -> Fault | None:
        return Dead()

    world.books.choose_fault = dies
    world.serve()
    ended = world.run(run.run_id)
    assert ended.state is RunState.NEEDS_REAUTH
    assert ended.problem is not None


def test_an_import_whose_connection_is_cut_amid_ends_within_seconds() -> None:
    world = with_few_tasks()
    world.in_books("Ann")
    run = world.start()
    stored = world.services.stores.connections.get(world.key)
    assert stored is not None

    def cut(call: BooksCall) -> Fault | None:
        state = ConnectionState.DISCONNECTED
        left = replace(stored, state=state, version=stored.version + 1)
        assert world.services.stores.connections.save(left)
        world.books.choose_fault = lambda _: None
        return Dead()

    world.books.choose_fault = cut
    began = world.clock.now()
    world.serve()
    ended = world.run(run.run_id)
    assert ended.state in (RunState.FAILED, RunState.NEEDS_REAUTH)
    assert (world.clock.now() - began).total_seconds() < 10


def test_what_one_worker_chose_does_not_stand_among_what_its_follower_did() -> None:
    """Both were to bring in all that is new; the first was held up before it had stored what that is."""
    stores = memory_stores()
    lists = Interrupted(stores.remote_lists, "put")
    world = ReviewWorld(stores=replace(stores, remote_lists=lists))
    world.in_books("Ann")
    run = world.start()

    def followed() -> None:
        world.in_books("Bob")
        world.later(61)
        world.counted()
        take_over_abandoned_runs(world.services)
        world.serve_one()

    # Both lists have a page of rows and one of matches; the follower's time is up once it has chosen.
    lists.stories = [nothing, nothing, followed, nothing, nothing, lambda: world.later(400)]
    world.serve_one()
    assert not lists.stories
    world.serve()
    ended = world.run(run.run_id)
    assert (ended.state, ended.counts.total, ended.counts.created) == (RunState.FINISHED, 2, 2)
    assert len(world.results(run.run_id)) == 2


def test_what_a_late_worker_stores_is_its_followers_success_too() -> None:
    """Both were about to store the same record of the same import; the late one was quicker."""
    stores = memory_stores()
    pairs = Interrupted(stores.linked_records, "add")
    world = ReviewWorld(stores=replace(stores, linked_records=pairs))
    (new,) = world.in_books("Ann")
    run = world.start(new)

    def followed() -> None:
        world.later(61)
        take_over_abandoned_runs(world.services)
        world.serve()

    pairs.stories = [followed, lambda: stores.linked_records.add(*pairs.seen[0])]
    world.serve_one()
    assert world.run(run.run_id).state is RunState.FINISHED
    assert [one.outcome for one in world.results(run.run_id)] == [ImportOutcome.CREATED]
    assert len(world.records) == 1


def test_what_a_late_worker_tells_does_not_take_the_place_of_what_its_follower_did() -> None:
    """It was held up for so long that a sync had sent the record anew: nothing said any more by which
    import it was linked.
    """
    stores = memory_stores()
    links = Interrupted(stores.links, "save_links")
    world = ReviewWorld(stores=replace(stores, links=links))
    ours = world.has("S-1", "Ours")
    (known,) = world.in_books("Bob")
    run = world.start(Wanted(known, link_to=ours))

    def followed() -> None:
        world.later(61)
        take_over_abandoned_runs(world.services)
        world.serve()
        customer = world.records[ours]
        assert isinstance(customer, Customer)
        edited = replace(customer, phone="7", version=2)
        assert not world.services.stores.records.save(world.key.company_id, [edited])
        assert synced(world) == []

    links.stories = [followed]
    world.serve_one()
    assert [one.outcome for one in world.results(run.run_id)] == [ImportOutcome.LINKED]


def test_a_page_that_a_worker_stores_late_does_not_stand_in_its_followers_list() -> None:
    """It was held up with the page in its hands, and meanwhile the books had lost one of its records."""
    stores = memory_stores()
    lists = Interrupted(stores.remote_lists, "put")
    world = ReviewWorld(stores=replace(stores, remote_lists=lists))
    gone, _ = world.in_books("Ann", "Bob")
    world.ask()

    def followed() -> None:
        world.books.edit(gone, kind=world.kind, active=False)
        world.later(61)
        world.counted()

    lists.stories = [followed]
    world.serve_one()
    told = world.ask()
    assert (told.unsynced, told.total) == (1, 1)


def test_a_claim_left_by_a_record_that_went_elsewhere_keeps_nobody_out() -> None:
    """A sync died between the claim and its link; then its record was renamed, and made anew. What it had
    claimed counted as imported for ever, and could not be.
    """
    world = ReviewWorld()
    left, linked = world.in_books("Ann", "Bob")
    ours = world.has("S-1", "Ours")
    world.imported(Wanted(linked, link_to=ours))
    links = world.services.stores.links
    assert isinstance(links, MemoryLinks)
    links.claims.put(of_scope("remote", world.scope), left, ours)
    told = world.counted()
    assert (told.unsynced, told.total) == (1, 2)
    assert world.rows()["Ann"].status is RowStatus.NEW
    (result,) = world.imported(left)
    assert result.outcome is ImportOutcome.CREATED
    assert world.links[linked].source_id == ours
    assert world.counted().unsynced == 0
