"""What the page of an invoice shows of its lines and payments."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from functions.api.console.addresses import invoice_address, with_query
from functions.api.console.invoice_words import Said, said_of_payment
from functions.api.console.words import Words
from shared.domain.balances import Balance
from shared.domain.ids import SourceId
from shared.domain.invoices import Invoice, Payment
from shared.domain.records import Item
from shared.storage.keys import own_payment_id
from shared.sync.invoice_standing import InvoiceInBooks


@dataclass(frozen=True, slots=True)
class LineView:
    """Texts; all but the first two are empty for a line of text only."""

    item: str
    description: str
    quantity: str = ""
    price: str = ""
    discount: str = ""
    tax: str = ""
    amount: str = ""


@dataclass(frozen=True, slots=True)
class PaymentThere:
    """What became of a payment in one provider's books."""

    said: Said
    label: str
    remote_id: str


@dataclass(frozen=True, slots=True)
class PaymentView:
    day: str
    method: str
    reference: str
    note: str
    amount: str
    voided: bool
    overpaid: bool
    there: list[PaymentThere]
    void_address: str


def line_views(
    invoice: Invoice, balance: Balance, names: Mapping[SourceId, Item], words: Words
) -> list[LineView]:
    """`names`: the items that the lines name, those there are."""
    shown = []
    for line, amount in zip(invoice.lines, balance.totals.lines, strict=True):
        if line.is_text:
            shown.append(LineView("", line.description))
            continue
        item = names.get(line.item_id)
        shown.append(
            LineView(
                item=item.name if item else line.item_id,
                description=line.description,
                quantity=words.number(line.quantity),
                price=words.amount(line.unit_price, invoice.currency),
                discount=f"{words.number(line.discount_percent)}%" if line.discount_percent else "",
                tax=f"{words.number(line.tax_percent)}%" if line.tax_percent else "",
                amount=words.amount(amount, invoice.currency),
            )
        )
    return shown


def payment_views(
    invoice: Invoice,
    payments: Sequence[Payment],
    books: Sequence[InvoiceInBooks],
    words: Words,
    kept_back: Collection[str],
) -> list[PaymentView]:
    """The earliest first. `kept_back`: where payments wait until somebody asks for them."""
    there: dict[str, list[PaymentThere]] = {}
    for one in books:
        for its in one.payments:
            said = said_of_payment(its, one.label, kept_back=one.provider in kept_back)
            there.setdefault(its.own_id, []).append(PaymentThere(said, one.label, its.remote_id))
    shown = []
    for payment in sorted(payments, key=lambda each: (each.paid_on, each.source_id)):
        own_id = own_payment_id(payment.source_id)
        shown.append(
            PaymentView(
                day=words.day(payment.paid_on),
                method=payment.method,
                reference=payment.reference,
                note=payment.note,
                amount=words.money(payment.amount),
                voided=not payment.active,
                overpaid=payment.overpaid,
                there=there.get(own_id, []),
                void_address=with_query(
                    f"{invoice_address(invoice.source_id)}/payments/void", payment=own_id
                ),
            )
        )
    return shown
