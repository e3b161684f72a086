"""Putting records under races, and the currency of a price that names none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from shared.domain.errors import RequestInvalid, RetryLater
from shared.domain.ids import CompanyId, CorrelationId, ProviderName, SourceId
from shared.domain.records import Item
from shared.storage.memory import memory_stores
from shared.storage.ports import RecordStore
from shared.sync.item_rules import ItemValues
from shared.sync.items import blank_item, currency_of, said_over, usual_currency
from shared.sync.records import Saved, SaveOutcome, archive_record, put_record
from tests.support.contested import Contested
from tests.support.effects import VirtualClock
from tests.support.fake_books import FakeBooks
from tests.support.services import COMPANY, build_services, connect

ID = SourceId("1")
VALUES = ItemValues(name="Pipe", unit_price=Decimal("2.50"), currency="USD")


def contested(store: RecordStore, losses: int) -> Any:
    """Somebody else changes the item before each of some saves."""

    def change(inner: RecordStore, company_id: CompanyId, items: Sequence[Item]) -> None:
        stored = inner.get(company_id, Item, items[0].source_id)
        version = stored.version + 1 if stored else 1
        theirs = replace(items[0], name=f"Theirs {version}", active=True, version=version)
        assert not inner.save(company_id, [theirs])

    return Contested(store, "save", change, losses)


def put(records: RecordStore, values: ItemValues = VALUES) -> Saved[Item]:
    return put_record(
        records,
        VirtualClock(),
        COMPANY,
        Item,
        ID,
        lambda _: said_over(blank_item(ID, "USD"), values, "USD"),
        correlation_id=CorrelationId("c-1"),
    )


def test_a_lost_race_is_run_again_on_what_the_winner_wrote() -> None:
    records = memory_stores().records
    saved = put(contested(records, losses=3))
    assert (saved.record.version, saved.outcome) == (4, SaveOutcome.UPDATED)
    assert records.get(COMPANY, Item, ID) == saved.record


def test_a_race_lost_again_and_again_is_given_up() -> None:
    with pytest.raises(RetryLater):
        put(contested(memory_stores().records, losses=100))


def test_archiving_in_a_race_keeps_what_the_winner_wrote() -> None:
    records = memory_stores().records
    put(records)
    archived = archive_record(
        contested(records, losses=1),
        VirtualClock(),
        COMPANY,
        Item,
        ID,
        correlation_id=CorrelationId("c-1"),
    )
    assert (archived.record.name, archived.record.active, archived.record.version) == (
        "Theirs 2",
        False,
        3,
    )


def test_a_stored_version_carries_when_and_by_which_request() -> None:
    item = put(memory_stores().records).record
    assert (item.updated_at, item.correlation_id) == (VirtualClock().now(), "c-1")


def test_without_a_connection_a_price_is_in_dollars() -> None:
    assert usual_currency(memory_stores().connections, COMPANY) == "USD"


def test_a_price_is_in_the_home_currency_of_the_books_if_they_agree() -> None:
    books = FakeBooks(clock=VirtualClock())
    services = build_services(books=books)
    canadian = replace(books.company, home_currency="CAD")
    first = connect(services, books, remote_company=canadian)
    connections = services.stores.connections
    assert usual_currency(connections, COMPANY) == "CAD"
    xero = replace(first.key, provider=ProviderName("xero"))
    connect(services, books, key=xero, remote_company=books.company)
    assert usual_currency(connections, COMPANY) is None
    with pytest.raises(RequestInvalid, match="CURRENCY_REQUIRED"):
        currency_of(replace(VALUES, currency=None), None, usual_currency(connections, COMPANY))
