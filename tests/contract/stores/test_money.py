"""What every `RecordStore` promises of invoices and payments."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from shared.domain.errors import TooLarge
from shared.domain.ids import CorrelationId, SourceId
from shared.domain.invoices import Invoice, InvoiceLine, InvoiceStatus, Payment
from shared.domain.money import Money
from shared.storage.ports import Stores
from tests.contract.stores.builders import (
    COMPANY,
    OTHER_COMPANY,
    all_pages,
    at_once,
    invoice,
    payment,
)
from tests.contract.stores.conftest import Dynamo

INVOICE = SourceId("INV-0047")


def stored(stores: Stores, source_id: str = INVOICE) -> Invoice:
    found = stores.records.get(COMPANY, Invoice, SourceId(source_id))
    assert found is not None
    return found


def paid(stores: Stores, source_id: str = INVOICE) -> list[Payment]:
    return list(stores.records.payments_of(COMPANY, SourceId(source_id)))


class TestAsSaved:
    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"due_on": date(2026, 4, 1), "status": InvoiceStatus.VOID, "prices_include_tax": True},
            {"currency": "KWD", "discount_amount": Decimal("0.001"), "memo": "é 中 😀\n" * 400},
            {"discount_percent": Decimal("33.3330"), "payments_version": 7},
            {"updated_at": None, "correlation_id": CorrelationId("")},
            {
                "lines": (
                    InvoiceLine(
                        SourceId("i"),
                        'a"b\\c',
                        Decimal("-2.500000"),
                        Decimal("0.0125"),
                        Decimal("12.5000"),
                        Decimal("8.875"),
                    ),
                    InvoiceLine(SourceId(""), "Thank you"),
                )
            },
        ],
    )
    def test_an_invoice_comes_back(self, stores: Stores, changes: dict[str, Any]) -> None:
        saved = invoice(**changes)
        assert stores.records.save(COMPANY, [saved]) == []
        found = stored(stores)
        assert found == saved
        assert repr(found) == repr(saved)  # 12.5000 is not 12.5
        assert stores.records.page(COMPANY, Invoice, 10, None).rows == (saved,)

    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"amount": Money(Decimal("1500"), "JPY"), "overpaid": True, "active": False},
            {"amount": Money(Decimal("999999999999.999"), "KWD"), "note": "é 中 😀" * 600},
            {"updated_at": None, "correlation_id": CorrelationId(""), "method": ""},
        ],
    )
    def test_a_payment_comes_back(self, stores: Stores, changes: dict[str, Any]) -> None:
        saved = payment(**changes)
        assert stores.records.save(COMPANY, [saved]) == []
        found = stores.records.get(COMPANY, Payment, saved.source_id)
        assert repr(found) == repr(saved)
        assert paid(stores) == [saved]


class TestPaymentsOf:
    IDS = ("a", "a#b", "a%23b", "ab", "a%", "a#", "é")

    def test_each_invoice_has_its_own_and_no_others(self, stores: Stores) -> None:
        saved = [payment(own, one) for one in self.IDS for own in ("1", "b", "#", "b#1", "é")]
        assert stores.records.save(COMPANY, saved) == []
        for one in self.IDS:
            mine = [each for each in saved if each.invoice_id == one]
            assert paid(stores, one) == sorted(mine, key=lambda each: each.source_id)
        for other in ("", "b", "a#b#1", "%"):
            assert paid(stores, other) == []
        assert stores.records.payments_of(OTHER_COMPANY, SourceId("a")) == []

    def test_void_ones_are_among_them(self, stores: Stores) -> None:
        stores.records.save(COMPANY, [payment("1"), payment("2", active=False)])
        assert [each.active for each in paid(stores)] == [True, False]

    def test_more_than_a_megabyte_of_them(self, stores: Stores) -> None:
        saved = [payment(f"{number:03}", note="x" * 4000) for number in range(300)]
        stores.records.save(COMPANY, saved)
        assert paid(stores) == saved

    def test_payments_sort_under_their_invoices(self, stores: Stores) -> None:
        saved = [payment(own, one) for one in ("a", "b") for own in ("1", "2")]
        stores.records.save(COMPANY, list(reversed(saved)))
        pages = all_pages(lambda cursor: stores.records.page(COMPANY, Payment, 3, cursor))
        assert [one for page in pages for one in page] == saved


class TestSavingAPayment:
    def test_it_raises_the_invoices_payments_version_and_nothing_else(self, stores: Stores) -> None:
        first = invoice()
        stores.records.save(COMPANY, [first])
        assert stores.records.save_payment(COMPANY, payment(), first)
        assert paid(stores) == [payment()]
        assert stored(stores) == replace(first, payments_version=1)
        void = payment(version=2, active=False)
        assert stores.records.save_payment(COMPANY, void, stored(stores))
        assert paid(stores) == [void]
        assert stored(stores) == replace(first, payments_version=2)

    @pytest.mark.parametrize(
        ("known", "offered"),
        [
            (invoice(payments_version=3), payment("2")),  # another payment came first
            (invoice(version=2), payment("2")),  # the invoice changed
            (invoice("none"), payment("2", "none")),  # there is no such invoice
            (invoice(), payment("1")),  # the payment is there
            (invoice(), payment("1", version=3)),
            (invoice(), payment("2", version=2)),
        ],
    )
    def test_a_lost_condition_of_either_writes_neither(
        self, stores: Stores, known: Invoice, offered: Payment
    ) -> None:
        stores.records.save(COMPANY, [invoice()])
        stores.records.save(COMPANY, [payment("1")])
        assert not stores.records.save_payment(COMPANY, offered, known)
        assert paid(stores) == [payment("1")]
        assert stored(stores) == invoice()

    def test_an_invoice_is_saved_only_over_the_payments_it_was_made_from(
        self, stores: Stores
    ) -> None:
        stores.records.save(COMPANY, [invoice()])
        stores.records.save_payment(COMPANY, payment(), invoice())
        blind = invoice(version=2, status=InvoiceStatus.VOID)
        assert stores.records.save(COMPANY, [blind]) == [INVOICE]
        knowing = replace(blind, payments_version=1)
        assert stores.records.save(COMPANY, [knowing]) == []
        assert stored(stores) == knowing

    def test_of_many_at_once_that_saw_the_same_one_is_stored(self, stores: Stores) -> None:
        stores.records.save(COMPANY, [invoice()])
        won = at_once(
            8,
            lambda number: stores.records.save_payment(COMPANY, payment(str(number)), invoice()),
        )
        assert sorted(won) == [False] * 7 + [True]
        assert len(paid(stores)) == 1
        assert stored(stores).payments_version == 1

    def test_a_payment_without_a_version_is_a_mistake_of_the_caller(self, stores: Stores) -> None:
        stores.records.save(COMPANY, [invoice()])
        with pytest.raises(ValueError, match="version"):
            stores.records.save_payment(COMPANY, payment(version=0), invoice())
        assert paid(stores) == []


def test_an_invoice_too_large_for_a_row_is_refused_before_anything_is_written(
    dynamo: Dynamo,
) -> None:
    """Callers of the API never get there: see tests/unit/sync/test_invoice_rules.py."""
    lines = tuple(InvoiceLine(SourceId("i"), "x" * 4000) for _ in range(750))
    with pytest.raises(TooLarge):
        dynamo.stores.records.save(COMPANY, [invoice(lines=lines)])
    assert dynamo.stores.records.get(COMPANY, Invoice, INVOICE) is None
