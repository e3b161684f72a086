"""BlueClerk's own records, as the suite means them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from shared.domain.ids import CorrelationId, RecordKind, SourceId
from shared.domain.invoices import Invoice, Payment
from shared.domain.money import Money, canonical_amount

MAX_NAME = 1000
MAX_CODE = 100
MAX_DESCRIPTION = 4000
MAX_UNIT = 100
MAX_SOURCE_ID = 128
MAX_EMAIL = 320
MAX_PHONE = 100
MAX_ADDRESS_PART = 500
MAX_UNIT_PRICE_DIGITS = 15
"""Digits before the point; beyond it a price is a slip, and no provider takes it."""
MAX_UNIT_PRICE_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Item:
    """Something a company sells: a material, a service, an hour of labour.

    `version` rises by one with each stored change of content; 0 means not stored yet.
    """

    source_id: SourceId
    name: str
    unit_price: Money
    code: str = ""
    description: str = ""
    unit: str = ""
    active: bool = True
    version: int = 0
    updated_at: datetime | None = None
    correlation_id: CorrelationId = CorrelationId("")

    def content(self) -> Mapping[str, str | bool]:
        """What a person can edit; two items of equal content are the same version."""
        return {
            "name": self.name,
            "code": self.code,
            "description": self.description,
            "unit": self.unit,
            "unit_price": canonical_amount(self.unit_price.amount),
            "currency": self.unit_price.currency,
            "active": self.active,
        }


@dataclass(frozen=True, slots=True)
class Address:
    """Where a customer is billed. `country` is as the office writes it: a code or a name."""

    line1: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Customer:
    """Who the company works for. `name` is what it is called in lists; `version` as for an item."""

    source_id: SourceId
    name: str
    email: str = ""
    phone: str = ""
    address: Address = Address()
    active: bool = True
    version: int = 0
    updated_at: datetime | None = None
    correlation_id: CorrelationId = CorrelationId("")

    def content(self) -> Mapping[str, str | bool]:
        """What a person can edit; two customers of equal content are the same version."""
        return {
            "name": self.name,
            "email": self.email,
            "phone": self.phone,
            "address_line1": self.address.line1,
            "city": self.address.city,
            "region": self.address.region,
            "postal_code": self.address.postal_code,
            "country": self.address.country,
            "active": self.active,
        }


Record = Item | Customer | Invoice | Payment
"""Any record of ours. Payments do not go through the engine, but through their ledger."""


RecordType = TypeVar("RecordType", bound=Record)

_CLASSES: Final[Mapping[RecordKind, type[Record]]] = {
    RecordKind.ITEM: Item,
    RecordKind.CUSTOMER: Customer,
    RecordKind.INVOICE: Invoice,
    RecordKind.PAYMENT: Payment,
}
_KINDS: Final[Mapping[type[object], RecordKind]] = {cls: kind for kind, cls in _CLASSES.items()}


def class_of(kind: RecordKind) -> type[Record]:
    """Raises `KeyError` for a kind that has no class yet."""
    return _CLASSES[kind]


def kind_of(cls: type[object]) -> RecordKind:
    """Raises `KeyError` for a class that is not one of records."""
    return _KINDS[cls]
