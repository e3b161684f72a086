"""The stated rule for remote names (shared/domain/names.py)."""

from __future__ import annotations

import unicodedata
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.ids import SourceId
from shared.domain.names import (
    KeyHashes,
    NameDesk,
    NameRules,
    fits,
    key_hash,
    marked_name,
    name_key,
    plain_name,
)

QUICKBOOKS_LIKE = NameRules(100, frozenset(':\t\n"'), unique=True)
NOT_UNIQUE = NameRules(100, frozenset(":"), unique=False)

# Few letters, so that names meet; and the sorts of characters that providers trip over.
crowded_names = st.text(alphabet="aAbB: é\u0301", min_size=1, max_size=4)
odd_names = st.text(
    alphabet=st.one_of(
        st.characters(codec="utf-8"),
        st.sampled_from(':\t\n" \u00a0\u200b\u200d👩🏽🔧é\u0301ßİ\u0131ﬁ'),
    ),
    max_size=330,
)
source_ids = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).map(SourceId)


def utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def hashes(*names: str) -> KeyHashes:
    return KeyHashes(key_hash(name_key(name)) for name in names)


def chosen(
    catalogue: dict[SourceId, str], taken: tuple[str, ...] = (), rules: NameRules = QUICKBOOKS_LIKE
) -> dict[SourceId, str]:
    """As the plan does it: contested names are known first, then each record asks, smallest id first."""
    desk = NameDesk(rules, hashes(*taken), hashes(*catalogue.values()).repeated())
    return {each: desk.choose(catalogue[each], each) for each in sorted(catalogue)}


class TestPlainNames:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("Pipe", "PIPE"),
            ("Pipe", "  Pipe\t"),
            ("Tee é", "Tee e\u0301"),
            ("STRASSE", "Straße"),
            ("ﬁtting", "FITTING"),
        ],
    )
    def test_names_that_a_person_would_call_the_same_have_one_key(
        self, one: str, other: str
    ) -> None:
        assert name_key(one) == name_key(other)

    @pytest.mark.parametrize(("one", "other"), [("Pipe 1", "Pipe 2"), ("a b", "ab"), ("é", "e")])
    def test_different_names_have_different_keys(self, one: str, other: str) -> None:
        assert name_key(one) != name_key(other)

    @given(odd_names)
    def test_neither_normal_form_nor_blanks_around_it_change_a_key(self, name: str) -> None:
        decomposed = unicodedata.normalize("NFD", name)
        assert name_key(f" {decomposed}\n") == name_key(name) == name_key(plain_name(name))

    @given(odd_names)
    def test_a_key_is_the_key_of_itself(self, name: str) -> None:
        assert name_key(name_key(name)) == name_key(name)

    def test_a_name_that_suits_the_provider_is_sent_as_it_is(self) -> None:
        assert chosen({SourceId("1"): ' Elbow 90°, 1/2" '}, rules=NOT_UNIQUE) == {
            SourceId("1"): 'Elbow 90°, 1/2"'
        }


class TestMarkedNames:
    def test_forbidden_characters_are_replaced_and_the_name_is_marked(self) -> None:
        marked = marked_name('Pipe: 1/2" copper\ttype L', SourceId("i-1"), QUICKBOOKS_LIKE)
        assert marked.startswith("Pipe- 1/2- copper type L ~")

    def test_the_mark_is_eight_characters_of_our_id_and_of_nothing_else(self) -> None:
        one = marked_name("Pipe:", SourceId("i-1"), QUICKBOOKS_LIKE)
        same_id = marked_name("Elbow:", SourceId("i-1"), QUICKBOOKS_LIKE)
        other_id = marked_name("Pipe:", SourceId("i-2"), QUICKBOOKS_LIKE)
        mark = one.rpartition(" ~")[2]
        assert len(mark) == 8
        assert mark.isalnum()
        assert same_id.endswith(mark)
        assert not other_id.endswith(mark)

    def test_a_name_of_324_characters_is_cut_to_the_limit_and_keeps_its_beginning(self) -> None:
        name = "Water heater, gas, 50 gal " * 13
        marked = marked_name(name[:324], SourceId("i-1"), QUICKBOOKS_LIKE)
        assert len(marked) <= 100
        assert marked.startswith(name[:80])

    def test_two_long_names_with_one_beginning_stay_two_names(self) -> None:
        long = "x" * 323
        names = chosen({SourceId("1"): long + "a", SourceId("2"): long + "b"})
        assert len(set(names.values())) == 2

    @pytest.mark.parametrize("name", ["a\x07b", "a\tb", "a\u200bb", "a\u2028b"])
    def test_what_cannot_be_printed_is_never_sent_whether_a_provider_forbids_it_or_not(
        self, name: str
    ) -> None:
        assert not fits(name, NOT_UNIQUE)
        assert marked_name(name, SourceId("1"), NOT_UNIQUE).startswith("a b ~")

    def test_a_character_outside_the_basic_plane_counts_twice_as_providers_count(self) -> None:
        assert fits("🔧" * 50, QUICKBOOKS_LIKE)
        assert not fits("🔧" * 51, QUICKBOOKS_LIKE)
        assert utf16_length(marked_name("🔧" * 51, SourceId("1"), QUICKBOOKS_LIKE)) <= 100

    def test_a_name_of_nothing_printable_is_only_the_mark(self) -> None:
        marked = marked_name("\u200b\u200b", SourceId("i-1"), QUICKBOOKS_LIKE)
        assert len(marked) == len("~") + 8

    @given(odd_names, source_ids, st.integers(min_value=20, max_value=255))
    def test_a_marked_name_always_suits_the_provider(
        self, name: str, source_id: SourceId, limit: int
    ) -> None:
        rules = NameRules(limit, QUICKBOOKS_LIKE.forbidden, unique=True)
        marked = marked_name(name, source_id, rules)
        assert fits(marked, rules)
        assert utf16_length(marked) <= limit
        assert marked == plain_name(marked), "the provider would trim or compose it"

    @given(odd_names, source_ids)
    def test_the_same_record_gets_the_same_mark_every_time_in_either_normal_form(
        self, name: str, source_id: SourceId
    ) -> None:
        decomposed = unicodedata.normalize("NFD", name)
        assert marked_name(name, source_id, QUICKBOOKS_LIKE) == marked_name(
            decomposed, source_id, QUICKBOOKS_LIKE
        )


class TestChoosing:
    def test_the_smallest_source_id_gets_the_plain_name_and_every_other_one_the_mark(self) -> None:
        names = chosen({SourceId("3"): "Pipe", SourceId("1"): "PIPE", SourceId("2"): " pipe"})
        assert names[SourceId("1")] == "PIPE"
        assert names[SourceId("2")].startswith("pipe ~")
        assert names[SourceId("3")].startswith("Pipe ~")

    def test_a_name_that_somebody_has_is_nobodys_plain_name(self) -> None:
        names = chosen({SourceId("1"): "Pipe", SourceId("2"): "Elbow"}, taken=("pipe",))
        assert names[SourceId("1")].startswith("Pipe ~")
        assert names[SourceId("2")] == "Elbow"

    def test_a_name_that_the_provider_cannot_take_does_not_use_up_its_plain_form(self) -> None:
        names = chosen({SourceId("1"): "a:", SourceId("2"): "a:", SourceId("3"): "a-"})
        assert names[SourceId("3")] == "a-"

    def test_where_names_need_not_be_unique_everybody_keeps_the_plain_one(self) -> None:
        names = chosen(
            {SourceId("1"): "Pipe", SourceId("2"): "Pipe"}, taken=("Pipe",), rules=NOT_UNIQUE
        )
        assert set(names.values()) == {"Pipe"}

    def test_who_comes_after_the_adopted_gets_the_mark_or_the_plain_name_where_that_is_allowed(
        self,
    ) -> None:
        empty = KeyHashes()
        unique = NameDesk(QUICKBOOKS_LIKE, empty, empty)
        assert unique.choose_other("Pipe", SourceId("2")).startswith("Pipe ~")
        assert NameDesk(NOT_UNIQUE, empty, empty).choose_other("Pipe", SourceId("2")) == "Pipe"

    @settings(max_examples=300)
    @given(
        st.dictionaries(source_ids, st.one_of(crowded_names, odd_names), max_size=12),
        st.lists(crowded_names, max_size=3),
    )
    def test_chosen_names_suit_the_provider_and_are_unique_beside_what_is_taken(
        self, catalogue: dict[SourceId, str], taken: list[str]
    ) -> None:
        names = chosen(catalogue, tuple(taken))
        keys = {name_key(name) for name in names.values()}
        assert all(fits(name, QUICKBOOKS_LIKE) for name in names.values())
        assert len(keys) == len(names)
        assert keys.isdisjoint(name_key(name) for name in taken)

    @given(
        st.dictionaries(source_ids, crowded_names, min_size=1, max_size=8),
        st.dictionaries(source_ids, crowded_names, max_size=8),
    )
    def test_whoever_has_the_mark_has_the_same_one_whatever_siblings_there_are(
        self, catalogue: dict[SourceId, str], siblings: dict[SourceId, str]
    ) -> None:
        alone = chosen(catalogue)
        among_others = chosen({**siblings, **catalogue})
        for source_id, name in alone.items():
            marked = marked_name(catalogue[source_id], source_id, QUICKBOOKS_LIKE)
            assert among_others[source_id] in (name, marked)

    @given(st.dictionaries(source_ids, crowded_names, max_size=8), st.randoms())
    def test_the_order_in_which_a_catalogue_was_made_decides_nothing(
        self, catalogue: dict[SourceId, str], order: object
    ) -> None:
        rows = list(catalogue.items())
        order.shuffle(rows)  # type: ignore[attr-defined] - hypothesis types randoms() as object
        assert chosen(dict(rows)) == chosen(catalogue)


class TestKeyHashes:
    @given(st.lists(st.integers(min_value=0, max_value=2**64 - 1)), st.integers(0, 2**64 - 1))
    def test_it_is_a_set_of_what_was_added(self, values: list[int], other: int) -> None:
        found = KeyHashes(values)
        assert all(value in found for value in values)
        assert (other in found) == (other in values)
        assert len(found) == len(values)
        assert sorted(found) == sorted(values)

    @given(st.lists(st.integers(min_value=0, max_value=5), max_size=20))
    def test_repeated_are_those_added_more_than_once(self, values: list[int]) -> None:
        assert set(KeyHashes(values).repeated()) == {v for v in values if values.count(v) > 1}

    def test_what_is_added_after_a_question_is_found_too(self) -> None:
        found = KeyHashes([5, 1])
        assert 3 not in found
        found.add(3)
        assert 3 in found
        assert 5 in found

    def test_a_copy_and_its_source_do_not_change_each_other(self) -> None:
        first = KeyHashes([1])
        second = KeyHashes(first)
        second.add(2)
        assert 2 not in first

    def test_a_name_costs_eight_bytes(self) -> None:
        assert array("Q").itemsize == 8
        assert KeyHashes([1, 2])._rows().itemsize == 8
