"""What a provider can take of invoices and payments, as data of its profile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from shared.domain.names import NameRules
from shared.domain.totals import TotalRules


@dataclass(frozen=True, slots=True)
class InvoiceRules:
    """Lengths are in characters. `numbers` is about the field by which an invoice is found again.

    `marks_tax_in`: countries (ISO 3166) whose lines are only marked as taxed or not, so that no tax code
    need be chosen; elsewhere each line needs one. `request_limit`: how long the provider may still be
    working at a request whose answer nobody waits for any more. `has_payment_methods` and
    `has_deposit_accounts`: whether a person can choose them.
    """

    numbers: NameRules
    max_lines: int
    max_line_description: int
    max_memo: int
    max_amount: Decimal
    max_payment_number: int
    max_note: int
    totals: TotalRules
    marks_tax_in: frozenset[str]
    request_limit: timedelta
    has_payment_methods: bool = True
    has_deposit_accounts: bool = True
