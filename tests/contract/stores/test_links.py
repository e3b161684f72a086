"""What every `LinkStore` promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.domain.errors import InvalidCursor
from shared.domain.ids import (
    CompanyId,
    ConnectionKey,
    LinkScope,
    ProviderName,
    RecordKind,
    RemoteCompanyId,
    RemoteId,
    SourceId,
)
from shared.domain.links import LinkOrigin
from shared.storage.ports import Stores
from tests.contract.stores.builders import (
    CONNECTION,
    IN_ORDER,
    OTHER_SCOPE,
    REALM,
    SCOPE,
    all_pages,
    link,
)

LeaveClaim = Callable[[LinkScope, RemoteId, SourceId], None]


def linked(stores: Stores, source_id: str) -> str | None:
    found = stores.links.get_links(SCOPE, [SourceId(source_id)]).get(SourceId(source_id))
    return None if found is None else found.remote_id


def owner(stores: Stores, remote_id: str) -> str | None:
    return stores.links.linked_to(SCOPE, [RemoteId(remote_id)]).get(RemoteId(remote_id))


class TestNewLinks:
    def test_a_link_comes_back_as_it_was_saved_and_both_ways(self, stores: Stores) -> None:
        saved = link("s1", "r1")
        assert stores.links.save_links(SCOPE, [saved]) == []
        assert stores.links.get_links(SCOPE, [saved.source_id]) == {"s1": saved}
        assert stores.links.linked_to(SCOPE, [saved.remote_id]) == {"r1": "s1"}
        assert stores.links.page_links(SCOPE, 10, None).rows == (saved,)

    @pytest.mark.parametrize(
        "changes",
        [
            {"origin": LinkOrigin.ADOPTED, "differing": ("unit_price", "code")},
            {"answered": {"name": "Kupferrohr ⌀ 15"}, "base": {}},
            {"remote_name": "中" * 100, "name_key": "é" * 1000, "source_version": 10**12},
            {"remote_version": "", "run_id": "", "correlation_id": ""},
        ],
    )
    def test_values_are_kept_exactly(self, stores: Stores, changes: dict[str, object]) -> None:
        saved = link("s1", "r1", **changes)
        assert stores.links.save_links(SCOPE, [saved]) == []
        assert stores.links.get_links(SCOPE, [saved.source_id]) == {"s1": saved}

    def test_what_was_saved_does_not_change_with_its_maker(self, stores: Stores) -> None:
        base = {"name": "before"}
        stores.links.save_links(SCOPE, [link("s1", "r1", base=base)])
        base["name"] = "after"
        found = stores.links.get_links(SCOPE, [SourceId("s1")])[SourceId("s1")]
        assert found.base == {"name": "before"}
        found.base["name"] = "after"  # type: ignore[index]  # what no caller may do, done
        assert stores.links.page_links(SCOPE, 1, None).rows[0].base == {"name": "before"}

    def test_a_source_id_is_linked_once(self, stores: Stores) -> None:
        stores.links.save_links(SCOPE, [link("s1", "r1")])
        assert stores.links.save_links(SCOPE, [link("s1", "r2")]) == ["s1"]
        assert linked(stores, "s1") == "r1"
        assert owner(stores, "r1") == "s1"

    def test_a_link_that_lost_claims_nothing(self, stores: Stores) -> None:
        """Else the remote record it was meant for could never be linked."""
        stores.links.save_links(SCOPE, [link("s1", "r1")])
        stores.links.save_links(SCOPE, [link("s1", "r2")])
        assert owner(stores, "r2") is None
        assert stores.links.save_links(SCOPE, [link("s2", "r2")]) == []

    def test_the_same_link_again_loses_and_harms_nothing(self, stores: Stores) -> None:
        stores.links.save_links(SCOPE, [link("s1", "r1")])
        assert stores.links.save_links(SCOPE, [link("s1", "r1")]) == ["s1"]
        assert (linked(stores, "s1"), owner(stores, "r1")) == ("r1", "s1")

    def test_a_remote_id_is_linked_to_one(self, stores: Stores) -> None:
        stores.links.save_links(SCOPE, [link("s1", "r1")])
        assert stores.links.save_links(SCOPE, [link("s2", "r1")]) == ["s2"]
        assert linked(stores, "s2") is None
        assert owner(stores, "r1") == "s1"

    def test_a_claim_left_by_a_crash_counts_for_the_same_source(
        self, stores: Stores, leave_claim: LeaveClaim
    ) -> None:
        leave_claim(SCOPE, RemoteId("r1"), SourceId("s1"))
        assert linked(stores, "s1") is None
        assert stores.links.save_links(SCOPE, [link("s1", "r1")]) == []
        assert linked(stores, "s1") == "r1"

    def test_a_claim_left_by_a_crash_keeps_others_away(
        self, stores: Stores, leave_claim: LeaveClaim
    ) -> None:
        leave_claim(SCOPE, RemoteId("r1"), SourceId("s1"))
        assert stores.links.save_links(SCOPE, [link("s2", "r1")]) == ["s2"]
        assert owner(stores, "r1") == "s1"

    def test_a_stray_claim_goes_when_its_source_is_found_linked_elsewhere(
        self, stores: Stores, leave_claim: LeaveClaim
    ) -> None:
        leave_claim(SCOPE, RemoteId("r2"), SourceId("s1"))
        stores.links.save_links(SCOPE, [link("s1", "r1")])
        assert stores.links.save_links(SCOPE, [link("s1", "r2")]) == ["s1"]
        assert owner(stores, "r2") is None

    def test_of_two_onto_one_remote_id_in_one_call_the_first_is_tried(self, stores: Stores) -> None:
        assert stores.links.save_links(SCOPE, [link("s2", "r1"), link("s1", "r1")]) == ["s1"]
        assert owner(stores, "r1") == "s2"

    def test_nor_does_the_second_get_its_turn_when_the_first_loses(self, stores: Stores) -> None:
        stores.links.save_links(SCOPE, [link("s2", "r9")])
        assert stores.links.save_links(SCOPE, [link("s2", "r1"), link("s1", "r1")]) == ["s2", "s1"]
        assert owner(stores, "r1") is None

    @pytest.mark.parametrize(
        "bad",
        [
            [link("s1", "r1"), link("s1", "r2")],
            [link("s1", "r1"), link("s2", "r2", 0)],
            [link("s1", "r1"), link("", "r2")],
            [link("s1", "r1"), link("s2", "")],
        ],
    )
    def test_a_mistake_of_the_caller_changes_nothing(
        self, stores: Stores, bad: list[object]
    ) -> None:
        with pytest.raises(ValueError, match=r"id|version"):
            stores.links.save_links(SCOPE, bad)
        assert stores.links.page_links(SCOPE, 10, None).rows == ()
        assert owner(stores, "r1") is None


class TestUpdates:
    def test_the_next_row_version_replaces(self, stores: Stores) -> None:
        stores.links.save_links(SCOPE, [link("s1", "r1")])
        later = link("s1", "r1", 2, remote_version="1", answered={"name": "Answered"})
        assert stores.links.save_links(SCOPE, [later]) == []
        assert stores.links.get_links(SCOPE, [later.source_id]) == {"s1": later}
        assert stores.links.save_links(SCOPE, [replace(later, row_version=3, answered={})]) == []

    @pytest.mark.parametrize(("stored", "offered"), [(0, 2), (1, 3), (2, 2), (3, 2)])
    def test_any_other_row_version_loses(self, stores: Stores, stored: int, offered: int) -> None:
        for version in range(1, stored + 1):
            assert stores.links.save_links(SCOPE, [link("s1", "r1", version)]) == []
        assert stores.links.save_links(SCOPE, [link("s1", "r1", offered)]) == ["s1"]
        found = stores.links.get_links(SCOPE, [SourceId("s1")])
        assert [one.row_version for one in found.values()] == [stored] * bool(stored)

    def test_the_remote_id_stays(self, stores: Stores) -> None:
        stores.links.save_links(SCOPE, [link("s1", "r1")])
        assert stores.links.save_links(SCOPE, [link("s1", "r2", 2)]) == ["s1"]
        assert (linked(stores, "s1"), owner(stores, "r2")) == ("r1", None)


class TestManyAtOnce:
    def test_those_that_lose_do_not_stop_the_others(self, stores: Stores) -> None:
        """1,200 links, new and changed in one call, with every kind of loser in between."""
        stores.links.save_links(SCOPE, [link(f"s{n:04}", f"r{n:04}") for n in range(0, 1200, 3)])
        stores.links.save_links(SCOPE, [link("x", "r0601"), link("y", "r0604")])
        offered = [
            link(f"s{n:04}", f"r{n:04}", 1 if n % 3 else 2, remote_version="later")
            for n in range(1200)
        ]
        offered[300] = replace(offered[300], row_version=7)
        lost = stores.links.save_links(SCOPE, offered)
        assert lost == ["s0300", "s0601", "s0604"]
        found = stores.links.get_links(SCOPE, [one.source_id for one in offered])
        assert sum(one.remote_version == "later" for one in found.values()) == 1197
        claimed = stores.links.linked_to(SCOPE, [one.remote_id for one in offered])
        assert claimed[RemoteId("r0601")] == "x"
        assert sum(claimed[one.remote_id] == one.source_id for one in offered) == 1198

    def test_order_is_by_code_point(self, stores: Stores) -> None:
        stores.links.save_links(SCOPE, [link(one, f"r-{one}") for one in reversed(IN_ORDER)])
        pages = all_pages(lambda cursor: stores.links.page_links(SCOPE, 5, cursor))
        assert [one.source_id for page in pages for one in page] == IN_ORDER

    def test_nothing_is_asked_and_saved_in_vain(self, stores: Stores) -> None:
        assert stores.links.save_links(SCOPE, []) == []
        assert stores.links.get_links(SCOPE, []) == {}
        assert stores.links.linked_to(SCOPE, [RemoteId(""), RemoteId("x" * 2000)]) == {}


class TestScopes:
    @pytest.mark.parametrize(
        "other",
        [
            OTHER_SCOPE,
            LinkScope(CONNECTION, RemoteCompanyId("another"), RecordKind.ITEM),
            LinkScope(CONNECTION, REALM, RecordKind.CUSTOMER),
        ],
    )
    def test_a_scope_is_a_world_of_its_own(self, stores: Stores, other: LinkScope) -> None:
        stores.links.save_links(SCOPE, [link("s1", "r1"), link("s2", "r2")])
        assert stores.links.get_links(other, [SourceId("s1")]) == {}
        assert stores.links.linked_to(other, [RemoteId("r1")]) == {}
        assert stores.links.save_links(other, [link("s9", "r1"), link("s1", "r9")]) == []
        assert (linked(stores, "s1"), owner(stores, "r1")) == ("r1", "s1")
        cursor = stores.links.page_links(other, 1, None).cursor
        with pytest.raises(InvalidCursor):
            stores.links.page_links(SCOPE, 1, cursor)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (("a#b", "c"), ("a", "b#c")),
            (("a#b", "c"), ("a%23b", "c")),
            (("a%", "25#c"), ("a%25", "#c")),
        ],
    )
    def test_ids_are_never_parsed(
        self, stores: Stores, one: tuple[str, str], other: tuple[str, str]
    ) -> None:
        first, second = (
            LinkScope(ConnectionKey(CompanyId(company), ProviderName(name)), REALM, RecordKind.ITEM)
            for company, name in (one, other)
        )
        stores.links.save_links(first, [link("s1", "r1")])
        assert stores.links.get_links(second, [SourceId("s1")]) == {}
        assert stores.links.linked_to(second, [RemoteId("r1")]) == {}
        assert stores.links.save_links(second, [link("s1", "r2")]) == []
