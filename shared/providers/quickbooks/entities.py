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
from shared.providers.quickbooks import customers, wire


@dataclass(frozen=True, slots=True)
class Entity:
    """`name` as in bodies and statements, `path` as in URLs, `name_attribute` holds the remote name.

    `noun` and `values` are for sentences to people. `build` makes the JSON text of a write; `fields`
    and `record` read an answer and raise `wire.ShapeUnknown`.
    """

    name: str
    path: str
    name_attribute: str
    noun: str
    values: str
    build: Callable[[RecordWrite], str]
    fields: Callable[[Mapping[str, Any]], Fields]
    record: Callable[[Mapping[str, Any]], RemoteRecord]


ENTITIES: Final[Mapping[RecordKind, Entity]] = {
    RecordKind.ITEM: Entity(
        name="Item",
        path="item",
        name_attribute="Name",
        noun="item",
        values="name, code, description or price",
        build=wire.item_object,
        fields=wire.item_fields,
        record=wire.remote_item,
    ),
    RecordKind.CUSTOMER: Entity(
        name="Customer",
        path="customer",
        name_attribute="DisplayName",
        noun="customer",
        values="name, e-mail address, phone number or address",
        build=customers.customer_object,
        fields=customers.customer_fields,
        record=customers.remote_customer,
    ),
}
