"""What a record says as the JSON of its row, and back. Amounts and dates are texts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any, Final

from shared.domain.ids import CorrelationId, SourceId
from shared.domain.invoices import Invoice, InvoiceLine, InvoiceStatus, Payment
from shared.domain.money import Money
from shared.domain.records import Address, Customer, Item, Record, RecordType
from shared.storage.dynamo.bulk import Raw
from shared.storage.keys import instant, read_instant

_DECIMALS_OF_A_LINE: Final = ("quantity", "unit_price", "discount_percent", "tax_percent")


def body_of(record: Record) -> dict[str, object]:
    updated_at = instant(record.updated_at) if record.updated_at else None
    return {"updated_at": updated_at} | _said(record)


def parsed(cls: type[RecordType], raw: Raw) -> RecordType:
    body = json.loads(raw["body"]["S"])
    updated_at = body.pop("updated_at")
    if "payments_version" in raw:
        body["payments_version"] = int(raw["payments_version"]["N"])
    return cls(
        source_id=SourceId(raw["sk"]["S"]),
        version=int(raw["version"]["N"]),
        updated_at=read_instant(updated_at) if updated_at else None,
        correlation_id=CorrelationId(raw["correlation_id"]["S"]),
        **_READ[cls](body),
    )


def _said(record: Record) -> dict[str, object]:
    match record:
        case Item():
            return {
                "name": record.name,
                "active": record.active,
                "code": record.code,
                "description": record.description,
                "unit": record.unit,
                "unit_price": str(record.unit_price.amount),
                "currency": record.unit_price.currency,
            }
        case Customer():
            return {
                "name": record.name,
                "active": record.active,
                "email": record.email,
                "phone": record.phone,
                "address": asdict(record.address),
            }
        case Invoice():
            return {
                "number": record.number,
                "customer_id": record.customer_id,
                "status": record.status,
                "currency": record.currency,
                "issued_on": record.issued_on.isoformat(),
                "due_on": record.due_on.isoformat() if record.due_on else None,
                "discount_percent": str(record.discount_percent),
                "discount_amount": str(record.discount_amount),
                "prices_include_tax": record.prices_include_tax,
                "memo": record.memo,
                "lines": [_line(line) for line in record.lines],
            }
        case Payment():
            return {
                "invoice_id": record.invoice_id,
                "amount": str(record.amount.amount),
                "currency": record.amount.currency,
                "paid_on": record.paid_on.isoformat(),
                "method": record.method,
                "reference": record.reference,
                "note": record.note,
                "overpaid": record.overpaid,
                "active": record.active,
            }


def _line(line: InvoiceLine) -> dict[str, str]:
    numbers = {name: str(getattr(line, name)) for name in _DECIMALS_OF_A_LINE}
    return {"item_id": line.item_id, "description": line.description, **numbers}


def _read_line(body: Mapping[str, str]) -> InvoiceLine:
    numbers = {name: Decimal(body[name]) for name in _DECIMALS_OF_A_LINE}
    return InvoiceLine(SourceId(body["item_id"]), body["description"], **numbers)


def _read_item(body: dict[str, Any]) -> dict[str, Any]:
    price, currency = body.pop("unit_price"), body.pop("currency")
    return body | {"unit_price": Money(Decimal(price), currency)}


def _read_customer(body: dict[str, Any]) -> dict[str, Any]:
    return body | {"address": Address(**body["address"])}


def _read_invoice(body: dict[str, Any]) -> dict[str, Any]:
    return body | {
        "status": InvoiceStatus(body["status"]),
        "issued_on": date.fromisoformat(body["issued_on"]),
        "due_on": date.fromisoformat(body["due_on"]) if body["due_on"] else None,
        "discount_percent": Decimal(body["discount_percent"]),
        "discount_amount": Decimal(body["discount_amount"]),
        "lines": tuple(_read_line(line) for line in body["lines"]),
    }


def _read_payment(body: dict[str, Any]) -> dict[str, Any]:
    amount = Money(Decimal(body["amount"]), body.pop("currency"))
    return body | {"amount": amount, "paid_on": date.fromisoformat(body["paid_on"])}


_READ: Final[Mapping[type[object], Callable[[dict[str, Any]], dict[str, Any]]]] = {
    Item: _read_item,
    Customer: _read_customer,
    Invoice: _read_invoice,
    Payment: _read_payment,
}
