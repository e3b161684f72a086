"""The page of an invoice, with whatever was typed into its form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Final

from fastapi import Depends

from functions.api.console.addresses import INVOICES, invoice_address, with_query
from functions.api.console.books_view import BooksView, BooksViews
from functions.api.console.history import Happening, history_of
from functions.api.console.invoice_view import LineView, PaymentView, line_views, payment_views
from functions.api.console.invoice_words import STATUSES
from functions.api.console.payment_form import PaymentForm, methods_known
from functions.api.console.rendering import Page
from functions.api.console.shell import ConsoleOf
from functions.api.console.words import Words
from functions.api.dependencies import ServicesOf
from functions.api.own_money import InvoiceId, PaymentsOf
from functions.api.security import CallerOf
from shared.auth.caller import Caller
from shared.domain.balances import Balance, balance_of
from shared.domain.connections import Connection
from shared.domain.ids import RecordKind
from shared.domain.invoices import Invoice, Payment
from shared.domain.records import Customer, Item
from shared.sync.invoice_rules import checked_invoice_id
from shared.sync.invoice_standing import InvoiceInBooks, invoices_in_books
from shared.sync.services import Services

_EVERY: Final = 2


@dataclass(frozen=True, slots=True)
class InvoiceNow:
    """What changes while an invoice goes to the books. `refresh` is empty once it is at rest."""

    address: str
    customer: str
    books: list[BooksView]
    payments: list[PaymentView]
    refresh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceBooksPage(Page):
    """For the part of the page that is looked at again."""

    template: ClassVar[str] = "parts/invoice_books.html"
    now: InvoiceNow


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicePage(Page):
    template: ClassVar[str] = "invoice.html"
    place: ClassVar[str] = INVOICES
    now: InvoiceNow

    number: str
    source_id: str
    colour: str
    status: str
    issued: str
    due: str
    memo: str
    lines: list[LineView]
    subtotal: str
    discount: str
    tax: str
    tax_included: bool
    total: str
    paid: str
    balance: str
    balance_words: str
    is_open: bool
    payable: bool
    form: PaymentForm
    methods: list[str]
    history: list[Happening]


@dataclass(frozen=True, slots=True)
class InvoicePages:
    """Makes them of one invoice, for who is looking."""

    services: Services
    caller: Caller
    words: Words
    connections: Sequence[Connection]
    invoice: Invoice
    stored: Sequence[Payment]

    def books(self, since: datetime | None) -> InvoiceBooksPage:
        return InvoiceBooksPage(title=self._title, now=self._now(since))

    def page(self, since: datetime | None = None, form: PaymentForm | None = None) -> InvoicePage:
        """`since`: when the sync that is watched was asked for."""
        invoice, words, balance = self.invoice, self.words, self._balance
        company_id, records = self.caller.company_id, self.services.stores.records
        colour, status = STATUSES[invoice.status]
        names = records.get_many(
            company_id, Item, sorted({line.item_id for line in invoice.lines if line.item_id})
        )
        totals, now = balance.totals, self._now(since)
        return InvoicePage(
            title=self._title,
            refresh_seconds=_EVERY if now.refresh else 0,
            now=now,
            number=invoice.number,
            source_id=invoice.source_id,
            colour=colour,
            status=status,
            issued=words.day(invoice.issued_on),
            due=words.day(invoice.due_on) if invoice.due_on else "",
            memo=invoice.memo,
            lines=line_views(invoice, balance, names, words),
            subtotal=self._money(totals.subtotal),
            discount=self._money(totals.discount) if totals.discount else "",
            tax=self._money(totals.tax) if totals.tax else "",
            tax_included=invoice.prices_include_tax,
            total=self._money(totals.total),
            paid=self._money(balance.paid),
            balance=self._money(abs(balance.open)),
            balance_words="Paid above the total" if balance.open < 0 else "Open",
            is_open=balance.open > 0,
            payable=invoice.status.goes_by_itself,
            form=form or PaymentForm.empty(self.services.ids, words),
            methods=methods_known(self.connections),
            history=history_of(self.services, self.caller, invoice, self.stored, words),
        )

    @property
    def _title(self) -> str:
        return f"Invoice {self.invoice.number}"

    @property
    def _balance(self) -> Balance:
        return balance_of(self.invoice, self.stored)

    def _now(self, since: datetime | None) -> InvoiceNow:
        invoice, address = self.invoice, invoice_address(self.invoice.source_id)
        company_id = self.caller.company_id
        views = BooksViews(self.services, self.connections, self.words, since)
        on_the_way = views.on_its_way(invoice)
        told: list[InvoiceInBooks] = invoices_in_books(
            self.services, self.connections, [(invoice, self.stored)], since
        )[0]
        books = views.of(invoice, self._balance, told, on_the_way)
        moving = any(one.moving for one in books)
        watch = with_query(f"{address}/sync", since=since.isoformat()) if since else ""
        customer = self.services.stores.records.get(company_id, Customer, invoice.customer_id)
        return InvoiceNow(
            address=address,
            customer=customer.name if customer else invoice.customer_id,
            books=books,
            payments=payment_views(invoice, self.stored, told, self.words, self._kept_back(books)),
            refresh=watch if moving else "",
        )

    def _kept_back(self, books: Sequence[BooksView]) -> set[str]:
        """Where payments wait until somebody asks; not where somebody just has."""
        waits: set[str] = {
            one.key.provider for one in self.connections if one.keeps_back(RecordKind.PAYMENT)
        }
        return waits - {one.provider for one in books if one.moving}

    def _money(self, amount: Decimal) -> str:
        return self.words.amount(amount, self.invoice.currency)


def _invoice_pages(
    invoice_id: InvoiceId,
    services: ServicesOf,
    caller: CallerOf,
    console: ConsoleOf,
    payments: PaymentsOf,
) -> InvoicePages:
    """Raises `NotFound`."""
    invoice, stored = payments.of(checked_invoice_id(invoice_id))
    connections = console.connections()
    return InvoicePages(services, caller, console.words, connections, invoice, stored)


InvoicePagesOf = Annotated[InvoicePages, Depends(_invoice_pages)]
