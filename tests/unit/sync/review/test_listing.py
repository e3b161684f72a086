"""The alert and the list behind it: calls counted at the books, one listing at a time, its failures told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.connections import ConnectionState
from shared.domain.errors import NeedsReauth
from shared.domain.ids import RecordKind, RemoteId, RemoteVersion, SourceId
from shared.domain.links import Link
from shared.domain.listings import ListingState, NotListed
from shared.domain.wake_up import Task
from shared.sync.review.pages import put_rows
from shared.sync.review.unsynced import AlertState, look_at_unsynced
from tests.support.dying import Died, dying_at
from tests.support.fake_faults import Dead, Lost
from tests.unit.sync.review.review_world import ReviewWorld


def link_to(world: ReviewWorld, *remote_ids: RemoteId) -> None:
    links = [
        Link(SourceId(f"S-{one}"), one, RemoteVersion("0"), "n", "n", 1, "", {}, row_version=1)
        for one in remote_ids
    ]
    assert not world.services.stores.links.save_links(world.scope, links)


def test_nothing_is_asked_of_the_books_until_somebody_asks() -> None:
    world = ReviewWorld()
    world.in_books("Ann")
    told = look_at_unsynced(world.services, world.key, world.kind)
    assert (told.state, world.books.calls.total()) == (AlertState.NOT_ASKED, 0)
    assert world.ask().state is AlertState.LISTING  # which asks for a worker, not for a list
    assert world.books.calls.total() == 0
    assert [one.task for one in world.tasks.sent] == [Task.LIST]


def test_the_owners_sentence_with_both_figures() -> None:
    world = ReviewWorld()
    first, *_ = world.in_books("Ann", "Bob", "Cid")
    link_to(world, first)
    told = world.counted()
    assert told.message == "2 of 3 customers in QuickBooks are not yet imported into BlueClerk"
    assert (told.unsynced, told.total) == (2, 3)


def test_zero_left_and_empty_books_have_words_of_their_own() -> None:
    world = ReviewWorld()
    assert world.counted().message == "There are no customers in QuickBooks."
    world.later(60)
    link_to(world, *world.in_books("Ann"))
    assert world.counted().message == "All 1 customers in QuickBooks are imported into BlueClerk."


def test_ten_full_pages_and_one_more_call_however_many_ask_at_once() -> None:
    world = ReviewWorld(page_size=100)
    for number in range(1000):
        world.in_books(f"Customer {number}")
    for _ in range(20):
        assert world.ask().state is AlertState.LISTING
    assert len(world.tasks.sent) == 1
    world.serve()
    for _ in range(20):
        assert world.ask().total == 1000
    assert world.listings <= 11
    world.later(59.9)
    world.ask()
    assert (world.listings <= 11, world.tasks.sent) == (True, [])
    world.later(0.2)
    assert world.ask().state is AlertState.LISTING


def test_a_message_that_comes_twice_lists_once() -> None:
    world = ReviewWorld()
    world.in_books("Ann")
    world.ask()
    world.tasks.sent *= 2
    world.serve()
    assert world.listings == 1


def test_a_worker_that_dies_is_followed_where_it_stopped() -> None:
    world = ReviewWorld(page_size=10)
    world.in_books(*(f"Customer {number}" for number in range(45)))
    world.ask()
    world.books.choose_fault = dying_at("page_records", 3)
    with pytest.raises(Died):
        world.serve_one()
    assert world.listings == 3
    assert world.ask().state is AlertState.LISTING
    assert not world.tasks.sent  # it may be alive
    world.later(60)
    world.ask()
    world.serve()
    assert world.ask().total == 45
    assert world.listings == 6  # the third page was asked for twice


def test_time_up_hands_the_list_over() -> None:
    world = ReviewWorld(page_size=10)
    world.in_books(*(f"Customer {number}" for number in range(45)))
    world.ask()
    world.serve_one(seconds=0.0)
    assert (world.listings, len(world.tasks.sent)) == (1, 1)
    world.serve()
    assert (world.ask().total, world.listings) == (45, 5)


@pytest.mark.parametrize("kind", [RecordKind.CUSTOMER, RecordKind.ITEM])
def test_a_silent_provider_is_told_in_words_and_no_count_is_guessed(kind: RecordKind) -> None:
    world = ReviewWorld(kind)
    world.in_books("Ann")
    world.books.faults.add("page_records", Lost(None))
    world.ask()
    world.serve()
    with pytest.raises(NotListed) as told:
        world.ask()
    assert told.value.problem.message == (
        f"QuickBooks gave no answer that can be used, so its {kind}s could not be counted."
    )
    with pytest.raises(NotListed):
        look_at_unsynced(world.services, world.key, kind)
    world.later(10)  # then asking tries again
    assert world.counted().total == 1


def test_a_dead_grant_is_told_with_the_owners_sentence_and_after_reconnecting_it_is_listed() -> (
    None
):
    world = ReviewWorld()
    world.in_books("Ann")
    world.books.faults.add("page_records", Dead())
    world.ask()
    world.serve()
    with pytest.raises(NeedsReauth):
        world.ask()
    stored = world.services.stores.connections.get(world.key)
    assert stored is not None
    assert stored.state is ConnectionState.NEEDS_REAUTH
    back = replace(stored, state=ConnectionState.CONNECTED, version=stored.version + 1)
    assert world.services.stores.connections.save(back)
    assert world.counted().total == 1


class TestAListThatIsNotToBeBelieved:
    def linked_and_cut_off(self, kept: int) -> ReviewWorld:
        world = ReviewWorld(page_size=10)
        remote_ids = world.in_books(*(f"Customer {number}" for number in range(40)))
        link_to(world, *remote_ids)
        assert world.counted().unsynced == 0
        world.later(60)
        whole = world.books.page_records

        def cut(kind: RecordKind, cursor: str | None) -> object:
            page = whole(kind, cursor)
            rows = page.rows[:kept] if cursor is None else ()
            return replace(page, rows=rows, cursor=None)

        world.books.page_records = cut  # type: ignore[method-assign, assignment]  # the books misbehave
        return world

    @pytest.mark.parametrize("kept", [0, 5])
    def test_empty_or_cut_off_it_is_said_and_nothing_is_unlinked(self, kept: int) -> None:
        world = self.linked_and_cut_off(kept)
        told = world.counted()
        assert (told.state, told.unsynced, told.total) == (AlertState.INCOMPLETE, None, None)
        assert (
            f"listed {kept} customers and left out {40 - kept} that are linked here" in told.message
        )
        assert "Nothing was unlinked or deleted." in told.message
        assert len(world.links) == 40

    def test_many_that_were_made_inactive_there_are_no_reason_to_doubt(self) -> None:
        world = ReviewWorld()
        remote_ids = world.in_books(*(f"Customer {number}" for number in range(10)))
        link_to(world, *remote_ids)
        for remote_id in remote_ids[:4]:
            world.books.edit(remote_id, kind=world.kind, active=False)
        assert (told := world.counted()).state is AlertState.COUNTED
        assert told.total == 6

    def test_what_nobody_can_check_is_doubted_once(self) -> None:
        world = ReviewWorld()
        remote_ids = world.in_books(*(f"Customer {number}" for number in range(10)))
        world.counted()
        for remote_id in remote_ids[:6]:
            world.books.edit(remote_id, kind=world.kind, active=False)
        world.later(60)
        assert "listed 4 customers, and 10 the time before" in world.counted().message
        world.later(60)
        assert world.counted().total == 4


def test_long_rows_make_more_pages_not_larger_ones() -> None:
    world = ReviewWorld(RecordKind.ITEM)
    world.in_books("Short")
    rows = [
        replace(row, fields=replace(row.fields, description="é" * 4000))
        for row in world.books.items
    ]
    world.ask()
    listing = world.services.stores.listings.get(world.scope)
    assert listing is not None
    assert listing.state is ListingState.LISTING
    assert put_rows(world.services, listing, rows * 100) == 5  # 800 KB
