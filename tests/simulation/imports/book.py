"""What the office of a company was shown of the books, asked to be imported and took apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from shared.domain.ids import RemoteId, RunId, SourceId
from shared.domain.imports import Wanted, imported_id
from shared.sync.engine.terms import scope_of
from tests.simulation.company import Company
from tests.simulation.installation import Installation
from tests.support.fake_books import FakeBooks

AGAIN = range(3)
"""How often one remote record may come in anew, each time as another record."""


@dataclass(slots=True)
class ImportBook:
    """`acknowledged`: imports that the office was told are under way, with what it chose (None: all
    that are new). `apart`: remote ids that it asked to be unlinked, heard or unheard. `linked` are all
    pairs that were ever stored, `moved` the remote ids of every write that made or removed one, in
    order, `moved_at` is when the last of them was. `listed` gives by the instant at which a list was
    complete what it had, `cuts` the instants at which one was cut off.
    """

    company: Company
    acknowledged: dict[RunId, list[Wanted] | None] = field(default_factory=dict)
    apart: set[RemoteId] = field(default_factory=set)
    linked: dict[RemoteId, set[SourceId]] = field(default_factory=dict)
    listed: dict[datetime, set[RemoteId]] = field(default_factory=dict)
    cuts: list[datetime] = field(default_factory=list)
    moved: list[RemoteId] = field(default_factory=list)
    moved_at: datetime | None = None

    def ids_of(self, world: Installation, remote_id: RemoteId) -> list[SourceId]:
        """The ids that records made of it may have, the first one first."""
        connection = world.stores.connections.get(self.company.key)
        assert connection is not None
        scope = scope_of(self.company.kind, connection)
        return [imported_id(scope, remote_id, again) for again in AGAIN]

    def importable(self) -> set[RemoteId]:
        """What a whole list has now."""
        return set(_importable(self.company.books, self.company))


def _importable(books: FakeBooks, company: Company) -> Iterator[RemoteId]:
    for row in books.records(company.kind):
        if row.linkable and row.fields.active:
            yield row.remote_id
