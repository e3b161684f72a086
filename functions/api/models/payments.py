"""Payments over the API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import ConfigDict, Field, WithJsonSchema

from functions.api.models.base import AnswerModel, RequestModel, text_schema
from shared.domain.balances import spelled
from shared.domain.ids import ProviderName, RemoteId
from shared.domain.invoices import (
    MAX_AMOUNT_DIGITS,
    MAX_METHOD,
    MAX_NOTE,
    MAX_REFERENCE,
    Payment,
)
from shared.domain.records import MAX_SOURCE_ID
from shared.storage.keys import own_payment_id

# Contents are checked by shared.sync.payment_rules; the schemas here tell callers the same limits.

DateText = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
_Amount = WithJsonSchema(
    {
        "anyOf": [
            {
                "type": "string",
                "pattern": rf"^\d{{1,{MAX_AMOUNT_DIGITS}}}(\.\d{{1,3}})?$",
                "examples": ["350.00"],
            },
            {"type": "number", "exclusiveMinimum": 0},
        ],
        "description": "Above 0, with at most the currency's decimals. Read exactly as written.",
    }
)


class _HowPaidBody(RequestModel):
    paid_on: DateText = Field(description="When it was paid.", examples=["2026-03-31"])
    method: Annotated[str, text_schema(MAX_METHOD)] | None = Field(
        default=None, description="The office's own word for it.", examples=["Check"]
    )
    reference: Annotated[str, text_schema(MAX_REFERENCE)] | None = Field(
        default=None, description="Number of the cheque or of the card transaction."
    )
    note: Annotated[str, text_schema(MAX_NOTE)] | None = None


class PaymentBody(_HowPaidBody):
    """A payment as it is recorded. It never changes after; the very same may be sent again."""

    amount: Annotated[str | Decimal, _Amount]
    currency: str | None = Field(
        default=None, description="ISO 4217; the invoice's, if it is said at all.", examples=["USD"]
    )
    overpayment: bool | None = Field(
        default=None,
        description="True: what is above the open balance stays as the customer's credit.",
    )


class MarkPaidBody(_HowPaidBody):
    """How the open balance of an invoice was paid."""

    payment_id: Annotated[str, text_schema(MAX_SOURCE_ID, 1)] | None = Field(
        default=None, description="The id to record it under; left out, one is made."
    )


class PaymentAnswer(AnswerModel):
    """A payment as it is stored.

    Besides, for each provider there is, `<provider>PaymentId`: its id in those books, null where it is
    not there.
    """

    model_config = ConfigDict(
        extra="allow", json_schema_extra={"additionalProperties": {"type": ["string", "null"]}}
    )

    id: str = Field(description="Unique under its invoice.")
    invoice_id: str
    amount: str = Field(examples=["350.00"])
    currency: str
    paid_on: date
    method: str
    reference: str
    note: str
    overpayment: bool
    voided: bool = Field(description="True: it stays listed and is not counted.")
    version: int = Field(description="1; 2 once it is voided.")
    updated_at: datetime | None

    @classmethod
    def of(
        cls,
        payment: Payment,
        remote_ids: Mapping[ProviderName, RemoteId],
        providers: Iterable[ProviderName],
    ) -> PaymentAnswer:
        currency = payment.amount.currency
        return cls(
            id=own_payment_id(payment.source_id),
            invoice_id=payment.invoice_id,
            amount=spelled(payment.amount.amount, currency),
            currency=currency,
            paid_on=payment.paid_on,
            method=payment.method,
            reference=payment.reference,
            note=payment.note,
            overpayment=payment.overpaid,
            voided=not payment.active,
            version=payment.version,
            updated_at=payment.updated_at,
            **{f"{name}PaymentId": remote_ids.get(name) for name in providers},
        )


class PaymentList(AnswerModel):
    """All payments of an invoice in order of id, voided ones included."""

    payments: list[PaymentAnswer]
