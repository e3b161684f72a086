"""Items as callers say them, and the currency of a price that names none."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from shared.domain.errors import RequestInvalid
from shared.domain.ids import CompanyId, SourceId
from shared.domain.money import Money
from shared.domain.records import Item
from shared.domain.runs import Problem
from shared.storage.ports import ConnectionStore
from shared.sync.item_rules import ItemValues

_USUAL_CURRENCY = "USD"


def blank_item(source_id: SourceId, currency: str) -> Item:
    return Item(source_id, name="", unit_price=Money(Decimal(0), currency))


def said_over(base: Item, values: ItemValues, currency: str) -> Item:
    """The base, with everything that was said in its place."""
    return replace(
        base,
        name=values.name,
        unit_price=Money(values.unit_price, currency),
        code=base.code if values.code is None else values.code,
        description=base.description if values.description is None else values.description,
        unit=base.unit if values.unit is None else values.unit,
        active=base.active if values.active is None else values.active,
    )


def usual_currency(connections: ConnectionStore, company_id: CompanyId) -> str | None:
    """The currency of a price that names none: the home currency of the company's books.

    US dollars while nothing is connected; None when its books are kept in different currencies,
    because then nobody can guess.
    """
    home = {
        connection.remote_company.home_currency
        for connection in connections.of_company(company_id)
        if connection.remote_company.home_currency
    }
    if not home:
        return _USUAL_CURRENCY
    return home.pop() if len(home) == 1 else None


def currency_of(values: ItemValues, stored: Item | None, usual: str | None) -> str:
    """What was said, else the stored one, else the usual one. Raises `RequestInvalid` for none of these."""
    currency = values.currency or (stored.unit_price.currency if stored else usual)
    if currency is None:
        raise RequestInvalid(
            Problem(
                "CURRENCY_REQUIRED",
                "The price names no currency, and the connected books are kept in different ones.",
                "Name the currency.",
                "currency",
            )
        )
    return currency
