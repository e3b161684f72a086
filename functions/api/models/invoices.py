"""Invoices over the API."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final

from pydantic import Field, WithJsonSchema

from functions.api.models.base import AnswerModel, NextCursor, RequestModel, text_schema
from functions.api.models.payments import DateText, PaymentAnswer
from shared.domain.balances import Balance, spelled
from shared.domain.invoices import (
    MAX_AMOUNT_DIGITS,
    MAX_LINE_DESCRIPTION,
    MAX_LINE_TEXTS,
    MAX_LINES,
    MAX_MEMO,
    MAX_NUMBER,
    MAX_PERCENT_DECIMALS,
    MAX_QUANTITY_DECIMALS,
    MAX_QUANTITY_DIGITS,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
)
from shared.domain.money import canonical_amount
from shared.domain.records import MAX_SOURCE_ID, MAX_UNIT_PRICE_DECIMALS

# Contents are checked by shared.sync.invoice_rules; the schemas here tell callers the same limits.

_STATUSES: Final = [status.value for status in InvoiceStatus]


def _number(digits: int, decimals: int, sign: str = "") -> WithJsonSchema:
    pattern = rf"^{sign}\d{{1,{digits}}}(\.\d{{1,{decimals}}})?$"
    either = [{"type": "string", "pattern": pattern}, {"type": "number"}]
    return WithJsonSchema({"anyOf": either, "description": "Read exactly as written."})


_Quantity = Annotated[str | Decimal, _number(MAX_QUANTITY_DIGITS, MAX_QUANTITY_DECIMALS, sign="-?")]
_UnitPrice = Annotated[
    str | Decimal, _number(MAX_AMOUNT_DIGITS, MAX_UNIT_PRICE_DECIMALS, sign="-?")
]
_Amount = Annotated[str | Decimal, _number(MAX_AMOUNT_DIGITS, 3)]
_Percent = Annotated[str | Decimal, _number(3, MAX_PERCENT_DECIMALS)]
_Id = Annotated[str, text_schema(MAX_SOURCE_ID, 1)]


class InvoiceLineBody(RequestModel):
    """A line with an item, or one of text only: then nothing but the description is said."""

    item_id: Annotated[str, text_schema(MAX_SOURCE_ID)] | None = None
    description: Annotated[str, text_schema(MAX_LINE_DESCRIPTION)] | None = None
    quantity: _Quantity | None = Field(default=None, description="1 if it is left out.")
    unit_price: _UnitPrice | None = Field(
        default=None, description="Needed with an item; below zero for a credit."
    )
    discount_percent: _Percent | None = Field(default=None, description="Of this line; 0 to 100.")
    tax_percent: _Percent | None = Field(
        default=None, description="The rate charged on this line; 0 to 100."
    )


class InvoiceBody(RequestModel):
    """An invoice as it shall be. What is left out becomes empty."""

    id: _Id | None = Field(
        default=None, description="May repeat the id of the address, nothing else."
    )
    number: Annotated[str, text_schema(MAX_NUMBER, 1)] = Field(
        description="What the customer calls it by.", examples=["INV-0047"]
    )
    customer_id: _Id
    status: Annotated[str, WithJsonSchema({"type": "string", "enum": _STATUSES})] = Field(
        description="A draft is never sent to the books. Void is for good."
    )
    currency: str = Field(description="ISO 4217, of all amounts.", examples=["USD"])
    issued_on: DateText
    due_on: DateText | None = Field(default=None, description="Not before it is issued.")
    lines: list[InvoiceLineBody] = Field(
        description=f"At least one with an item; all texts together at most {MAX_LINE_TEXTS} bytes.",
        json_schema_extra={"minItems": 1, "maxItems": MAX_LINES},
    )
    discount_percent: _Percent | None = Field(
        default=None, description="Of the whole; 0 to 100. Not beside a discount amount."
    )
    discount_amount: _Amount | None = Field(default=None, description="Of the whole.")
    prices_include_tax: bool | None = None
    memo: Annotated[str, text_schema(MAX_MEMO)] | None = None
    amount_paid: object | None = Field(
        default=None,
        description="Taken and not looked at: what is paid is the sum of the payments.",
    )


class InvoiceLineAnswer(AnswerModel):
    """A line as it is stored. One of text only has neither item nor numbers."""

    item_id: str | None
    description: str
    quantity: str | None
    unit_price: str | None
    discount_percent: str | None
    tax_percent: str | None
    amount: str | None = Field(
        description="Quantity times price less the line's discount, rounded."
    )

    @classmethod
    def of(cls, line: InvoiceLine, amount: Decimal, currency: str) -> InvoiceLineAnswer:
        def told(number: Decimal) -> str | None:
            return None if line.is_text else format(number, "f")

        return cls(
            item_id=line.item_id or None,
            description=line.description,
            quantity=told(line.quantity),
            unit_price=told(line.unit_price),
            discount_percent=told(line.discount_percent),
            tax_percent=told(line.tax_percent),
            amount=None if line.is_text else spelled(amount, currency),
        )


class InvoiceAnswer(AnswerModel):
    """An invoice as it is stored, what it comes to and what is paid of it."""

    id: str
    number: str
    customer_id: str
    status: InvoiceStatus
    currency: str
    issued_on: date
    due_on: date | None
    lines: list[InvoiceLineAnswer]
    discount_percent: str
    discount_amount: str
    prices_include_tax: bool
    memo: str
    subtotal: str = Field(description="The sum of the lines' amounts.", examples=["350.00"])
    discount: str = Field(description="Of the whole, in money.")
    tax: str = Field(description="Contained in the lines where prices include it, else on top.")
    total: str
    amount_paid: str = Field(description="The sum of the payments that are not voided.")
    balance: str = Field(description="What is open; below zero where more was paid.")
    payments: list[PaymentAnswer] = Field(description="All, in order of id, voided ones included.")
    version: int = Field(description="Rises by one with each change of content.")
    updated_at: datetime | None

    @classmethod
    def of(cls, invoice: Invoice, balance: Balance, payments: list[PaymentAnswer]) -> InvoiceAnswer:
        totals, currency = balance.totals, invoice.currency
        return cls(
            id=invoice.source_id,
            number=invoice.number,
            customer_id=invoice.customer_id,
            status=invoice.status,
            currency=currency,
            issued_on=invoice.issued_on,
            due_on=invoice.due_on,
            lines=[
                InvoiceLineAnswer.of(line, amount, currency)
                for line, amount in zip(invoice.lines, totals.lines, strict=True)
            ],
            discount_percent=canonical_amount(invoice.discount_percent),
            discount_amount=spelled(invoice.discount_amount, currency),
            prices_include_tax=invoice.prices_include_tax,
            memo=invoice.memo,
            subtotal=spelled(totals.subtotal, currency),
            discount=spelled(totals.discount, currency),
            tax=spelled(totals.tax, currency),
            total=spelled(totals.total, currency),
            amount_paid=spelled(balance.paid, currency),
            balance=spelled(balance.open, currency),
            payments=payments,
            version=invoice.version,
            updated_at=invoice.updated_at,
        )


class InvoicePage(AnswerModel):
    """Invoices in order of id, void ones included."""

    invoices: list[InvoiceAnswer]
    next_cursor: NextCursor


class MarkPaidAnswer(AnswerModel):
    """What became of marking an invoice paid."""

    recorded: bool = Field(
        description="False: nothing was open, or this payment was recorded before."
    )
    message: str
    payment: PaymentAnswer | None
    invoice: InvoiceAnswer
