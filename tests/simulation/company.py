"""One company of a world: its records' numbering, its books, what people did there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random
from typing import Any

from shared.domain.ids import CompanyId, ConnectionKey, RecordKind, RemoteId, SourceId
from shared.domain.money import Money
from shared.domain.records import Address, Customer, Record
from tests.simulation import catalogue, customer_book
from tests.simulation.unheard import Unheard
from tests.support.fake_books import FakeBooks


@dataclass(slots=True)
class Company:
    """`kind`: what it syncs; `touched`: remote records that somebody made or edited in the books.

    `unheard` watches what our requests to these books may have done without our knowing. `accounts`:
    by item the income accounts that may be stored as its own: the last one that the office was told is
    chosen, and those it has tried since.
    """

    company_id: CompanyId
    key: ConnectionKey
    books: FakeBooks
    unheard: Unheard
    kind: RecordKind
    record_count: int = 0
    touched: set[RemoteId] = field(default_factory=set)
    accounts: dict[SourceId, set[str]] = field(default_factory=dict)

    def next_record(self, random: Random) -> Record:
        number, self.record_count = self.record_count, self.record_count + 1
        if self.kind is RecordKind.CUSTOMER:
            return customer_book.new_customer(random, self.company_id, number)
        return catalogue.new_item(random, self.company_id, number)

    def edited(self, random: Random, record: Record, number: int) -> Record:
        """The next version of a record."""
        if isinstance(record, Customer):
            return customer_book.edited(random, record, number)
        return catalogue.edited(random, record, number)

    def all_changed(self, record: Record) -> Record:
        """The next version of a record whose whole list is changed at once."""
        version = record.version + 1
        if isinstance(record, Customer):
            return replace(record, phone=f"+{version}", version=version)
        price = record.unit_price
        return replace(record, unit_price=Money(price.amount + 1, price.currency), version=version)

    def plant(self, name: str, value: str, *, linkable: bool, email: str = "") -> RemoteId | None:
        """Somebody makes a record in the books; None for what no listing shows (a vendor)."""
        if self.kind is RecordKind.ITEM:
            return self.books.plant(name, unit_price=value, linkable=linkable).remote_id
        if not linkable:
            self.books.hold_name(name, RecordKind.CUSTOMER)
            return None
        return self.books.plant_customer(name, phone=value, email=email).remote_id

    def value(self, number: int) -> dict[str, Any]:
        """An edit of a field that anybody may make."""
        if self.kind is RecordKind.CUSTOMER:
            return {"phone": str(number)}
        return {"unit_price": Decimal(number)}

    def note(self, number: int) -> dict[str, Any]:
        """An edit of another field, as in a whole list that is put in order."""
        if self.kind is RecordKind.CUSTOMER:
            return {"address": Address(f"{number} High St")}
        return {"description": f"Class {number}"}
