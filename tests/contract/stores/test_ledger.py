"""What every `LedgerStore` promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from shared.domain.errors import InvalidCursor
from shared.domain.ids import (
    CorrelationId,
    RemoteCompanyId,
    RemoteId,
    RemoteVersion,
    RequestKey,
    SourceId,
)
from shared.domain.ledger import (
    LedgerRow,
    LedgerScope,
    LedgerState,
    Operation,
    moved,
    reserved,
    sent,
)
from shared.domain.money import Money
from shared.domain.runs import Problem
from shared.storage.keys import payment_id
from shared.storage.ports import Stores
from tests.contract.stores.builders import (
    CORRELATION,
    NOT_A_CURSOR,
    SCOPE,
    all_pages,
    at_once,
)

LEDGER = LedgerScope(SCOPE.connection, SCOPE.remote_company_id)
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def row(own_id: str, invoice: str = "INV-0047") -> LedgerRow:
    paid = payment_id(SourceId(invoice), own_id)
    amount = Money(Decimal("350.00"), "USD")
    fresh = reserved(None, paid, Operation.POST, "hash", amount, NOW)
    return replace(moved(fresh), correlation_id=CorrelationId(CORRELATION))


def got(stores: Stores, *rows: LedgerRow, scope: LedgerScope = LEDGER) -> list[LedgerRow]:
    found = stores.ledger.of(scope, Operation.POST, [each.payment_id for each in rows])
    return [found[each.payment_id] for each in rows if each.payment_id in found]


def test_a_row_comes_back_as_it_was_saved(stores: Stores) -> None:
    full = LedgerRow(
        payment_id(SourceId("a#b %"), "é 中 😀"),
        Operation.POST,
        LedgerState.UNKNOWN,
        generation=3,
        payload_hash="h",
        amount=Money(Decimal("0.001"), "KWD"),
        reserved_at=NOW,
        attempt=2,
        request_key=RequestKey("k" * 32),
        customer_id=RemoteId("c-1"),
        over_at=NOW + timedelta(seconds=1),
        remote_id=RemoteId("9"),
        remote_version=RemoteVersion("1"),
        problem=Problem("CODE", "Message.", "Action.", "field"),
        singly=True,
        looks=4,
        unsure_at=NOW + timedelta(seconds=2),
        look_at=NOW + timedelta(seconds=3),
        settled_at=NOW + timedelta(seconds=4),
        version=1,
        correlation_id=CorrelationId(CORRELATION),
    )
    assert stores.ledger.save(LEDGER, [full, row("1")]) == []
    assert got(stores, full, row("1"), row("2")) == [full, row("1")]


def test_the_next_version_replaces_and_any_other_loses(stores: Stores) -> None:
    first, second, third = row("1"), row("2"), row("3")
    stores.ledger.save(LEDGER, [first, second])
    again = moved(sent(first, RequestKey("k"), NOW, RemoteId("c-1")))
    tried = [again, second, replace(third, version=2)]
    assert sorted(stores.ledger.save(LEDGER, tried)) == [second.payment_id, third.payment_id]
    assert got(stores, first, second, third) == [again, second]


def test_of_many_who_reserve_a_payment_one_wins(stores: Stores) -> None:
    lost = at_once(8, lambda _: len(stores.ledger.save(LEDGER, [row("1")])))
    assert sorted(lost) == [0] + [1] * 7


def test_operations_and_companies_stand_apart(stores: Stores) -> None:
    stores.ledger.save(LEDGER, [row("1")])
    other = LedgerScope(LEDGER.connection, RemoteCompanyId("another"))
    assert got(stores, row("1"), scope=other) == []
    assert stores.ledger.of(LEDGER, Operation.VOID, [row("1").payment_id]) == {}


def test_rows_are_listed_in_order_of_payment(stores: Stores) -> None:
    saved = [row(f"{number:03}") for number in range(60)]
    stores.ledger.save(LEDGER, saved)
    listed = all_pages(lambda cursor: stores.ledger.page(LEDGER, Operation.POST, 25, cursor))
    assert [each for page in listed for each in page] == saved


@pytest.mark.parametrize("cursor", NOT_A_CURSOR)
def test_a_cursor_that_is_not_ours_is_refused(stores: Stores, cursor: str) -> None:
    stores.ledger.save(LEDGER, [row("1"), row("2")])
    with pytest.raises(InvalidCursor):
        stores.ledger.page(LEDGER, Operation.POST, 1, cursor)
