"""QuickBooks' Customer to and from the suite's fields (quickbooks.md 6.1).

Sub-customers (`Job`) are records like any other: `DisplayName` is unique over all customers, whatever
stands above them, so it alone tells which one is meant, and an invoice may name them. Only
`FullyQualifiedName` has the parent's name in it, and is read only.
"""

from __future__ import annotations

from collections.abc import Mapping
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, Final

from shared.domain.customer_plan import CustomerFields
from shared.domain.records import Address
from shared.domain.runs import PushAction
from shared.providers.base import RecordWrite, RemoteRecord
from shared.providers.quickbooks.wire import identity, text_of, update_head

_ADDRESS: Final = {
    "line1": "Line1",
    "city": "City",
    "region": "CountrySubDivisionCode",
    "postal_code": "PostalCode",
    "country": "Country",
}


ELEMENTS: Final = {
    "DisplayName": "name",
    "PrimaryEmailAddr": "email",
    "PrimaryPhone": "phone",
    "BillAddr": "address",
}
"""Which field of our API an error's `element` is about; of a group, such as `BillAddr.City`, it tells."""


def customer_object(write: RecordWrite) -> str:
    """The entity of a create or sparse update as JSON text; the same write gives the same text.

    ASCII only, as `wire.item_object`. Whether a sparse update keeps the parts of `BillAddr` that it
    leaves out is written nowhere, so the address goes with all its parts, empty ones as empty texts.
    """
    fields = write.fields
    assert isinstance(fields, CustomerFields)  # noqa: S101 - `ENTITIES` is keyed by kind
    create = write.action is PushAction.CREATE
    parts = [] if create else [update_head(write)]
    if create or "name" in write.changed:
        parts.append(f'"DisplayName":{quoted(fields.name)}')
    if fields.email if create else "email" in write.changed:
        parts.append(f'"PrimaryEmailAddr":{{"Address":{quoted(fields.email)}}}')
    if fields.phone if create else "phone" in write.changed:
        parts.append(f'"PrimaryPhone":{{"FreeFormNumber":{quoted(fields.phone)}}}')
    if fields.address != Address() if create else "address" in write.changed:
        address = (
            f'"{theirs}":{quoted(value)}'
            for ours, theirs in _ADDRESS.items()
            if (value := getattr(fields.address, ours)) or not create
        )
        parts.append(f'"BillAddr":{{{",".join(address)}}}')
    if create or "active" in write.changed:
        parts.append(f'"Active":{"true" if fields.active else "false"}')
    return "{" + ",".join(parts) + "}"


def customer_fields(row: Mapping[str, Any]) -> CustomerFields:
    """A customer as QuickBooks has it. Raises `wire.ShapeUnknown`."""
    address = _group(row, "BillAddr")
    return CustomerFields(
        name=text_of(row, "DisplayName", needed=True),
        email=text_of(_group(row, "PrimaryEmailAddr"), "Address"),
        phone=text_of(_group(row, "PrimaryPhone"), "FreeFormNumber"),
        address=Address(**{ours: text_of(address, theirs) for ours, theirs in _ADDRESS.items()}),
        active=row.get("Active", True) is not False,
    )


def remote_customer(row: Mapping[str, Any]) -> RemoteRecord:
    """Raises `wire.ShapeUnknown`."""
    remote_id, remote_version = identity(row)
    return RemoteRecord(remote_id, remote_version, customer_fields(row), linkable=True)


def _group(row: Mapping[str, Any], attribute: str) -> Mapping[str, Any]:
    """5.1: what has no value is left out."""
    value = row.get(attribute)
    return value if isinstance(value, dict) else {}
