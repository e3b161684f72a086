"""Pure: what is paid of an invoice and what is still open. Paid is the sum of its payment rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from shared.domain.invoices import ZERO, Invoice, Payment
from shared.domain.money import smallest_unit
from shared.domain.totals import Totals, totals_of


@dataclass(frozen=True, slots=True)
class Balance:
    """`open` is below zero where more was paid than the invoice comes to. All in the invoice's currency."""

    totals: Totals
    paid: Decimal

    @property
    def open(self) -> Decimal:
        return self.totals.total - self.paid


def paid_by(payments: Iterable[Payment]) -> Decimal:
    """The sum of the payments that are not void."""
    return sum((payment.amount.amount for payment in payments if payment.active), ZERO)


def balance_of(invoice: Invoice, payments: Iterable[Payment]) -> Balance:
    """`payments`: all of this invoice."""
    return Balance(totals_of(invoice), paid_by(payments))


def spelled(amount: Decimal, currency: str) -> str:
    """The amount with the currency's decimals ("350.00"); it has no more than those."""
    exact = amount.quantize(smallest_unit(currency))
    return format(exact if exact else abs(exact), "f")  # never "-0.00"
