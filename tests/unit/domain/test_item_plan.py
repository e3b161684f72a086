"""What one item needs, given its link and the rules."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.ids import RemoteId, RemoteVersion, RunId, SourceId
from shared.domain.item_plan import (
    ItemKey,
    ItemMapping,
    ItemRules,
    ItemTerms,
    desired_fields,
    refusal_before_push,
)
from shared.domain.links import LONG_VALUE, ItemFields, Link, base_value
from shared.domain.money import Money
from shared.domain.names import NameRules, marked_name, name_key, plain_name
from shared.domain.record_plan import (
    answered_otherwise,
    at_rest,
    changed_fields,
    changed_in_books,
    differing_fields,
    kept_name,
    linked_after_write,
)
from shared.domain.records import Item

RULES = ItemRules(
    names=NameRules(100, frozenset(":"), unique=True),
    max_name=100,
    max_description=4000,
    max_code=100,
    max_unit_price=Decimal(99999),
    unit_price_decimals=2,
    provider_label="QuickBooks",
)
BY_CODE = replace(RULES, names=NameRules(30, frozenset(), unique=True), max_name=50)
BY_CODE = replace(BY_CODE, max_code=30, key=ItemKey.CODE)
MAPPING = ItemMapping("sales", "USD", "Hill Plumbing")
TERMS = ItemTerms(RULES, MAPPING)


def an_item(name: str = "Pipe", price: str = "2.50", currency: str = "USD", **fields: Any) -> Item:
    given: dict[str, Any] = {"source_id": SourceId("i-1"), "version": 1, **fields}
    return Item(name=name, unit_price=Money(Decimal(price), currency), **given)


def linked(
    item: Item,
    *,
    remote_name: str | None = None,
    answered: ItemFields | None = None,
    rules: ItemRules = RULES,
) -> Link:
    """The link after this item was written (or adopted) under that name."""
    sent = desired_fields(item, remote_name or plain_name(rules.name_of(item)), MAPPING, rules)
    return linked_after_write(
        None,
        record=item,
        sent=sent,
        answered=answered or sent,
        remote_id=RemoteId("7"),
        remote_version=RemoteVersion("0"),
        terms=ItemTerms(rules, MAPPING),
        run_id=RunId("r-1"),
    )


def wanted(item: Item, link: Link, mapping: ItemMapping = MAPPING) -> ItemFields:
    name = kept_name(item, link, TERMS) or plain_name(item.name)
    return desired_fields(item, name, mapping, RULES)


items = st.builds(
    an_item,
    name=st.sampled_from(["Pipe", "pipe", "Elbow"]),
    price=st.sampled_from(["0", "2.50", "2.5", "99"]),
    code=st.sampled_from(["", "P-1"]),
    description=st.sampled_from(["", "copper", "copper " * 40, "copper " * 40 + "."]),
    active=st.booleans(),
)


class TestWhatMayNotGo:
    def test_another_currency_than_that_of_the_books_is_refused_by_name_of_both(self) -> None:
        problem = refusal_before_push(an_item(currency="CAD"), MAPPING, RULES)
        assert problem is not None
        assert (problem.code, problem.field) == ("CURRENCY_DIFFERS", "currency")
        assert all(word in problem.message for word in ("CAD", "USD", "Hill Plumbing"))

    @pytest.mark.parametrize(
        ("price", "code"),
        [
            ("99999", None),
            ("99999.01", "PRICE_TOO_HIGH"),
            ("0", None),
            ("2.50", None),
            ("2.5000", None),
            ("2.505", "PRICE_TOO_FINE"),
            ("1E+3", None),
        ],
    )
    def test_a_price_goes_up_to_the_limit_and_as_fine_as_the_provider_takes_it(
        self, price: str, code: str | None
    ) -> None:
        problem = refusal_before_push(an_item(price=price), MAPPING, RULES)
        assert (problem.code if problem else None) == code


class TestWhatTheBooksShouldSay:
    def test_a_plain_name_leaves_the_description_alone(self) -> None:
        fields = desired_fields(an_item(description="copper"), "Pipe", MAPPING, RULES)
        assert (fields.name, fields.description) == ("Pipe", "copper")

    def test_a_name_that_the_rule_changed_is_kept_in_front_of_the_description(self) -> None:
        fields = desired_fields(
            an_item(" Pi:pe ", description="copper"), "Pi-pe ~x", MAPPING, RULES
        )
        assert (fields.name, fields.description) == ("Pi-pe ~x", "Pi:pe\ncopper")

    def test_a_changed_name_without_a_description_is_the_description(self) -> None:
        assert desired_fields(an_item("a:b"), "a-b ~x", MAPPING, RULES).description == "a:b"

    def test_what_is_too_long_is_cut_and_shows_it(self) -> None:
        item = an_item(description="d" * 4001, code="c" * 101)
        fields = desired_fields(item, "Pipe", MAPPING, RULES)
        assert fields.description == "d" * 3999 + "…"
        assert fields.code == "c" * 99 + "…"

    def test_where_codes_are_the_key_the_chosen_name_is_the_code_and_the_name_stays(self) -> None:
        item = an_item("Pipe, copper", code="P-1")
        fields = desired_fields(item, "P-1 ~x", MAPPING, BY_CODE)
        assert (fields.name, fields.code, fields.description) == ("Pipe, copper", "P-1 ~x", "")
        assert BY_CODE.name_of(item) == "P-1"
        assert BY_CODE.name_of(an_item("Pipe")) == "Pipe"
        assert BY_CODE.remote_name_of(fields) == "P-1 ~x"


class TestWhatIsSent:
    @given(items, items)
    def test_an_edit_sends_exactly_the_edited_fields_and_the_name_with_a_reactivation(
        self, before: Item, after: Item
    ) -> None:
        link = linked(before)
        ours, theirs = wanted(after, link).canonical(), wanted(before, link).canonical()
        edited = {name for name in ours if ours[name] != theirs[name]}
        if after.active and not before.active:
            edited.add("name")
        assert changed_fields(wanted(after, link), link) == edited

    @given(items, items, items)
    def test_after_adoption_a_later_edit_sends_only_what_was_edited_whatever_the_books_say(
        self, item: Item, theirs: Item, edited: Item
    ) -> None:
        remote = desired_fields(theirs, "pipe", MAPPING, RULES)
        adopted = linked(item, answered=remote)
        assert changed_fields(wanted(item, adopted), adopted) == set()
        assert changed_fields(wanted(edited, adopted), adopted) == changed_fields(
            wanted(edited, linked(item)), linked(item)
        )

    def test_archiving_sends_only_that(self) -> None:
        item = an_item()
        link = linked(item)
        assert changed_fields(wanted(replace(item, active=False), link), link) == {"active"}

    @pytest.mark.parametrize(
        ("was_active", "is_active", "rests"),
        [(True, True, False), (True, False, False), (False, False, True), (False, True, False)],
    )
    def test_an_item_rests_while_it_is_archived_on_both_sides(
        self, *, was_active: bool, is_active: bool, rests: bool
    ) -> None:
        link = linked(an_item(active=was_active))
        assert at_rest(an_item(active=is_active), link) is rests

    def test_reactivating_sends_the_name_too_because_providers_renamed_it(self) -> None:
        archived = an_item(active=False)
        link = linked(archived)
        assert changed_fields(wanted(replace(archived, active=True), link), link) == {
            "active",
            "name",
        }

    def test_another_income_account_is_a_change_of_that_field_and_of_the_mapping_version(
        self,
    ) -> None:
        link = linked(an_item())
        services = replace(MAPPING, income_account_id="services")
        assert ItemTerms(RULES, services).mapping_version(an_item()) != link.mapping_version
        assert TERMS.mapping_version(an_item()) == link.mapping_version
        assert changed_fields(wanted(an_item(), link, services), link) == {"income_account_id"}

    @pytest.mark.parametrize("length", [LONG_VALUE, LONG_VALUE + 1, 4000])
    def test_a_long_value_is_compared_to_its_last_character(self, length: int) -> None:
        link = linked(an_item(description="d" * length))
        same = an_item(description="d" * length)
        other = an_item(description="d" * (length - 1) + "e")
        assert changed_fields(wanted(same, link), link) == set()
        assert changed_fields(wanted(other, link), link) == {"description"}

    def test_a_long_value_is_kept_short(self) -> None:
        assert base_value("d" * LONG_VALUE) == "d" * LONG_VALUE
        assert len(base_value("d" * 4000)) < LONG_VALUE


class TestNamesThatAreKept:
    def test_a_linked_item_keeps_its_plain_name(self) -> None:
        assert kept_name(an_item("Pipe"), linked(an_item("Pipe")), TERMS) == "Pipe"

    @pytest.mark.parametrize("spelling", ["PIPE", " pipe ", "Pipe"])
    def test_who_has_the_plain_name_follows_its_spelling(self, spelling: str) -> None:
        link = linked(an_item("pipe"))
        assert kept_name(an_item(spelling), link, TERMS) == spelling.strip()

    def test_a_marked_name_stays_though_the_plain_one_may_be_free_now(self) -> None:
        link = linked(an_item("Pipe"), remote_name="Pipe ~abcdefgh")
        assert kept_name(an_item("PIPE"), link, TERMS) == "Pipe ~abcdefgh"

    def test_another_name_needs_another_choice(self) -> None:
        assert kept_name(an_item("Elbow"), linked(an_item("Pipe")), TERMS) is None

    def test_a_spelling_that_the_provider_cannot_take_does_not_replace_the_one_it_has(self) -> None:
        six = replace(RULES, names=NameRules(6, frozenset(), unique=True))
        assert (
            kept_name(an_item("strasse"), linked(an_item("STRAßE")), ItemTerms(six, MAPPING))
            == "STRAßE"
        )

    def test_the_link_remembers_the_key_of_the_name_and_the_name_that_was_sent(self) -> None:
        item = an_item("Pi:pe")
        marked = marked_name(item.name, item.source_id, RULES.names)
        link = linked(item, remote_name=marked)
        assert (link.name_key, link.remote_name) == (name_key("pi:PE"), marked)
        by_code = linked(an_item("Pipe", code="P-1"), remote_name="P-1 ~x", rules=BY_CODE)
        assert (by_code.name_key, by_code.remote_name) == ("p-1", "P-1 ~x")

    def test_a_link_grows_by_one_row_version_with_each_write(self) -> None:
        first = linked(an_item())
        again = linked_after_write(
            first,
            record=an_item(version=2),
            sent=wanted(an_item(), first),
            answered=wanted(an_item(), first),
            remote_id=first.remote_id,
            remote_version=RemoteVersion("1"),
            terms=TERMS,
            run_id=RunId("r-2"),
        )
        assert (first.row_version, again.row_version) == (1, 2)
        assert (again.source_version, again.remote_version) == (2, "1")


class TestComparingWithTheBooks:
    def test_fields_that_differ_are_named_in_order_and_the_name_only_where_its_key_differs(
        self,
    ) -> None:
        ours = desired_fields(an_item("Pipe", price="2.50"), "Pipe", MAPPING, RULES)
        theirs = replace(ours, name="PIPE", unit_price=Decimal("2.5"))
        assert differing_fields(ours, theirs) == ()
        theirs = replace(ours, name="Tube", unit_price=Decimal(3), code="x")
        assert differing_fields(ours, theirs) == ("code", "name", "unit_price")

    def test_what_the_provider_made_of_a_field_is_remembered_only_where_it_is_not_ours(
        self,
    ) -> None:
        sent = desired_fields(an_item(description="  copper"), "Pipe", MAPPING, RULES)
        answered = replace(sent, description="copper", unit_price=Decimal("2.500"))
        assert answered_otherwise(sent, answered) == {"description": "copper"}

    @given(items, items)
    def test_nothing_was_changed_in_the_books_that_still_say_what_was_sent_or_answered(
        self, item: Item, answered: Item
    ) -> None:
        theirs = desired_fields(answered, answered.name, MAPPING, RULES)
        link = linked(item, answered=theirs)
        every = frozenset(theirs.canonical())
        assert changed_in_books(link, every, theirs) == ()
        assert changed_in_books(link, every, wanted(item, link)) == ()

    def test_somebody_elses_change_counts_only_in_the_fields_that_we_want_to_change(self) -> None:
        link = linked(an_item())
        theirs = replace(wanted(an_item(), link), unit_price=Decimal(9), code="x")
        assert changed_in_books(link, frozenset({"unit_price", "active"}), theirs) == (
            "unit_price",
        )
        assert changed_in_books(link, frozenset({"description"}), theirs) == ()
