"""What the contract of invoices and payments asks of the books that an adapter is tested against."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from shared.domain.ids import RemoteId
from shared.providers.base import AccountingProvider
from tests.contract.providers.desk import Trouble


@dataclass(frozen=True)
class BookedInvoice:
    remote_id: RemoteId
    number: str
    total: Decimal
    balance: Decimal


@dataclass(frozen=True)
class BookedPayment:
    """`note` as it stands there, with our reference in it."""

    remote_id: RemoteId
    amount: Decimal
    unapplied: Decimal
    note: str


class MoneyDesk(Protocol):
    """The books of one company, with a customer and two items to invoice. All takes effect at once.

    `deposit_account_id`: where payments go; a provider may answer one where none was named.
    """

    currency: str
    customer_id: RemoteId
    other_customer_id: RemoteId
    item_id: RemoteId
    other_item_id: RemoteId
    deposit_account_id: RemoteId

    def open(self, *, deadline: float = 10.0) -> AccountingProvider: ...

    def invoices(self) -> list[BookedInvoice]: ...

    def payments(self) -> list[BookedPayment]:
        """Oldest first, void ones too."""

    def edit_due_date(self, invoice_id: RemoteId, due_on: date) -> None:
        """A person changes it in the books."""

    def edit_payment_number(self, payment_id: RemoteId, number: str) -> None:
        """A person changes it in the books."""

    def close_books(self, until: date) -> None: ...

    def trouble(self, trouble: Trouble, *, writes: bool, times: int) -> None:
        """The next `times` calls of the kind go wrong."""

    def commit_late(self, seconds: float) -> None:
        """The next write is not answered, and carried out so many seconds later."""

    def pass_time(self, seconds: float) -> None: ...

    def drop_entries(self, *positions: int) -> None:
        """The next batch answer lacks these entries (from 1), though they were written."""

    def trickle(self, seconds: float, *, writes: bool) -> None:
        """The next answer comes byte by byte over so many seconds."""
