"""What is paid is the sum of payment rows, and amounts are told with their currency's decimals."""

from __future__ import annotations

from decimal import Decimal

import pytest

from shared.domain.balances import balance_of, paid_by, spelled
from shared.domain.money import Money
from tests.contract.stores.builders import invoice, payment


def test_void_payments_are_not_counted() -> None:
    rows = [
        payment("1"),
        payment("2", active=False),
        payment("3", amount=Money(Decimal(50), "USD")),
    ]
    assert paid_by(rows) == Decimal("400.00")
    assert balance_of(invoice(), rows).open == Decimal("-50.00")
    assert balance_of(invoice(), []).open == Decimal("350.00")


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("350", "USD", "350.00"),
        ("1500.00", "JPY", "1500"),
        ("0.5", "KWD", "0.500"),
        ("-0.00", "USD", "0.00"),
        ("-0.5", "USD", "-0.50"),
        ("1E+3", "USD", "1000.00"),
    ],
)
def test_an_amount_is_told_with_its_currencys_decimals(
    amount: str, currency: str, text: str
) -> None:
    assert spelled(Decimal(amount), currency) == text
