"""The office of a company that sends payments: records them, voids some, clicks, tries again."""

from __future__ import annotations

from dataclasses import replace

from shared.domain.errors import SyncError
from shared.domain.ids import LinkScope, RecordKind, SourceId
from shared.domain.invoices import Payment
from shared.sync.automatic.ask import retry, send_selected
from shared.sync.services import Services
from tests.simulation.actors.office import PERSON
from tests.simulation.installation import Installation
from tests.simulation.payments.book import InvoiceBook, link

KIND = RecordKind.PAYMENT


def opens(world: Installation, book: InvoiceBook, invoices: int, payments: int) -> None:
    """What there is when the world begins: some invoices in the books, and payments recorded."""
    random, company = world.scheduler.random, book.company
    for number in range(invoices):
        invoice = book.new_invoice(number)
        world.stores.records.save(company.company_id, [invoice])
        if random.random() < 0.8:
            links(world, book)
    for _ in range(payments):
        _save(world, book, book.next_payment(random))


def records(world: Installation, book: InvoiceBook, seconds: float, most: int) -> None:
    """Records payments, voids some (rarely at once), tells a few of them twice."""
    random = world.scheduler.random
    until = world.elapsed + seconds
    while world.elapsed < until:
        world.scheduler.sleep(random.choice((0.2, 2.0, 10.0, 60.0)))
        world.scheduler.point("records")
        if len(book.payments) < most and (not book.payments or random.random() < 0.6):
            _save(world, book, book.next_payment(random))
        elif book.payments and random.random() < 0.4:
            voids(world, book, random.choice(book.payments))
        elif random.random() < 0.2:
            invoice = book.edited(random)
            world.stores.records.save(book.company.company_id, [invoice])
            world.scheduler.note(f"INVOICE {invoice.source_id} {invoice.status} v{invoice.version}")


def voids(world: Installation, book: InvoiceBook, source_id: SourceId) -> None:
    payment = world.stores.records.get(book.company.company_id, Payment, source_id)
    if payment is not None and payment.active:
        _save(world, book, replace(payment, active=False, version=payment.version + 1))


def asks(world: Installation, book: InvoiceBook, seconds: float) -> None:
    """Has refused ones tried again, sends some now."""
    random, key = world.scheduler.random, book.company.key
    until = world.elapsed + seconds
    while world.elapsed < until:
        world.scheduler.sleep(random.choice((1.0, 10.0, 60.0)))
        ids = random.sample(book.payments, min(2, len(book.payments)))

        def work(services: Services, ids: list[SourceId] = ids) -> None:
            try:
                if ids and random.random() < 0.5:
                    send_selected(services, key, KIND, ids, PERSON)
                else:
                    retry(services, key, KIND, PERSON)
            except SyncError as told:
                world.scheduler.note(f"ASK told {type(told).__name__}")

        world.functions.start("ask", work)


def links(world: Installation, book: InvoiceBook) -> None:
    """What the sync of invoices does: one that waits stands in the books now."""
    if not book.unlinked:
        return
    connection = world.stores.connections.get(book.company.key)
    assert connection is not None
    remote_company_id = connection.remote_company.remote_company_id
    scope = LinkScope(connection.key, remote_company_id, RecordKind.INVOICE)
    invoice = book.unlinked.pop(0)
    link(world.stores, scope, invoice)
    world.scheduler.note(f"INVOICE {invoice.source_id} is in the books")


def links_all(world: Installation, book: InvoiceBook, seconds: float) -> None:
    until = world.elapsed + seconds
    while world.elapsed < until:
        world.scheduler.sleep(seconds / (2 + len(book.unlinked)))
        links(world, book)


def keeps_books(world: Installation, book: InvoiceBook, seconds: float) -> None:
    """Somebody puts notes on payments in the books: what we know of their versions is old then."""
    random, books = world.scheduler.random, book.company.books
    until = world.elapsed + seconds
    while world.elapsed < until:
        world.scheduler.sleep(random.choice((2.0, 15.0, 60.0)))
        world.scheduler.point("keeps books")
        rows = books.records(KIND)
        if rows:
            books.till.change(random.choice(rows).remote_id, number=str(random.randrange(99)))


def _save(world: Installation, book: InvoiceBook, payment: Payment) -> None:
    company = book.company
    world.stores.records.save(company.company_id, [payment])
    said = "RECORDED" if payment.active else "VOIDED"
    world.scheduler.note(f"{said} {payment.source_id} {payment.amount.amount} {payment.note}")
    if world.road:
        world.road.stored(company, [payment])
