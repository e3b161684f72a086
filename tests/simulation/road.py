"""The automatic road of a world: whose changes go by themselves, and what becomes of them in the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from shared.domain.connections import Connection, Setup, StepState
from shared.domain.errors import SyncError
from shared.domain.ids import PersonId, RecordKind, SourceId
from shared.domain.record_plan import in_step
from shared.domain.records import Record
from shared.sync.automatic.ask import retry, send_selected
from shared.sync.automatic.ends import PASSING_CAUSES
from shared.sync.automatic.gate import AUTOMATIC_KINDS
from shared.sync.automatic.kept_back import kinds_that_wait
from shared.sync.connection_settings import change_settings
from shared.sync.engine.survey import paired
from shared.sync.engine.terms import scope_of, terms_of
from shared.sync.services import Services
from shared.sync.setup import decide_steps
from tests.simulation import catalogue
from tests.simulation.actors import office, schedule
from tests.simulation.actors.queue import Queue, QueueTemper
from tests.simulation.actors.stream import Stream, StreamTemper
from tests.simulation.company import Company

if TYPE_CHECKING:
    from tests.simulation.installation import Installation

SHARE = 0.4
"""Of the worlds have one."""
DECIDED = Setup(StepState.SKIPPED, StepState.SKIPPED, StepState.PENDING)
PERSON = PersonId("office")
WAVERING = 0.3
MINUTES_AFTER_CALM = 45
"""Longer than a refusal for a passing cause is put off, twice."""
MINUTES_OF_THE_NEXT_DAY = 20
A_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Road:
    """Of one world; the stream and the queue are unruly until `calm`. `wavers`: offices keep their kind
    back for a while, and let it go again.
    """

    world: Installation
    stream: Stream
    queue: Queue
    wavers: bool = False

    @classmethod
    def drawn(cls, world: Installation, seed: int) -> Road | None:
        """Drawn apart, so that a world without one is the same as before."""
        random = Random(f"road of {seed}")
        if random.random() >= SHARE:
            return None
        road = cls.of(world, StreamTemper.drawn(random), QueueTemper.drawn(random))
        return replace(road, wavers=random.random() < WAVERING)

    @classmethod
    def of(cls, world: Installation, stream: StreamTemper, queue: QueueTemper) -> Road:
        return cls(
            world,
            Stream(world.scheduler, world.functions, stream),
            Queue(world.scheduler, world.ports, world.functions, queue),
        )

    def stored(self, company: Company, records: Sequence[Record]) -> None:
        self.stream.stored(company.company_id, company.kind, records)

    def open(self, company: Company) -> None:
        """The office skips the imports; clicks again until it is told that it worked."""
        decided: list[bool] = []

        def work(services: Services) -> None:
            try:
                decide_steps(
                    services,
                    company.key,
                    PERSON,
                    import_customers=DECIDED.import_customers,
                    import_items=DECIDED.import_items,
                )
            except SyncError as told:
                self.world.scheduler.note(f"SETUP told {type(told).__name__}")
            else:
                decided.append(True)

        while not decided:
            self.world.scheduler.join(self.world.functions.start("setup", work))

    def hurries(self, company: Company, seconds: float) -> None:
        """Somebody sends some records now, or has refused ones tried again."""
        world, random = self.world, self.world.scheduler.random
        until = world.elapsed + seconds
        while world.elapsed < until:
            world.scheduler.sleep(random.choice((1.0, 10.0, 60.0)))
            numbers = random.sample(range(company.record_count), min(2, company.record_count))
            ids = [catalogue.source_id(company.company_id, number) for number in numbers]

            def work(services: Services, ids: list[SourceId] = ids) -> None:
                try:
                    if random.random() < 0.7:
                        send_selected(services, company.key, company.kind, ids, PERSON)
                    else:
                        retry(services, company.key, company.kind, PERSON)
                except SyncError as told:
                    world.scheduler.note(f"HURRY told {type(told).__name__}")

            world.functions.start("hurry", work)

    def keeps_back(self, company: Company, seconds: float) -> None:
        """The office switches its kind off and on again; in the end it is as it stays."""
        world, random = self.world, self.world.scheduler.random
        until = world.elapsed + seconds
        by_itself: frozenset[RecordKind] | None = frozenset(RecordKind)
        wanted = frozenset(RecordKind) - ({company.kind} if random.random() < 0.5 else set())
        while world.elapsed < until or by_itself != wanted:
            world.scheduler.sleep(random.choice((1.0, 10.0, 60.0)))
            asked = (frozenset(RecordKind) if by_itself is None else by_itself) ^ {company.kind}
            if world.elapsed >= until:
                asked = wanted
            told: list[bool] = []

            def work(
                services: Services,
                asked: frozenset[RecordKind] = asked,
                told: list[bool] = told,
            ) -> None:
                try:
                    change_settings(services, company.key, PERSON, by_itself=asked)
                except SyncError as error:
                    world.scheduler.note(f"KEEP BACK told {type(error).__name__}")
                else:
                    told.append(True)

            world.scheduler.join(world.functions.start("keep back", work))
            by_itself = asked if told else None  # whoever answered nothing may have stored it
            if told:
                world.scheduler.note(f"BY ITSELF {sorted(asked)}")

    def come_to_rest(self, company: Company) -> None:
        """Everything works again and nobody clicks: what is left is reported."""
        self.stream.calm()
        self.queue.calm()
        self._minutes(company, MINUTES_AFTER_CALM)
        for what in self._forgotten_choices(company):
            self.world.watch.report(f"before any comparison: {what}")
        self.world.scheduler.sleep(A_DAY)
        self._minutes(company, MINUTES_OF_THE_NEXT_DAY)
        for what in self._broken(company):
            self.world.watch.report(f"by itself: {what}")

    def _forgotten_choices(self, company: Company) -> Iterator[str]:
        """Items whose account the office was told is chosen, in the books on another one, and nobody
        knows it. Not those that differ in more than that: the stream may have lost an edit.
        """
        stores = self.world.stores
        connection = stores.connections.get(company.key)
        assert connection is not None
        if connection.keeps_back(company.kind):
            return
        look = self.world.scheduler.now + timedelta(days=1)
        due = {
            row.source_id for row in stores.due.look(company.key, company.kind, look, 1000).ready
        }
        rows = stores.failures.page(company.key, company.kind, 10_000, None).rows
        known = due | {failure.source_id for failure in rows}
        terms = terms_of(company.kind, connection, self.world.profile)
        for record, link in paired(stores, scope_of(company.kind, connection)):
            if record is None or link is None or record.source_id in known:
                continue
            told = len(company.accounts.get(record.source_id, ())) == 1
            heard_of = link.source_version == record.version
            if told and heard_of and not in_step(record, link, terms):
                yield f"{record.source_id} is not on the account that was chosen for it"

    def _minutes(self, company: Company, count: int) -> None:
        for _ in range(count):
            self.world.scheduler.sleep(60.0)
            office.reconnect(self.world, company)  # a run that was left learns late that it must be
            self.world.scheduler.join(schedule.tick(self.world))

    def _broken(self, company: Company) -> Iterator[str]:
        """Nothing due, nothing open or under way, each record in step or refused as it is now."""
        world, stores = self.world, self.world.stores
        connection = stores.connections.get(company.key)
        assert connection is not None
        now = world.scheduler.now + timedelta(days=1)
        for kind in AUTOMATIC_KINDS:
            for row in stores.due.look(company.key, kind, now, 1000).ready:
                yield f"{row.source_id} v{row.version} is still due, tried {row.tries} times"
            if stores.runs.active(company.key, kind) is not None:
                yield f"a run of {kind}s is still under way"
        state = stores.automatic.load(company.key)
        if state is None:
            yield "the connection is unknown to the schedule"
        elif state.circuit is not None:
            yield f"the circuit is still open: {state.circuit}"
        if connection.keeps_back(company.kind):
            yield from self._untold(company, connection)
        else:
            yield from self._without_end(company, connection)

    def _untold(self, company: Company, connection: Connection) -> Iterator[str]:
        """Where changes are kept back the office is told that there are some, if there are."""
        stores = self.world.stores
        state = stores.automatic.load(company.key)
        told = state is not None and kinds_that_wait(connection, state)
        ends = self._without_end(company, connection)
        untold = [what for what in ends if "is in step" not in what and "left refused" not in what]
        if told and not untold:
            yield "it is said that something waits, and nothing does"
        elif not told:
            yield from (f"nobody says so: {what}" for what in untold)

    def _without_end(self, company: Company, connection: Connection) -> Iterator[str]:
        world, stores = self.world, self.world.stores
        failures = {
            failure.source_id: failure
            for failure in stores.failures.page(company.key, company.kind, 10_000, None).rows
        }
        terms = terms_of(company.kind, connection, world.profile)
        for record, link in paired(stores, scope_of(company.kind, connection)):
            if record is None:
                continue
            failure = failures.get(record.source_id)
            if in_step(record, link, terms):
                if failure is not None:
                    yield f"{record.source_id} is in step and refused: {failure.cause}"
            elif failure is None:
                yield f"{record.source_id} v{record.version} is lost"
            elif failure.source_version != record.version:
                yield f"{record.source_id} v{record.version} is refused as v{failure.source_version}"
            elif failure.cause in PASSING_CAUSES:
                yield f"{record.source_id} is left refused by {failure.cause}"
