"""Pure: what an invoice comes to, by stated rules, to the currency's smallest unit.

Each line is quantity times price, rounded, less its own discount, rounded. The discount of the whole is
spread over the lines in proportion to their amounts (largest remainder first), so that parts always add
up. Tax is reckoned per rate: on the sum of the lines of that rate, or on each line, as the rules say.
Halves are rounded away from zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Final

from shared.domain.invoices import ZERO, Invoice, InvoiceLine
from shared.domain.money import smallest_unit

_HUNDRED: Final = Decimal(100)
_EXACT: Final = Context(prec=80)
"""Digits enough for what a record may hold: nothing is rounded but where it says so here."""


@dataclass(frozen=True, slots=True)
class TotalRules:
    """`tax_by_line`: tax is rounded on each line, not on the sum of a rate. `tax_before_discount`: the
    discount of the whole does not lessen what is taxed.
    """

    tax_by_line: bool = False
    tax_before_discount: bool = False


@dataclass(frozen=True, slots=True)
class Totals:
    """`lines`: each line's amount less its own discount. `discount` is of the whole and positive.

    `tax` is contained in the lines where the prices include it, else it comes on top.
    """

    lines: tuple[Decimal, ...]
    subtotal: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal


def totals_of(invoice: Invoice, rules: TotalRules = TotalRules()) -> Totals:
    with localcontext(_EXACT):
        return _totals(invoice, rules)


def _totals(invoice: Invoice, rules: TotalRules) -> Totals:
    unit = smallest_unit(invoice.currency)
    lines = tuple(line_amount(line, unit) for line in invoice.lines)
    subtotal = sum(lines, ZERO)
    discount = invoice.discount_amount or rounded(
        subtotal * invoice.discount_percent / _HUNDRED, unit
    )
    shares = allocated(discount, lines, unit)
    taxed = lines if rules.tax_before_discount else _less(lines, shares)
    tax = _tax(invoice, taxed, unit, rules)
    on_top = ZERO if invoice.prices_include_tax else tax
    return Totals(lines, subtotal, discount, tax, subtotal - discount + on_top)


def line_amount(line: InvoiceLine, unit: Decimal) -> Decimal:
    """Quantity times price less the line's discount, each rounded to `unit`."""
    if line.is_text:
        return ZERO
    gross = rounded(line.quantity * line.unit_price, unit)
    return gross - rounded(gross * line.discount_percent / _HUNDRED, unit)


def rounded(amount: Decimal, unit: Decimal) -> Decimal:
    """To the nearest multiple of a power of ten; a half goes away from zero."""
    return amount.quantize(unit, ROUND_HALF_UP)


def allocated(amount: Decimal, weights: Sequence[Decimal], unit: Decimal) -> tuple[Decimal, ...]:
    """The amount in parts proportional to the weights, exact to `unit`; the parts add up to it.

    `amount` is a multiple of `unit`. What rounding leaves goes, a unit each, to the parts that lost most by
    it, the first of equals first, so that no part is a unit off. Without any weight, or where weights of
    both signs cancel out, everything goes to the first part; no weights, no parts.
    """
    if not weights:
        return ()
    with localcontext(_EXACT):
        return _allocated(amount, weights, unit)


def _allocated(amount: Decimal, weights: Sequence[Decimal], unit: Decimal) -> tuple[Decimal, ...]:
    whole = sum(weights, ZERO)
    if not whole:
        return (amount, *(ZERO for _ in weights[1:]))
    exact = [amount * weight / whole for weight in weights]
    parts = [share.quantize(unit, ROUND_DOWN) for share in exact]
    left = amount - sum(parts, ZERO)
    step = unit.copy_sign(left)
    # Of parts of both signs only those that are short in the direction of `step` may take one.
    order = sorted(range(len(parts)), key=lambda n: (parts[n] - exact[n]) / step)
    for place in order[: int(left / step)]:
        parts[place] += step
    return tuple(parts)


def _less(lines: Sequence[Decimal], shares: Sequence[Decimal]) -> tuple[Decimal, ...]:
    return tuple(line - share for line, share in zip(lines, shares, strict=True))


def _tax(invoice: Invoice, taxed: Sequence[Decimal], unit: Decimal, rules: TotalRules) -> Decimal:
    by_rate: dict[Decimal, list[Decimal]] = {}
    for line, amount in zip(invoice.lines, taxed, strict=True):
        if line.tax_percent and not line.is_text:
            by_rate.setdefault(line.tax_percent, []).append(amount)
    tax = ZERO
    for rate, amounts in by_rate.items():
        parts = amounts if rules.tax_by_line else [sum(amounts, ZERO)]
        base = _HUNDRED + rate if invoice.prices_include_tax else _HUNDRED
        tax += sum((rounded(part * rate / base, unit) for part in parts), ZERO)
    return tax
