"""What every `RecordStore` promises."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from shared.domain.errors import InvalidCursor
from shared.domain.ids import CompanyId, SourceId
from shared.domain.money import Money
from shared.domain.records import Item
from shared.storage.ports import Stores
from tests.contract.stores.builders import (
    COMPANY,
    IN_ORDER,
    NOT_A_CURSOR,
    OTHER_COMPANY,
    all_pages,
    item,
)


class TestSaving:
    def test_an_item_comes_back_as_it_was_saved(self, stores: Stores) -> None:
        saved = item("item-1")
        assert stores.records.save(COMPANY, [saved]) == []
        assert stores.records.get(COMPANY, Item, saved.source_id) == saved
        assert stores.records.get_many(COMPANY, Item, [saved.source_id]) == {"item-1": saved}
        assert stores.records.page(COMPANY, Item, 10, None).rows == (saved,)

    @pytest.mark.parametrize(
        "changes",
        [
            {"unit_price": Money(Decimal("0.10"), "JPY")},
            {"unit_price": Money(Decimal("-123456789012345.654321"), "EUR")},
            {"unit_price": Money(Decimal("1E+2"), "EUR")},
            {"name": "Kupferrohr 15 mm ⌀ 中文 😀", "description": "é" * 4000, "code": 'a"b\\c\n'},
            {"name": "n" * 1000, "description": "", "code": "", "unit": ""},
            {"active": False, "updated_at": None, "correlation_id": ""},
        ],
    )
    def test_values_are_kept_exactly(self, stores: Stores, changes: dict[str, object]) -> None:
        saved = item("item-1", **changes)
        assert stores.records.save(COMPANY, [saved, item("item-2")]) == []
        found = stores.records.get(COMPANY, Item, saved.source_id)
        assert found == saved
        assert str(found.unit_price.amount) == str(saved.unit_price.amount)

    def test_version_one_needs_that_there_is_none(self, stores: Stores) -> None:
        first = item("item-1")
        stores.records.save(COMPANY, [first])
        assert stores.records.save(COMPANY, [replace(first, name="Other")]) == ["item-1"]
        assert stores.records.get(COMPANY, Item, first.source_id) == first

    @pytest.mark.parametrize(("stored", "offered"), [(0, 2), (1, 3), (2, 2), (3, 2)])
    def test_a_later_version_needs_the_one_before_it(
        self, stores: Stores, stored: int, offered: int
    ) -> None:
        for version in range(1, stored + 1):
            assert stores.records.save(COMPANY, [item("item-1", version)]) == []
        late = item("item-1", offered, name="Late")
        assert stores.records.save(COMPANY, [late]) == ["item-1"]
        found = stores.records.get(COMPANY, Item, late.source_id)
        assert (found.version if found else 0) == stored

    def test_those_that_lose_do_not_stop_the_others(self, stores: Stores) -> None:
        """Over more items than one transaction takes, with losers in each of them."""
        standing = [item(f"item-{number:04}") for number in range(0, 250, 7)]
        stores.records.save(COMPANY, standing)
        offered = [item(f"item-{number:04}", name="New") for number in range(250)]
        lost = stores.records.save(COMPANY, offered)
        assert lost == [one.source_id for one in standing]
        found = stores.records.get_many(COMPANY, Item, [one.source_id for one in offered])
        assert len(found) == 250
        assert {key for key, one in found.items() if one.name != "New"} == set(lost)

    def test_all_may_lose(self, stores: Stores) -> None:
        stores.records.save(COMPANY, [item("a"), item("b")])
        assert stores.records.save(COMPANY, [item("b"), item("a")]) == ["b", "a"]

    @pytest.mark.parametrize(
        "bad",
        [
            [item("a"), item("a", 2)],
            [item("b"), item("a", 0)],
            [item("b"), item("")],
            [item("b"), item("x" * 1025)],
            [item("b"), item("\ud800")],
        ],
    )
    def test_a_mistake_of_the_caller_changes_nothing(
        self, stores: Stores, bad: list[object]
    ) -> None:
        with pytest.raises(ValueError, match=r"id|version"):
            stores.records.save(COMPANY, bad)
        assert stores.records.page(COMPANY, Item, 10, None).rows == ()

    def test_saving_nothing_loses_nothing(self, stores: Stores) -> None:
        assert stores.records.save(COMPANY, []) == []


class TestReading:
    def test_only_those_that_exist_are_found(self, stores: Stores) -> None:
        ids = [SourceId(f"item-{number:04}") for number in range(250)]
        stores.records.save(COMPANY, [item(one) for one in ids[::2]])
        asked = [*ids, ids[0], SourceId(""), SourceId("x" * 2000), SourceId("\ud800")]
        assert set(stores.records.get_many(COMPANY, Item, asked)) == set(ids[::2])
        assert stores.records.get_many(COMPANY, Item, []) == {}
        assert stores.records.get(COMPANY, Item, ids[1]) is None
        assert stores.records.get(COMPANY, Item, SourceId("")) is None

    def test_one_company_never_sees_another(self, stores: Stores) -> None:
        stores.records.save(COMPANY, [item("item-1")])
        assert stores.records.get(OTHER_COMPANY, Item, SourceId("item-1")) is None
        assert stores.records.page(OTHER_COMPANY, Item, 10, None).rows == ()
        assert stores.records.save(OTHER_COMPANY, [item("item-1", name="B")]) == []
        assert stores.records.get(COMPANY, Item, SourceId("item-1")) == item("item-1")

    def test_a_company_id_is_never_parsed(self, stores: Stores) -> None:
        stores.records.save(CompanyId("a#b"), [item("item-1")])
        for other in ("a", "b", "a%23b", "a##b"):
            assert stores.records.page(CompanyId(other), Item, 10, None).rows == ()


class TestPaging:
    def test_order_is_by_code_point(self, stores: Stores) -> None:
        stores.records.save(COMPANY, [item(one) for one in reversed(IN_ORDER)])
        pages = all_pages(lambda cursor: stores.records.page(COMPANY, Item, 5, cursor))
        assert [len(page) for page in pages] == [5, 5, 2]
        assert [one.source_id for page in pages for one in page] == IN_ORDER

    def test_a_large_catalogue_is_walked_through_once(self, stores: Stores) -> None:
        """Over more than 1 MB of rows, which is where DynamoDB cuts its own pages."""
        saved = [item(f"item-{number:05}", description="x" * 2000) for number in range(1200)]
        assert stores.records.save(COMPANY, saved) == []
        pages = all_pages(lambda cursor: stores.records.page(COMPANY, Item, 1000, cursor))
        assert [len(page) for page in pages] == [1000, 200]
        assert [one for page in pages for one in page] == saved

    def test_the_last_page_is_known_for_what_it_is(self, stores: Stores) -> None:
        stores.records.save(COMPANY, [item("a"), item("b")])
        assert stores.records.page(COMPANY, Item, 2, None).cursor is None
        assert stores.records.page(OTHER_COMPANY, Item, 2, None).cursor is None

    def test_rows_may_come_and_go_between_pages(self, stores: Stores) -> None:
        stores.records.save(COMPANY, [item("b"), item("d"), item("f")])
        first = stores.records.page(COMPANY, Item, 2, None)
        stores.records.save(COMPANY, [item("a"), item("e")])
        second = stores.records.page(COMPANY, Item, 2, first.cursor)
        assert [one.source_id for one in second.rows] == ["e", "f"]

    @pytest.mark.parametrize("cursor", NOT_A_CURSOR)
    def test_a_cursor_that_is_not_ours_is_refused(self, stores: Stores, cursor: str) -> None:
        stores.records.save(COMPANY, [item("a"), item("b")])
        with pytest.raises(InvalidCursor):
            stores.records.page(COMPANY, Item, 1, cursor)

    def test_a_cursor_of_another_company_is_refused(self, stores: Stores) -> None:
        for company in (COMPANY, OTHER_COMPANY):
            stores.records.save(company, [item("a"), item("b")])
        cursor = stores.records.page(OTHER_COMPANY, Item, 1, None).cursor
        with pytest.raises(InvalidCursor) as refused:
            stores.records.page(COMPANY, Item, 1, cursor)
        assert OTHER_COMPANY not in str(refused.value)

    def test_a_page_has_at_least_one_row(self, stores: Stores) -> None:
        with pytest.raises(ValueError, match="at least one"):
            stores.records.page(COMPANY, Item, 0, None)
