"""A record of ours made of what the books hold: the link's base is just that, so nothing is pushed back."""

from __future__ import annotations

from datetime import datetime

from shared.domain.connections import Connection
from shared.domain.customer_plan import CustomerFields
from shared.domain.ids import CorrelationId, SourceId
from shared.domain.links import Fields, ItemFields
from shared.domain.money import Money
from shared.domain.records import Customer, Item, Record


def record_from(
    fields: Fields,
    source_id: SourceId,
    connection: Connection,
    now: datetime,
    correlation_id: CorrelationId,
) -> Record:
    """Version 1 of it. The account that the books have an item on is no part of it: see `account_of`.

    Raises `TypeError` for fields of a kind that is not imported.
    """
    if isinstance(fields, CustomerFields):
        return Customer(
            source_id,
            name=fields.name,
            email=fields.email,
            phone=fields.phone,
            address=fields.address,
            version=1,
            updated_at=now,
            correlation_id=correlation_id,
        )
    if isinstance(fields, ItemFields):
        return Item(
            source_id,
            name=fields.name,
            unit_price=Money(fields.unit_price, connection.remote_company.home_currency),
            code=fields.code,
            description=fields.description,
            version=1,
            updated_at=now,
            correlation_id=correlation_id,
        )
    raise TypeError(f"{type(fields).__name__} is not imported")


def account_of(fields: Fields) -> str:
    """The account that an imported item keeps as its own; empty where there is none."""
    return fields.income_account_id if isinstance(fields, ItemFields) else ""
