"""What the fake books must know of each kind of record: its unique field, and its fields as texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shared.domain.customer_plan import CustomerFields
from shared.domain.ids import RecordKind
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


def shapes(profile: ProviderProfile) -> tuple[Shape, ...]:
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
