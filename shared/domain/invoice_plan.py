"""Pure: what an invoice is in the books. `InvoiceTerms` is what the engine is given of it.

The engine reads an invoice with what it is made of in the books: a `LinkedInvoice`. Its number is the
office's own and never changed for the books' sake; what has the number already is looked into by total
and customer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from typing import Final

from shared.domain.due import Dependency
from shared.domain.ids import RecordKind, RemoteId, SourceId
from shared.domain.invoice_fields import InvoiceFields, InvoiceLineFields
from shared.domain.invoice_rules import InvoiceRules
from shared.domain.invoices import ZERO, Invoice, InvoiceStatus
from shared.domain.links import Link
from shared.domain.money import smallest_unit
from shared.domain.names import NameRules, fits, plain_name
from shared.domain.record_plan import cut
from shared.domain.runs import Problem
from shared.domain.totals import Totals, totals_of

TOTAL_DIFFERS: Final = "TOTAL_DIFFERS"
NOT_IN_BOOKS: Final = "NOT_IN_BOOKS"
TAX_CODE_FIELD: Final = "taxCodeId"
"""The field that refusals over a line's tax code name."""

TAX_CODE_MISSING: Final = Problem(
    "TAX_MAPPING_MISSING",
    "No tax code is chosen for an item of this invoice.",
    "Choose a tax code in Settings → Integrations → Account Mapping.",
    TAX_CODE_FIELD,
)

_TOTAL: Final = "total"


@dataclass(frozen=True, slots=True)
class LineLink:
    """What a line's item is in the books; empty where it has no link, or no tax code of its own."""

    item_remote_id: RemoteId = RemoteId("")
    tax_code_id: str = ""


@dataclass(frozen=True, slots=True)
class LinkedInvoice(Invoice):
    """An invoice with what it names in the books, as the engine reads it; never stored as such.

    `line_links` stand beside `lines`, one each.
    """

    customer_remote_id: RemoteId = RemoteId("")
    line_links: tuple[LineLink, ...] = ()


def with_links(
    invoice: Invoice, customer_remote_id: RemoteId, line_links: Sequence[LineLink]
) -> LinkedInvoice:
    said = {field.name: getattr(invoice, field.name) for field in fields(Invoice)}
    return LinkedInvoice(
        **said, customer_remote_id=customer_remote_id, line_links=tuple(line_links)
    )


def reference_of_invoice(source_id: SourceId) -> str:
    """Carried in the books' own note on it, so that an invoice of ours is known again."""
    return f"BlueClerk invoice {source_id}"


@dataclass(frozen=True, slots=True)
class InvoiceTerms:
    """`record_plan.Terms` of a connection's invoices.

    `country`: of the remote company. `invoices_from`: earlier ones are linked when found, never made.
    """

    rules: InvoiceRules
    provider_label: str
    country: str = ""
    default_tax_code_id: str = ""
    invoices_from: date | None = None

    @property
    def kind(self) -> RecordKind:
        return RecordKind.INVOICE

    @property
    def noun(self) -> str:
        return "invoice"

    @property
    def names(self) -> NameRules:
        return self.rules.numbers

    @property
    def chooses_names(self) -> bool:
        return False

    @property
    def voids(self) -> bool:
        return True

    def name_of(self, record: Invoice) -> str:
        return record.number

    def called(self, record: Invoice, remote_name: str) -> Invoice:
        return replace(record, number=remote_name)

    def remote_name_of(self, fields: InvoiceFields) -> str:
        return fields.name

    def begins(self, record: Invoice) -> bool:
        """Neither a draft nor one that was void before the books heard of it."""
        return record.status.goes_by_itself

    def refusal(self, record: LinkedInvoice) -> Problem | None:
        if record.status is InvoiceStatus.VOID:
            return None
        if record.status is InvoiceStatus.DRAFT:
            return Problem(
                "INVOICE_IS_DRAFT",
                f"This invoice is a draft; only what was sent goes to {self.provider_label}.",
                "Send the invoice, then sync again.",
                "status",
            )
        return (
            self._number_refused(record)
            or self._lines_refused(record)
            or self._amount_refused(record)
            or self._tax_refused(record)
        )

    def _number_refused(self, record: Invoice) -> Problem | None:
        if fits(plain_name(record.number), self.names):
            return None
        return Problem(
            "NUMBER_NOT_ALLOWED",
            f"{self.provider_label} does not take this invoice's number: it takes up to "
            f"{self.names.max_length} characters, all of them printable.",
            "Give the invoice another number.",
            "number",
        )

    def _lines_refused(self, record: Invoice) -> Problem | None:
        if len(record.lines) > self.rules.max_lines:
            return Problem(
                "TOO_MANY_LINES",
                f"{self.provider_label} takes invoices of up to {self.rules.max_lines} lines; this "
                f"one has {len(record.lines)}.",
                "Split the invoice.",
                "lines",
            )
        if all(line.is_text for line in record.lines):
            return Problem(
                "NO_LINES",
                "This invoice has no line with an item.",
                "Add a line with an item.",
                "lines",
            )
        return None

    def _amount_refused(self, record: Invoice) -> Problem | None:
        totals, most = totals_of(record, self.rules.totals), self.rules.max_amount
        amounts = (totals.total, *totals.lines, *(line.unit_price for line in record.lines))
        if max(map(abs, amounts)) <= most:
            return None
        return Problem(
            "AMOUNT_TOO_HIGH",
            f"{self.provider_label} takes amounts up to {most}.",
            "Lower the invoice's amounts, or split it.",
            "lines",
        )

    def _tax_refused(self, record: LinkedInvoice) -> Problem | None:
        if self._only_marks_tax:
            return None
        items = (n for n, line in enumerate(record.lines) if not line.is_text)
        return None if all(self._tax_code_of(record, n) for n in items) else TAX_CODE_MISSING

    def not_created(self, record: Invoice) -> Problem | None:
        if self.invoices_from is None or record.issued_on >= self.invoices_from:
            return None
        return Problem(
            NOT_IN_BOOKS,
            f"This invoice is from before {self.invoices_from.isoformat()}, when invoices began to be "
            f"synced, and {self.provider_label} has none of the number “{record.number}”.",
            f"Enter it in {self.provider_label} under this number, or choose an earlier go-live date "
            "in the connection's settings (setting invoicesFrom); then sync again.",
            "issuedOn",
        )

    def taken(self, name: str) -> Problem:
        return Problem(
            "NUMBER_TAKEN",
            f"{self.provider_label} already has another invoice of the number “{name}”.",
            f"Give this invoice another number, or change the one in {self.provider_label}.",
            "number",
        )

    def lacking(self, record: LinkedInvoice) -> tuple[Dependency, ...]:
        """Its customer and items that have no link yet; what is void bears none of them any more."""
        if record.status is InvoiceStatus.VOID:
            return ()
        missing: dict[Dependency, None] = {}
        if not record.customer_remote_id:
            missing[Dependency(RecordKind.CUSTOMER, record.customer_id)] = None
        for line, link in zip(record.lines, record.line_links, strict=True):
            if not line.is_text and not link.item_remote_id:
                missing[Dependency(RecordKind.ITEM, line.item_id)] = None
        return tuple(missing)

    def desired(self, record: LinkedInvoice, remote_name: str) -> InvoiceFields:
        """What the books should say, with the totals as we predict them."""
        totals = totals_of(record, self.rules.totals)
        return InvoiceFields(
            name=remote_name,
            customer_id=record.customer_remote_id,
            currency=record.currency,
            issued_on=record.issued_on,
            due_on=record.due_on,
            lines=tuple(self._line(record, n, totals) for n in range(len(record.lines))),
            total=totals.total,
            discount=totals.discount,
            discount_percent=record.discount_percent,
            tax=totals.tax,
            prices_include_tax=record.prices_include_tax,
            memo=cut(record.memo, self.rules.max_memo),
            reference=reference_of_invoice(record.source_id),
            active=record.active,
        )

    def _line(self, record: LinkedInvoice, place: int, totals: Totals) -> InvoiceLineFields:
        line = record.lines[place]
        description = cut(line.description, self.rules.max_line_description)
        if line.is_text:
            return InvoiceLineFields(RemoteId(""), description, ZERO, ZERO, ZERO)
        return InvoiceLineFields(
            item_id=self._item_of(record, place),
            description=description,
            quantity=line.quantity,
            unit_price=line.unit_price,
            amount=totals.lines[place],
            tax_code_id=self._tax_code_of(record, place),
            taxed=bool(line.tax_percent),
            discounted=bool(line.discount_percent),
        )

    def _item_of(self, record: LinkedInvoice, place: int) -> RemoteId:
        return record.line_links[place].item_remote_id

    def _tax_code_of(self, record: LinkedInvoice, place: int) -> str:
        """The item's own, else the default; none where lines are only marked."""
        if self._only_marks_tax:
            return ""
        return record.line_links[place].tax_code_id or self.default_tax_code_id

    @property
    def _only_marks_tax(self) -> bool:
        return self.country in self.rules.marks_tax_in

    def mapping_version(self, record: LinkedInvoice) -> str:
        """A short hash of what it names in the books; a void one names nothing.

        Tax codes are not in it: what was sent stays taxed as it was, and another code counts from the
        invoice's next change on. Else one click would rewrite years of paid invoices.
        """
        if record.status is InvoiceStatus.VOID:
            return ""
        named = [
            self._item_of(record, n) for n, line in enumerate(record.lines) if not line.is_text
        ]
        text = json.dumps([record.customer_remote_id, named])
        return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()

    def email_key_of(self, either: Invoice | InvoiceFields) -> str:  # noqa: ARG002 - by number
        return ""

    def made_for(self, record: Invoice, remote: InvoiceFields) -> bool:
        """By our reference; and for that customer, should it have been copied in the books."""
        ours = reference_of_invoice(record.source_id) in remote.reference.split("\n")
        customer = record.customer_remote_id if isinstance(record, LinkedInvoice) else ""
        return ours and customer in ("", remote.customer_id)

    def doubt(self, record: LinkedInvoice, remote: InvoiceFields) -> Problem | None:
        """An invoice of that number is this one where customer and total agree."""
        if self.made_for(record, remote):
            return None
        total = totals_of(record, self.rules.totals).total
        unlike = []
        if remote.customer_id != record.customer_remote_id:
            unlike.append("its customer differs")
        if not remote.active:
            unlike.append("it is void")
        elif (remote.total, remote.currency) != (total, record.currency):
            theirs = _money(remote.total, remote.currency)
            ours = _money(total, record.currency)
            unlike.append(f"its total differs: {theirs} there, {ours} here")
        if not unlike:
            return None
        return Problem(
            "INVOICE_UNSURE",
            f"There is an invoice of that number in {self.provider_label}, but "
            f"{' and '.join(unlike)}.",
            f"Compare the two. If they are the same invoice, make them agree in {self.provider_label} "
            "or in BlueClerk; else give this one another number. Then sync again.",
            "number",
        )

    def choice(
        self,
        record: Invoice,  # noqa: ARG002 - see below
        remotes: Sequence[InvoiceFields],  # noqa: ARG002 - see below
    ) -> int | None:
        """A person's: two invoices of one number, customer and total."""
        return None

    def disagreement(self, link: Link) -> Problem | None:
        """The total that the provider answered last, where that is not the one that was predicted."""
        theirs, ours = remote_total(link), link.base.get(_TOTAL)
        if theirs is None or not ours or link.base.get("active") == "false":
            return None
        currency = link.base.get("currency", "")
        return Problem(
            TOTAL_DIFFERS,
            f"{self.provider_label} has this invoice at {_money(theirs, currency)}, BlueClerk "
            f"at {_money(Decimal(ours), currency)}.",
            f"Compare its lines, discount and tax with the invoice in {self.provider_label}, correct "
            "what is wrong in BlueClerk, and it is sent again.",
            _TOTAL,
        )


def _money(amount: Decimal, currency: str) -> str:
    """To the currency's smallest unit: 12.50 USD, 12 JPY."""
    unit = smallest_unit(currency)
    exact = amount.quantize(unit) if amount == amount.quantize(unit) else amount
    return f"{exact:f} {currency}".rstrip()


def remote_total(link: Link) -> Decimal | None:
    """What the provider answered last that it comes to; None: what was sent."""
    answered = link.answered.get(_TOTAL)
    return None if answered is None else Decimal(answered)


def line_items(invoice: Invoice) -> tuple[SourceId, ...]:
    """The items that it names, each once."""
    return tuple(dict.fromkeys(line.item_id for line in invoice.lines if not line.is_text))
