"""QuickBooks' Invoice to and from the suite's fields (quickbooks.md 2.5, 2.6, 6.4, 6.6, 6.7)."""

from __future__ import annotations

from collections.abc import Mapping
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, Final

from shared.domain.ids import RemoteId
from shared.domain.invoice_fields import InvoiceFields
from shared.domain.money import canonical_amount
from shared.domain.runs import PushAction
from shared.providers.base import RecordWrite, RemoteRecord
from shared.providers.quickbooks.invoice_lines import (
    TAXED,
    UNTAXED,
    discount_of,
    emptied,
    line_ids_of,
    lines_of,
    lines_text,
)
from shared.providers.quickbooks.profile import PROFILE
from shared.providers.quickbooks.transactions import (
    date_of,
    group_of,
    is_void,
    needed_date,
    note_of,
    reference,
    referred,
    total_of,
    void_object,
)
from shared.providers.quickbooks.wire import identity, number_of, text_of, update_head

LINE_IDS: Final = "line_ids"
"""Under this name a link keeps `InvoiceFields.line_ids`, joined by commas (`RecordWrite.answered`)."""

ELEMENTS: Final = {
    "DocNumber": "number",
    "CustomerRef": "customerId",
    "CurrencyRef": "currency",
    "TxnDate": "issuedOn",
    "DueDate": "dueOn",
    "CustomerMemo": "memo",
    "DiscountLineDetail": "discountAmount",
    "DiscountPercent": "discountPercent",
    **dict.fromkeys(
        (
            "Line",
            "Amount",
            "Description",
            "ItemRef",
            "Qty",
            "SalesItemLineDetail",
            "TaxCodeRef",
            "UnitPrice",
        ),
        "lines",
    ),
}
"""Which field of our API an error's `element` is about."""

_SUMS: Final = frozenset({"lines", "discount", "prices_include_tax"})
"""Fields that the array of lines is made of."""


def invoice_object(write: RecordWrite, country: str) -> str:
    """The entity of a create, sparse update or void as JSON text; the same write gives the same text.

    ASCII only, as `wire.item_object`. `country` of the books (ISO 3166, empty: unknown) decides how tax
    is told (6.6). `CurrencyRef` goes always: it is needed with multicurrency, and without it answers
    carry the home currency too, which clients of full updates send back (6.7) [uncertain: no page says
    that it may be sent]. What a due date was cannot be emptied: QuickBooks puts one in from the terms.
    """
    if write.action is PushAction.VOID:
        return void_object(write)
    fields = write.fields
    assert isinstance(fields, InvoiceFields)  # noqa: S101 - `ENTITIES` is keyed by kind
    create = write.action is PushAction.CREATE
    parts = [] if create else [update_head(write)]
    parts += [
        text for name, text in _heads(fields).items() if text and (create or name in write.changed)
    ]
    if create or write.changed & _SUMS or ("tax" in write.changed and fields.prices_include_tax):
        parts += _sums(write, fields, country, create=create)
    elif "tax" in write.changed:
        parts += _tax(fields, country, create=create)
    if fields.memo if create else "memo" in write.changed:
        parts.append(f'"CustomerMemo":{{"value":{quoted(fields.memo)}}}')
    if create and fields.reference:
        parts.append(f'"PrivateNote":{quoted(fields.reference)}')
    return "{" + ",".join(parts) + "}"


def _heads(fields: InvoiceFields) -> dict[str, str]:
    """Attributes that are one field each, by its name; an empty text goes never."""
    due_on = fields.due_on
    return {
        "name": f'"DocNumber":{quoted(fields.name)}' if fields.name else "",
        "customer_id": reference("CustomerRef", fields.customer_id),
        "currency": reference("CurrencyRef", fields.currency),
        "issued_on": f'"TxnDate":"{fields.issued_on.isoformat()}"',
        "due_on": f'"DueDate":"{due_on.isoformat()}"' if due_on else "",
    }


def _sums(write: RecordWrite, fields: InvoiceFields, country: str, *, create: bool) -> list[str]:
    """Everything the total is made of: it goes together, or not at all."""
    marks = _marks(fields, country)
    kept = write.answered.get(LINE_IDS, "")
    line_ids = kept.split(",") if kept and not create else []
    parts = [f'"Line":{lines_text(fields, line_ids, marks=marks)}']
    if fields.discount and not PROFILE.invoices.totals.tax_before_discount:
        # 6.4: false or empty means that the tax comes first.
        parts.append('"ApplyTaxAfterDiscount":true')
    if not marks:
        parts.append(f'"GlobalTaxCalculation":"{_calculation(fields)}"')
    return parts + _tax(fields, country, create=create)


def _marks(fields: InvoiceFields, country: str) -> bool:
    """Whether lines are only marked as taxed (6.6); of an unknown country the codes chosen tell."""
    if country:
        return country in PROFILE.invoices.marks_tax_in
    return all(line.tax_code_id in ("", TAXED, UNTAXED) for line in fields.lines)


def _calculation(fields: InvoiceFields) -> str:
    """6.4: required outside the US, and not for it."""
    if fields.prices_include_tax:
        return "TaxInclusive"
    taxed = any(line.taxed or line.tax_code_id for line in fields.lines)
    return "TaxExcluded" if taxed else "NotApplicable"


def _tax(fields: InvoiceFields, country: str, *, create: bool) -> list[str]:
    """Our tax, where QuickBooks keeps one that it is given: with automated sales tax in the US (6.6).

    Elsewhere it reckons by the lines' codes. An update tells a 0 too, since a tax that was once given
    stays.
    """
    if fields.tax is None or not _marks(fields, country):
        return []
    applies = bool(fields.tax) or any(line.taxed for line in fields.lines)
    if create and not applies:
        return []
    return [f'"TxnTaxDetail":{{"TotalTax":{canonical_amount(fields.tax)}}}']


def invoice_fields(row: Mapping[str, Any]) -> InvoiceFields:
    """An invoice as QuickBooks has it. Raises `wire.ShapeUnknown`."""
    total = total_of(row)
    discount, percent = discount_of(row, total=total)
    return InvoiceFields(
        name=text_of(row, "DocNumber"),
        customer_id=RemoteId(referred(row, "CustomerRef", needed=True)),
        currency=referred(row, "CurrencyRef"),
        issued_on=needed_date(row, "TxnDate"),
        due_on=date_of(row, "DueDate"),
        lines=lines_of(row),
        total=total,
        discount=discount,
        discount_percent=percent,
        tax=number_of(group_of(row, "TxnTaxDetail"), "TotalTax"),
        prices_include_tax=row.get("GlobalTaxCalculation") == "TaxInclusive",
        memo=text_of(group_of(row, "CustomerMemo"), "value"),
        reference=note_of(row),
        active=not is_void(row, emptied=emptied(row)),
        line_ids=line_ids_of(row),
        balance=number_of(row, "Balance"),
    )


def remote_invoice(row: Mapping[str, Any]) -> RemoteRecord:
    """Raises `wire.ShapeUnknown`."""
    remote_id, remote_version = identity(row)
    return RemoteRecord(remote_id, remote_version, invoice_fields(row), linkable=True)
