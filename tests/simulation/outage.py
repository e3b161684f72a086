"""A provider that gives no answer for ten minutes while 2,000 changes arrive: a world of its own.

The company has customers and items; some are in the books when the outage begins, the others are added
during it, and each is changed several times. Nothing else fails, but the stream repeats and reorders, and
wake-ups come twice and late.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from shared.domain.connections import ConnectionSettings, PacingMode
from shared.domain.customer_plan import CustomerFields
from shared.domain.ids import RecordKind, SourceId
from shared.domain.links import ItemFields
from shared.domain.money import Money
from shared.domain.records import Customer, Item, Record, class_of
from shared.providers.session import READ_DEADLINE
from shared.sync.automatic.gate import AUTOMATIC_KINDS
from shared.sync.engine.survey import paired
from shared.sync.engine.terms import scope_of
from tests.simulation.actors import office, schedule
from tests.simulation.actors.queue import QueueTemper
from tests.simulation.actors.stream import StreamTemper
from tests.simulation.installation import Given, Installation, Knobs
from tests.simulation.road import Road
from tests.support.fake_books import INCOME_ACCOUNT
from tests.support.fake_desk import Keys
from tests.support.fake_faults import BooksCall, Fault

OUTAGE = 600.0
CHANGES = 2000
ITEMS, CUSTOMERS = 320, 80
KNOWN = 0.6
"""Of the records are in the books when the outage begins."""
RECOVERY = 180.0
KNOBS = Knobs(
    companies=1,
    items=0,
    planted=0,
    batch_size=30,
    latency=0.3,
    in_flight=10,
    slice_seconds=270.0,
    keys=Keys.HONOURED,
    keys_for=None,
    remembers_refusals=True,
    collisions=False,
    tells_name_owner=True,
    batches_per_minute=None,
    pacing=PacingMode.ADAPTIVE,
    access_lifetime=400.0,  # an access token ends amid the outage
    rotates=0.5,
    withdraws=False,
)
GIVEN = Given(
    RecordKind.ITEM,
    KNOBS,
    stream=StreamTemper(repeated=0.2, reorders=True),
    queue=QueueTemper(doubled=0.2, late=0.2),
    most_points=400_000,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`calls` are those of the provider during the outage, by what they asked for; `recovered_after`
    seconds everything was in the books, None: not within `RECOVERY`.
    """

    calls: Counter[str]
    recovered_after: float | None
    dead_letters: int
    wrong: tuple[str, ...]


def simulate_outage(seed: int, *, hangs: bool) -> Outcome:
    """`hangs`: each call is waited for until its deadline; else it fails at once."""
    installation = Installation(seed, given=GIVEN)
    scheduler = installation.scheduler
    world = _Outage(installation, hangs=hangs)
    driver = scheduler.spawn("world", world.live)
    try:
        scheduler.run_until(driver)
    finally:
        scheduler.end()
    assert world.outcome is not None
    return world.outcome


class _Outage:
    def __init__(self, installation: Installation, *, hangs: bool) -> None:
        self._world = installation
        self._random = installation.scheduler.random
        self._hangs = hangs
        (self._company,) = installation.companies.values()
        self._company.books.choose_fault = self._fault
        self.outcome: Outcome | None = None

    @property
    def _road(self) -> Road:
        assert self._world.road is not None
        return self._world.road

    def live(self) -> None:
        world, company = self._world, self._company
        self._connect()
        ids = self._ids()
        self._change(ids[: int(KNOWN * len(ids))])
        world.scheduler.sleep(120.0)
        assert not list(self._not_in_the_books()), "the outage begins with everything in step"
        world.scheduler.spawn("schedule", lambda: schedule.every_minute(world, 2 * OUTAGE))

        before = company.books.calls.copy()
        began = world.scheduler.now
        world.faults.go_down(OUTAGE)
        for number in range(CHANGES):
            at = began + timedelta(seconds=OUTAGE * number / CHANGES)
            world.scheduler.sleep((at - world.scheduler.now).total_seconds())
            self._change([self._random.choice(ids)])
        world.scheduler.sleep((began - world.scheduler.now).total_seconds() + OUTAGE)
        calls = company.books.calls - before
        self.outcome = Outcome(
            calls=calls,
            recovered_after=self._recovered(),
            dead_letters=self._road.queue.dead_letters,
            wrong=(*world.watch.violations, *self._wrong()),
        )

    def _connect(self) -> None:
        world, company = self._world, self._company
        office.consent(world, company.company_id)
        connection = world.stores.connections.get(company.key)
        assert connection is not None
        settings = ConnectionSettings(INCOME_ACCOUNT.remote_id, KNOBS.pacing)
        assert world.stores.connections.save(
            replace(connection, settings=settings, version=connection.version + 1)
        )
        self._road.open(company)

    def _ids(self) -> list[tuple[RecordKind, SourceId]]:
        counts = {RecordKind.ITEM: ITEMS, RecordKind.CUSTOMER: CUSTOMERS}
        company_id = self._company.company_id
        ids = [
            (kind, SourceId(f"{company_id}/{kind}-{number:03}"))
            for kind, count in counts.items()
            for number in range(count)
        ]
        self._random.shuffle(ids)
        return ids

    def _change(self, ids: list[tuple[RecordKind, SourceId]]) -> None:
        """The next version of each, the first one where there is none yet."""
        world, company_id = self._world, self._company.company_id
        for kind, source_id in ids:
            stored = world.stores.records.get(company_id, class_of(kind), source_id)
            record = _next_version(kind, source_id, stored)
            world.stores.records.save(company_id, [record])
            self._road.stream.stored(company_id, kind, [record])

    def _fault(self, call: BooksCall) -> Fault | None:
        down = self._world.faults.down
        fault = self._world.faults.at_books(call)
        if down and self._hangs:
            reads = call.request is None
            deadline = self._world.settings.request_deadline_seconds
            self._world.clock.sleep(READ_DEADLINE if reads else deadline)
        return fault

    def _recovered(self) -> float | None:
        scheduler = self._world.scheduler
        began = scheduler.now
        while (waited := (scheduler.now - began).total_seconds()) <= RECOVERY:
            if not any(self._not_in_the_books()):
                return waited
            scheduler.sleep(1.0)
        return None

    def _not_in_the_books(self) -> Iterator[str]:
        for record, fields in self._pairs():
            if fields is None:
                yield f"{record.source_id} v{record.version} is not in the books"
            elif _values(record) != _values_of(fields):
                yield f"{record.source_id} v{record.version} is in the books as {_values_of(fields)}"

    def _pairs(self) -> Iterator[tuple[Record, ItemFields | CustomerFields | None]]:
        """Each record, and what the books have of it."""
        company, stores = self._company, self._world.stores
        connection = stores.connections.get(company.key)
        assert connection is not None
        for kind in AUTOMATIC_KINDS:
            rows = {row.remote_id: row.fields for row in company.books.records(kind)}
            for record, link in paired(stores, scope_of(kind, connection)):
                assert record is not None
                yield record, rows.get(link.remote_id) if link else None

    def _wrong(self) -> Iterator[str]:
        """Once all should be over: what is missing, doubled, refused, still due or still open."""
        self._world.scheduler.sleep(60.0)
        company, stores = self._company, self._world.stores
        yield from self._not_in_the_books()
        for kind in AUTOMATIC_KINDS:
            records = stores.records.page(company.company_id, class_of(kind), 10_000, None).rows
            rows = company.books.records(kind)
            if len(rows) != len(records):
                yield f"{len(rows)} {kind}s in the books of {len(records)}"
            for failure in stores.failures.page(company.key, kind, 10, None).rows:
                yield f"{failure.source_id} stands refused by {failure.cause}"
            if count := stores.due.count(company.key, kind, 1000):
                yield f"{count} {kind}s are still due"
        state = stores.automatic.load(company.key)
        if state is None or state.circuit is not None:
            yield f"the circuit is still open: {state}"


def _next_version(kind: RecordKind, source_id: SourceId, stored: Record | None) -> Record:
    version = stored.version + 1 if stored else 1
    if kind is RecordKind.CUSTOMER:
        name, phone = f"Customer {source_id[-3:]}", f"555 {version:04}"
        return Customer(source_id=source_id, name=name, phone=phone, version=version)
    price = Money(Decimal(version), "USD")
    return Item(
        source_id=source_id, name=f"Fitting {source_id[-3:]}", unit_price=price, version=version
    )


def _values(record: Record) -> tuple[str, str]:
    if isinstance(record, Customer):
        return record.name, record.phone
    assert isinstance(record, Item)
    return record.name, str(record.unit_price.amount)


def _values_of(fields: ItemFields | CustomerFields) -> tuple[str, str]:
    if isinstance(fields, CustomerFields):
        return fields.name, fields.phone
    return fields.name, str(fields.unit_price)
