"""BlueClerk's own records: read, put, archive. Writing a record is what makes it due for syncing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from shared.domain.effects import Clock
from shared.domain.errors import NotFound, RequestInvalid, RetryLater
from shared.domain.ids import CompanyId, CorrelationId, SourceId
from shared.domain.money import Money
from shared.domain.records import Item
from shared.domain.runs import Problem
from shared.storage.ports import ConnectionStore, RecordStore
from shared.sync.item_rules import ItemValues

_TRIES = 5
"""Lost races in a row after which a record is called busy; each loss means that somebody else won."""

_USUAL_CURRENCY = "USD"


class SaveOutcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    """Equal content: nothing was written and the version stays."""


@dataclass(frozen=True, slots=True)
class SavedItem:
    item: Item
    outcome: SaveOutcome


def get_item(records: RecordStore, company_id: CompanyId, source_id: SourceId) -> Item:
    """Raises `NotFound`, for an item of another company too."""
    item = records.get(company_id, Item, source_id)
    if item is None:
        raise NotFound(
            Problem("ITEM_NOT_FOUND", "There is no item with this id.", "Check the id.", "id")
        )
    return item


def put_item(
    records: RecordStore,
    clock: Clock,
    company_id: CompanyId,
    source_id: SourceId,
    values: ItemValues,
    *,
    default_currency: Callable[[], str],
    correlation_id: CorrelationId,
) -> SavedItem:
    """Make the item say exactly this: what was not said becomes empty, active, the stored currency.

    `default_currency` is asked only for a new item without one. Raises `RetryLater` when others kept
    changing the item.
    """

    def wanted(stored: Item | None) -> Item:
        currency = values.currency or (stored.unit_price.currency if stored else default_currency())
        return said_over(blank_item(source_id, currency), values, currency)

    return _save_changed(records, clock, company_id, source_id, wanted, correlation_id)


def archive_item(
    records: RecordStore,
    clock: Clock,
    company_id: CompanyId,
    source_id: SourceId,
    *,
    correlation_id: CorrelationId,
) -> SavedItem:
    """Keep it, no longer active. Raises `NotFound`, and `RetryLater` as `put_item` does."""

    def wanted(stored: Item | None) -> Item:
        if stored is None:
            return get_item(records, company_id, source_id)
        return replace(stored, active=False)

    return _save_changed(records, clock, company_id, source_id, wanted, correlation_id)


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


def next_version(
    stored: Item | None, wanted: Item, clock: Clock, correlation_id: CorrelationId
) -> Item:
    """What to store so that the content is the wanted one; `stored` itself when it already is."""
    if stored is not None and stored.content() == wanted.content():
        return stored
    return replace(
        wanted,
        version=stored.version + 1 if stored else 1,
        updated_at=clock.now(),
        correlation_id=correlation_id,
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


def currency_required() -> Problem:
    return Problem(
        "CURRENCY_REQUIRED",
        "The price names no currency, and the connected books are kept in different ones.",
        "Name the currency.",
        "currency",
    )


def usual_currency_or_refuse(connections: ConnectionStore, company_id: CompanyId) -> str:
    """Raises `RequestInvalid` where `usual_currency` does not know."""
    currency = usual_currency(connections, company_id)
    if currency is None:
        raise RequestInvalid(currency_required())
    return currency


def _save_changed(
    records: RecordStore,
    clock: Clock,
    company_id: CompanyId,
    source_id: SourceId,
    wanted: Callable[[Item | None], Item],
    correlation_id: CorrelationId,
) -> SavedItem:
    for _ in range(_TRIES):
        stored = records.get(company_id, Item, source_id)
        item = next_version(stored, wanted(stored), clock, correlation_id)
        if item is stored:
            return SavedItem(item, SaveOutcome.UNCHANGED)
        if not records.save(company_id, [item]):
            return SavedItem(item, SaveOutcome.UPDATED if stored else SaveOutcome.CREATED)
    raise RetryLater(f"an item of {company_id} kept changing while it was written", after=1.0)
