"""Items with accounts of their own: what is sent, what is refused, and what goes by itself when chosen."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.connections import ConnectionSettings, Setup
from shared.domain.errors import Conflicting, NeedsReauth, NotFound, RequestInvalid, RetryLater
from shared.domain.ids import PersonId, SourceId
from shared.sync.account_mapping import (
    MOST_IDS,
    Assigned,
    Choice,
    assign,
    assign_unmapped,
    mapping_of,
    page_of_mappings,
)
from shared.sync.connection_settings import change_settings
from shared.sync.engine.terms import scope_of
from tests.support.fake_books import INCOME_ACCOUNT, SERVICES_ACCOUNT, TAXED, Dead
from tests.unit.sync.automatic_world import AutomaticWorld
from tests.unit.sync.item_world import Killed, World

ANN = PersonId("ann")
SALES, SERVICES = INCOME_ACCOUNT.remote_id, SERVICES_ACCOUNT.remote_id
MISSING = "ACCOUNT_MAPPING_MISSING"
NOTHING_CHOSEN = ConnectionSettings()


def choose(
    world: World, *ids: str, account: str | None = SERVICES, tax: str | None = None
) -> Assigned:
    chosen = [SourceId(one) for one in ids]
    return assign(world.services, world.connection.key, chosen, Choice(account, tax), ANN)


def automatic(*names: str, settled: bool = True, **connection: Any) -> AutomaticWorld:
    world = AutomaticWorld()
    if connection:
        world.reconnect(**connection)
    world.has(*names)
    if settled:
        world.settle_down()
    return world


def accounts(world: World) -> dict[str, str]:
    """By source id, of what is in the books."""
    return {one: world.in_books(one).income_account_id for one in sorted(world.links)}


class TestAFullSync:
    def test_sends_each_item_with_its_account_and_the_others_with_the_default(self) -> None:
        world = World()
        world.has(*(f"Item {number}" for number in range(12)))
        choose(world, "03", "07", "12")
        world.sync()
        assert accounts(world) == {
            one: SERVICES if one in ("03", "07", "12") else SALES for one in world.links
        }
        assert world.sync().counts.unchanged == 12

    def test_a_mapping_moves_exactly_the_items_that_it_is_for(self) -> None:
        world = World()
        world.has("Pipe", "Elbow", "Tee")
        world.sync()
        choose(world, "02")
        before = len(world.books.effects)
        counts = world.sync().counts
        assert (counts.updated, counts.unchanged, len(world.books.effects)) == (1, 2, before + 1)
        assert accounts(world) == {"01": SALES, "02": SERVICES, "03": SALES}

    def test_another_default_leaves_those_alone_that_have_their_own(self) -> None:
        world = World()
        world.has("Pipe", "Elbow")
        choose(world, "01")
        world.sync()
        world.reconnect(settings=ConnectionSettings(default_income_account_id=SERVICES))
        counts = world.sync().counts
        assert (counts.updated, counts.unchanged) == (1, 1)

    def test_choosing_what_the_default_is_anyway_sends_nothing(self) -> None:
        world = World()
        world.has("Pipe")
        world.sync()
        choose(world, "01", account=SALES)
        assert world.sync().counts.unchanged == 1

    def test_an_item_adopted_under_another_account_says_that_they_differ(self) -> None:
        world = World()
        world.books.plant("Pipe", income_account_id=SALES, unit_price="1")
        (item,) = world.has("Pipe")
        choose(world, item)
        counts = world.sync().counts
        assert (counts.adopted, counts.adopted_differing) == (1, 1)
        assert "income_account_id" in world.links[item].differing

    def test_a_mapping_chosen_between_plan_and_push_is_the_one_sent(self) -> None:
        """And the link remembers what was sent, so that nothing is left to send."""
        world = World()
        world.has("Pipe", "Elbow")
        world.meets("runs.add_chunks", lambda: choose(world, "01"), when="after")
        world.sync()
        world.sync()
        assert accounts(world) == {"01": SERVICES, "02": SALES}
        assert len(world.books.items) == 2

    def test_without_mappings_no_mapping_is_read(self) -> None:
        world = World()
        world.has(*(f"Item {number}" for number in range(40)))
        world.sync()
        assert world.run(world.saved_runs[-1]).counts.created == 40
        assert world.store_calls["mappings.get_mappings"] == 0
        # One for each pass of the plan, one for the slice that pushes.
        assert world.store_calls["mappings.page_mappings"] == 3


class TestWithoutADefault:
    def test_what_has_an_account_goes_and_the_rest_is_refused_with_one_cause(self) -> None:
        world = World()
        world.reconnect(settings=NOTHING_CHOSEN)
        world.has("Pipe", "Elbow", "Tee")
        choose(world, "02")
        run = world.sync()
        assert world.names_in_books == ["Elbow"]
        assert run.causes[MISSING][0] == 2
        assert {failure.cause for failure in world.failures.values()} == {MISSING}

    def test_where_nothing_is_chosen_at_all_a_run_is_refused(self) -> None:
        world = World()
        world.reconnect(settings=NOTHING_CHOSEN)
        world.has("Pipe")
        choose(world, "01", account="", tax=TAXED.remote_id)
        with pytest.raises(Conflicting, match="DEFAULT_INCOME_ACCOUNT_MISSING"):
            world.click()

    def test_of_a_linked_item_that_loses_its_account_the_books_keep_what_they_have(self) -> None:
        world = World()
        world.reconnect(settings=NOTHING_CHOSEN)
        world.has("Pipe", "Elbow")
        choose(world, "01", "02")
        world.sync()
        choose(world, "01", account="")
        before = len(world.books.effects)
        world.sync()
        assert (len(world.books.effects), accounts(world)["01"]) == (before, SERVICES)
        assert world.failures[SourceId("01")].cause == MISSING


class TestByItself:
    def test_a_chosen_account_is_sent_at_once(self) -> None:
        world = automatic("Pipe", "Elbow")
        assert choose(world, "02") == Assigned(1)
        assert world.due == ["02"]
        world.settle_down()
        assert (accounts(world), world.due) == ({"01": SALES, "02": SERVICES}, [])

    def test_what_waited_for_its_account_goes_and_its_failure_closes(self) -> None:
        world = automatic("Pipe", "Elbow", settings=NOTHING_CHOSEN)
        assert {one.cause for one in world.failures.values()} == {MISSING}
        assert world.due == []
        choose(world, "01")
        world.settle_down()
        assert world.names_in_books == ["Pipe"]
        assert set(world.failures) == {"02"}

    def test_a_default_sends_all_that_waited(self) -> None:
        world = automatic("Pipe", "Elbow", settings=NOTHING_CHOSEN)
        world.minute()  # the day's comparison is over
        world.settle_down()
        change_settings(
            world.services, world.connection.key, ANN, default_income_account_id=SERVICES
        )
        world.minute()
        world.settle_down()
        assert accounts(world) == {"01": SERVICES, "02": SERVICES}
        assert world.failures == {}

    def test_what_has_no_account_is_not_tried_again_and_again(self) -> None:
        world = automatic("Pipe", settings=NOTHING_CHOSEN)
        ends = len(world.ends)
        for _ in range(3):
            world.clock.sleep(86_400)
            world.minute()
            world.settle_down()
        assert sum(end.batches for end in world.ends[ends:]) == 0

    def test_choosing_the_same_again_writes_no_mapping(self) -> None:
        world = automatic("Pipe")
        choose(world, "01")
        choose(world, "01")
        assert mapped(world, "01").row_version == 1

    def test_an_edit_takes_the_items_own_account(self) -> None:
        world = automatic("Pipe")
        choose(world, "01")
        world.settle_down()
        world.edit("01", price="9.00")
        world.settle_down()
        assert (world.in_books("01").unit_price, accounts(world)) == (9, {"01": SERVICES})

    def test_before_the_imports_are_decided_nothing_is_made_due(self) -> None:
        world = automatic("Pipe", settled=False, setup=Setup())
        choose(world, "01")
        assert world.due == []

    def test_choosing_again_sends_what_a_dead_process_left(self) -> None:
        """It had stored the mapping and died before the item was due."""
        world = automatic("Pipe")
        world.kill_after("mappings.save_mappings")
        with pytest.raises(Killed):
            choose(world, "01")
        assert world.due == []
        choose(world, "01")
        world.settle_down()
        assert accounts(world) == {"01": SERVICES}


class TestMapAll:
    def test_it_fills_what_has_none_and_overwrites_nothing(self) -> None:
        world = World()
        world.has("Pipe", "Elbow", "Tee")
        choose(world, "02", account=SALES)
        key = world.connection.key
        done = assign_unmapped(world.services, key, Choice(SERVICES, TAXED.remote_id), ANN)
        assert done == Assigned(3)
        rows = page_of_mappings(world.services, world.connection, 10, None).rows
        assert [(row.mapping.income_account_id, row.mapping.tax_code_id) for row in rows] == [
            (SERVICES, "tax-1"),
            (SALES, "tax-1"),
            (SERVICES, "tax-1"),
        ]
        again = assign_unmapped(world.services, key, Choice(SERVICES, TAXED.remote_id), ANN)
        assert again == Assigned(0)

    def test_beyond_what_one_call_does_it_says_that_more_is_left(self) -> None:
        world = World()
        world.has(*(f"Item {number}" for number in range(7)))
        ends = [
            assign_unmapped(world.services, world.connection.key, Choice(SERVICES), ANN, most=5)
            for _ in range(2)
        ]
        assert ends == [Assigned(5, more=True), Assigned(2)]


class TestRefused:
    @pytest.mark.parametrize(
        ("choice", "code", "field"),
        [
            (Choice("gone"), "UNKNOWN_ACCOUNT", "incomeAccountId"),
            (Choice(SALES, "gone"), "UNKNOWN_TAX_CODE", "taxCodeId"),
        ],
    )
    def test_what_is_not_in_the_books_names_its_field_and_changes_nothing(
        self, choice: Choice, code: str, field: str
    ) -> None:
        world = automatic("Pipe")
        key = world.connection.key
        for act in (
            lambda: assign(world.services, key, [SourceId("01")], choice, ANN),
            lambda: assign_unmapped(world.services, key, choice, ANN),
        ):
            with pytest.raises(RequestInvalid) as told:
                act()
            assert (told.value.problem.code, told.value.problem.field) == (code, field)
        assert mapping_of(world.services, key, SourceId("01")).mapping.row_version == 0
        assert (world.due, audit(world)) == ([], [])

    def test_one_unknown_item_of_several_changes_none(self) -> None:
        world = World()
        world.has("Pipe")
        with pytest.raises(NotFound):
            choose(world, "01", "99")
        assert mapped(world, "01").row_version == 0

    def test_more_items_than_one_call_takes(self) -> None:
        world = World()
        with pytest.raises(RequestInvalid, match="TOO_MANY"):
            choose(world, *(str(number) for number in range(MOST_IDS + 1)))

    def test_a_dead_grant_is_noted(self) -> None:
        world = World()
        world.has("Pipe")
        world.books.faults.add("income_accounts", Dead())
        with pytest.raises(NeedsReauth):
            choose(world, "01")
        stored = world.services.stores.connections.get(world.connection.key)
        assert stored is not None
        assert stored.state == "needs_reauth"

    def test_others_that_keep_mapping_the_same_item_end_in_a_clear_answer(self) -> None:
        world = World()
        world.has("Pipe")
        scope = scope_of(world.kind, world.connection)

        def meddle() -> None:
            now = mapped(world, "01")
            later = type(now)(now.source_id, f"x{now.row_version}", row_version=now.row_version + 1)
            assert others.save_mappings(scope, [later]) == []

        others = world.services.stores.mappings._store  # type: ignore[attr-defined]  # past the watch
        for _ in range(5):
            world.meets("mappings.save_mappings", meddle)
        with pytest.raises(RetryLater):
            choose(world, "01")


def test_an_unmapped_page_passes_over_those_that_have_their_own() -> None:
    world = World()
    world.has(*(f"Item {number}" for number in range(6)))
    choose(world, "01", "02", "04")
    cursor, found = None, []
    while True:
        page = page_of_mappings(world.services, world.connection, 2, cursor, unmapped=True)
        found += [row.item.source_id for row in page.rows]
        cursor = page.cursor
        if cursor is None:
            break
    assert found == ["03", "05", "06"]


def test_what_was_chosen_is_noted_with_who_chose_it() -> None:
    world = World()
    world.has("Pipe", "Elbow")
    choose(world, "01", "02", tax=TAXED.remote_id)
    assert audit(world) == [
        {
            "provider": "quickbooks",
            "count": "2",
            "income_account_id": SERVICES,
            "tax_code_id": "tax-1",
        }
    ]


def mapped(world: World, source_id: str) -> Any:
    return mapping_of(world.services, world.connection.key, SourceId(source_id)).mapping


def audit(world: World) -> list[dict[str, str]]:
    entries = world.services.stores.audit.page(world.connection.key.company_id, 10, None).rows
    assert all((entry.what, entry.who) == ("items.mapped", ANN) for entry in entries)
    return [dict(entry.about) for entry in entries]
