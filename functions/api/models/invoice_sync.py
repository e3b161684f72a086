"""An invoice and its payments in the books, over the API."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from functions.api.models.base import AnswerModel
from shared.domain.runs import Problem
from shared.sync.invoice_standing import Did, InBooks, InvoiceInBooks, PaymentInBooks


class ReasonAnswer(AnswerModel):
    """Why, and what to do."""

    code: str
    message: str
    action: str

    @classmethod
    def of(cls, problem: Problem | None) -> ReasonAnswer | None:
        if problem is None:
            return None
        return cls(code=problem.code, message=problem.message, action=problem.action)


class PaymentInBooksAnswer(AnswerModel):
    """A payment in one provider's books."""

    id: str
    state: InBooks
    remote_id: str | None = Field(description="The provider's own id; null: it is not there.")
    reason: ReasonAnswer | None

    @classmethod
    def of(cls, payment: PaymentInBooks) -> PaymentInBooksAnswer:
        return cls(
            id=payment.own_id,
            state=payment.state,
            remote_id=payment.remote_id or None,
            reason=ReasonAnswer.of(payment.reason),
        )


class InvoiceInBooksAnswer(AnswerModel):
    """The invoice in one provider's books."""

    provider: str
    label: str
    sync_label: str = Field(description="What the button says.")
    state: InBooks
    remote_id: str | None
    number: str | None = Field(description="Its number there; null: it is not there.")
    reason: ReasonAnswer | None
    payments: list[PaymentInBooksAnswer]
    did: Did | None = Field(
        description="What has become of the invoice since `since`; null while that is not known."
    )
    payments_posted: list[str] = Field(description="Since `since`.")
    payments_voided: list[str] = Field(description="Since `since`.")

    @classmethod
    def of(cls, there: InvoiceInBooks) -> InvoiceInBooksAnswer:
        return cls(
            provider=there.provider,
            label=there.label,
            sync_label=there.sync_label,
            state=there.state,
            remote_id=there.remote_id or None,
            number=there.number or None,
            reason=ReasonAnswer.of(there.reason),
            payments=[PaymentInBooksAnswer.of(one) for one in there.payments],
            did=there.did,
            payments_posted=list(there.posted),
            payments_voided=list(there.voided),
        )


class InvoiceSyncAnswer(AnswerModel):
    """How an invoice stands in each of the company's books."""

    id: str
    books: list[InvoiceInBooksAnswer]


class InvoiceSyncAsked(AnswerModel):
    """The invoice and its payments go ahead of all others."""

    id: str
    asked_at: datetime = Field(description="Give it as `since` to hear what this sync did.")
    payments: int = Field(description="How many payments are to go.")
