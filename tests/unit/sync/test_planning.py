"""What a full sync plans: adoption, names, refusals before any call, and dying while planning."""

from __future__ import annotations

import gc
from random import Random

import pytest

from shared.domain.ids import SourceId
from shared.domain.links import LinkOrigin
from shared.domain.names import name_key
from shared.domain.runs import RunState
from shared.providers.base import RecordWrite
from tests.support.fake_books import SERVICES_ACCOUNT
from tests.support.fake_faults import Lost, Rejected
from tests.unit.sync.item_world import World


class TestSyncs:
    @pytest.mark.parametrize(("records", "batches"), [(1, 1), (30, 1), (31, 2), (95, 4)])
    def test_a_first_sync_creates_everything_in_as_few_batches_as_there_can_be(
        self, records: int, batches: int
    ) -> None:
        world = World(batch_size=30)
        world.has(*(f"Item {n}" for n in range(records)))
        run = world.sync()
        assert run.state is RunState.FINISHED
        assert run.counts.created == run.counts.total == len(world.links) == records
        assert world.books.calls["batch"] == batches
        world.settles(run)

    def test_a_second_sync_with_nothing_changed_calls_nobody_and_writes_nothing(self) -> None:
        world = World()
        world.has("Pipe", "pipe", "Elbow: 90°")
        world.books.plant("Elbow", description="ours is another")
        world.has("ELBOW")
        world.sync()
        calls, links = world.books.calls.total(), world.links
        saves = world.store_calls["links.save_links"]
        run = world.sync()
        assert run.counts.unchanged == run.counts.total == 4
        assert world.books.calls.total() == calls
        assert world.store_calls["links.save_links"] == saves
        assert world.links == links

    def test_one_change_is_one_write_of_only_the_changed_field(self) -> None:
        world = World()
        world.has(*(f"Item {n}" for n in range(12)))
        world.sync()
        remote_id = world.links[SourceId("04")].remote_id
        world.books.edit(remote_id, description="a note by the bookkeeper", code="B-4")
        # The bookkeeper's edit moved the version: what we send must still be one field.
        world.edit("04", price="9.99")
        before = len(world.books.effects)
        world.sync()
        assert world.written_since(before) == [("update", "04")]
        assert world.in_books("04").canonical() | {"unit_price": ""} == {
            "name": "Item 3",
            "description": "a note by the bookkeeper",
            "unit_price": "",
            "code": "B-4",
            "income_account_id": "inc-1",
            "active": "true",
        }

    def test_edited_and_edited_back_sends_nothing_and_is_not_looked_at_again(self) -> None:
        world = World()
        world.has("Pipe")
        world.sync()
        world.edit("01", price="3")
        world.edit("01", price="2.50")
        before = len(world.books.effects)
        assert world.sync().counts.unchanged == 1
        assert world.written_since(before) == []
        assert world.links[SourceId("01")].source_version == 3

    def test_archived_and_reactivated_follow_and_the_name_comes_back(self) -> None:
        world = World()
        world.has("Pipe")
        world.sync()
        world.edit("01", active=False)
        world.sync()
        assert world.in_books("01").name == "Pipe (deleted)"
        assert not world.in_books("01").active
        world.edit("01", active=True)
        world.sync()
        assert world.in_books("01").name == "Pipe"
        assert world.in_books("01").active

    def test_an_edit_of_an_archived_item_waits_and_goes_with_its_reactivation(self) -> None:
        world = World()
        world.has("Pipe")
        world.sync()
        world.edit("01", active=False)
        world.sync()
        before = len(world.books.effects)
        world.edit("01", price="9", name="Tube")
        assert world.sync().counts.unchanged == 1
        assert world.written_since(before) == []
        assert not world.failures
        calls = world.books.calls.total()
        world.sync()
        assert world.books.calls.total() == calls, "a name that waits is not looked for"
        world.edit("01", active=True)
        world.sync()
        assert (world.in_books("01").name, world.in_books("01").unit_price) == ("Tube", 9)

    def test_a_record_that_was_archived_before_it_ever_went_is_no_part_of_the_sync(self) -> None:
        world = World()
        world.has("Pipe", active=False)
        run = world.sync()
        assert (run.counts.total, run.chunk_count, world.links) == (0, 0, {})

    def test_another_default_income_account_moves_every_linked_item(self) -> None:
        world = World()
        world.has("Pipe", "Elbow")
        world.sync()
        stored = world.services.stores.connections.get(world.connection.key)
        assert stored is not None
        chosen = type(stored.settings)(default_income_account_id=SERVICES_ACCOUNT.remote_id)
        world.reconnect(settings=chosen)
        before = len(world.books.effects)
        assert world.sync().counts.updated == 2
        assert len(world.books.effects) == before + 2
        assert world.in_books("02").income_account_id == SERVICES_ACCOUNT.remote_id

    def test_an_empty_catalogue_is_a_run_that_finishes(self) -> None:
        world = World()
        run = world.sync()
        assert (run.state, run.counts.total, world.books.calls.total()) == (RunState.FINISHED, 0, 0)


class TestAdoption:
    @pytest.mark.parametrize("name", ["Pipe", "PIPE", "  pipe ", "Pipe\n"])
    def test_a_new_item_whose_name_the_books_have_is_linked_and_not_created(
        self, name: str
    ) -> None:
        world = World()
        remote = world.books.plant("Pipe", unit_price="2.50")
        world.has(name)
        run = world.sync()
        assert (run.counts.adopted, run.counts.created) == (1, 0)
        link = world.links[SourceId("01")]
        assert (link.remote_id, link.origin) == (remote.remote_id, LinkOrigin.ADOPTED)
        assert not world.books.effects

    def test_both_normal_forms_of_a_name_are_one_name(self) -> None:
        world = World()
        remote = world.books.plant("Té é")
        world.has("Te\u0301 e\u0301")
        world.sync()
        assert world.links[SourceId("01")].remote_id == remote.remote_id

    def test_differing_fields_are_shown_and_nothing_is_overwritten(self) -> None:
        world = World()
        world.books.plant("Pipe", unit_price="7", description="theirs", code="P-1")
        world.has("Pipe", price="2.50", code="P-1")
        run = world.sync()
        assert (run.counts.adopted, run.counts.adopted_differing) == (1, 1)
        assert world.links[SourceId("01")].differing == ("description", "unit_price")
        assert world.in_books("01").description == "theirs"
        assert not world.books.effects

    def test_a_later_edit_of_an_adopted_item_sends_that_field_and_still_shows_the_others(
        self,
    ) -> None:
        world = World()
        world.books.plant("Pipe", unit_price="7", description="theirs", code="P-1")
        world.has("Pipe", code="P-2")
        world.sync()
        world.edit("01", price="3")
        world.sync()
        fields = world.in_books("01")
        assert (fields.canonical()["unit_price"], fields.description, fields.code) == (
            "3",
            "theirs",
            "P-1",
        )
        link = world.links[SourceId("01")]
        assert (link.origin, link.differing) == (LinkOrigin.ADOPTED, ("code", "description"))

    def test_one_remote_record_is_adopted_by_the_smallest_source_id_the_others_are_marked(
        self,
    ) -> None:
        world = World()
        remote = world.books.plant("Pipe")
        world.has("pipe", "Pipe", "PIPE", ids=["c", "a", "b"])
        run = world.sync()
        assert world.links[SourceId("a")].remote_id == remote.remote_id
        assert (run.counts.adopted, run.counts.created, run.counts.renamed) == (1, 2, 2)
        assert world.in_books("b").name.startswith("PIPE ~")
        assert world.in_books("c").name.startswith("pipe ~")
        world.settles(run)

    def test_of_several_remote_records_of_one_name_the_code_decides(self) -> None:
        world = World(unique_names=False)
        world.books.plant("Pipe", code="P-1")
        second = world.books.plant("Pipe", code="P-2")
        world.has("Pipe", code="P-2")
        world.sync()
        assert world.links[SourceId("01")].remote_id == second.remote_id

    def test_a_code_alone_links_nothing(self) -> None:
        world = World()
        world.books.plant("Tube", code="P-1")
        world.has("Pipe", code="P-1")
        assert world.sync().counts.created == 1

    def test_a_category_of_that_name_is_not_adopted_and_the_item_is_marked(self) -> None:
        world = World()
        world.books.plant("Pipe", linkable=False)
        world.has("Pipe")
        run = world.sync()
        assert (run.counts.created, run.counts.renamed) == (1, 1)
        assert world.in_books("01").name.startswith("Pipe ~")
        assert world.in_books("01").description == "Pipe"

    def test_a_remote_record_that_is_linked_is_not_adopted_by_another(self) -> None:
        world = World()
        world.has("Pipe", ids=["b"])
        world.sync()
        world.has("Pipe", ids=["a"])
        run = world.sync()
        assert (run.counts.adopted, run.counts.created) == (0, 1)
        assert world.in_books("b").name == "Pipe"

    def test_all_pages_of_the_books_are_looked_at(self) -> None:
        world = World(page_size=3)
        for n in range(10):
            world.books.plant(f"Item {n}")
        world.has(*(f"ITEM {n}" for n in range(10)))
        assert world.sync().counts.adopted == 10
        assert world.books.calls["page_records"] == 4


class TestNames:
    @pytest.mark.parametrize("seed", range(5))
    def test_siblings_get_the_same_names_in_whatever_order_they_were_made(self, seed: int) -> None:
        catalogue = {f"{n:02}": ("Pipe", "pipe", "PIPE: 1", "Elbow")[n % 4] for n in range(16)}
        worlds = []
        for order in (sorted(catalogue), Random(seed).sample(sorted(catalogue), 16)):
            world = World()
            for source_id in order:
                world.has(catalogue[source_id], ids=[source_id])
            world.settles(world.sync())
            worlds.append({each: world.in_books(each).name for each in catalogue})
        assert worlds[0] == worlds[1]
        assert worlds[0]["00"] == "Pipe"

    def test_new_siblings_later_rename_nobody(self) -> None:
        world = World()
        world.has("Pipe", "PIPE", "a:b", ids=["m", "n", "o"])
        world.sync()
        before = {each: world.in_books(each).name for each in ("m", "n", "o")}
        world.has("pipe", "Pipe", "a:b", ids=["a", "z", "b"])
        effects = len(world.books.effects)
        world.settles(world.sync())
        assert {each: world.in_books(each).name for each in before} == before
        assert {action for action, _ in world.written_since(effects)} == {"create"}

    def test_the_plain_name_stays_with_its_link_though_that_item_is_archived(self) -> None:
        world = World()
        world.has("Pipe", ids=["m"])
        world.sync()
        world.edit("m", active=False)
        world.sync()
        world.has("Pipe", ids=["a"])
        world.sync()
        assert world.in_books("a").name.startswith("Pipe ~")

    def test_a_renamed_item_takes_its_new_plain_name_and_frees_the_old_one(self) -> None:
        world = World()
        world.has("Pipe")
        world.sync()
        world.edit("01", name="Tube")
        world.sync()
        assert world.in_books("01").name == "Tube"
        world.has("Pipe")
        world.sync()
        assert world.in_books("02").name == "Pipe"

    def test_a_rename_to_a_name_that_a_stranger_has_gets_the_mark(self) -> None:
        world = World()
        world.has("Pipe")
        world.sync()
        world.books.plant("Tube")
        world.edit("01", name="Tube")
        run = world.sync()
        assert run.counts.updated == 1
        assert world.in_books("01").name.startswith("Tube ~")

    def test_a_rename_to_what_the_books_call_it_already_is_no_conflict_and_gets_no_mark(
        self,
    ) -> None:
        world = World()
        world.has("Pipe")
        world.sync()
        world.books.edit(world.links[SourceId("01")].remote_id, name="Tube")
        world.edit("01", name="Tube")
        run = world.sync()
        assert run.counts.refused == 0
        assert world.in_books("01").name == "Tube"
        assert world.links[SourceId("01")].remote_name == "Tube"

    def test_a_rename_does_not_contest_the_record_that_a_new_item_adopts(self) -> None:
        world = World()
        world.has("Pipe", ids=["a"])
        world.sync()
        remote = world.books.plant("Tube")
        world.edit("a", name="Tube")
        world.has("Tube", ids=["b"])
        run = world.sync()
        assert world.links[SourceId("b")].remote_id == remote.remote_id
        assert world.in_books("a").name.startswith("Tube ~")
        assert world.books.calls["records_by_id"] == 0, "it was known before anything was sent"
        world.settles(run)

    def test_a_name_of_324_characters_reaches_the_books_cut_and_marked(self) -> None:
        world = World()
        world.has("Water heater " * 25 + "x")
        world.sync()
        fields = world.in_books("01")
        assert len(fields.name) <= 100
        assert fields.description == ("Water heater " * 25 + "x").strip()


class TestRefusedBeforeAnyCall:
    def test_an_item_in_another_currency_is_refused_with_both_named_and_the_others_go(self) -> None:
        world = World()
        world.has("Pipe", currency="CAD")
        world.has("Elbow")
        run = world.sync()
        assert (run.counts.refused, run.counts.created) == (1, 1)
        failure = world.failures[SourceId("01")]
        assert failure.cause == failure.problem.code == "CURRENCY_DIFFERS"
        assert run.causes == {"CURRENCY_DIFFERS": (1, failure.problem.message)}
        world.settles(run)

    def test_refused_items_alone_are_no_reason_to_call_the_provider(self) -> None:
        world = World()
        world.has("Pipe", currency="CAD")
        world.sync()
        assert world.books.calls.total() == 0

    def test_a_refused_item_claims_no_name(self) -> None:
        world = World()
        world.has("Pipe", currency="CAD", ids=["a"])
        world.has("Pipe", ids=["b"])
        world.sync()
        assert world.in_books("b").name == "Pipe"


class TestHealing:
    def test_a_failure_goes_when_the_record_is_written(self) -> None:
        world = World()
        world.has("Pipe", currency="CAD")
        world.sync()
        world.edit("01", currency="USD")
        world.sync()
        assert not world.failures

    def test_a_failure_goes_when_the_record_was_edited_back_to_what_the_books_have(self) -> None:
        world = World()
        world.has("Pipe")
        world.sync()
        world.edit("01", currency="CAD")
        world.sync()
        assert set(world.failures) == {"01"}
        world.edit("01", currency="USD")
        assert world.sync().counts.unchanged == 1
        assert not world.failures

    def test_a_failure_goes_when_the_record_is_adopted(self) -> None:
        world = World()
        world.has("Pipe", currency="CAD")
        world.sync()
        world.books.plant("Pipe")
        world.edit("01", currency="USD")
        assert world.sync().counts.adopted == 1
        assert not world.failures

    def test_a_failure_goes_with_a_record_that_need_not_go_any_more(self) -> None:
        world = World()
        world.has("Pipe", "Elbow", currency="CAD")
        world.sync()
        world.edit("01", active=False)
        world.delete("02")
        world.sync()
        assert not world.failures

    def test_a_failure_of_another_record_stays_until_that_one_is_well(self) -> None:
        world = World()
        world.has("Pipe", "Elbow", currency="CAD")
        world.sync()
        world.edit("01", currency="USD")
        run = world.sync()
        assert set(world.failures) == {"02"}
        assert run.causes["CURRENCY_DIFFERS"][0] == 1

    def test_a_failure_whose_clearing_was_lost_in_a_crash_goes_with_the_next_sync(self) -> None:
        world = World(refuses=lambda fields: None)
        world.has("Pipe", currency="CAD")
        world.sync()
        world.edit("01", currency="USD")
        world.kill_before("failures.clear")
        world.sync()
        world.sync()
        assert not world.failures


class TestDyingWhilePlanning:
    @pytest.mark.parametrize(
        "call",
        ["runs.add_chunks", "links.save_links", "failures.save", "links.page_links", "runs.save"],
    )
    @pytest.mark.parametrize("when", ["before", "after"])
    def test_planning_is_begun_again_and_nothing_is_lost_or_doubled(
        self, call: str, when: str
    ) -> None:
        world = World()
        world.books.plant("Adopted", unit_price="9")
        world.has("Adopted", *(f"Item {n}" for n in range(12)))
        world.has("Foreign", currency="CAD")
        world.meets(call, world._die, when=when, nth=2 if call == "runs.save" else 1)
        run = world.sync()
        assert run.state is RunState.FINISHED
        counts = run.counts
        assert (counts.adopted, counts.adopted_differing) == (1, 1)
        assert (counts.created, counts.refused, counts.total) == (12, 1, 14)
        world.settles(run)

    def test_a_listing_that_gives_no_answer_is_waited_for_and_nothing_is_marked_failed(
        self,
    ) -> None:
        world = World()
        world.has("Pipe")
        world.books.faults.add("page_records", Lost(), Lost())
        run = world.sync()
        assert (run.state, run.counts.created) == (RunState.FINISHED, 1)
        assert not world.failures

    def test_a_listing_in_a_shape_we_do_not_know_stops_the_run_with_a_problem(self) -> None:
        world = World()
        world.has("Pipe")
        world.books.faults.add("page_records", Rejected())
        run = world.sync()
        assert run.state is RunState.FAILED
        assert run.problem is not None
        assert run.problem.code == "PROVIDER_CHANGED"

    def test_a_record_made_after_the_names_were_surveyed_is_never_doubled(self) -> None:
        world = World()
        world.books.plant("Late")
        world.has("Pipe")
        # The second listing of records belongs to the pass that plans; the first to the survey.
        world.meets("records.page", lambda: world.has("Late"), nth=2)
        world.settles(world.sync())
        world.settles(world.sync())
        assert sorted(name_key(name) for name in world.names_in_books) == ["late", "pipe"]
        assert world.links[SourceId("02")].origin is LinkOrigin.ADOPTED

    def test_a_failure_stays_while_the_record_waits_for_the_next_plan(self) -> None:
        world = World()
        world.has("Pipe", currency="CAD")
        world.sync()
        world.meets("records.page", lambda: world.edit("01", currency="USD"), nth=2)
        world.sync()
        assert set(world.failures) == {"01"}
        world.sync()
        assert not world.failures

    def test_nothing_of_a_plan_that_was_begun_again_is_left(self) -> None:
        world = World()
        world.has(*(f"Item {n}" for n in range(12)))

        def half_are_gone() -> None:
            for n in range(7, 13):
                world.delete(f"{n:02}")
            world._die()

        world.meets("runs.add_chunks", half_are_gone, when="after")
        run = world.sync()
        assert (run.counts.created, run.counts.total) == (6, 6)
        world.settles(run)


@pytest.mark.no_cover
def test_planning_holds_a_batch_and_some_chunks_and_not_the_catalogue() -> None:
    world = World(batch_size=30)
    world.has(*(f"Item {n}" for n in range(4_500)))
    alive = []

    def count() -> None:
        alive.append(sum(isinstance(each, RecordWrite) for each in gc.get_objects()))

    for nth in (2, 3):
        world.meets("runs.add_chunks", count, nth=nth)
    world.sync()
    assert len(alive) == 2
    assert max(alive) <= 30
