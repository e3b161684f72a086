"""One world: built from its seed, through the storm, to rest, and judged."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf

from shared.domain.connections import ConnectionSettings
from shared.domain.runs import Run, RunState
from tests.simulation import catalogue, invariants
from tests.simulation.actors import bookkeeper, office, schedule
from tests.simulation.catalogue import NAMES
from tests.simulation.company import Company
from tests.simulation.customer_book import EMAILS
from tests.simulation.installation import Installation
from tests.simulation.scheduler import Livelock
from tests.support.fake_books import INCOME_ACCOUNT

ROUNDS = 6
"""Runs after the storm within which everything must be settled."""
PATIENCE = 7200.0
"""Virtual seconds that one of these runs may take, takeovers included."""
SILENT = 61.0
"""Seconds after which an office clicks again."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`violations` is empty for a good world. `digest` is of its trace."""

    seed: int
    violations: tuple[str, ...]
    digest: str
    points: int
    ends: tuple[str, ...]
    trace: tuple[str, ...]


def simulate(seed: int, *, keep_trace: bool = False) -> Verdict:
    """Run one world. The same seed gives the same verdict, in any process."""
    installation = Installation(seed, keep_trace=keep_trace)
    return judged(seed, installation, lambda: World(installation).live())


def judged(seed: int, installation: Installation, live: Callable[[], None]) -> Verdict:
    """What a world's life came to; one that does not come to rest is a violation too."""
    scheduler, watch = installation.scheduler, installation.watch
    driver = scheduler.spawn("world", live)
    try:
        scheduler.run_until(driver)
    except Livelock as stuck:
        watch.report(f"the world does not come to rest: {stuck}")
    finally:
        digest = scheduler.digest
        scheduler.end()
    return Verdict(
        seed,
        tuple(watch.violations),
        digest,
        scheduler.points,
        tuple(installation.executions.ends),
        tuple(scheduler.trace or ()),
    )


class _RunDoesNotEnd(Exception):
    """Although nothing fails any more."""


class World:
    """Of records. Worlds of other sorts go through the same storm, with more people in it."""

    def __init__(self, installation: Installation) -> None:
        self._world = installation
        self._scheduler = installation.scheduler
        self._random = installation.scheduler.random

    def live(self) -> None:
        world = self._world
        companies = list(world.companies.values())
        for company in companies:
            self._connect(company)
        seconds = self._random.choice((20.0, 100.0, 400.0))
        for company in companies:
            self._populate(company, seconds)
        if world.road or self._random.random() < 0.5:
            # The road ticks by itself later; without one the schedule goes on for ever.
            ticking = seconds if world.road else inf
            self._scheduler.spawn("schedule", lambda: schedule.every_minute(world, ticking))
        self._scheduler.sleep(seconds)
        world.faults.stop()
        self._scheduler.note("CALM")
        try:
            for company in companies:
                self._rest(company)
        except _RunDoesNotEnd as stuck:
            world.watch.report(str(stuck))

    def _connect(self, company: Company) -> None:
        """The company's first day: connected, some items in the books already, the account chosen."""
        world = self._world
        self._plant(company)
        while world.stores.connections.get(company.key) is None:
            office.consent(world, company.company_id)
        connection = world.stores.connections.get(company.key)
        assert connection is not None
        chosen = ConnectionSettings(INCOME_ACCOUNT.remote_id, world.knobs.pacing)
        assert world.stores.connections.save(
            replace(connection, settings=chosen, version=connection.version + 1)
        )
        self._open(company)

    def _plant(self, company: Company) -> None:
        world = self._world
        for number, name in enumerate(self._random.sample(NAMES, world.knobs.planted)):
            allowed = catalogue.allowed(name if number % 2 else f"Item {number}")
            with suppress(ValueError):  # the books have that name already
                linkable = self._random.random() > 0.2
                planted = company.plant(
                    allowed, "3", linkable=linkable, email=EMAILS[number % len(EMAILS)]
                )
                if planted is not None:
                    company.touched.add(planted)

    def _open(self, company: Company) -> None:
        if self._world.road:
            self._world.road.open(company)

    def _populate(self, company: Company, seconds: float) -> None:
        world, name = self._world, company.company_id
        road = world.road
        if road and self._random.random() < 0.5:
            self._scheduler.spawn(f"hurrier {name}", lambda: road.hurries(company, seconds))
        if road and road.wavers:
            self._scheduler.spawn(f"waverer {name}", lambda: road.keeps_back(company, seconds))
        if not road or self._random.random() < 0.6:
            self._scheduler.spawn(f"clicker {name}", lambda: office.clicks(world, company, seconds))
        self._scheduler.spawn(f"owner {name}", lambda: office.reconnects(world, company, seconds))
        if self._random.random() < 0.6:
            self._scheduler.spawn(f"editor {name}", lambda: office.edits(world, company, seconds))
        if world.assigns:
            self._scheduler.spawn(
                f"accountant {name}", lambda: office.assigns(world, company, seconds)
            )
        if self._random.random() < 0.3:
            self._scheduler.spawn(
                f"bookkeeper {name}", lambda: bookkeeper.keeps_books(world, company, seconds)
            )

    def _rest(self, company: Company) -> None:
        """Sync until everything is settled, then once more, which must write nothing."""
        world = self._world
        self._scheduler.sleep(400.0)  # what is under way ends; late commits have happened
        if world.road:
            office.reconnect(world, company)
            world.road.come_to_rest(company)
        self._settle(company)
        before = len(company.books.effects)
        last = self._sync(company)
        written = company.books.effects[before:]
        if written:
            world.watch.report(f"nothing changed, yet {len(written)} were written: {written[0]}")
        for what in invariants.broken(world, company, last):
            world.watch.report(what)

    def _settle(self, company: Company) -> None:
        """Sync until a run finished and left nothing for the next: what one run writes (a name that it
        gives up, say) may cure what it refused, but only that.
        """
        for _ in range(ROUNDS):
            before = len(company.books.effects)
            run = self._sync(company)
            wrote = len(company.books.effects) > before
            if run.state is RunState.FINISHED and not (run.counts.refused and wrote):
                return

    def _sync(self, company: Company) -> Run:
        """A run that is begun now, and its end."""
        world = self._world
        self._drive(company)  # one that the storm left
        office.reconnect(world, company)
        self._scheduler.join(office.click(world, company))
        self._drive(company)
        return world.stores.runs.page(company.key, 1, None).rows[0]

    def _drive(self, company: Company) -> None:
        """Until no run is active, clicking again where one has gone silent."""
        world = self._world
        until = world.elapsed + PATIENCE
        while (active := world.stores.runs.active(company.key, company.kind)) is not None:
            if world.elapsed > until:
                raise _RunDoesNotEnd(f"run {active.run_id[:6]} does not end: {active.counts}")
            self._scheduler.sleep(5.0)
            if (self._scheduler.now - active.heartbeat_at).total_seconds() > SILENT:
                office.reconnect(world, company)
                self._scheduler.join(office.click(world, company))
