"""What is unclear is read back: stale versions, taken names, records edited after they were planned."""

from __future__ import annotations

from decimal import Decimal

import pytest

from shared.domain.ids import SourceId
from shared.domain.links import LinkOrigin
from shared.domain.runs import RunState
from tests.support.fake_desk import Keys
from tests.support.fake_faults import Lost, Rejected
from tests.unit.sync.item_world import World

ONE, TWO = SourceId("01"), SourceId("02")


def between_plan_and_push(world: World, story: object) -> None:
    """The push's first listing of chunks is the moment: the plan is stored, nothing is prepared."""
    world.meets("runs.page_chunks", story)  # type: ignore[arg-type] - stories answer anything


class TestStaleVersions:
    def test_an_edit_in_the_books_of_another_field_lets_ours_through(self) -> None:
        world = World()
        world.has("Pipe")
        world.sync()
        world.books.edit(world.links[ONE].remote_id, description="theirs")
        world.edit("01", price="9")
        run = world.sync()
        assert (run.counts.updated, run.counts.refused) == (1, 0)
        assert (world.in_books("01").unit_price, world.in_books("01").description) == (9, "theirs")
        assert world.books.calls["records_by_id"] == 1
        world.settles(run)

    def test_the_same_field_changed_on_both_sides_is_for_a_person(self) -> None:
        world = World()
        world.has("Pipe")
        world.sync()
        world.books.edit(world.links[ONE].remote_id, unit_price=7)
        world.edit("01", price="9")
        run = world.sync()
        assert run.counts.refused == 1
        assert world.in_books("01").unit_price == 7, "nothing is overwritten"
        failure = world.failures[ONE]
        assert (failure.cause, failure.problem.field) == ("CHANGED_IN_BOOKS", "unit_price")
        world.settles(run)

    def test_it_stays_a_conflict_until_both_sides_say_the_same_and_is_healed_then(self) -> None:
        world = World()
        world.has("Pipe")
        world.sync()
        world.books.edit(world.links[ONE].remote_id, unit_price=7)
        world.edit("01", price="9")
        world.sync()
        assert world.sync().counts.refused == 1
        world.edit("01", price="7")
        assert world.sync().counts.refused == 0
        assert not world.failures

    def test_the_same_new_value_on_both_sides_is_no_conflict(self) -> None:
        world = World()
        world.has("Pipe")
        world.sync()
        world.books.edit(world.links[ONE].remote_id, unit_price=9)
        world.edit("01", price="9", description="ours")
        run = world.sync()
        assert (run.counts.updated, run.counts.refused) == (1, 0)
        assert world.in_books("01").description == "ours"

    def test_a_record_made_inactive_in_the_books_is_for_a_person(self) -> None:
        world = World()
        world.has("Pipe")
        world.sync()
        world.books.edit(world.links[ONE].remote_id, active=False)
        world.edit("01", price="9")
        assert world.sync().counts.refused == 1
        assert world.failures[ONE].cause == "REMOTE_GONE"

    @pytest.mark.parametrize("changes", [{}, {"price": "9"}, {"price": "9", "name": "Tube"}])
    def test_archiving_it_here_as_the_failure_says_heals_it(self, changes: dict[str, str]) -> None:
        world = World()
        world.has("Pipe")
        world.sync()
        world.books.edit(world.links[ONE].remote_id, active=False)
        world.edit("01", price="8")
        world.sync()
        world.edit("01", active=False, **changes)
        run = world.sync()
        assert run.counts.refused == 0
        assert not world.failures
        calls = world.books.calls.total()
        world.sync()
        assert world.books.calls.total() == calls, "it is remembered as seen"

    def test_what_was_edited_meanwhile_goes_with_the_reactivation(self) -> None:
        world = World()
        world.has("Pipe")
        world.sync()
        world.books.edit(world.links[ONE].remote_id, active=False)
        world.edit("01", price="8", active=False)
        world.sync()
        world.edit("01", active=True)
        run = world.sync()
        assert run.counts.refused == 0
        fields = world.in_books("01")
        assert (fields.name, fields.unit_price, fields.active) == ("Pipe", 8, True)

    def test_a_touch_of_the_inactive_record_in_the_books_is_no_conflict_with_its_reactivation(
        self,
    ) -> None:
        world = World()
        world.has("Pipe")
        world.sync()
        remote_id = world.links[ONE].remote_id
        world.books.edit(remote_id, active=False)
        world.edit("01", active=False)
        world.sync()
        world.books.edit(remote_id, code="B-1")
        world.edit("01", active=True)
        run = world.sync()
        assert run.counts.refused == 0
        assert (world.in_books("01").name, world.in_books("01").active) == ("Pipe", True)


class TestTakenNames:
    def test_by_a_stranger_since_the_plan_it_is_adopted_and_nothing_overwritten(self) -> None:
        world = World()
        world.has("Pipe", "Elbow")
        between_plan_and_push(world, lambda: world.books.plant("PIPE", description="theirs"))
        run = world.sync()
        assert (run.counts.adopted, run.counts.adopted_differing, run.counts.created) == (1, 1, 1)
        assert world.in_books("01").description == "theirs"
        assert world.links[ONE].origin is LinkOrigin.ADOPTED
        world.settles(run)

    def test_by_a_stranger_that_says_the_same_it_is_linked(self) -> None:
        world = World()
        world.has("Pipe")
        between_plan_and_push(world, lambda: world.books.plant("Pipe", unit_price="2.5"))
        run = world.sync()
        assert (run.counts.refused, len(world.names_in_books)) == (0, 1)
        world.settles(run)

    def test_by_something_that_cannot_be_linked_the_marked_name_is_used(self) -> None:
        world = World()
        world.has("Pipe")
        between_plan_and_push(world, lambda: world.books.plant("Pipe", linkable=False))
        run = world.sync()
        assert (run.counts.created, run.counts.renamed) == (1, 1)
        assert world.in_books("01").name.startswith("Pipe ~")
        world.settles(run)

    def test_by_something_hidden_the_marked_name_is_used(self) -> None:
        world = World()
        world.has("Pipe")
        world.books.hold_name("Pipe")
        run = world.sync()
        assert (run.counts.created, run.counts.renamed) == (1, 1)
        assert world.in_books("01").name.startswith("Pipe ~")
        world.settles(run)

    def test_by_something_hidden_twice_it_is_refused_with_the_name(self) -> None:
        world = World()
        world.has("Pi:pe")
        marked = world.would_be_called("01")
        world.books.hold_name(marked)
        run = world.sync()
        assert run.counts.refused == 1
        problem = world.failures[ONE].problem
        assert problem.code == "NAME_TAKEN"
        assert marked in problem.message

    def test_by_a_record_under_our_own_mark_it_is_ours_and_brought_up_to_date(self) -> None:
        world = World()
        world.has("Pi:pe")
        marked = world.would_be_called("01")
        between_plan_and_push(world, lambda: world.books.plant(marked, unit_price="1"))
        world.settles(world.sync())
        assert len(world.names_in_books) == 1
        assert world.in_books("01").unit_price == Decimal("2.50")
        assert world.links[ONE].origin is LinkOrigin.CREATED

    def test_by_our_own_write_whose_answer_was_lost_and_whose_key_was_forgotten(self) -> None:
        world = World(keys=Keys.FORGOTTEN)
        world.has("Pipe", "Elbow")
        world.books.faults.add("batch", Lost(0.0))
        run = world.sync()
        assert len(world.names_in_books) == 2
        assert run.counts.created == 2
        world.settles(run)

    def test_a_rename_onto_a_name_taken_since_the_plan_gets_the_mark(self) -> None:
        world = World()
        world.has("Pipe")
        world.sync()
        world.edit("01", name="Tube")
        between_plan_and_push(world, lambda: world.books.plant("Tube"))
        run = world.sync()
        assert (run.counts.updated, run.counts.refused) == (1, 0)
        assert world.in_books("01").name.startswith("Tube ~")
        assert world.books.calls["batch"] == 3
        world.settles(run)

    def test_a_reactivation_whose_name_was_taken_meanwhile_gets_the_mark(self) -> None:
        world = World()
        world.has("Pipe")
        world.sync()
        world.edit("01", active=False)
        world.sync()
        world.books.plant("Pipe")
        world.edit("01", active=True)
        run = world.sync()
        assert (run.counts.updated, run.counts.refused) == (1, 0)
        assert world.in_books("01").name.startswith("Pipe ~")
        assert world.sync().counts.unchanged == 1

    def test_two_records_that_find_one_stranger_do_not_both_link_it(self) -> None:
        world = World()
        world.has("Pipe", "Pipes")
        world.books.plant("Stranger")

        def both_renamed() -> None:
            world.books.plant("Pipe")

        between_plan_and_push(world, both_renamed)
        run = world.sync()
        world.settles(run)
        assert len({link.remote_id for link in world.links.values()}) == 2


class TestEditedAfterThePlan:
    def test_the_batch_goes_on_with_the_new_content_under_a_new_key(self) -> None:
        world = World()
        world.has("Pipe", "Elbow")
        between_plan_and_push(world, lambda: world.edit("01", price="9"))
        run = world.sync()
        assert run.counts.created == 2
        assert world.in_books("01").unit_price == 9
        assert world.books.calls["batch"] == 1
        assert world.links[ONE].source_version == 2
        world.settles(run)
        assert world.sync().counts.unchanged == 2

    def test_a_rename_is_left_to_the_next_sync_and_not_forgotten(self) -> None:
        world = World()
        world.has("Pipe", "Elbow")
        between_plan_and_push(world, lambda: world.edit("01", name="Tube", price="9"))
        world.settles(world.sync())
        fields = world.in_books("01")
        assert (fields.name, fields.description, fields.unit_price) == ("Pipe", "", 9)
        world.settles(world.sync())
        fields = world.in_books("01")
        assert (fields.name, fields.description, fields.unit_price) == ("Tube", "", 9)
        assert world.sync().counts.unchanged == 2

    def test_a_rename_of_a_marked_or_linked_item_is_not_forgotten_either(self) -> None:
        world = World()
        world.has("Pi:pe")
        between_plan_and_push(world, lambda: world.edit("01", name="Tu:be"))
        world.settles(world.sync())
        world.settles(world.sync())
        assert world.in_books("01").name.startswith("Tu-be ~")
        world.edit("01", price="9")
        between_plan_and_push(world, lambda: world.edit("01", name="Elbow"))
        world.settles(world.sync())
        world.settles(world.sync())
        assert (world.in_books("01").name, world.in_books("01").description) == ("Elbow", "")

    def test_archived_meanwhile_and_not_there_yet_it_does_not_go(self) -> None:
        world = World()
        world.has("Pipe", "Elbow")
        between_plan_and_push(world, lambda: world.edit("01", active=False))
        run = world.sync()
        assert (run.counts.created, run.counts.unchanged) == (1, 1)
        assert set(world.links) == {"02"}
        world.settles(run)

    def test_archived_meanwhile_and_linked_it_is_archived_in_the_books(self) -> None:
        world = World()
        world.has("Pipe")
        world.sync()
        world.edit("01", price="9")
        between_plan_and_push(world, lambda: world.edit("01", active=False))
        run = world.sync()
        assert run.counts.updated == 1
        assert not world.in_books("01").active

    def test_deleted_meanwhile_it_does_not_go_and_the_rest_does(self) -> None:
        world = World()
        world.has("Pipe", "Elbow")
        between_plan_and_push(world, lambda: world.delete("01"))
        run = world.sync()
        assert (run.counts.created, run.counts.unchanged) == (1, 1)
        assert world.names_in_books == ["Elbow"]
        world.settles(run)

    def test_a_whole_batch_deleted_meanwhile_sends_nothing(self) -> None:
        world = World()
        world.has("Pipe", "Elbow")

        def all_gone() -> None:
            world.delete("01")
            world.delete("02")

        between_plan_and_push(world, all_gone)
        run = world.sync()
        assert (run.state, run.counts.unchanged) == (RunState.FINISHED, 2)
        assert world.books.calls["batch"] == 0
        world.settles(run)

    def test_an_edit_back_to_what_the_books_have_sends_nothing(self) -> None:
        world = World()
        world.has("Pipe")
        world.sync()
        world.edit("01", price="9")
        between_plan_and_push(world, lambda: world.edit("01", price="2.50"))
        before = len(world.books.effects)
        world.settles(world.sync())
        assert world.written_since(before) == []
        assert world.sync().counts.unchanged == 1

    def test_priced_in_another_currency_meanwhile_it_does_not_go(self) -> None:
        world = World()
        world.has("Pipe", "Elbow")
        between_plan_and_push(world, lambda: world.edit("01", currency="CAD"))
        run = world.sync()
        assert world.names_in_books == ["Elbow"]
        assert (run.counts.created, run.counts.refused) == (1, 1)
        assert world.failures[ONE].cause == "CURRENCY_DIFFERS"
        world.settles(run)

    def test_a_linked_item_priced_in_another_currency_meanwhile_keeps_its_price_in_the_books(
        self,
    ) -> None:
        world = World()
        world.has("Pipe")
        world.sync()
        world.edit("01", price="9")
        between_plan_and_push(world, lambda: world.edit("01", currency="CAD"))
        assert world.sync().counts.refused == 1
        assert world.in_books("01").unit_price == Decimal("2.50")

    def test_an_edit_before_the_fallback_reads_back_first_and_sends_the_new_content(self) -> None:
        world = World()
        world.has("Pipe", "Elbow")
        world.books.faults.add("batch", Rejected())
        # After the batch is rejected and before its entries go singly.
        world.meets("runs.save_chunks", lambda: world.edit("01", price="9"), when="after")
        run = world.sync()
        assert run.counts.created == 2
        assert world.in_books("01").unit_price == 9
        world.settles(run)


class TestCrashesWithEdits:
    """A worker dies after the provider has written; somebody edits before the next one comes."""

    @pytest.mark.parametrize("dies", ["links.save_links", "runs.save_chunks"])
    @pytest.mark.parametrize("when", ["before", "after"])
    def test_what_the_dead_worker_created_is_updated_and_not_doubled(
        self, dies: str, when: str
    ) -> None:
        world = World()
        world.has("Pipe", "Elbow", "Tee")

        def edited_and_dead() -> None:
            world.edit("01", price="9")
            world._die()

        world.meets(dies, edited_and_dead, when=when)
        world.settles(world.sync())
        world.settles(world.sync())
        assert sorted(world.names_in_books) == ["Elbow", "Pipe", "Tee"]
        assert world.in_books("01").unit_price == 9
        assert {link.origin for link in world.links.values()} == {LinkOrigin.CREATED}

    @pytest.mark.parametrize("dies", ["links.save_links", "runs.save_chunks"])
    def test_what_the_dead_worker_created_and_somebody_renamed_in_the_books_is_not_doubled(
        self, dies: str
    ) -> None:
        world = World()
        world.has("Pipe", "Elbow")

        def renamed_edited_and_dead() -> None:
            pipe = next(row for row in world.books.items if row.fields.name == "Pipe")
            world.books.edit(pipe.remote_id, name="Tube")
            world.edit("02", price="9")
            world._die()

        world.meets(dies, renamed_edited_and_dead, when="after")
        world.settles(world.sync())
        assert sorted(world.names_in_books) == ["Elbow", "Tube"]

    def test_it_is_not_doubled_even_where_the_provider_has_forgotten_the_key(self) -> None:
        world = World(keys=Keys.FORGOTTEN)
        world.has("Pipe")

        def renamed_and_dead() -> None:
            world.books.edit(world.books.items[0].remote_id, name="Tube")
            world._die()

        world.meets("links.save_links", renamed_and_dead, when="after")
        world.settles(world.sync())
        assert world.names_in_books == ["Tube"]

    @pytest.mark.parametrize("dies", ["links.save_links", "runs.save_chunks"])
    def test_an_adopted_stranger_is_still_not_overwritten(self, dies: str) -> None:
        world = World()
        world.has("Pipe", "Elbow")
        between_plan_and_push(world, lambda: world.books.plant("Pipe", description="theirs"))

        def edited_and_dead() -> None:
            world.edit("01", price="9")
            world._die()

        # The first save of links holds what the batch created, the second what was read back.
        world.meets(dies, edited_and_dead, when="after", nth=2 if dies == "links.save_links" else 1)
        world.settles(world.sync())
        assert world.steps.count("push: Killed") == 1
        world.settles(world.sync())
        assert world.in_books("01").description == "theirs"
        assert world.in_books("01").unit_price == 9

    def test_priced_in_another_currency_meanwhile_it_is_linked_but_its_price_does_not_go(
        self,
    ) -> None:
        world = World()
        world.has("Pipe")

        def edited_and_dead() -> None:
            world.edit("01", price="9", currency="CAD")
            world._die()

        world.meets("links.save_links", edited_and_dead)
        run = world.sync()
        assert run.counts.refused == 1
        assert world.in_books("01").unit_price == Decimal("2.50")
        world.settles(run)

    def test_archived_meanwhile_it_is_linked_and_archived(self) -> None:
        world = World()
        world.has("Pipe")

        def edited_and_dead() -> None:
            world.edit("01", active=False)
            world._die()

        world.meets("links.save_links", edited_and_dead)
        world.settles(world.sync())
        assert not world.in_books("01").active

    @pytest.mark.parametrize("dies", ["links.save_links", "runs.save_chunks"])
    def test_the_fallback_recognises_its_own_single_write(self, dies: str) -> None:
        world = World()
        world.has("Pipe", "Elbow")
        world.books.faults.add("batch", Rejected())

        def edited_and_dead() -> None:
            world.edit("01", price="9")
            world._die()

        # The first save of chunks is that of the rejected batch.
        world.meets(dies, edited_and_dead, nth=1 if dies == "links.save_links" else 2)
        world.settles(world.sync())
        world.settles(world.sync())
        assert world.in_books("01").unit_price == 9
        assert world.links[ONE].origin is LinkOrigin.CREATED
