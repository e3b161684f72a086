"""One world of imports: the storm of a world of records, with an office that reviews what the books have."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from random import Random

from shared.domain.ids import RecordKind
from shared.domain.imports import Wanted
from shared.domain.records import class_of
from shared.domain.runs import PushAction, RunState
from shared.providers.base import RemotePage
from shared.sync.engine.terms import scope_of
from shared.sync.review.unsynced import AlertState, Unsynced
from tests.simulation import catalogue
from tests.simulation.actors import bookkeeper
from tests.simulation.actors import office as clicking
from tests.simulation.actors.queue import QueueTemper
from tests.simulation.actors.stream import StreamTemper
from tests.simulation.catalogue import NAMES
from tests.simulation.company import Company
from tests.simulation.customer_book import EMAILS
from tests.simulation.faults import Temper
from tests.simulation.imports import invariants, office
from tests.simulation.imports.book import ImportBook
from tests.simulation.imports.unheard import ImportsUnheard
from tests.simulation.imports.watch import ImportWatch
from tests.simulation.installation import Given, Installation, Knobs
from tests.simulation.world import PATIENCE, Verdict, World, judged
from tests.support.fake_books import INCOME_ACCOUNT, SERVICES_ACCOUNT

LOOKS = 4
"""At the alert, after the storm, within which it must come to a count: one that lost half is doubted once."""
STALLS = (3.0, 30.0, 130.0, 200.0)
"""Seconds for which a machine may freeze: also longer than its follower needs."""
STALE = 61.0
"""Seconds after which a list is fetched anew."""


def given_by(seed: int) -> Given:
    random = Random(f"imports of {seed}")
    kind = RecordKind.CUSTOMER if random.random() < 0.6 else RecordKind.ITEM
    knobs = Knobs.drawn(random)
    knobs = replace(knobs, planted=random.choice((3, 12, 25)))
    if random.random() < 0.05:  # a second part
        knobs = replace(knobs, planted=110, batch_size=8, batches_per_minute=None, items=5)
    return Given(
        kind, knobs, Temper.drawn(random), StreamTemper.drawn(random), QueueTemper.drawn(random)
    )


def simulate_imports(seed: int, *, keep_trace: bool = False) -> Verdict:
    """Run one world. The same seed gives the same verdict, in any process."""
    installation = Installation(seed, keep_trace=keep_trace, given=given_by(seed))
    return judged(seed, installation, lambda: ImportWorld(installation).live())


class ImportWorld(World):
    """`cuts`: how likely a page is to be the list's last one too soon, or empty."""

    def __init__(self, installation: Installation) -> None:
        super().__init__(installation)
        world = self._world
        self._books = {
            company.company_id: ImportBook(company) for company in world.companies.values()
        }
        self._watch = ImportWatch(world, list(self._books.values()))
        world.ports.stalls = STALLS
        self._cuts = self._random.choice((0.0, 0.0, 0.1, 0.3))
        for book in self._books.values():
            company = book.company
            company.unheard = ImportsUnheard(
                world.watch.report, world.current_process, world.reviewing
            )
            company.books.shows = lambda page, book=book: self._shown(book, page)

    def _shown(self, book: ImportBook, page: RemotePage) -> RemotePage:
        world, random = self._world, self._random
        if not (world.faults.on and world.reviewing() and random.random() < self._cuts):
            return page
        kept = random.choice((0, 0, random.randint(0, len(page.rows))))
        if page.cursor is None and kept == len(page.rows):
            return page
        book.cuts.append(self._scheduler.now)
        self._scheduler.note(f"CUT OFF after {kept} of {len(page.rows)}")
        return RemotePage(page.rows[:kept], None)

    def _open(self, company: Company) -> None:
        """Some decide the imports at once; the others when the storm is over, unless an import has."""
        if self._random.random() < 0.5 or not self._world.faults.on:
            super()._open(company)

    def _plant(self, company: Company) -> None:
        """Customers with addresses, items on two accounts, some that no import takes."""
        random, books = self._random, company.books
        for number in range(self._world.knobs.planted):
            name = random.choice(NAMES) if random.random() < 0.4 else f"Item {number}"
            with suppress(ValueError):  # the books have that name already
                if company.kind is RecordKind.CUSTOMER:
                    # The last one is not what BlueClerk would send.
                    email = random.choice((*EMAILS, f"c{number}@x.example", "ann@x, bob@x"))
                    books.plant_customer(catalogue.allowed(name), phone=str(number), email=email)
                else:
                    books.plant(
                        catalogue.allowed(name),
                        unit_price=str(number),
                        code=random.choice(("", f"B{number}")),
                        income_account_id=random.choice(
                            (INCOME_ACCOUNT.remote_id, SERVICES_ACCOUNT.remote_id)
                        ),
                        linkable=random.random() > 0.1,
                    )

    def _populate(self, company: Company, seconds: float) -> None:
        super()._populate(company, seconds)
        world, book, name = self._world, self._books[company.company_id], company.company_id
        spawn = self._scheduler.spawn
        for number in range(self._random.choice((1, 2, 3))):
            spawn(f"reviewer{number} {name}", lambda: office.reviews(world, book, seconds))
        if self._random.random() < 0.3:
            spawn(f"doubter {name}", lambda: office.takes_apart(world, book, seconds))
        if self._random.random() < 0.4:
            spawn(f"clerk {name}", lambda: bookkeeper.keeps_books(world, company, seconds))

    def _rest(self, company: Company) -> None:
        """First what the storm left; then everything that is left is imported, and again."""
        clicking.reconnect(self._world, company)
        super()._open(company)
        super()._rest(company)
        book = self._books[company.company_id]
        for what in invariants.broken(self._world, book):
            self._world.watch.report(what)
        self._count(book)
        self._import_all(book)
        self._count(book)

    def _count(self, book: ImportBook) -> None:
        """The alert's count is the truth."""
        world = self._world
        self._scheduler.sleep(STALE)
        for _ in range(LOOKS):
            told = self._answer(book)
            if told is not None and told.state is AlertState.COUNTED:
                had = book.importable()
                left = len(had - invariants.taken(world, book))
                if (told.unsynced, told.total) != (left, len(had)):
                    world.watch.report(
                        f"told {told.unsynced} of {told.total}, it is {left} of {len(had)}"
                    )
                return
            self._scheduler.sleep(STALE)
        world.watch.report(f"the alert comes to no count: {told}")

    def _answer(self, book: ImportBook) -> Unsynced | None:
        """What the alert says once it is no longer being counted; None: that it cannot be."""
        world, until = self._world, self._world.elapsed + PATIENCE
        while world.elapsed < until:
            clicking.reconnect(world, book.company)
            heard: list[Unsynced] = []
            self._scheduler.join(office.opens(world, book, heard))
            if not heard or heard[0].state is not AlertState.LISTING:
                return heard[0] if heard else None
            self._scheduler.sleep(office.POLL)
        world.watch.report("a list does not end")
        return None

    def _import_all(self, book: ImportBook) -> None:
        """All that the list has: each is here then; again: nothing is changed; a sync: nothing goes out."""
        world, company = self._world, book.company
        chosen = [Wanted(each, as_new=True) for each in sorted(book.importable())]
        if not chosen:
            return
        self._import(book, chosen)
        records = invariants.records_of(world, company)
        left = [
            each
            for each in sorted(book.importable() - invariants.taken(world, book))
            if not records.issuperset(book.ids_of(world, each))  # it came in as often as it may
        ]
        if left:
            world.watch.report(f"all were imported, and {left} are not here")
        before = self._everything(company)
        self._import(book, chosen)
        if self._everything(company) != before:
            world.watch.report("a second import of the same changed something")
        effects = len(company.books.effects)
        self._sync(company)
        for effect in company.books.effects[effects:]:
            # What was refused because some in the books resembled it may be made now that they are others.
            if effect.action is not PushAction.CREATE:
                world.watch.report(f"after an import this was written: {effect}")
        for what in invariants.broken(world, book):
            world.watch.report(f"at the end: {what}")

    def _everything(self, company: Company) -> object:
        """Records and links, as they are stored."""
        stores = self._world.stores
        connection = stores.connections.get(company.key)
        assert connection is not None
        cls, scope = class_of(company.kind), scope_of(company.kind, connection)
        return (
            stores.records.page(company.company_id, cls, 10_000, None).rows,
            stores.links.page_links(scope, 10_000, None).rows,
            dict(stores.links.all_linked(scope)),
        )

    def _import(self, book: ImportBook, chosen: list[Wanted]) -> None:
        """To its end, beginning anew where it could not be begun."""
        world, company = self._world, book.company
        for _ in range(LOOKS):
            clicking.reconnect(world, company)
            known = set(book.acknowledged)
            self._scheduler.join(office.begins(world, book, chosen))
            self._drive(company)
            for run_id in book.acknowledged.keys() - known:
                run = world.stores.runs.get(company.key, run_id)
                if run is not None and run.state is RunState.FINISHED:
                    return
        world.watch.report("everything works, and an import does not")
