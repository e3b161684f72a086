"""One world of payments: built from its seed, through the storm, two days of rest, and judged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

from shared.domain.connections import ConnectionSettings, PacingMode
from shared.domain.ids import RecordKind
from shared.domain.ledger import LedgerRow, LedgerScope
from shared.domain.runs import Failure, Run, RunState
from tests.simulation.actors import office as clicking
from tests.simulation.actors import schedule
from tests.simulation.actors.queue import QueueTemper
from tests.simulation.actors.stream import StreamTemper
from tests.simulation.faults import Temper
from tests.simulation.installation import Given, Installation, Knobs
from tests.simulation.payments import invariants, office
from tests.simulation.payments.book import InvoiceBook
from tests.simulation.payments.ledger_watch import LedgerWatch
from tests.simulation.payments.road import road_of
from tests.simulation.payments.unheard import PaymentsUnheard
from tests.simulation.watch import NEVER_CAUSES
from tests.simulation.world import PATIENCE, SILENT, Verdict, judged
from tests.support.fake_books import INCOME_ACCOUNT
from tests.support.fake_desk import Keys
from tests.support.fake_faults import BooksCall, Fault, Lost

KIND = RecordKind.PAYMENT
HOURS_LATE = (400.0, 1500.0, 4 * 3600.0, 5 * 3600.0)
"""Seconds after which a request is carried out that nobody waits for any more."""
STALLS = (3.0, 30.0, 130.0, 200.0)
"""Seconds for which a machine may freeze: also longer than a request and its repeat may be under way."""


def given_by(seed: int) -> Given:
    random = Random(f"payments of {seed}")
    honours, keys, keys_for = random.choice(
        (
            (True, Keys.HONOURED, None),
            (True, Keys.HONOURED, None),
            (True, Keys.HONOURED, timedelta(minutes=10)),
            (False, Keys.HONOURED, timedelta(seconds=5)),
            (False, Keys.FORGOTTEN, None),
        )
    )
    latency = random.choice((0.02, 0.3, 1.0, 8.0))
    knobs = Knobs(
        companies=2 if random.random() < 0.12 else 1,
        items=0,
        planted=0,
        batch_size=random.choice((1, 2, 3, 5)),
        latency=latency,
        in_flight=random.choice((1, 10)),
        slice_seconds=max(random.choice((10.0, 60.0, 270.0)), 10 * latency),
        keys=keys,
        keys_for=keys_for,
        remembers_refusals=random.random() < 0.7,
        collisions=False,
        tells_name_owner=True,
        batches_per_minute=None,
        pacing=random.choice((PacingMode.ADAPTIVE, PacingMode.DOCUMENTED)),
        access_lifetime=random.choice((60.0, 400.0, 3600.0)),
        rotates=random.choice((0.0, 1.0)),
        withdraws=random.random() < 0.1,
        honours_keys=honours,
    )
    return Given(
        KIND,
        knobs,
        Temper.drawn(random),
        StreamTemper.drawn(random),
        QueueTemper.drawn(random),
    )


def simulate_payments(seed: int, *, keep_trace: bool = False) -> Verdict:
    """Run one world. The same seed gives the same verdict, in any process."""
    installation = Installation(seed, keep_trace=keep_trace, given=given_by(seed))
    return judged(seed, installation, lambda: _World(installation).live())


class _World:
    def __init__(self, installation: Installation) -> None:
        self._world = world = installation
        self._scheduler = installation.scheduler
        self._random = installation.scheduler.random
        self._road = world.road = road_of(world)
        self._books = [InvoiceBook(company) for company in world.companies.values()]
        self._watches = {
            book.company.key: LedgerWatch(
                world.stores, book.company, lambda: world.scheduler.now, world.watch.report
            )
            for book in self._books
        }
        world.ports.stalls = STALLS
        world.watch.listen("ledger.save", self._ledger_saves)
        world.watch.listen("failures.save", self._failures_saves)
        deadline = timedelta(seconds=world.settings.request_deadline_seconds)
        for book in self._books:
            assert isinstance(book.company.unheard, PaymentsUnheard)
            book.company.unheard.room = deadline + world.profile.invoices.request_limit
            book.company.books.choose_fault = self._fault

    def _ledger_saves(self, scope: LedgerScope, rows: list[LedgerRow]) -> None:
        self._watches[scope.connection].saves(scope, rows)

    def _failures_saves(self, failures: list[Failure]) -> None:
        for failure in failures:
            self._scheduler.note(f"TOLD {failure.cause}")
            if failure.cause in NEVER_CAUSES:
                self._world.watch.report(
                    f"{failure.source_id} was marked failed by {failure.cause}"
                )

    def _fault(self, call: BooksCall) -> Fault | None:
        fault = self._world.faults.at_books(call)
        late = isinstance(fault, Lost) and call.request is not None and fault.executed_after != 0.0
        if late and self._random.random() < 0.2:
            fault = Lost(self._random.choice(HOURS_LATE))
            self._scheduler.note(f"or rather {fault}")
        return fault

    def live(self) -> None:
        world = self._world
        seconds = self._random.choice((20.0, 100.0, 400.0))
        for book in self._books:
            self._connect(book)
            office.opens(world, book, self._random.randint(1, 3), self._random.choice((1, 3, 6)))
        for book in self._books:
            self._populate(book, seconds)
        self._scheduler.spawn("schedule", lambda: schedule.every_minute(world, seconds))
        self._scheduler.sleep(seconds)
        world.faults.stop()
        self._scheduler.note("CALM")
        self._scheduler.sleep(200.0)
        for book in self._books:
            while book.unlinked:
                office.links(world, book)
        for book in self._books:
            self._road.come_to_rest(book.company)
        for book in self._books:
            self._judge(book)

    def _connect(self, book: InvoiceBook) -> None:
        world, company = self._world, book.company
        while world.stores.connections.get(company.key) is None:
            clicking.consent(world, company.company_id)
        connection = world.stores.connections.get(company.key)
        assert connection is not None
        chosen = ConnectionSettings(INCOME_ACCOUNT.remote_id, world.knobs.pacing)
        assert world.stores.connections.save(
            replace(connection, settings=chosen, version=connection.version + 1)
        )
        self._road.open(company)

    def _populate(self, book: InvoiceBook, seconds: float) -> None:
        world, random, company = self._world, self._random, book.company
        name, most = company.company_id, random.choice((4, 8, 14))
        spawn = self._scheduler.spawn
        spawn(f"recorder {name}", lambda: office.records(world, book, seconds, most))
        spawn(f"invoices {name}", lambda: office.links_all(world, book, seconds))
        spawn(f"owner {name}", lambda: clicking.reconnects(world, company, seconds))
        if random.random() < 0.6:
            spawn(f"clicker {name}", lambda: clicking.clicks(world, company, seconds))
        if random.random() < 0.5:
            spawn(f"asker {name}", lambda: office.asks(world, book, seconds))
        if random.random() < 0.3:
            spawn(f"bookkeeper {name}", lambda: office.keeps_books(world, book, seconds))

    def _judge(self, book: InvoiceBook) -> None:
        """A sync, which may find what a person's retry is needed for, and another, which writes nothing."""
        world, company = self._world, book.company
        first = self._sync(book)
        if first is not None and first.state is not RunState.FINISHED:
            self._sync(book)  # it was the one that learned that the office must reconnect
        before = len(company.books.effects)
        last = self._sync(book)
        if last is None:
            return
        written = company.books.effects[before:]
        if written:
            world.watch.report(f"nothing changed, yet {len(written)} were written: {written[0]}")
        watch = self._watches[company.key]
        for what in invariants.broken(world, company, watch, last):
            world.watch.report(what)

    def _sync(self, book: InvoiceBook) -> Run | None:
        """A run that is begun now, and its end."""
        world, company = self._world, book.company
        clicking.reconnect(world, company)
        self._scheduler.join(clicking.click(world, company))
        until = world.elapsed + PATIENCE
        while (active := world.stores.runs.active(company.key, KIND)) is not None:
            if world.elapsed > until:
                world.watch.report(f"run {active.run_id[:6]} does not end: {active.counts}")
                return None
            self._scheduler.sleep(5.0)
            if (self._scheduler.now - active.heartbeat_at).total_seconds() > SILENT:
                clicking.reconnect(world, company)
                self._scheduler.join(clicking.click(world, company))
        return world.stores.runs.page(company.key, 1, None).rows[0]
