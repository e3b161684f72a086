"""What becomes of an invoice that somebody puts: checked against its customer, items, payments and past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from shared.domain.errors import Conflicting, RequestInvalid
from shared.domain.ids import CompanyId
from shared.domain.invoices import Invoice, InvoiceStatus
from shared.domain.records import Customer, Item
from shared.domain.runs import Problem
from shared.storage.ports import RecordStore
from shared.sync.field_rules import FieldsInvalid

_WITHOUT_PAYMENTS: Final[Mapping[str, str]] = {
    "status": "An invoice with payments can be neither a draft nor void.",
    "currency": "An invoice with payments keeps its currency.",
    "customerId": "An invoice with payments keeps its customer.",
}
"""By field: what a change of it must wait for."""


def wanted_invoice(
    records: RecordStore, company_id: CompanyId, stored: Invoice | None, said: Invoice
) -> Invoice:
    """What to store when somebody says `said` of an invoice that is stored as `stored`.

    Raises `Conflicting` for what the invoice or its payments do not allow any more, `RequestInvalid` for
    a customer or an item that is not there. Whoever stores the answer does it on `stored`'s version and
    `payments_version`, so that it is asked again when a payment came meanwhile.
    """
    if stored is not None:
        if stored.content() == said.content():
            return stored
        _check_move(records, company_id, stored, said)
        said = replace(said, payments_version=stored.payments_version)
    _check_customer(records, company_id, stored, said)
    _check_items(records, company_id, said)
    return said


def voided_invoice(records: RecordStore, company_id: CompanyId, stored: Invoice) -> Invoice:
    """The invoice, void. Raises `Conflicting` while payments of it stand."""
    if stored.status is InvoiceStatus.VOID:
        return stored
    void = replace(stored, status=InvoiceStatus.VOID)
    _check_move(records, company_id, stored, void)
    return void


def _check_move(
    records: RecordStore, company_id: CompanyId, stored: Invoice, said: Invoice
) -> None:
    if stored.status is InvoiceStatus.VOID:
        raise Conflicting(
            Problem(
                "INVOICE_VOID",
                "The invoice is void and stays as it is.",
                "Make a new invoice.",
                "status",
            )
        )
    ends = said.status in (InvoiceStatus.DRAFT, InvoiceStatus.VOID)
    moved = {
        "status": ends and said.status is not stored.status,
        "currency": said.currency != stored.currency,
        "customerId": said.customer_id != stored.customer_id,
    }
    for field, message in _WITHOUT_PAYMENTS.items():
        if moved[field] and _has_payments(records, company_id, stored):
            raise Conflicting(
                Problem("INVOICE_HAS_PAYMENTS", message, "Void the payments first.", field)
            )


def _has_payments(records: RecordStore, company_id: CompanyId, invoice: Invoice) -> bool:
    return any(payment.active for payment in records.payments_of(company_id, invoice.source_id))


def _check_customer(
    records: RecordStore, company_id: CompanyId, stored: Invoice | None, said: Invoice
) -> None:
    """An archived customer is no hindrance to an invoice that it has already."""
    customer = records.get(company_id, Customer, said.customer_id)
    if customer is None:
        raise RequestInvalid(
            Problem(
                "CUSTOMER_UNKNOWN",
                "There is no customer with this id.",
                "Name a customer that is stored.",
                "customerId",
            )
        )
    had = (
        stored is not None
        and stored.status.goes_by_itself
        and stored.customer_id == said.customer_id
    )
    if said.status.goes_by_itself and not customer.active and not had:
        raise RequestInvalid(
            Problem(
                "CUSTOMER_ARCHIVED",
                "The customer is archived.",
                "Bring the customer back, or name another.",
                "customerId",
            )
        )


def _check_items(records: RecordStore, company_id: CompanyId, said: Invoice) -> None:
    """Raises `FieldsInvalid` with each line whose item is not stored; an archived one is."""
    ids = {line.item_id for line in said.lines if not line.is_text}
    unknown = ids - records.get_many(company_id, Item, sorted(ids)).keys()
    if unknown:
        raise FieldsInvalid(
            [
                Problem(
                    "ITEM_UNKNOWN",
                    "There is no item with this id.",
                    "Name an item that is stored.",
                    f"lines[{number}].itemId",
                )
                for number, line in enumerate(said.lines)
                if line.item_id in unknown
            ]
        )
