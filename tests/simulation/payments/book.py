"""Invoices and payments of a simulated company: few invoices, several payments each, sums to the cent."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from shared.domain.ids import LinkScope, RemoteId, RemoteVersion, SourceId
from shared.domain.invoices import Invoice, InvoiceLine, InvoiceStatus, Payment
from shared.domain.links import Link
from shared.domain.money import Money
from shared.storage.keys import payment_id
from shared.storage.ports import Stores
from tests.simulation.catalogue import MALFORMED, REFUSED
from tests.simulation.company import Company

ODD = 0.05
VOIDED = 0.2
"""Of the edits of an invoice."""
ISSUED = date(2026, 2, 2)


@dataclass(slots=True)
class InvoiceBook:
    """Of one company. `unlinked`: invoices that are not in the books yet."""

    company: Company
    invoices: list[Invoice] = field(default_factory=list)
    unlinked: list[Invoice] = field(default_factory=list)
    payments: list[SourceId] = field(default_factory=list)

    def new_invoice(self, number: int) -> Invoice:
        invoice = Invoice(
            source_id=SourceId(f"{self.company.company_id}/inv-{number}"),
            number=f"INV-{number:04}",
            customer_id=SourceId(f"{self.company.company_id}/customer-{number}"),
            status=InvoiceStatus.SENT,
            currency="USD",
            issued_on=ISSUED,
            lines=(InvoiceLine(SourceId("item"), unit_price=Decimal(500)),),
            version=1,
        )
        self.invoices.append(invoice)
        self.unlinked.append(invoice)
        return invoice

    def edited(self, random: Random) -> Invoice:
        """The next version of an invoice, rarely a void one; it is not in the books as it is here."""
        place = random.randrange(len(self.invoices))
        old = self.invoices[place]
        status = InvoiceStatus.VOID if random.random() < VOIDED else old.status
        invoice = replace(old, memo=f"v{old.version + 1}", status=status, version=old.version + 1)
        self.invoices[place] = invoice
        self.unlinked = [each for each in self.unlinked if each.source_id != invoice.source_id]
        self.unlinked.append(invoice)
        return invoice

    def next_payment(self, random: Random) -> Payment:
        """Of any invoice; now and then one that the books refuse, alone or with its whole request."""
        invoice = random.choice(self.invoices)
        odd = random.random()
        note = MALFORMED if odd < ODD else REFUSED if odd < 2 * ODD else ""
        payment = Payment(
            source_id=payment_id(invoice.source_id, str(len(self.payments) + 1)),
            invoice_id=invoice.source_id,
            amount=Money(Decimal(random.randrange(1, 50_000)) / 100, "USD"),
            paid_on=ISSUED + timedelta(days=random.randrange(60)),
            note=note,
            version=1,
        )
        self.payments.append(payment.source_id)
        return payment


def link(stores: Stores, scope: LinkScope, invoice: Invoice) -> None:
    """The invoice stands in the books, as it is here."""
    known = stores.links.get_links(scope, [invoice.source_id]).get(invoice.source_id)
    row = Link(
        source_id=invoice.source_id,
        remote_id=RemoteId(f"i-{invoice.source_id}"),
        remote_version=RemoteVersion("0"),
        remote_name=invoice.number,
        name_key=invoice.number,
        source_version=invoice.version,
        mapping_version="",
        base={"customer_id": f"c-{invoice.customer_id}"},
        row_version=known.row_version + 1 if known else 1,
    )
    assert not stores.links.save_links(scope, [row])
