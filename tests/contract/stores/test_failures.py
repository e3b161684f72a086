"""What every `FailureStore` promises."""

from __future__ import annotations

import pytest

from shared.domain.errors import InvalidCursor
from shared.domain.ids import ConnectionKey, RecordKind, SourceId
from shared.domain.runs import Problem
from shared.storage.ports import Stores
from tests.contract.stores.builders import (
    CONNECTION,
    IN_ORDER,
    OTHER_CONNECTION,
    all_pages,
    failure,
)


def listed(stores: Stores, connection: ConnectionKey = CONNECTION) -> list[str]:
    return [
        one.source_id for one in stores.failures.page(connection, RecordKind.ITEM, 1000, None).rows
    ]


def test_a_failure_comes_back_as_it_was_saved(stores: Stores) -> None:
    saved = failure("s1", problem=Problem("X", "Ein Satz – 中 😀", "", ""), cause="é")  # noqa: RUF001 - on purpose
    stores.failures.save([saved])
    assert stores.failures.page(CONNECTION, RecordKind.ITEM, 10, None).rows == (saved,)


def test_failures_of_some_records_are_those_that_stand(stores: Stores) -> None:
    stores.failures.save([failure("s1"), failure("s2"), failure("s3", kind=RecordKind.CUSTOMER)])
    asked = [SourceId(one) for one in ("s1", "s3", "s9", "s1", "")]
    assert stores.failures.of(CONNECTION, RecordKind.ITEM, asked) == [failure("s1")]
    assert stores.failures.of(CONNECTION, RecordKind.ITEM, []) == []


def test_a_later_failure_replaces_the_earlier_one(stores: Stores) -> None:
    stores.failures.save([failure("s1"), failure("s2")])
    stores.failures.save([failure("s1", cause="B"), failure("s1", cause="C")])
    found = stores.failures.page(CONNECTION, RecordKind.ITEM, 10, None).rows
    assert [(one.source_id, one.cause) for one in found] == [("s1", "C"), ("s2", "NAME_TAKEN")]


def test_kinds_and_connections_are_apart(stores: Stores) -> None:
    stores.failures.save(
        [
            failure("s1"),
            failure("s2", kind=RecordKind.CUSTOMER),
            failure("s3", connection=OTHER_CONNECTION),
            failure("s4", connection=OTHER_CONNECTION),
        ]
    )
    assert listed(stores) == ["s1"]
    stores.failures.clear(CONNECTION, RecordKind.ITEM, [SourceId("s2"), SourceId("s3")])
    assert listed(stores, OTHER_CONNECTION) == ["s3", "s4"]
    cursor = stores.failures.page(OTHER_CONNECTION, RecordKind.ITEM, 1, None).cursor
    with pytest.raises(InvalidCursor):
        stores.failures.page(CONNECTION, RecordKind.ITEM, 1, cursor)


def test_only_what_is_cleared_goes(stores: Stores) -> None:
    """Over more rows than one batch, and more ids than have failures."""
    stores.failures.save([failure(f"s{number:03}") for number in range(0, 120, 2)])
    cleared = [SourceId(f"s{number:03}") for number in range(10, 100) if number % 10]
    stores.failures.clear(CONNECTION, RecordKind.ITEM, cleared)
    kept = [number for number in range(0, 120, 2) if number % 10 == 0 or not 10 <= number < 100]
    assert listed(stores) == [f"s{number:03}" for number in kept]


@pytest.mark.parametrize("ids", [[], ["unknown"], ["", "x" * 2000], ["s1", "s1"]])
def test_clearing_what_did_not_fail_is_no_matter(stores: Stores, ids: list[str]) -> None:
    stores.failures.save([failure("s0"), failure("s2")])
    stores.failures.clear(CONNECTION, RecordKind.ITEM, [SourceId(one) for one in ids])
    assert listed(stores) == ["s0", "s2"]


def test_order_is_by_code_point(stores: Stores) -> None:
    stores.failures.save([failure(one) for one in reversed(IN_ORDER)])
    pages = all_pages(lambda cursor: stores.failures.page(CONNECTION, RecordKind.ITEM, 5, cursor))
    assert [one.source_id for rows in pages for one in rows] == IN_ORDER


def test_saving_nothing_is_no_matter(stores: Stores) -> None:
    stores.failures.save([])
    assert listed(stores) == []
