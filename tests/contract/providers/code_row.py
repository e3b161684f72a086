"""A row of the table of codes: what is planted, and everything that comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.contract.providers.quickbooks_office import QuickBooksOffice

INVOICE, PAYMENT, VOID = "invoice", "payment", "void of a payment"
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
Story = Callable[[QuickBooksOffice], None]


@dataclass(frozen=True, slots=True)
class CodeRow:
    """`outcome`: what the adapter makes of the write. `ledger`: the states of the payment's row (of an
    invoice: of the payment that was recorded with it) until `within` seconds later; then `shown`,
    `sentence` and `action` are what a person is shown of it (of the connection, where nothing is said of
    the record), and the books have `there` invoices or payments that stand. `then` is what happens next,
    in words `next`; it ends with the states `ends` and `there_then` in the books.
    """

    code: str
    about: str
    plant: Story
    outcome: str
    ledger: str
    shown: str
    sentence: str
    action: str
    there: int
    next: str
    then: Story
    ends: str
    there_then: int
    within: float = MINUTE
    deadline: float = 10.0
    change: bool = False
    """The invoice is in the books already, and it is an edit of its memo that goes."""
    amount: str = "350.00"
    """Of the payment; the invoice's total is 350.00."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """Of a new invoice, beside the usual ones."""
