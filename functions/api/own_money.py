"""What the routes of invoices and payments share: their ids in addresses, and how they are answered.

Every answer about an invoice or a payment is built here: what the books say of one is added here too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import Depends, Path

from functions.api.dependencies import CorrelationOf, ServicesOf
from functions.api.models.invoices import InvoiceAnswer
from functions.api.models.payments import PaymentAnswer
from functions.api.security import CallerOf
from shared.domain.balances import balance_of
from shared.domain.ids import SourceId
from shared.domain.invoices import Invoice, Payment
from shared.providers.registry import provider_names
from shared.sync.invoice_standing import remote_payment_ids
from shared.sync.paying import Payments

InvoiceId = Annotated[
    str,
    Path(
        alias="id",
        description="Yours, at most 128 bytes of printable text. A slash may stand inside, but not "
        "before `payments`.",
    ),
]
PaymentId = Annotated[
    str,
    Path(alias="paymentId", description="Yours, unique under its invoice; without a slash."),
]
CONTRADICTS: Final = "What is stored does not allow it: the code says why."


def _payments(services: ServicesOf, caller: CallerOf, correlation_id: CorrelationOf) -> Payments:
    return Payments(services.stores.records, services.clock, caller.company_id, correlation_id)


PaymentsOf = Annotated[Payments, Depends(_payments)]


@dataclass(frozen=True, slots=True)
class MoneyAnswers:
    """With the ids that the company's payments have in its books."""

    services: ServicesOf
    caller: CallerOf

    def payment(self, payment: Payment) -> PaymentAnswer:
        return self.payments([payment])[0]

    def payments(self, payments: Sequence[Payment]) -> list[PaymentAnswer]:
        known = remote_payment_ids(self.services, self.caller.company_id, payments)
        return [
            PaymentAnswer.of(payment, known.get(payment.source_id, {}), provider_names())
            for payment in payments
        ]

    def invoice(self, invoice: Invoice, payments: Sequence[Payment]) -> InvoiceAnswer:
        """`payments`: all of this invoice."""
        told = self.payments(payments)
        return InvoiceAnswer.of(invoice, balance_of(invoice, payments), told)


def _answers(services: ServicesOf, caller: CallerOf) -> MoneyAnswers:
    return MoneyAnswers(services, caller)


AnswersOf = Annotated[MoneyAnswers, Depends(_answers)]


def payment_address(invoice_id: SourceId, own_id: str) -> str:
    return f"/v1/invoices/{quote(invoice_id, safe='')}/payments/{quote(own_id, safe='')}"
