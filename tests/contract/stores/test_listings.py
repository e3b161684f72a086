"""What every `ListingStore` promises."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.ids import CorrelationId, LinkScope, RecordKind, RemoteCompanyId
from shared.domain.listings import Listing, ListingState
from shared.domain.runs import Problem
from shared.storage.ports import Stores
from tests.contract.stores.builders import CONNECTION, NOW, OTHER_CONNECTION

SCOPE = LinkScope(CONNECTION, RemoteCompanyId("realm-1"), RecordKind.CUSTOMER)
FIRST = Listing(
    SCOPE, "list-1", ListingState.LISTING, NOW, NOW, correlation_id=CorrelationId("cause")
)
FULL = replace(
    FIRST,
    state=ListingState.READY,
    attempt=3,
    claimed=2,
    stored_by=(1, 1, 2),
    cursor="1001",
    rows=10_000,
    rows_before=9_000,
    listed_at=NOW,
    doubt=Problem("LIST_INCOMPLETE", "é", "Look again.", "f"),
    problem=Problem("A", "B"),
    version=2,
)


def test_a_listing_comes_back_as_it_was_saved(stores: Stores) -> None:
    assert stores.listings.get(SCOPE) is None
    assert stores.listings.save(FIRST)
    assert stores.listings.get(SCOPE) == FIRST
    assert stores.listings.save(FULL)
    assert stores.listings.get(SCOPE) == FULL


@pytest.mark.parametrize(
    "other",
    [
        replace(SCOPE, connection=OTHER_CONNECTION),
        replace(SCOPE, remote_company_id=RemoteCompanyId("realm-2")),
        replace(SCOPE, kind=RecordKind.ITEM),
    ],
)
def test_each_scope_has_its_own(stores: Stores, other: LinkScope) -> None:
    assert stores.listings.save(FIRST)
    assert stores.listings.get(other) is None
    assert stores.listings.save(replace(FIRST, scope=other))
    assert stores.listings.get(SCOPE) == FIRST


@pytest.mark.parametrize(("stored", "offered"), [(0, 2), (1, 1), (2, 2), (1, 3)])
def test_a_save_needs_the_version_before_it(stores: Stores, stored: int, offered: int) -> None:
    for version in range(1, stored + 1):
        assert stores.listings.save(replace(FIRST, version=version))
    assert not stores.listings.save(replace(FULL, version=offered))
    found = stores.listings.get(SCOPE)
    assert found == (replace(FIRST, version=stored) if stored else None)


def test_version_zero_is_a_mistake(stores: Stores) -> None:
    with pytest.raises(ValueError, match="version"):
        stores.listings.save(replace(FIRST, version=0))
