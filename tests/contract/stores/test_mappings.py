"""What every `MappingStore` promises."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.domain.account_mapping import AccountMapping
from shared.domain.errors import InvalidCursor
from shared.domain.ids import CorrelationId, LinkScope, RemoteCompanyId, SourceId
from shared.storage.ports import Stores
from tests.contract.stores.builders import (
    CORRELATION,
    IN_ORDER,
    NOT_A_CURSOR,
    OTHER_SCOPE,
    SCOPE,
    all_pages,
    at_once,
)


def mapping(
    source_id: str, account: str = "79", row_version: int = 1, **more: Any
) -> AccountMapping:
    return AccountMapping(
        SourceId(source_id),
        account,
        row_version=row_version,
        correlation_id=CorrelationId(CORRELATION),
        **more,
    )


def got(stores: Stores, *source_ids: str, scope: LinkScope = SCOPE) -> dict[str, AccountMapping]:
    return dict(stores.mappings.get_mappings(scope, [SourceId(one) for one in source_ids]))


def test_a_mapping_comes_back_as_it_was_saved(stores: Stores) -> None:
    saved = [mapping("é 中 😀", tax_code_id="TAX"), mapping("s2", "")]
    assert stores.mappings.save_mappings(SCOPE, saved) == []
    assert got(stores, "é 中 😀", "s2", "s3", "", "x" * 2000) == {
        one.source_id: one for one in saved
    }
    assert stores.mappings.page_mappings(SCOPE, 5, None).rows == (saved[1], saved[0])


def test_the_next_version_replaces_and_any_other_loses(stores: Stores) -> None:
    stores.mappings.save_mappings(SCOPE, [mapping("s1"), mapping("s2")])
    tried = [mapping("s1", "80", 2), mapping("s2", "80", 1), mapping("s3", "80", 2)]
    assert sorted(stores.mappings.save_mappings(SCOPE, tried)) == ["s2", "s3"]
    assert got(stores, "s1", "s2", "s3") == {"s1": tried[0], "s2": mapping("s2")}


def test_many_are_saved_and_found_at_once(stores: Stores) -> None:
    saved = [mapping(f"s{number:03}") for number in range(130)]
    assert stores.mappings.save_mappings(SCOPE, saved) == []
    assert len(got(stores, *(one.source_id for one in saved))) == 130


def test_companies_remote_companies_and_connections_are_apart(stores: Stores) -> None:
    elsewhere = replace(SCOPE, remote_company_id=RemoteCompanyId("another"))
    stores.mappings.save_mappings(SCOPE, [mapping("s1"), mapping("s2")])
    for scope in (elsewhere, OTHER_SCOPE):
        assert got(stores, "s1", scope=scope) == {}
        assert stores.mappings.page_mappings(scope, 5, None).rows == ()
    cursor = stores.mappings.page_mappings(SCOPE, 1, None).cursor
    with pytest.raises(InvalidCursor):
        stores.mappings.page_mappings(elsewhere, 1, cursor)


def test_order_is_by_code_point(stores: Stores) -> None:
    stores.mappings.save_mappings(SCOPE, [mapping(one) for one in reversed(IN_ORDER)])
    pages = all_pages(lambda cursor: stores.mappings.page_mappings(SCOPE, 5, cursor))
    assert [one.source_id for rows in pages for one in rows] == IN_ORDER


@pytest.mark.parametrize("cursor", NOT_A_CURSOR)
def test_what_is_no_cursor_of_ours_is_refused(stores: Stores, cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        stores.mappings.page_mappings(SCOPE, 5, cursor)


@pytest.mark.parametrize(
    "wrong",
    [[mapping("s1"), mapping("s1")], [mapping("s1", row_version=0)], [mapping("")]],
    ids=["a repeated id", "a version not to be stored", "an id that is no key"],
)
def test_a_mistake_of_the_caller_stores_nothing(
    stores: Stores, wrong: list[AccountMapping]
) -> None:
    with pytest.raises(ValueError, match=r"."):
        stores.mappings.save_mappings(SCOPE, [mapping("s0"), *wrong])
    assert got(stores, "s0", "s1") == {}


def test_of_many_at_once_one_saves_each_version(stores: Stores) -> None:
    answers = at_once(
        16, lambda number: stores.mappings.save_mappings(SCOPE, [mapping("s1", str(number))])
    )
    (winner,) = [number for number, lost in enumerate(answers) if not lost]
    assert got(stores, "s1")["s1"].income_account_id == str(winner)


def test_saving_nothing_is_no_matter(stores: Stores) -> None:
    assert stores.mappings.save_mappings(SCOPE, []) == []
