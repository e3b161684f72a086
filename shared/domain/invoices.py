"""BlueClerk's invoices and payments, as the suite means them.

Amounts are Decimals in the record's one currency. What is paid of an invoice is the sum of its payment
rows and nothing else: whatever else claims to know it (an `amountPaid` of the sender) is not stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from shared.domain.ids import CorrelationId, SourceId
from shared.domain.money import Money, canonical_amount

MAX_NUMBER: Final = 100
MAX_MEMO: Final = 4000
MAX_LINES: Final = 750
MAX_LINE_DESCRIPTION: Final = 4000
MAX_LINE_TEXTS: Final = 170_000
"""Bytes of all lines' descriptions and item ids together, as JSON: what a row has room for."""
MAX_QUANTITY_DIGITS: Final = 9
MAX_QUANTITY_DECIMALS: Final = 6
MAX_PERCENT_DECIMALS: Final = 4
MAX_AMOUNT_DIGITS: Final = 12
"""Digits before the point of any amount of an invoice or payment; beyond it, it is a slip."""
MAX_PAYMENTS: Final = 200
"""Of one invoice, void ones included, so that they can be shown and summed at once."""
MAX_METHOD: Final = 100
MAX_REFERENCE: Final = 100
MAX_NOTE: Final = 4000
ZERO: Final = Decimal(0)


class InvoiceStatus(StrEnum):
    """As BlueClerk has it. PAID says what a person was told; what is paid is told by the payments."""

    DRAFT = "DRAFT"
    SENT = "SENT"
    PAID = "PAID"
    VOID = "VOID"

    @property
    def goes_by_itself(self) -> bool:
        """Whether a change of such an invoice is pushed automatically; VOID goes when a person asks."""
        return self in (InvoiceStatus.SENT, InvoiceStatus.PAID)


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """`item_id` empty: a line of text only, with neither quantity nor price.

    `unit_price` and `quantity` may be negative (a credit); `discount_percent` is of the line,
    `tax_percent` the rate that BlueClerk charged on it, 0 where it bears no tax.
    """

    item_id: SourceId
    description: str = ""
    quantity: Decimal = Decimal(1)
    unit_price: Decimal = ZERO
    discount_percent: Decimal = ZERO
    tax_percent: Decimal = ZERO

    @property
    def is_text(self) -> bool:
        return not self.item_id


@dataclass(frozen=True, slots=True)
class Invoice:
    """`version` rises by one with each stored change of content; 0 means not stored yet.

    `payments_version` rises by one with each payment recorded or voided: what was decided from the sum
    of the payments is stored only while it stands. The discount of the whole is a percentage or an
    amount, not both. Dates are business dates in the company's time zone.
    """

    source_id: SourceId
    number: str
    customer_id: SourceId
    status: InvoiceStatus
    currency: str
    issued_on: date
    lines: tuple[InvoiceLine, ...]
    due_on: date | None = None
    discount_percent: Decimal = ZERO
    discount_amount: Decimal = ZERO
    prices_include_tax: bool = False
    memo: str = ""
    payments_version: int = 0
    version: int = 0
    updated_at: datetime | None = None
    correlation_id: CorrelationId = CorrelationId("")

    @property
    def active(self) -> bool:
        """An invoice that is void stays, and bears nothing."""
        return self.status is not InvoiceStatus.VOID

    def content(self) -> Mapping[str, object]:
        """What a person can edit; two invoices of equal content are the same version."""
        return {
            "number": self.number,
            "customer_id": self.customer_id,
            "status": self.status.value,
            "currency": self.currency,
            "issued_on": self.issued_on.isoformat(),
            "due_on": self.due_on.isoformat() if self.due_on else "",
            "discount_percent": canonical_amount(self.discount_percent),
            "discount_amount": canonical_amount(self.discount_amount),
            "prices_include_tax": self.prices_include_tax,
            "memo": self.memo,
            "lines": [line_content(line) for line in self.lines],
        }


def line_content(line: InvoiceLine) -> dict[str, str]:
    return {
        "item_id": line.item_id,
        "description": line.description,
        "quantity": canonical_amount(line.quantity),
        "unit_price": canonical_amount(line.unit_price),
        "discount_percent": canonical_amount(line.discount_percent),
        "tax_percent": canonical_amount(line.tax_percent),
    }


@dataclass(frozen=True, slots=True)
class Payment:
    """Money received for one invoice. Its amount never changes: a mistake is voided and entered anew.

    `source_id` is made of the invoice's and the payment's own id (`keys.payment_id`), so that payments
    sort under their invoice. `overpaid`: a person said that what is above the balance stays as the
    customer's credit. `method` is the office's own word for how it was paid ("Check"); `reference` the
    number of the cheque or card transaction.
    """

    source_id: SourceId
    invoice_id: SourceId
    amount: Money
    paid_on: date
    method: str = ""
    reference: str = ""
    note: str = ""
    overpaid: bool = False
    active: bool = True
    version: int = 0
    updated_at: datetime | None = None
    correlation_id: CorrelationId = CorrelationId("")

    def content(self) -> Mapping[str, object]:
        """What was recorded; two payments of equal content are the same version."""
        return {
            "invoice_id": self.invoice_id,
            "amount": canonical_amount(self.amount.amount),
            "currency": self.amount.currency,
            "paid_on": self.paid_on.isoformat(),
            "method": self.method,
            "reference": self.reference,
            "note": self.note,
            "overpaid": self.overpaid,
            "active": self.active,
        }
