"""Payments under races: none is lost, none passes the balance, none is there twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.balances import balance_of
from shared.domain.errors import Conflicting, NotFound, RetryLater
from shared.domain.ids import CorrelationId, SourceId
from shared.domain.invoices import Invoice, InvoiceStatus
from shared.domain.records import Customer
from shared.storage.keys import own_payment_id
from shared.storage.memory import memory_stores
from shared.storage.ports import RecordStore
from shared.sync.invoicing import voided_invoice
from shared.sync.paying import Payments
from shared.sync.payment_rules import HowPaid, PaymentValues
from shared.sync.records import SaveOutcome, put_record
from tests.contract.stores.builders import at_once, invoice, payment
from tests.support.contested import Contested
from tests.support.effects import VirtualClock
from tests.support.services import COMPANY

INVOICE = SourceId("INV-0047")
HOW = HowPaid(date(2026, 3, 9))


def values(amount: str, **changes: Any) -> PaymentValues:
    return PaymentValues(Decimal(amount), HOW, **changes)


def records_with(stored: Invoice | None = None) -> RecordStore:
    records = memory_stores().records
    records.save(COMPANY, [Customer(SourceId("customer-1"), "Hill", version=1)])
    records.save(COMPANY, [stored or invoice()])
    return records


def payments_in(records: Any) -> Payments:
    return Payments(records, VirtualClock(), COMPANY, CorrelationId("c-1"))


def sums(records: RecordStore) -> tuple[list[str], Decimal]:
    """The own ids of what stands, and what is open."""
    found, payments = payments_in(records).of(INVOICE)
    ids = [own_payment_id(each.source_id) for each in payments if each.active]
    return ids, balance_of(found, payments).open


def test_two_payments_that_fit_only_singly_are_not_both_recorded() -> None:
    """The other one comes between the look at the balance and the write."""
    records = records_with()

    def other(inner: RecordStore, *_: object) -> None:
        payments_in(inner).record(INVOICE, "theirs", values("200.00"))

    contested = Contested(records, "save_payment", other, losses=1)
    with pytest.raises(Conflicting) as refused:
        payments_in(contested).record(INVOICE, "mine", values("200.00"))
    assert refused.value.problem.code == "PAYMENT_ABOVE_BALANCE"
    assert "150.00 USD" in refused.value.problem.message
    assert sums(records) == (["theirs"], Decimal("150.00"))


def test_a_payment_is_not_recorded_on_an_invoice_that_is_voided_meanwhile() -> None:
    records = records_with()

    def void(inner: RecordStore, *_: object) -> None:
        inner.save(COMPANY, [replace(invoice(version=2), status=InvoiceStatus.VOID)])

    contested = Contested(records, "save_payment", void, losses=1)
    with pytest.raises(Conflicting) as refused:
        payments_in(contested).record(INVOICE, "1", values("200.00"))
    assert refused.value.problem.code == "INVOICE_VOID"
    assert records.payments_of(COMPANY, INVOICE) == []


def test_an_invoice_is_not_voided_when_a_payment_comes_meanwhile() -> None:
    records = records_with()

    def pay(inner: RecordStore, *_: object) -> None:
        payments_in(inner).record(INVOICE, "1", values("200.00"))

    contested = Contested(records, "save", pay, losses=1)

    def wanted(stored: Invoice | None) -> Invoice:
        assert stored is not None
        return voided_invoice(contested, COMPANY, stored)

    with pytest.raises(Conflicting) as refused:
        put_record(
            contested,
            VirtualClock(),
            COMPANY,
            Invoice,
            INVOICE,
            wanted,
            correlation_id=CorrelationId("c-1"),
        )
    assert refused.value.problem.code == "INVOICE_HAS_PAYMENTS"
    found = records.get(COMPANY, Invoice, INVOICE)
    assert found is not None
    assert found.status is InvoiceStatus.SENT


def test_a_double_click_on_mark_paid_records_one_payment() -> None:
    """Both look before either writes, and both make the id themselves."""
    records = records_with()

    def other(inner: RecordStore, *_: object) -> None:
        payments_in(inner).mark_paid(INVOICE, None, HOW)

    contested = Contested(records, "save_payment", other, losses=1)
    paid = payments_in(contested).mark_paid(INVOICE, None, HOW)
    assert (paid.outcome, paid.payment) == (SaveOutcome.UNCHANGED, None)
    assert sums(records) == (["paid-1"], Decimal(0))


def test_many_clicks_at_once_pay_an_invoice_once() -> None:
    records = records_with()
    payments = payments_in(records)
    answers = at_once(6, lambda _: payments.mark_paid(INVOICE, None, HOW))
    outcomes = [answer.outcome for answer in answers]
    assert outcomes.count(SaveOutcome.CREATED) == 1
    assert sums(records) == (["paid-1"], Decimal(0))


def test_an_id_that_somebody_chose_is_not_made_again() -> None:
    records = records_with()
    payments = payments_in(records)
    payments.record(INVOICE, "paid-2", values("100.00"))
    paid = payments.mark_paid(INVOICE, None, HOW)
    assert paid.payment is not None
    assert own_payment_id(paid.payment.source_id) == "paid-3"
    assert paid.payment.amount.amount == Decimal("250.00")


def test_an_invoice_that_keeps_changing_is_called_busy_and_nothing_is_recorded() -> None:
    records = records_with()

    def touch(inner: RecordStore, *_: object) -> None:
        found = inner.get(COMPANY, Invoice, INVOICE)
        assert found is not None
        changed = replace(found, version=found.version + 1, memo=f"{found.version}")
        assert inner.save(COMPANY, [changed]) == []

    contested = Contested(records, "save_payment", touch, losses=1000)
    with pytest.raises(RetryLater):
        payments_in(contested).record(INVOICE, "1", values("1.00"))
    assert records.payments_of(COMPANY, INVOICE) == []


def test_what_the_stale_word_of_a_payment_row_says_is_the_sum() -> None:
    """INV-0047: 350.00 to pay, one payment row of 350.00, whoever claims what."""
    records = records_with()
    records.save(COMPANY, [payment()])
    found, payments = payments_in(records).of(INVOICE)
    assert balance_of(found, payments).paid == Decimal("350.00")


steps = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), st.sampled_from("abcd"), st.integers(1, 40000)),
        st.tuples(st.just("overpay"), st.sampled_from("abcd"), st.integers(1, 40000)),
        st.tuples(st.just("void"), st.sampled_from("abcd"), st.just(0)),
        st.tuples(st.just("mark paid"), st.just(""), st.just(0)),
    ),
    max_size=12,
)


@given(steps)
def test_without_leave_to_overpay_the_balance_never_falls_below_zero(
    done: list[tuple[str, str, int]],
) -> None:
    records = records_with()
    payments = payments_in(records)
    overpaid = False
    for what, own_id, cents in done:
        before = records.payments_of(COMPANY, INVOICE)
        amount = Decimal(cents).scaleb(-2)
        try:
            if what == "void":
                payments.void(INVOICE, own_id)
            elif what == "mark paid":
                payments.mark_paid(INVOICE, None, HOW)
            else:
                said = PaymentValues(amount, HOW, overpayment=what == "overpay")
                payments.record(INVOICE, own_id, said)
                overpaid |= what == "overpay"
        except (Conflicting, NotFound):
            assert records.payments_of(COMPANY, INVOICE) == before
        found, standing = payments.of(INVOICE)
        if not overpaid:
            assert balance_of(found, standing).open >= 0
        assert found.payments_version == sum(each.version for each in standing)
