"""Invoices and payments as tests write them, and as QuickBooks was recorded to answer them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from shared.domain.ids import RemoteId, RemoteVersion, SourceId
from shared.domain.invoice_fields import InvoiceFields, InvoiceLineFields, PaymentFields
from shared.domain.runs import PushAction
from shared.providers.base import RecordWrite

INVOICE: dict[str, Any] = json.loads(
    """{"domain":"QBO","sparse":false,"Id":"238","SyncToken":"0","TxnDate":"2015-07-24",
    "DueDate":"2015-08-23","DocNumber":"1069","TotalAmt":100.0,"Balance":100.0,"Deposit":0,
    "CustomerRef":{"name":"Amy's Bird Sanctuary","value":"1"},"Line":[{"Id":"1","LineNum":1,
    "Amount":100.0,"DetailType":"SalesItemLineDetail","SalesItemLineDetail":{"TaxCodeRef":
    {"value":"NON"},"ItemRef":{"name":"Services","value":"1"}}},{"DetailType":"SubTotalLineDetail",
    "Amount":100.0,"SubTotalLineDetail":{}}],"TxnTaxDetail":{"TotalTax":0},"LinkedTxn":[],
    "ApplyTaxAfterDiscount":false,"EmailStatus":"NotSet","PrintStatus":"NeedToPrint"}"""
)
"""quickbooks.md 6.4."""
PAYMENT: dict[str, Any] = json.loads(
    """{"SyncToken":"0","domain":"QBO","DepositToAccountRef":{"value":"4"},"UnappliedAmt":25.0,
    "TxnDate":"2014-12-30","TotalAmt":25.0,"ProcessPayment":false,"sparse":false,"Line":[],
    "CustomerRef":{"name":"Red Rock Diner","value":"20"},"Id":"154"}"""
)
VOID_PAYMENT: dict[str, Any] = json.loads(
    """{"SyncToken":"2","domain":"QBO","PaymentMethodRef":{"value":"2"},"DepositToAccountRef":
    {"value":"35"},"UnappliedAmt":0,"TxnDate":"2014-11-07","TotalAmt":0,"ProcessPayment":false,
    "PrivateNote":"Voided","sparse":false,"Line":[],"CustomerRef":{"name":"F","value":"9"},"Id":"33"}"""
)
"""Both from Intuit's page of Payment."""


def line(
    item: str = "7", quantity: str = "2", price: str = "12.5", **more: Any
) -> InvoiceLineFields:
    amount = Decimal(quantity) * Decimal(price)
    made = InvoiceLineFields(RemoteId(item), "Work", Decimal(quantity), Decimal(price), amount)
    return replace(made, **more)


def text(description: str = "Thanks") -> InvoiceLineFields:
    zero = Decimal(0)
    return InvoiceLineFields(RemoteId(""), description, zero, zero, zero)


def invoice(*lines: InvoiceLineFields, **more: Any) -> InvoiceFields:
    made = InvoiceFields(
        name="INV-1",
        customer_id=RemoteId("20"),
        currency="USD",
        issued_on=date(2026, 11, 20),
        due_on=date(2026, 12, 20),
        lines=lines or (line(),),
        total=Decimal(25),
    )
    return replace(made, **more)


def payment(**more: Any) -> PaymentFields:
    made = PaymentFields(
        name="BC-0123456789ab",
        customer_id=RemoteId("20"),
        invoice_id=RemoteId("238"),
        amount=Decimal("40.50"),
        applied=Decimal("40.50"),
        currency="USD",
        paid_on=date(2026, 11, 21),
    )
    return replace(made, **more)


def write(
    fields: InvoiceFields | PaymentFields,
    action: PushAction = PushAction.CREATE,
    *changed: str,
    number: int = 1,
    line_ids: str = "",
) -> RecordWrite:
    answered = {"line_ids": line_ids} if line_ids else {}
    return RecordWrite(
        SourceId(f"s{number}"),
        action,
        fields,
        frozenset(changed),
        RemoteId("238"),
        RemoteVersion("3"),
        answered,
    )
