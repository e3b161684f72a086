"""One company of a world: its records' numbering, its books, what people did there."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from shared.domain.ids import CompanyId, ConnectionKey, RemoteId
from shared.domain.records import Item
from tests.simulation import catalogue
from tests.simulation.unheard import Unheard
from tests.support.fake_books import FakeBooks


@dataclass(slots=True)
class Company:
    """`touched`: remote items that somebody made or edited in the books.

    `unheard` watches what our requests to these books may have done without our knowing.
    """

    company_id: CompanyId
    key: ConnectionKey
    books: FakeBooks
    unheard: Unheard
    item_count: int = 0
    touched: set[RemoteId] = field(default_factory=set)

    def next_item(self, random: Random) -> Item:
        item = catalogue.new_item(random, self.company_id, self.item_count)
        self.item_count += 1
        return item
