"""Books with customers and items, a company connected to them, and the queue's tasks by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.domain.connections import Connection, Setup
from shared.domain.ids import PersonId, RecordKind, RemoteId, RunId, SourceId
from shared.domain.imports import ImportResult, Wanted
from shared.domain.links import Link
from shared.domain.money import Money
from shared.domain.records import Address, Customer, Item, Record, class_of
from shared.domain.runs import Run
from shared.storage.paging import every_row
from shared.storage.ports import Stores
from shared.sync.automatic.messages import serve_wake_ups
from shared.sync.engine.terms import scope_of
from shared.sync.review.browse import RemoteRow, Shown, Sought, browse
from shared.sync.review.results import page_of_results
from shared.sync.review.start import start_import
from shared.sync.review.unsynced import Unsynced, ask_unsynced
from tests.support.effects import VirtualClock
from tests.support.fake_books import FakeBooks
from tests.support.fake_profile import fake_profile
from tests.support.services import COMPANY, build_services, connect
from tests.support.wake_ups import RecordingTasks

OFFICE = PersonId("office")


class ReviewWorld:
    def __init__(
        self,
        kind: RecordKind = RecordKind.CUSTOMER,
        page_size: int = 1000,
        stores: Stores | None = None,
    ) -> None:
        self.kind = kind
        self.clock = VirtualClock()
        self.books = FakeBooks(clock=self.clock, profile=fake_profile(page_size=page_size))
        self.tasks = RecordingTasks()
        self.services = build_services(
            books=self.books, clock=self.clock, tasks=self.tasks, stores=stores
        )
        self.connection: Connection = connect(self.services, self.books, setup=Setup())
        self.key = self.connection.key

    @property
    def scope(self) -> Any:
        return scope_of(self.kind, self.connection)

    @property
    def listings(self) -> int:
        """Calls that listed a page."""
        return self.books.calls["page_records"]

    def in_books(self, *names: str, **fields: Any) -> list[RemoteId]:
        plant = self.books.plant_customer if self.kind is RecordKind.CUSTOMER else self.books.plant
        return [plant(name, **fields).remote_id for name in names]

    def has(self, source_id: str, name: str, email: str = "", **fields: Any) -> SourceId:
        record: Record
        if self.kind is RecordKind.CUSTOMER:
            record = Customer(SourceId(source_id), name, email, version=1, **fields)
        else:
            price = Money(fields.pop("price"), "USD")
            record = Item(SourceId(source_id), name, price, version=1, **fields)
        assert not self.services.stores.records.save(COMPANY, [record])
        return record.source_id

    def serve(self, seconds: float = 300.0) -> None:
        """Tasks that were handed over, until there are none."""
        while self.tasks.sent:
            self.serve_one(seconds)

    def serve_one(self, seconds: float = 300.0) -> None:
        serve_wake_ups(self.services, self.kind, self.tasks.event(), seconds)

    def ask(self) -> Unsynced:
        return ask_unsynced(self.services, self.key, self.kind)

    def counted(self) -> Unsynced:
        self.ask()
        self.serve()
        return self.ask()

    def rows(self, **sought: Any) -> dict[str, RemoteRow]:
        """By remote name; listed first where need be."""
        self.counted()
        shown = browse(self.services, self.key, self.kind, Sought(**sought), 500, None)
        assert isinstance(shown, Shown)
        return {row.remote.fields.name: row for row in shown.page.rows}

    def start(self, *wanted: Wanted | RemoteId) -> Run:
        """Of all that are new where none is named."""
        some = [one if isinstance(one, Wanted) else Wanted(RemoteId(one)) for one in wanted]
        return start_import(self.services, self.key, self.kind, some or None, OFFICE)

    def imported(self, *wanted: Wanted | RemoteId) -> list[ImportResult]:
        run = self.start(*wanted)
        self.serve()
        return self.results(run.run_id)

    def results(self, run_id: RunId) -> list[ImportResult]:
        return list(
            every_row(lambda cursor: page_of_results(self.services, self.key, run_id, 500, cursor))
        )

    def run(self, run_id: RunId) -> Run:
        run = self.services.stores.runs.get(self.key, run_id)
        assert run is not None
        return run

    @property
    def records(self) -> dict[str, Record]:
        company, cls = COMPANY, class_of(self.kind)
        records = self.services.stores.records
        return {
            one.source_id: one
            for one in every_row(lambda cursor: records.page(company, cls, 500, cursor))
        }

    @property
    def links(self) -> dict[str, Link]:
        """By remote id."""
        links = self.services.stores.links
        return {
            one.remote_id: one
            for one in every_row(lambda cursor: links.page_links(self.scope, 500, cursor))
        }

    def later(self, seconds: float) -> None:
        self.clock.sleep(seconds)


MINUTE = timedelta(minutes=1)
ADDRESS = Address("1 Hill Rd", "Rye", "NY", "10580", "US")
