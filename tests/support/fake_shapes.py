"""What the fake books must know of each kind of record: its unique field, and its fields as texts."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from shared.domain.customer_plan import CustomerFields
from shared.domain.ids import RecordKind, RemoteId
from shared.domain.invoice_fields import InvoiceFields, InvoiceLineFields
from shared.domain.item_plan import ItemKey
from shared.domain.links import ItemFields
from shared.domain.names import NameRules
from shared.domain.records import Address
from shared.providers.base import ProviderProfile


@dataclass(frozen=True, slots=True)
class Shape:
    """`key_of`: the text in the field that `names` is about; `fields_of`: the inverse of `canonical`,
    what is left out being empty.
    """

    kind: RecordKind
    names: NameRules
    key_of: Callable[[Any], str]
    fields_of: Callable[[Mapping[str, str]], Any]
    reckoned: Callable[[Any], Any] = lambda fields: fields
    """What the books make of a record that is written, beyond keeping it."""
    voids: bool = False
    """What is inactive is void: it keeps its name, which stays taken, and is never written again."""


Twist = Callable[[InvoiceFields], Decimal]
"""What the books add to an invoice's total by a rule that we do not know."""


def shapes(profile: ProviderProfile, twist: Twist) -> tuple[Shape, ...]:
    by_code = profile.item_key is ItemKey.CODE
    return (
        Shape(
            RecordKind.ITEM,
            profile.item_names,
            lambda fields: fields.code if by_code else fields.name,
            _item_fields,
        ),
        Shape(
            RecordKind.CUSTOMER,
            profile.customers.names,
            lambda fields: fields.name,
            _customer_fields,
        ),
        Shape(
            RecordKind.INVOICE,
            profile.invoices.numbers,
            lambda fields: fields.name,
            _invoice_fields,
            lambda fields: _reckoned(fields, twist),
            voids=True,
        ),
    )


def _item_fields(texts: Mapping[str, str]) -> ItemFields:
    return ItemFields(
        name=texts.get("name", ""),
        description=texts.get("description", ""),
        unit_price=Decimal(texts.get("unit_price", "0")),
        code=texts.get("code", ""),
        income_account_id=texts.get("income_account_id", ""),
        active=texts.get("active", "true") == "true",
    )


def _customer_fields(texts: Mapping[str, str]) -> CustomerFields:
    parts = texts.get("address", "").split("\n")
    return CustomerFields(
        name=texts.get("name", ""),
        email=texts.get("email", ""),
        phone=texts.get("phone", ""),
        address=Address(*parts),
        active=texts.get("active", "true") == "true",
    )


def _invoice_fields(texts: Mapping[str, str]) -> InvoiceFields:
    due_on, tax = texts.get("due_on", ""), texts.get("tax", "")
    return InvoiceFields(
        name=texts.get("name", ""),
        customer_id=RemoteId(texts.get("customer_id", "")),
        currency=texts.get("currency", ""),
        issued_on=date.fromisoformat(texts.get("issued_on") or "2026-01-01"),
        due_on=date.fromisoformat(due_on) if due_on else None,
        lines=tuple(_line(*line) for line in json.loads(texts.get("lines") or "[]")),
        total=Decimal(texts.get("total") or "0"),
        discount=Decimal(texts.get("discount") or "0"),
        tax=Decimal(tax) if tax else None,
        prices_include_tax=texts.get("prices_include_tax") == "true",
        memo=texts.get("memo", ""),
        reference=texts.get("reference", ""),
        active=texts.get("active", "true") == "true",
    )


def _line(
    item_id: str, description: str, quantity: str, price: str, amount: str, tax_code_id: str
) -> InvoiceLineFields:
    return InvoiceLineFields(
        RemoteId(item_id),
        description,
        Decimal(quantity or "1"),
        Decimal(price or amount),
        Decimal(amount),
        tax_code_id,
        discounted=not quantity,
    )


def _reckoned(fields: InvoiceFields, twist: Twist) -> InvoiceFields:
    """The total by the books' own sum, whatever was told; a void one bears nothing."""
    if not fields.active:
        nothing = Decimal(0)
        return replace(fields, total=nothing, balance=nothing, lines=(), discount=nothing, tax=None)
    lines = sum((_line_sum(line) for line in fields.lines), Decimal(0))
    tax = Decimal(0) if fields.prices_include_tax else fields.tax or Decimal(0)
    total = lines - fields.discount + tax + twist(fields)
    line_ids = tuple(str(place + 1) for place in range(len(fields.lines)))
    return replace(fields, total=total, balance=total, line_ids=line_ids)


def _line_sum(line: InvoiceLineFields) -> Decimal:
    if line.discounted or not line.item_id:
        return line.amount
    return (line.quantity * line.unit_price).quantize(Decimal("0.01"), ROUND_HALF_UP)
