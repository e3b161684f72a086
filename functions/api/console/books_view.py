"""What the page of an invoice shows of it in each provider's books, and whether it may be sent there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from functions.api.console.invoice_words import (
    NOT_BY_ITSELF,
    Said,
    comes_by_itself,
    said_of_invoice,
    what_it_did,
)
from functions.api.console.words import Words
from shared.auth.reauth import reauth_problem
from shared.domain.balances import Balance
from shared.domain.connections import Connection, ConnectionState
from shared.domain.ids import ProviderName, RecordKind
from shared.domain.invoices import Invoice, InvoiceStatus
from shared.sync.engine.terms import scope_of
from shared.sync.invoice_standing import InBooks, InvoiceInBooks
from shared.sync.on_its_way import OnItsWay, invoice_on_its_way
from shared.sync.services import Services

WATCHED_FOR: Final = timedelta(minutes=5)
"""After that the page stays as it is: whoever still looks loads it again."""

OnTheWay = Mapping[ProviderName, OnItsWay]


@dataclass(frozen=True, slots=True)
class BooksView:
    """The invoice in one provider's books.

    `button` is empty where nothing can be sent, and `no_button` says why. `told` is what the last click
    did, where one is watched; `moving`: it is not over. Totals are empty where both sides have the same.
    """

    provider: str
    label: str
    said: Said
    number: str
    remote_id: str
    total_here: str
    total_there: str
    last_sync: str
    button: str
    no_button: str
    reconnect: bool
    to_setup: bool
    import_first: bool
    told: str
    moving: bool


@dataclass(frozen=True, slots=True)
class BooksViews:
    """Reads what the page needs besides. `since`: when the click that is watched was made."""

    services: Services
    connections: Sequence[Connection]
    words: Words
    since: datetime | None

    def on_its_way(self, invoice: Invoice) -> OnTheWay:
        """Where it is watched. To be read before the books: what ends between the two is then looked at
        once more, instead of being shown as it was before.
        """
        if not self._watched:
            return {}
        return {
            one.key.provider: invoice_on_its_way(self.services, one.key, invoice.source_id)
            for one in self.connections
        }

    def of(
        self,
        invoice: Invoice,
        balance: Balance,
        books: Sequence[InvoiceInBooks],
        on_the_way: OnTheWay,
    ) -> list[BooksView]:
        """In the order of `books`, which are those of the connections."""
        connections = {one.key.provider: one for one in self.connections}
        views = []
        for there in books:
            connection = connections[there.provider]
            moves = on_the_way.get(there.provider) or self._waiting(connection, invoice, there)
            views.append(self._of(connection, invoice, balance, there, moves))
        return views

    @property
    def _watched(self) -> bool:
        return self.since is not None and self.words.now - self.since < WATCHED_FOR

    def _waiting(self, connection: Connection, invoice: Invoice, there: InvoiceInBooks) -> OnItsWay:
        if there.state is not InBooks.WAITING:
            return OnItsWay(moving=False)
        return invoice_on_its_way(self.services, connection.key, invoice.source_id)

    def _of(
        self,
        connection: Connection,
        invoice: Invoice,
        balance: Balance,
        there: InvoiceInBooks,
        on_its_way: OnItsWay,
    ) -> BooksView:
        paying = there.state in _THERE and comes_by_itself(there.payments)
        moving = self._watched and (on_its_way.moving or paying)
        button, no_button = self._button(connection, invoice, there)
        differs = there.remote_total is not None
        return BooksView(
            provider=there.provider,
            label=there.label,
            said=self._said(connection, invoice, there, on_its_way),
            number=there.number,
            remote_id=there.remote_id,
            total_here=self._money(balance.totals.total, invoice) if differs else "",
            total_there=self._money(there.remote_total, invoice) if differs else "",
            last_sync=self._last_sync(connection, there),
            button=button,
            no_button=no_button,
            reconnect=connection.state is ConnectionState.NEEDS_REAUTH,
            to_setup=not connection.setup.decided,
            import_first=self._import_first(connection, invoice, there),
            told="" if self.since is None or on_its_way.moving else what_it_did(there, self.words),
            moving=moving,
        )

    @staticmethod
    def _said(
        connection: Connection, invoice: Invoice, there: InvoiceInBooks, on_its_way: OnItsWay
    ) -> Said:
        said = _with_reason(said_of_invoice(there, invoice.status), on_its_way)
        waits = there.state is InBooks.WAITING and not said.reason and not on_its_way.moving
        if waits and connection.keeps_back(RecordKind.INVOICE):
            return replace(said, reason=NOT_BY_ITSELF.format(kinds="Invoices"))
        return said

    def _button(
        self, connection: Connection, invoice: Invoice, there: InvoiceInBooks
    ) -> tuple[str, str]:
        """What it says, or why there is none."""
        label = there.label
        if invoice.status is InvoiceStatus.DRAFT:
            then = f"then it goes to {label} by itself"
            if connection.keeps_back(RecordKind.INVOICE):
                then = f"then it can be synced to {label}"
            return "", f"A draft is not synced. Send the invoice to the customer first; {then}."
        if invoice.status is InvoiceStatus.VOID and not there.remote_id:
            return "", f"The invoice was void before {label} had it: there is nothing to send."
        if there.state is InBooks.VOIDED:
            return "", f"The invoice is void here and in {label}: there is nothing to send."
        if connection.state is ConnectionState.NEEDS_REAUTH:
            return "", reauth_problem(self.services.profile(there.provider)).message
        if not connection.setup.decided:
            return "", (
                "The import of customers and items is not decided yet, so nothing is sent. Finish or "
                "skip the import steps of the setup."
            )
        return there.sync_label, ""

    def _import_first(
        self, connection: Connection, invoice: Invoice, there: InvoiceInBooks
    ) -> bool:
        if there.remote_id or invoice.status is InvoiceStatus.VOID:
            return False
        scope = scope_of(RecordKind.CUSTOMER, connection)
        return not self.services.stores.links.get_links(scope, [invoice.customer_id])

    def _last_sync(self, connection: Connection, there: InvoiceInBooks) -> str:
        if not there.run_id:
            return ""
        run = self.services.stores.runs.get(connection.key, there.run_id)
        return self.words.ago(run.finished_at or run.started_at) if run else ""

    def _money(self, amount: Decimal | None, invoice: Invoice) -> str:
        return "" if amount is None else self.words.amount(amount, invoice.currency)


_THERE: Final = frozenset({InBooks.IN_STEP, InBooks.DIFFERS})
"""States in which payments of the invoice may go."""


def _with_reason(said: Said, on_its_way: OnItsWay) -> Said:
    if said.reason or on_its_way.reason is None:
        return said
    return replace(said, reason=on_its_way.reason.message, action=on_its_way.reason.action)
