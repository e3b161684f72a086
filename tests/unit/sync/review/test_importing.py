"""Bringing records of the books in: what is made, linked and refused, each once whatever dies."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from shared.domain.connections import ConnectionState, StepState
from shared.domain.errors import Conflicting, NeedsReauth, RequestInvalid
from shared.domain.ids import RecordKind, RemoteId, SourceId
from shared.domain.imports import ImportOutcome, ImportResult, Wanted, imported_id
from shared.domain.links import LinkOrigin
from shared.domain.money import Money
from shared.domain.record_plan import in_step
from shared.domain.records import Customer, Item
from shared.domain.runs import RunState
from shared.domain.wake_up import Task
from shared.storage.memory import memory_stores
from shared.sync.engine.joined import joined
from shared.sync.engine.terms import terms_of
from shared.sync.review.browse import RowStatus
from shared.sync.review.start import start_import
from shared.sync.review.unlink import unlink
from shared.sync.runs import start_or_join, take_over_abandoned_runs
from shared.sync.setup import decide_steps
from tests.support.dying import DeathAtWrite, Died, mortal_stores
from tests.support.fake_faults import BooksCall, Lost
from tests.unit.sync.review.review_world import ADDRESS, OFFICE, ReviewWorld


def outcomes(results: list[ImportResult]) -> list[str]:
    return [one.problem.code if one.problem else one.outcome.value for one in results]


def would_push(world: ReviewWorld) -> list[str]:
    """Source ids of records that the next sync would send anything of."""
    terms = terms_of(world.kind, world.connection, world.books.profile)
    links = {link.source_id: link for link in world.links.values()}
    records: Any = world.records
    known = joined(world.services.stores, world.scope).onto(records)
    return [one for one, record in known.items() if not in_step(record, links.get(one), terms)]


def test_a_customer_comes_in_as_the_books_have_it_and_is_in_step() -> None:
    world = ReviewWorld()
    (remote_id,) = world.in_books("Ann", email="ann@x.example", phone="555", address=ADDRESS)
    (result,) = world.imported(remote_id)
    assert result == ImportResult(
        remote_id, ImportOutcome.CREATED, imported_id(world.scope, remote_id), name="Ann"
    )
    (record,) = world.records.values()
    assert isinstance(record, Customer)
    assert (record.name, record.email, record.phone) == ("Ann", "ann@x.example", "555")
    assert (record.address, record.version, record.active) == (ADDRESS, 1, True)
    assert world.links[remote_id].origin is LinkOrigin.IMPORTED
    assert would_push(world) == []
    assert not world.books.effects


def test_an_item_keeps_its_price_and_its_account() -> None:
    world = ReviewWorld(RecordKind.ITEM)
    (remote_id,) = world.in_books("Pipe", unit_price="2.50", code="P-1", income_account_id="inc-2")
    world.imported(remote_id)
    (record,) = world.records.values()
    assert isinstance(record, Item)
    assert (record.unit_price, record.code) == (Money(Decimal("2.50"), "USD"), "P-1")
    mappings = world.services.stores.mappings.get_mappings(world.scope, [record.source_id])
    assert mappings[record.source_id].income_account_id == "inc-2"
    assert would_push(world) == []


def test_categories_and_bundles_are_neither_counted_nor_imported() -> None:
    world = ReviewWorld(RecordKind.ITEM)
    (bundle,) = world.in_books("Bundle", linkable=False)
    world.in_books("Pipe")
    assert world.counted().total == 1
    assert list(world.rows()) == ["Pipe"]
    assert outcomes(world.imported(bundle)) == ["NOT_IMPORTABLE"]


def test_linking_makes_nothing_and_changes_neither_side() -> None:
    world = ReviewWorld()
    ours = world.has("S-1", "Ann Hill", "old@x.example")
    (remote_id,) = world.in_books("Anne Hill", email="new@x.example")
    before = world.records
    (result,) = world.imported(Wanted(remote_id, link_to=ours))
    assert (result.outcome, result.source_id) == (ImportOutcome.LINKED, ours)
    assert world.records == before
    assert set(world.links[remote_id].differing) == {"email", "name"}
    assert would_push(world) == []


def test_all_brings_in_what_is_new_and_leaves_matches_to_a_person() -> None:
    world = ReviewWorld()
    world.has("S-1", "Ann Hill")
    world.has("S-2", "Bramble Plumbing")
    world.in_books("Ann Hill", "Brambel Plumbing", "Cid", "Dora")
    rows = world.rows()
    assert {name: row.status for name, row in rows.items()} == {
        "Ann Hill": RowStatus.MATCHED,
        "Brambel Plumbing": RowStatus.MATCHED,
        "Cid": RowStatus.NEW,
        "Dora": RowStatus.NEW,
    }
    assert outcomes(world.imported()) == ["created", "created"]
    assert world.ask().unsynced == 2
    assert len(world.links) == 2


def test_the_next_opening_says_fewer_though_the_list_is_cached() -> None:
    world = ReviewWorld()
    remote_ids = world.in_books(*(f"Customer {number}" for number in range(700)))
    assert world.counted().unsynced == 700
    listed = world.listings
    world.imported(*remote_ids[:300])
    assert world.ask().unsynced == 400
    assert world.listings == listed


def test_whom_somebody_took_meanwhile_is_no_longer_proposed() -> None:
    world = ReviewWorld()
    ours = world.has("S-1", "Ann Hill")
    ann, bob = world.in_books("Ann Hill", "Bob")
    assert world.rows()["Ann Hill"].status is RowStatus.MATCHED
    world.imported(Wanted(bob, link_to=ours))
    assert world.rows()["Ann Hill"].status is RowStatus.NEW
    assert world.listings == 1
    assert outcomes(world.imported(ann)) == ["created"]


class TestRefusedEachForItself:
    def test_ids_that_do_not_exist_are_imported_or_come_twice(self) -> None:
        world = ReviewWorld()
        ann, bob = world.in_books("Ann", "Bob")
        gone = world.books.plant_customer("Gone", active=False).remote_id
        world.imported(ann)
        results = world.imported(ann, RemoteId("999"), bob, bob, gone)
        assert outcomes(results) == [
            "ALREADY_IMPORTED",
            "NOT_IN_BOOKS",
            "created",
            "TWICE",
            "NOT_IN_BOOKS",
        ]
        assert len(world.records) == len(world.links) == 2

    def test_an_id_of_another_kind(self) -> None:
        world = ReviewWorld()
        world.in_books("Ann")
        item = [world.books.plant(f"Pipe {number}").remote_id for number in range(5)][-1]
        assert outcomes(world.imported(item)) == ["NOT_IN_BOOKS"]

    def test_a_match_that_is_not_there_or_linked_elsewhere(self) -> None:
        world = ReviewWorld()
        ours = world.has("S-1", "Ann Hill")
        ann, bob, cid = world.in_books("Anne", "Bob", "Cid")
        results = world.imported(
            Wanted(ann, SourceId("nobody")), Wanted(bob, ours), Wanted(cid, ours)
        )
        assert outcomes(results) == ["CUSTOMER_NOT_FOUND", "linked", "LINKED_ELSEWHERE"]
        assert outcomes(world.imported(Wanted(cid, ours))) == ["LINKED_ELSEWHERE"]
        assert list(world.links) == [bob]

    def test_a_record_that_ours_may_be_is_not_doubled_unless_a_person_says_so(self) -> None:
        world = ReviewWorld()
        world.has("S-1", "Ann Hill")
        (remote_id,) = world.in_books("ANN HILL")
        assert outcomes(world.imported(remote_id)) == ["MATCH_PROPOSED"]
        assert len(world.records) == 1
        assert outcomes(world.imported(Wanted(remote_id, as_new=True))) == ["created"]

    def test_a_similar_name_is_in_nobodys_way(self) -> None:
        world = ReviewWorld()
        world.has("S-1", "Bramble Plumbing")
        (remote_id,) = world.in_books("Brambel Plumbing")
        assert outcomes(world.imported(remote_id)) == ["created"]

    @pytest.mark.parametrize("count", [0, 10_001])
    def test_none_and_too_many_are_refused_as_a_whole(self, count: int) -> None:
        world = ReviewWorld()
        with pytest.raises(RequestInvalid):
            start_import(
                world.services, world.key, world.kind, [Wanted(RemoteId("1"))] * count, OFFICE
            )
        assert not world.tasks.sent


class TestKilled:
    def test_at_any_save_and_run_again_each_is_there_once_with_its_result(self) -> None:
        for at in range(1, 60):
            death = DeathAtWrite()
            world = ReviewWorld(stores=mortal_stores(memory_stores(), death))
            ours = world.has("S-0", "Ours")
            remote_ids = world.in_books(*(f"Customer {number:03}" for number in range(230)))
            wanted = [Wanted(one) for one in remote_ids]
            wanted[150] = Wanted(remote_ids[150], link_to=ours)
            run = world.start(*wanted)
            death.at = at
            died = False
            try:
                world.serve()
            except Died:
                died = True
            death.at = 0
            world.later(60)
            take_over_abandoned_runs(world.services)
            world.serve()
            assert world.run(run.run_id).state is RunState.FINISHED
            assert len(world.links) == 230
            assert len(world.records) == 230
            counts = world.run(run.run_id).counts
            assert (counts.created, counts.adopted, counts.refused) == (229, 1, 0)
            assert [one.remote_id for one in world.results(run.run_id)] == remote_ids
            if not died:
                return  # every save has been the last one
        raise AssertionError("it never came to an end")

    def test_time_up_hands_over_and_goes_on_in_order(self) -> None:
        world = ReviewWorld()
        remote_ids = world.in_books(*(f"Customer {number:03}" for number in range(230)))
        world.counted()
        run = world.start(*remote_ids)
        world.serve_one(seconds=0.0)
        assert [one.task for one in world.tasks.sent] == [Task.IMPORT]
        world.serve()
        assert [one.remote_id for one in world.results(run.run_id)] == remote_ids

    def test_a_message_that_comes_twice_at_once_disturbs_nobody(self) -> None:
        world = ReviewWorld()
        world.in_books("Ann")
        run = world.start()
        seen: list[int] = []

        def again(call: BooksCall) -> None:
            seen.append(world.run(run.run_id).epoch)
            world.tasks.sent.clear()
            world.services.tasks.hand_over(world.key, world.kind, Task.IMPORT)
            world.serve_one()
            seen.append(world.run(run.run_id).epoch)

        world.books.choose_fault = again
        world.serve_one()
        assert seen[0] == seen[1]  # the second one did not fence the first one off
        assert world.run(run.run_id).counts.created == 1


def test_what_the_provider_does_not_answer_ends_the_import_in_words() -> None:
    world = ReviewWorld()
    world.in_books("Ann")
    world.books.faults.add("page_records", Lost(None))
    run = world.start()
    world.serve()
    ended = world.run(run.run_id)
    assert ended.state is RunState.FAILED
    assert ended.problem is not None
    assert ended.problem.code == "PROVIDER_UNAVAILABLE"
    assert (
        world.services.stores.connections.get(world.key).setup.import_customers is StepState.PENDING
    )  # type: ignore[union-attr]


def test_an_import_that_finishes_decides_its_step_and_no_other() -> None:
    world = ReviewWorld()
    world.in_books("Ann")
    world.imported()
    stored = world.services.stores.connections.get(world.key)
    assert stored is not None
    assert (stored.setup.import_customers, stored.setup.import_items) == (
        StepState.DONE,
        StepState.PENDING,
    )


def test_an_import_after_the_step_was_skipped_makes_it_done() -> None:
    world = ReviewWorld()
    world.in_books("Ann")
    skipped = {"import_customers": StepState.SKIPPED}
    decide_steps(world.services, world.key, OFFICE, **skipped)
    world.imported()
    stored = world.services.stores.connections.get(world.key)
    assert stored is not None
    assert stored.setup.import_customers is StepState.DONE


def test_a_sync_and_an_import_keep_out_of_each_others_way() -> None:
    world = ReviewWorld()
    world.in_books("Ann")
    world.start()
    with pytest.raises(Conflicting) as refused:
        start_or_join(world.services, world.connection, world.kind, OFFICE)
    assert refused.value.problem.code == "IMPORT_RUNNING"
    with pytest.raises(Conflicting):
        world.start()
    world.serve()
    start_or_join(world.services, world.connection, world.kind, OFFICE)
    with pytest.raises(Conflicting) as refused:
        world.start()
    assert refused.value.problem.code == "SYNC_RUNNING"


def test_a_dead_connection_is_told_before_anything_begins() -> None:
    world = ReviewWorld()
    dead = replace(world.connection, state=ConnectionState.NEEDS_REAUTH, version=2)
    assert world.services.stores.connections.save(dead)
    with pytest.raises(NeedsReauth):
        world.start()


class TestUnlink:
    def test_both_stay_as_they_are_and_can_be_linked_otherwise(self) -> None:
        world = ReviewWorld()
        wrong, right = world.has("S-1", "Ann Hill"), world.has("S-2", "Anne Hill")
        (remote_id,) = world.in_books("Ann Hil")
        world.imported(Wanted(remote_id, link_to=wrong))
        before = world.records
        told = unlink(
            world.services, world.key, world.kind, [remote_id, RemoteId("nobody")], OFFICE
        )
        assert told[remote_id] is None
        assert (problem := told[RemoteId("nobody")]) is not None
        assert problem.code == "NOT_LINKED"
        assert world.records == before
        assert world.links == {}
        assert world.counted().unsynced == 1
        assert outcomes(world.imported(Wanted(remote_id, link_to=right))) == ["linked"]

    def test_what_was_imported_and_unlinked_is_proposed_by_its_id(self) -> None:
        world = ReviewWorld()
        (remote_id,) = world.in_books("Ann")
        world.imported(remote_id)
        unlink(world.services, world.key, world.kind, [remote_id], OFFICE)
        world.later(60)
        (row,) = world.rows().values()
        assert row.proposals[0].reason.value == "remote_id"
        assert outcomes(world.imported(Wanted(remote_id, as_new=True))) == ["created"]
        assert len(world.records) == 2

    def test_not_while_a_sync_is_under_way(self) -> None:
        world = ReviewWorld()
        (remote_id,) = world.in_books("Ann")
        world.imported(remote_id)
        start_or_join(world.services, world.connection, world.kind, OFFICE)
        with pytest.raises(Conflicting):
            unlink(world.services, world.key, world.kind, [remote_id], OFFICE)
        assert len(world.links) == 1
