"""Amounts are read from text exactly and have one spelling."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.money import Money, canonical_amount, parse_amount

amounts = st.decimals(min_value=-(10**15), max_value=10**15, places=6)


@pytest.mark.parametrize("text", ["0", "12.50", "-3", " 7.25 ", "1234567890.123456"])
def test_a_plain_decimal_is_read_as_it_is_written(text: str) -> None:
    assert str(parse_amount(text)) == text.strip()


@pytest.mark.parametrize(
    "text",
    ["", "1e3", "1,234.50", "1.", ".5", "NaN", "Infinity", "$5", "1 2", "+1", "--1", "٣", "1" * 29],
)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a plain decimal number"):
        parse_amount(text)


@pytest.mark.parametrize(
    ("amount", "spelling"),
    [
        ("12.50", "12.5"),
        ("1.25E+1", "12.5"),
        ("12.5", "12.5"),
        ("100", "100"),
        ("1E+3", "1000"),
        ("-0.00", "0"),
        ("0E+5", "0"),
        ("0.000001", "0.000001"),
        ("1E-7", "0.0000001"),
    ],
)
def test_a_value_has_one_spelling(amount: str, spelling: str) -> None:
    assert canonical_amount(Decimal(amount)) == spelling


@given(amounts, amounts)
def test_two_amounts_are_spelled_alike_exactly_if_they_are_equal(
    one: Decimal, other: Decimal
) -> None:
    assert (canonical_amount(one) == canonical_amount(other)) == (one == other)


@given(amounts)
def test_the_spelling_is_plain_and_loses_nothing(amount: Decimal) -> None:
    assert parse_amount(canonical_amount(amount)) == amount


@pytest.mark.parametrize("currency", ["usd", "US", "USDX", "", "U1D", "ÜSD"])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(Decimal(1), currency)


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_an_amount_is_finite(amount: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        Money(Decimal(amount), "USD")
