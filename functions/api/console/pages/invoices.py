"""Invoices: the list, and the page of one with the button that syncs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.requests import Request
from starlette.responses import Response

from functions.api.console.addresses import INVOICES, following, invoice_address, with_query
from functions.api.console.forms import FormOf
from functions.api.console.invoice_page import InvoicePagesOf
from functions.api.console.invoice_words import STATUSES, Said, said_in_list
from functions.api.console.rendering import Page
from functions.api.console.session import console_router, done
from functions.api.console.shell import ConsoleOf
from functions.api.dependencies import Cursor, ServicesOf, Since, known_provider
from functions.api.own_money import InvoiceId
from functions.api.security import CallerOf
from shared.domain.balances import balance_of
from shared.domain.invoices import Invoice
from shared.domain.records import Customer
from shared.sync.invoice_rules import checked_invoice_id
from shared.sync.invoice_standing import invoices_in_books
from shared.sync.resync import sync_invoice

router = console_router()

_ROWS: Final = 25
"""The payments of each invoice are read with it."""


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    address: str
    number: str
    customer: str
    colour: str
    status: str
    issued: str
    total: str
    paid: str
    there: list[Said]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicesPage(Page):
    template: ClassVar[str] = "invoices.html"
    place: ClassVar[str] = INVOICES
    rows: list[InvoiceRow]
    connected: bool
    first: str
    next: str


@router.get("/invoices")
def show_invoices(
    services: ServicesOf, caller: CallerOf, console: ConsoleOf, cursor: Cursor = None
) -> Response:
    """In order of id. What is paid is the sum of the payments."""
    records, company_id = services.stores.records, caller.company_id
    page = records.page(company_id, Invoice, _ROWS, cursor)
    invoices = [(one, records.payments_of(company_id, one.source_id)) for one in page.rows]
    customer_ids = sorted({invoice.customer_id for invoice in page.rows})
    customers = records.get_many(company_id, Customer, customer_ids)
    rows, words = [], console.words
    connections = console.connections()
    in_books = invoices_in_books(services, connections, invoices)
    for (invoice, payments), there in zip(invoices, in_books, strict=True):
        colour, status = STATUSES[invoice.status]
        balance = balance_of(invoice, payments)
        customer = customers.get(invoice.customer_id)
        rows.append(
            InvoiceRow(
                address=invoice_address(invoice.source_id),
                number=invoice.number,
                customer=customer.name if customer else invoice.customer_id,
                colour=colour,
                status=status,
                issued=words.day(invoice.issued_on),
                total=words.amount(balance.totals.total, invoice.currency),
                paid=words.amount(balance.paid, invoice.currency),
                there=[said_in_list(one, invoice.status, words) for one in there],
            )
        )
    shown = InvoicesPage(
        title="Invoices",
        rows=rows,
        connected=bool(connections),
        first=INVOICES if cursor else "",
        next=following(INVOICES, page.cursor),
    )
    return console.page(shown)


@router.get("/invoices/{id:path}/sync")
def show_sync(pages: InvoicePagesOf, console: ConsoleOf, since: Since = None) -> Response:
    """The part of the page that changes while an invoice goes to the books."""
    return console.part("invoice_books", pages.books(since))


@router.post("/invoices/{id:path}/sync")
def press_sync(
    invoice_id: InvoiceId, request: Request, form: FormOf, services: ServicesOf, caller: CallerOf
) -> Response:
    """The invoice, then every payment that is not there yet; the page that follows tells what came of it."""
    source_id = checked_invoice_id(invoice_id)
    provider = known_provider(form.text("provider"))
    asked = sync_invoice(services, caller.company_id, source_id, caller.person_id, provider)
    address = with_query(invoice_address(source_id), since=asked.at.isoformat())
    label = services.profile(provider).label
    return done(request, address, f"The invoice goes to {label} now, ahead of all others.")


@router.get("/invoices/{id:path}")
def show_invoice(pages: InvoicePagesOf, console: ConsoleOf, since: Since = None) -> Response:
    return console.page(pages.page(since))
