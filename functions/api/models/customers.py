"""Customers over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from functions.api.models.base import AnswerModel, NextCursor, RequestModel, text_schema
from shared.domain.records import (
    MAX_ADDRESS_PART,
    MAX_EMAIL,
    MAX_NAME,
    MAX_PHONE,
    MAX_SOURCE_ID,
    Customer,
)

# Contents are checked by shared.sync.customer_rules, which imported files go through too; the schemas
# here tell callers the same limits.

_AddressPart = Annotated[str, text_schema(MAX_ADDRESS_PART)]


class CustomerBody(RequestModel):
    """A customer as it shall be. What is left out becomes empty, and `active` true."""

    id: Annotated[str, text_schema(MAX_SOURCE_ID, 1)] | None = Field(
        default=None, description="May repeat the id of the address, nothing else."
    )
    name: Annotated[str, text_schema(MAX_NAME, 1)] = Field(
        description="What the customer is called in lists and on invoices."
    )
    email: Annotated[str, text_schema(MAX_EMAIL)] | None = None
    phone: Annotated[str, text_schema(MAX_PHONE)] | None = None
    address_line1: _AddressPart | None = None
    city: _AddressPart | None = None
    region: _AddressPart | None = Field(default=None, description="State or province.")
    postal_code: _AddressPart | None = None
    country: _AddressPart | None = Field(default=None, description="A code or a name.")
    active: bool | None = None


class CustomerAnswer(AnswerModel):
    """A customer as it is stored."""

    id: str
    name: str
    email: str
    phone: str
    address_line1: str
    city: str
    region: str
    postal_code: str
    country: str
    active: bool = Field(description="False: archived.")
    version: int = Field(description="Rises by one with each change of content.")
    updated_at: datetime | None

    @classmethod
    def of(cls, customer: Customer) -> CustomerAnswer:
        address = customer.address
        return cls(
            id=customer.source_id,
            name=customer.name,
            email=customer.email,
            phone=customer.phone,
            address_line1=address.line1,
            city=address.city,
            region=address.region,
            postal_code=address.postal_code,
            country=address.country,
            active=customer.active,
            version=customer.version,
            updated_at=customer.updated_at,
        )


class CustomerPage(AnswerModel):
    """Customers in order of id, archived ones included."""

    customers: list[CustomerAnswer]
    next_cursor: NextCursor
