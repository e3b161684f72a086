"""QuickBooks' entities that records are kept in step with: one description each, by kind of record.

What differs between them is here and in their shapes (`wire`); requests, answers and queries are built
the same for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.domain.ids import RecordKind
from shared.domain.links import Fields
from shared.providers.base import RecordWrite, RemoteRecord
from shared.providers.quickbooks import customers, invoices, payments, wire


@dataclass(frozen=True, slots=True)
class Entity:
    """`name` as in bodies and statements, `path` as in URLs, `name_attribute` holds the remote name
    (empty: there is none to ask for).

    `noun` and `values` are for sentences to people; `elements` says which field of our API an attribute
    is. `build` makes the JSON text of a write in books of a country (ISO 3166, maybe empty); `fields`
    and `record` read an answer and raise `wire.ShapeUnknown`. `is_list`: a name list, whose records are
    active or not; else a transaction, which is voided with `void_query` in the address (2.1).
    """

    name: str
    path: str
    name_attribute: str
    noun: str
    values: str
    elements: Mapping[str, str]
    build: Callable[[RecordWrite, str], str]
    fields: Callable[[Mapping[str, Any]], Fields]
    record: Callable[[Mapping[str, Any]], RemoteRecord]
    is_list: bool = True
    void_query: tuple[tuple[str, str], ...] = ()

    def our_field(self, element: str) -> str:
        """Which field of our API an error's `element` is about; empty when it is none of ours."""
        return self.elements.get(element.partition(".")[0], "")


def _anywhere(build: Callable[[RecordWrite], str]) -> Callable[[RecordWrite, str], str]:
    """For records that are written the same in every country."""
    return lambda write, _country: build(write)


ENTITIES: Final[Mapping[RecordKind, Entity]] = {
    RecordKind.ITEM: Entity(
        name="Item",
        path="item",
        name_attribute="Name",
        noun="item",
        values="name, code, description or price",
        elements=wire.ITEM_ELEMENTS,
        build=_anywhere(wire.item_object),
        fields=wire.item_fields,
        record=wire.remote_item,
    ),
    RecordKind.CUSTOMER: Entity(
        name="Customer",
        path="customer",
        name_attribute="DisplayName",
        noun="customer",
        values="name, e-mail address, phone number or address",
        elements=customers.ELEMENTS,
        build=_anywhere(customers.customer_object),
        fields=customers.customer_fields,
        record=customers.remote_customer,
    ),
    RecordKind.INVOICE: Entity(
        name="Invoice",
        path="invoice",
        name_attribute="DocNumber",
        noun="invoice",
        values="number, dates, memo or lines",
        elements=invoices.ELEMENTS,
        build=invoices.invoice_object,
        fields=invoices.invoice_fields,
        record=invoices.remote_invoice,
        is_list=False,
        # [verified: PHP-SDK CoreConstants, python-quickbooks; T-qbo void/invoice.yml]
        void_query=(("operation", "void"),),
    ),
    RecordKind.PAYMENT: Entity(
        name="Payment",
        path="payment",
        name_attribute="",
        noun="payment",
        values="amount, date, number or note",
        elements=payments.ELEMENTS,
        build=payments.payment_object,
        fields=payments.payment_fields,
        record=payments.remote_payment,
        is_list=False,
        # `operation=void` does not void a payment [verified: Intuit's page of Payment, a copy; PHP-SDK
        # CoreConstants and python-quickbooks make the same difference].
        void_query=(("operation", "update"), ("include", "void")),
    ),
}
