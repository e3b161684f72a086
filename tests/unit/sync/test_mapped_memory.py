"""However many mappings there are, reading them beside the records holds a page of them at most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import pytest

from shared.domain.account_mapping import AccountMapping
from shared.domain.ids import (
    CompanyId,
    ConnectionKey,
    LinkScope,
    ProviderName,
    RecordKind,
    RemoteCompanyId,
    SourceId,
)
from shared.domain.item_plan import MappedItem
from shared.domain.money import Money
from shared.domain.records import Item
from shared.storage.ports import Page
from shared.sync.engine.mapped import MAPPINGS_OF_A_PAGE, Mappings

MANY = 100_000
KEY = ConnectionKey(CompanyId("hill"), ProviderName("quickbooks"))
SCOPE = LinkScope(KEY, RemoteCompanyId("realm-1"), RecordKind.ITEM)


def source_id(number: int) -> SourceId:
    return SourceId(f"I-{number:06}")


class Alive:
    """How many mappings there are in memory; `most` is the most at once."""

    now = most = 0


class Counted(AccountMapping):
    """A mapping that is counted while anybody holds it."""

    def __init__(self, number: int, alive: Alive) -> None:
        super().__init__(source_id(number), f"account-{number:06}")
        object.__setattr__(self, "_alive", alive)
        alive.now += 1
        alive.most = max(alive.most, alive.now)

    def __del__(self) -> None:
        self._alive.now -= 1  # type: ignore[attr-defined]  # set past the frozen class


class Countless:
    """A `MappingStore` of so many mappings, each made when its page is read: it keeps none itself."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.alive = Alive()

    def get_mappings(
        self, scope: LinkScope, source_ids: Sequence[SourceId]
    ) -> Mapping[SourceId, AccountMapping]:
        raise AssertionError("a whole catalogue is read by pages")

    def page_mappings(
        self, scope: LinkScope, limit: int, cursor: str | None
    ) -> Page[AccountMapping]:
        first = int(cursor or 0)
        last = min(first + limit, self._count)
        rows = tuple(Counted(number, self.alive) for number in range(first, last))
        return Page(rows, str(last) if last < self._count else None)

    def save_mappings(
        self, scope: LinkScope, mappings: Sequence[AccountMapping]
    ) -> Sequence[SourceId]:
        raise AssertionError("nothing is mapped here")


def items(count: int) -> Iterator[Item]:
    price = Money(Decimal(1), "USD")
    for number in range(count):
        yield Item(source_id(number), f"Fitting {number}", price)


@pytest.mark.no_cover
def test_of_100_000_mappings_a_page_is_in_memory_at_once() -> None:
    store = Countless(MANY)
    seen = 0
    for number, item in enumerate(Mappings(store, SCOPE).beside(items(MANY))):
        assert isinstance(item, MappedItem)
        assert item.income_account_id == f"account-{number:06}"
        seen += 1
    assert seen == MANY
    assert MAPPINGS_OF_A_PAGE <= store.alive.most <= 2 * MAPPINGS_OF_A_PAGE, "the next page, too"
