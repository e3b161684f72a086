"""Pure: invoices and payments as they are kept in the books; the provider-neutral shape of both sides."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared.domain.ids import RemoteId
from shared.domain.invoices import ZERO
from shared.domain.money import canonical_amount


@dataclass(frozen=True, slots=True)
class InvoiceLineFields:
    """A line in the books. `item_id` empty: text only. `amount` is what counts: quantity times price
    where there is no discount of the line, else less that.

    `tax_code_id` empty: none is chosen; `taxed` says whether the line bears tax.
    """

    item_id: RemoteId
    description: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    tax_code_id: str = ""
    taxed: bool = False
    discounted: bool = False


@dataclass(frozen=True, slots=True)
class InvoiceFields:
    """`name` is the invoice's number, by which it is found again; `active` False: void.

    Of the answer alone: `line_ids` (the provider's own, in order) and `balance`; neither is compared.
    `total` is predicted on our side and read on theirs. `tax` None: the provider is to reckon it.
    """

    name: str
    customer_id: RemoteId
    currency: str
    issued_on: date
    due_on: date | None
    lines: tuple[InvoiceLineFields, ...]
    total: Decimal
    discount: Decimal = ZERO
    discount_percent: Decimal = ZERO
    tax: Decimal | None = None
    prices_include_tax: bool = False
    memo: str = ""
    reference: str = ""
    active: bool = True
    line_ids: tuple[str, ...] = ()
    balance: Decimal | None = None

    def canonical(self) -> dict[str, str]:
        """Field name to comparable text. An invoice that is void bears nothing but its number."""
        texts = self._texts()
        if self.active:
            return texts
        return {**dict.fromkeys(texts, ""), "name": self.name, "active": "false"}

    def _texts(self) -> dict[str, str]:
        return {
            "name": self.name,
            "customer_id": self.customer_id,
            "currency": self.currency,
            "issued_on": self.issued_on.isoformat(),
            "due_on": self.due_on.isoformat() if self.due_on else "",
            "lines": json.dumps([_line(line) for line in self.lines], ensure_ascii=False),
            "discount": canonical_amount(self.discount),
            "tax": canonical_amount(self.tax) if self.tax is not None else "",
            "prices_include_tax": "true" if self.prices_include_tax else "false",
            "memo": self.memo,
            "total": canonical_amount(self.total),
            "active": "true",
        }

    def remembered(self) -> dict[str, str]:
        """The provider's own ids of the lines, in order, which an update has to name."""
        return {"line_ids": ",".join(self.line_ids)} if self.line_ids else {}


def _line(line: InvoiceLineFields) -> list[str]:
    return [
        line.item_id,
        line.description,
        "" if line.discounted else canonical_amount(line.quantity),
        "" if line.discounted else canonical_amount(line.unit_price),
        canonical_amount(line.amount),
        line.tax_code_id,
    ]


@dataclass(frozen=True, slots=True)
class PaymentFields:
    """Money received, as the books have it. `name` is our short reference, carried in the note.

    `applied` is the part that pays the invoice; what is above it stays as the customer's credit
    (`unapplied` is what the provider says of that). `number` is the cheque's or transaction's.
    """

    name: str
    customer_id: RemoteId
    invoice_id: RemoteId
    amount: Decimal
    applied: Decimal
    currency: str
    paid_on: date
    method_id: str = ""
    deposit_account_id: str = ""
    number: str = ""
    note: str = ""
    active: bool = True
    unapplied: Decimal | None = None

    def canonical(self) -> dict[str, str]:
        """Field name to comparable text."""
        return {
            "name": self.name,
            "customer_id": self.customer_id,
            "invoice_id": self.invoice_id,
            "amount": canonical_amount(self.amount),
            "applied": canonical_amount(self.applied),
            "currency": self.currency,
            "paid_on": self.paid_on.isoformat(),
            "method_id": self.method_id,
            "deposit_account_id": self.deposit_account_id,
            "number": self.number,
            "note": self.note,
            "active": "true" if self.active else "false",
        }

    def remembered(self) -> dict[str, str]:
        return {}
