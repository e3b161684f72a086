"""What the routes of invoices and payments share: their ids in addresses, and how they are answered.

Every answer about an invoice or a payment is built here: what the books say of one is added here too.
"""

from __future__ import annotations

from collections.abc import Sequence
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


def payment_answer(payment: Payment) -> PaymentAnswer:
    return PaymentAnswer.of(payment)


def invoice_answer(invoice: Invoice, payments: Sequence[Payment]) -> InvoiceAnswer:
    """`payments`: all of this invoice."""
    told = [payment_answer(payment) for payment in payments]
    return InvoiceAnswer.of(invoice, balance_of(invoice, payments), told)


def payment_address(invoice_id: SourceId, own_id: str) -> str:
    return f"/v1/invoices/{quote(invoice_id, safe='')}/payments/{quote(own_id, safe='')}"
