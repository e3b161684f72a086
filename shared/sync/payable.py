"""Whether payments of an invoice may go: it is in the books as it is here, and does not stand refused."""

from __future__ import annotations

from shared.domain.invoice_plan import TOTAL_DIFFERS
from shared.domain.invoices import Invoice
from shared.domain.links import Link
from shared.domain.runs import Failure


def may_be_paid(invoice: Invoice, link: Link | None, refused: Failure | None) -> bool:
    """`refused`: how the invoice stands as a failure, if it does. One whose total differs is there."""
    if refused is not None and refused.cause != TOTAL_DIFFERS:
        return False
    return link is not None and link.source_version == invoice.version
