"""BlueClerk's own records, as the suite means them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.domain.ids import CorrelationId, SourceId
from shared.domain.money import Money, canonical_amount

MAX_NAME = 1000
MAX_CODE = 100
MAX_DESCRIPTION = 4000
MAX_UNIT = 100
MAX_SOURCE_ID = 128
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
