"""Customers as callers say them."""

from __future__ import annotations

from dataclasses import replace

from shared.domain.ids import SourceId
from shared.domain.records import Address, Customer
from shared.sync.customer_rules import CustomerValues


def blank_customer(source_id: SourceId) -> Customer:
    return Customer(source_id, name="")


def said_over(base: Customer, values: CustomerValues) -> Customer:
    """The base, with everything that was said in its place."""
    address = base.address
    return replace(
        base,
        name=values.name,
        email=_said(values.email, base.email),
        phone=_said(values.phone, base.phone),
        address=Address(
            line1=_said(values.address_line1, address.line1),
            city=_said(values.city, address.city),
            region=_said(values.region, address.region),
            postal_code=_said(values.postal_code, address.postal_code),
            country=_said(values.country, address.country),
        ),
        active=base.active if values.active is None else values.active,
    )


def _said(value: str | None, otherwise: str) -> str:
    return otherwise if value is None else value
