"""What an invoice comes to: examples reckoned by hand, and what holds for every invoice there can be."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.ids import SourceId
from shared.domain.invoices import Invoice, InvoiceLine, InvoiceStatus
from shared.domain.money import smallest_unit
from shared.domain.totals import TotalRules, Totals, allocated, line_amount, rounded, totals_of

CENT = Decimal("0.01")
BY_LINE = TotalRules(tax_by_line=True)
TAX_FIRST = TotalRules(tax_before_discount=True)


def line(quantity: str, price: str, *, discount: str = "0", tax: str = "0") -> InvoiceLine:
    return InvoiceLine(
        SourceId("item"), "", Decimal(quantity), Decimal(price), Decimal(discount), Decimal(tax)
    )


def invoice(*lines: InvoiceLine, **changes: Any) -> Invoice:
    given_: dict[str, Any] = {
        "source_id": SourceId("1"),
        "number": "INV-1",
        "customer_id": SourceId("customer"),
        "status": InvoiceStatus.SENT,
        "currency": "USD",
        "issued_on": date(2026, 11, 22),
        "lines": lines,
    }
    return Invoice(**{**given_, **changes})


def figures(totals: Totals) -> tuple[str, str, str, str]:
    return (
        str(totals.subtotal),
        str(totals.discount),
        str(totals.tax),
        str(totals.total),
    )


# --- examples ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "amount"),
    [
        (line("3", "12.50"), "37.50"),
        (line("2.5", "19.99"), "49.98"),  # 49.975: a half goes away from zero
        (line("-2.5", "19.99"), "-49.98"),
        (line("7", "0.0125"), "0.09"),  # 0.0875
        (line("1000", "0.0015"), "1.50"),
        (line("1", "10.00", discount="33.3333"), "6.67"),  # less 3.33333, rounded to 3.33
        (line("3", "3.335", discount="50"), "5.00"),  # 10.005 is 10.01; half of it 5.005 is 5.01
        (line("1", "10.00", discount="100"), "0.00"),
        (line("0", "10.00"), "0.00"),
    ],
)
def test_a_line_is_quantity_times_price_rounded_less_its_discount_rounded(
    one: InvoiceLine, amount: str
) -> None:
    assert str(line_amount(one, CENT)) == amount


def test_a_line_of_text_comes_to_nothing() -> None:
    text = InvoiceLine(SourceId(""), "Thank you", unit_price=Decimal(5), tax_percent=Decimal(10))
    assert figures(totals_of(invoice(line("1", "2.00"), text))) == ("2.00", "0.00", "0", "2.00")


def test_tax_is_rounded_on_the_document_or_on_each_line() -> None:
    """Three times 0.10 at 5 %: 0.015 together is 0.02; 0.005 on each line is 0.01, three times."""
    three = invoice(*[line("1", "0.10", tax="5")] * 3)
    assert totals_of(three).tax == Decimal("0.02")
    assert totals_of(three, BY_LINE).tax == Decimal("0.03")
    assert totals_of(three, BY_LINE).total == Decimal("0.33")


def test_each_rate_is_reckoned_by_itself() -> None:
    two = invoice(line("1", "0.10", tax="5"), line("1", "0.10", tax="15"), line("1", "9.00"))
    assert totals_of(two).tax == Decimal("0.03")  # 0.005 is 0.01, 0.015 is 0.02


def test_rates_of_one_value_are_one_rate_however_they_are_written() -> None:
    two = invoice(line("1", "0.10", tax="5"), line("1", "0.10", tax="5.00"))
    assert totals_of(two).tax == Decimal("0.01")


def test_the_discount_of_the_whole_lessens_the_tax_unless_the_rules_say_otherwise() -> None:
    """200.00 at 10 %, 15 % off: tax on 170.00 is 17.00; on 200.00 it is 20.00."""
    off = invoice(line("1", "200.00", tax="10"), discount_percent=Decimal(15))
    assert figures(totals_of(off)) == ("200.00", "30.00", "17.00", "187.00")
    assert figures(totals_of(off, TAX_FIRST)) == ("200.00", "30.00", "20.00", "190.00")


def test_only_the_taxed_part_of_a_discount_lessens_the_tax() -> None:
    """10.00 off 75.00 taxed and 25.00 free: 7.50 of it is of the taxed line."""
    off = invoice(line("1", "75.00", tax="20"), line("1", "25"), discount_amount=Decimal("10.00"))
    assert figures(totals_of(off)) == ("100.00", "10.00", "13.50", "103.50")


def test_tax_that_the_prices_include_is_taken_out_of_them() -> None:
    """119.00 with 19 %: 19.00 of it is tax, and nothing comes on top."""
    gross = invoice(line("1", "119.00", tax="19"), prices_include_tax=True)
    assert figures(totals_of(gross)) == ("119.00", "0.00", "19.00", "119.00")
    off = replace(gross, discount_percent=Decimal(50))
    assert figures(totals_of(off)) == ("119.00", "59.50", "9.50", "59.50")
    assert totals_of(off, TAX_FIRST).tax == Decimal("19.00")


@pytest.mark.parametrize(
    ("currency", "expected"),
    [
        ("JPY", ("1238", "62", "118", "1294")),  # 1237.5; 61.9; 10 % of 1176 is 117.6
        ("USD", ("1237.50", "61.88", "117.56", "1293.18")),  # 61.875; 117.562
        ("KWD", ("1237.500", "61.875", "117.563", "1293.188")),  # 117.5625
    ],
)
def test_every_currency_is_rounded_to_its_own_smallest_unit(
    currency: str, expected: tuple[str, ...]
) -> None:
    one = invoice(line("2.5", "495.00", tax="10"), currency=currency, discount_percent=Decimal(5))
    assert figures(totals_of(one)) == expected


def test_a_negative_line_lessens_total_and_tax() -> None:
    credit = invoice(line("1", "100.00", tax="10"), line("-1", "30.00", tax="10"))
    assert figures(totals_of(credit)) == ("70.00", "0.00", "7.00", "77.00")


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        ("10.00", ["1", "1", "1"], ["3.34", "3.33", "3.33"]),
        ("0.02", ["1", "1", "1"], ["0.01", "0.01", "0.00"]),
        ("-10.00", ["1", "1", "1"], ["-3.34", "-3.33", "-3.33"]),
        ("10.00", ["2", "1"], ["6.67", "3.33"]),
        ("5.00", ["0", "7"], ["0.00", "5.00"]),
        ("5.00", ["0", "0"], ["5.00", "0"]),
        ("5.00", [], []),
        # 0.03 over 3, -1.9, -0.1: exactly 0.09, -0.057, -0.003
        ("0.03", ["3", "-1.9", "-0.1"], ["0.09", "-0.06", "0.00"]),
    ],
)
def test_an_amount_is_parted_by_weight_to_the_unit(
    amount: str, weights: list[str], parts: list[str]
) -> None:
    found = allocated(Decimal(amount), [Decimal(weight) for weight in weights], CENT)
    assert list(found) == [Decimal(part) for part in parts]


# --- what always holds ------------------------------------------------------------------------------


def decimals(low: int, high: int, places: int) -> st.SearchStrategy[Decimal]:
    return st.integers(low * 10**places, high * 10**places).map(
        lambda number: Decimal(number).scaleb(-places)
    )


percents = st.one_of(st.just(Decimal(0)), decimals(0, 100, 0), decimals(0, 100, 4))
rates = st.sampled_from([Decimal(rate) for rate in ("0", "5", "7.7", "8.875", "19", "25.5")])
lines = st.builds(
    InvoiceLine,
    st.just(SourceId("item")),
    quantity=st.one_of(decimals(1, 9, 0), decimals(-99, 999, 3), decimals(-99, 999, 5)),
    unit_price=st.one_of(decimals(0, 999, 2), decimals(-99, 9999, 4), decimals(0, 10**10, 6)),
    discount_percent=percents,
    tax_percent=rates,
)
currencies = st.sampled_from(["USD", "JPY", "KWD"])
invoices = st.builds(
    lambda rows, currency, percent, inclusive: invoice(
        *rows, currency=currency, discount_percent=percent, prices_include_tax=inclusive
    ),
    st.lists(lines, min_size=1, max_size=8),
    currencies,
    percents,
    st.booleans(),
)
all_rules = st.builds(TotalRules, st.booleans(), st.booleans())


def is_whole(amount: Decimal, unit: Decimal) -> bool:
    return isinstance(amount, Decimal) and Fraction(amount) % Fraction(unit) == 0


@given(invoices, all_rules)
def test_the_parts_add_up_exactly_and_each_is_in_whole_units(
    one: Invoice, rules: TotalRules
) -> None:
    totals, unit = totals_of(one, rules), smallest_unit(one.currency)
    assert sum(map(Fraction, totals.lines)) == Fraction(totals.subtotal)
    on_top = Fraction(0) if one.prices_include_tax else Fraction(totals.tax)
    whole = Fraction(totals.subtotal) - Fraction(totals.discount) + on_top
    assert whole == Fraction(totals.total)
    figures_ = (*totals.lines, totals.subtotal, totals.discount, totals.tax, totals.total)
    assert all(is_whole(figure, unit) for figure in figures_)


@given(lines, currencies)
def test_a_line_is_never_further_from_its_exact_amount_than_its_two_roundings(
    one: InvoiceLine, currency: str
) -> None:
    unit = smallest_unit(currency)
    exact = Fraction(one.quantity) * Fraction(one.unit_price)
    exact *= 1 - Fraction(one.discount_percent) / 100
    assert abs(Fraction(line_amount(one, unit)) - exact) <= Fraction(unit)


@given(invoices)
def test_tax_by_line_and_by_document_differ_by_at_most_half_a_unit_for_each_rounding(
    one: Invoice,
) -> None:
    by_line, by_document = totals_of(one, BY_LINE).tax, totals_of(one).tax
    taxed = [each.tax_percent for each in one.lines if each.tax_percent]
    roundings = len(taxed) + len(set(taxed))
    difference = abs(Fraction(by_line) - Fraction(by_document))
    assert difference <= Fraction(smallest_unit(one.currency)) * roundings / 2


@given(invoices)
def test_the_order_of_discount_and_tax_changes_the_tax_and_nothing_else(one: Invoice) -> None:
    after, before = totals_of(one), totals_of(one, TAX_FIRST)
    assert (after.lines, after.subtotal, after.discount) == (
        before.lines,
        before.subtotal,
        before.discount,
    )
    if not one.discount_percent:
        assert after == before


@given(invoices)
def test_taxed_before_the_discount_is_taxed_as_without_one(one: Invoice) -> None:
    plain = totals_of(replace(one, discount_percent=Decimal(0)))
    assert totals_of(one, TAX_FIRST).tax == plain.tax


@given(invoices)
def test_included_tax_and_what_is_left_give_that_tax_again(one: Invoice) -> None:
    """Of lines with one rate: net and included tax are gross, and the tax is the net's, to the unit."""
    rate = Decimal(19)
    uniform = replace(
        one,
        prices_include_tax=True,
        lines=tuple(replace(each, tax_percent=rate) for each in one.lines),
    )
    totals = totals_of(uniform)
    net = Fraction(totals.total) - Fraction(totals.tax)
    error = abs(net * Fraction(rate) / 100 - Fraction(totals.tax))
    assert error <= Fraction(smallest_unit(one.currency)) * Fraction(119, 200)


@given(invoices, all_rules)
def test_an_invoice_with_every_sign_turned_comes_to_the_opposite(
    one: Invoice, rules: TotalRules
) -> None:
    """Halves go away from zero, so a credit note undoes its invoice to the unit."""
    turned = tuple(replace(each, quantity=-each.quantity) for each in one.lines)
    there, back = totals_of(one, rules), totals_of(replace(one, lines=turned), rules)
    assert (back.subtotal, back.discount, back.tax, back.total) == (
        -there.subtotal,
        -there.discount,
        -there.tax,
        -there.total,
    )


@given(invoices, all_rules)
def test_what_is_reckoned_does_not_depend_on_the_callers_precision(
    one: Invoice, rules: TotalRules
) -> None:
    with localcontext() as context:
        context.prec = 6
        coarse = totals_of(one, rules)
    assert coarse == totals_of(one, rules)


@given(
    st.integers(-(10**12), 10**12),
    st.lists(decimals(-(10**6), 10**9, 3), max_size=12),
    st.sampled_from([Decimal(1), CENT, Decimal("0.001")]),
)
def test_an_allocation_sums_to_its_amount_and_no_part_is_a_unit_off(
    units: int, weights: list[Decimal], unit: Decimal
) -> None:
    amount = Decimal(units) * unit
    parts = allocated(amount, weights, unit)
    assert len(parts) == len(weights)
    if not weights:
        return
    assert sum(map(Fraction, parts)) == Fraction(amount)
    assert all(is_whole(part, unit) for part in parts)
    whole = sum(map(Fraction, weights))
    if whole:
        for part, weight in zip(parts, weights, strict=True):
            exact = Fraction(amount) * Fraction(weight) / whole
            assert abs(Fraction(part) - exact) < Fraction(unit)


@given(decimals(-(10**6), 10**6, 6), st.sampled_from([Decimal(1), CENT, Decimal("0.001")]))
def test_rounding_is_to_the_nearest_and_halves_go_away_from_zero(
    amount: Decimal, unit: Decimal
) -> None:
    found = Fraction(rounded(amount, unit))
    distance = abs(found - Fraction(amount))
    assert distance <= Fraction(unit) / 2
    if distance == Fraction(unit) / 2:
        assert abs(found) > abs(Fraction(amount))
