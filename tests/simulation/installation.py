"""One installation of the suite, with everything it talks to, made from a seed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any

from shared.auth.after_renewal import after_renewal
from shared.auth.connect_ports import ConnectPorts
from shared.auth.data_keys import LocalDataKeys
from shared.auth.keeper import TokenKeeper
from shared.auth.tokens import GrantTokens
from shared.auth.vault import EnvelopeVault
from shared.domain.connections import Connection, PacingMode, RemoteCompany
from shared.domain.ids import CompanyId, ConnectionKey, RecordKind, RemoteCompanyId
from shared.domain.records import Record
from shared.domain.wake_up import Task
from shared.providers.base import CallClass, ProviderProfile, TokenSource
from shared.providers.pacing import Pacer
from shared.providers.session import CallCounter
from shared.storage.memory import memory_stores
from shared.sync.services import Books, Services
from shared.sync.steps import SyncState
from tests.simulation import catalogue
from tests.simulation.actors.queue import QueueTemper
from tests.simulation.actors.stream import StreamTemper
from tests.simulation.aws import Executions, Functions
from tests.simulation.company import Company
from tests.simulation.faults import Faults, Temper
from tests.simulation.imports.streamed import StreamedImports
from tests.simulation.in_flight import SimulatedInFlight
from tests.simulation.payments.unheard import PaymentsUnheard
from tests.simulation.ports import (
    Ports,
    SimulatedChance,
    SimulatedClock,
    SimulatedIds,
    SimulatedSecretBytes,
    behind_gate,
)
from tests.simulation.provider import SessionBooks
from tests.simulation.road import Road
from tests.simulation.scheduler import MOST_POINTS, Scheduler
from tests.simulation.tokens import TokenServer
from tests.simulation.unheard import Unheard
from tests.simulation.watch import Watch
from tests.support.fake_books import FakeBooks, fake_profile
from tests.support.fake_desk import Keys
from tests.support.services import settings_of_a_test
from tests.support.state_machine import StateMachine
from tests.support.wake_ups import RecordingTasks, RecordingWakeUps

MACHINE = StateMachine.load()
CUSTOMERS_SHARE = 0.25
ASSIGNS_SHARE = 0.3
"""Of the worlds of items: the office chooses accounts for single items all along."""
MASTER_KEY = b"the master key of every simulated world"


@dataclass(frozen=True, slots=True)
class Knobs:
    """What differs from world to world besides the faults."""

    companies: int
    items: int
    planted: int
    batch_size: int
    latency: float
    in_flight: int
    slice_seconds: float
    keys: Keys
    keys_for: timedelta | None
    remembers_refusals: bool
    collisions: bool
    tells_name_owner: bool
    batches_per_minute: int | None
    pacing: PacingMode
    access_lifetime: float
    rotates: float
    withdraws: bool
    honours_keys: bool = True
    """What the provider's profile says of them."""

    @classmethod
    def drawn(cls, random: Random) -> Knobs:
        honours = random.random() < 0.75
        latency = random.choice((0.02, 0.3, 1.0, 8.0))
        batches_per_minute = random.choice((None, None, 3))
        slice_seconds = random.choice((10.0, 60.0, 270.0))
        return cls(
            companies=2 if random.random() < 0.15 else 1,
            items=random.choice((2, 5, 9, 20)),
            planted=random.choice((0, 4, 10)),
            batch_size=random.choice((1, 2, 3, 5, 8)),
            latency=latency,
            in_flight=random.choice((1, 3, 10)),
            # Long enough for a few calls, as every sensible setting is.
            slice_seconds=max(slice_seconds, 10 * latency, 100.0 if batches_per_minute else 0.0),
            keys=Keys.HONOURED if honours else Keys.FORGOTTEN,
            keys_for=timedelta(seconds=random.choice((5, 60))) if random.random() < 0.2 else None,
            remembers_refusals=random.random() < 0.7,
            collisions=random.random() < 0.25,
            tells_name_owner=random.random() < 0.6,
            batches_per_minute=batches_per_minute,
            pacing=random.choice((PacingMode.ADAPTIVE, PacingMode.DOCUMENTED)),
            access_lifetime=random.choice((60.0, 400.0, 3600.0)),
            rotates=random.choice((0.0, 0.5, 1.0)),
            withdraws=random.random() < 0.2,
        )

    def profile(self) -> ProviderProfile:
        profile = fake_profile(batch_size=self.batch_size, in_flight=self.in_flight, page_size=10)
        profile = replace(profile, honours_request_key=self.honours_keys)
        if self.batches_per_minute is None:
            return profile
        per_minute = {CallClass.BATCH: self.batches_per_minute, CallClass.SINGLE: 30}
        return replace(profile, limits=replace(profile.limits, per_minute=per_minute))


@dataclass(frozen=True, slots=True)
class Given:
    """What a world is made of whose seed is not to decide it. Such a world has a road."""

    kind: RecordKind
    knobs: Knobs
    temper: Temper = field(default_factory=lambda: Temper({}))
    stream: StreamTemper = StreamTemper()  # noqa: RUF009 - frozen
    queue: QueueTemper = QueueTemper()  # noqa: RUF009 - frozen
    most_points: int = MOST_POINTS


def random_kind(random: Random) -> RecordKind:
    """What the companies of a world sync."""
    return RecordKind.CUSTOMER if random.random() < CUSTOMERS_SHARE else RecordKind.ITEM


class Installation:
    """`stores` are the bare ones, for people and for judging; the engine's are behind the gate."""

    def __init__(self, seed: int, *, keep_trace: bool = False, given: Given | None = None) -> None:
        most_points = given.most_points if given else MOST_POINTS
        self.scheduler = Scheduler(seed, keep_trace=keep_trace, most_points=most_points)
        random = self.scheduler.random
        # Drawn apart, so that a seed's world of items is the same with and without customers.
        self.kind = given.kind if given else random_kind(Random(f"kind of {seed}"))
        self.knobs = given.knobs if given else Knobs.drawn(random)
        self.temper = given.temper if given else Temper.drawn(random)
        self.withdraws = self.knobs.withdraws
        self.assigns = (
            given is None
            and self.kind is RecordKind.ITEM
            and Random(f"accounts of {seed}").random() < ASSIGNS_SHARE
        )
        self.faults = Faults(self.scheduler, self.temper)
        self.ports = Ports(self.scheduler, self.faults)
        self.profile = self.knobs.profile()
        self.stores = memory_stores()
        told = StreamedImports(self.stores.linked_records, self._is_imported)
        self.stores = replace(self.stores, linked_records=told)
        self.settings = settings_of_a_test(slice_seconds=self.knobs.slice_seconds)
        self.watch = Watch(self.scheduler, self.stores, self.settings)
        self.gated = behind_gate(self.stores, self.ports, self.watch.before)
        self.clock = SimulatedClock(self.scheduler, self.ports)
        self.ids = SimulatedIds(self.scheduler, self.ports)
        self.chance = SimulatedChance(self.scheduler)
        secret_bytes = SimulatedSecretBytes(self.scheduler)
        self.secret_bytes = secret_bytes
        self.vault = EnvelopeVault(LocalDataKeys(MASTER_KEY, secret_bytes), secret_bytes)
        self.server = TokenServer(
            self.scheduler,
            self.ports,
            self.profile,
            access_lifetime=self.knobs.access_lifetime,
            rotates=self.knobs.rotates,
            report=self.watch.report,
        )
        self.server.version_of = self._token_version
        self.watch.grant_lives = self._grant_lives
        self.functions = Functions(self.scheduler, self.ports, self._container, self.watch.crashed)
        self.executions = Executions(
            self.scheduler,
            self.ports,
            self.functions,
            MACHINE,
            self._is_taken_over,
            self.watch.report,
        )
        self.ports.restart = self._restart
        self.road = Road.of(self, given.stream, given.queue) if given else Road.drawn(self, seed)
        self.companies = {
            company.company_id: company
            for company in (self._company(n) for n in range(1, self.knobs.companies + 1))
        }
        self._began = self.scheduler.now

    @property
    def elapsed(self) -> float:
        """Seconds since the world began."""
        return (self.scheduler.now - self._began).total_seconds()

    def _company(self, number: int) -> Company:
        knobs, random = self.knobs, self.scheduler.random
        company_id = CompanyId(f"co{number}")
        books = FakeBooks(
            clock=self.clock,
            profile=self.profile,
            company=RemoteCompany(RemoteCompanyId(f"realm{number}"), f"Firm {number}", "USD"),
            latency=knobs.latency,
            keys=knobs.keys,
            keys_for=knobs.keys_for,
            remembers_refusals=knobs.remembers_refusals,
            collisions=knobs.collisions,
            tells_name_owner=knobs.tells_name_owner,
            refuses=catalogue.refuses,
            malformed=catalogue.malformed,
        )
        books.choose_fault = self.faults.at_books
        key = ConnectionKey(company_id, self.profile.name)
        rule = PaymentsUnheard if self.kind is RecordKind.PAYMENT else Unheard
        unheard = rule(self.watch.report, self.current_process)
        company = Company(company_id, key, books, unheard, self.kind)
        self.stores.records.save(
            company_id, [company.next_record(random) for _ in range(knobs.items)]
        )
        return company

    def _restart(self) -> None:
        self.functions.end_all()
        self.executions.vanish()

    def bare_services(self) -> Services:
        """For judging: nothing fails, and nobody else runs meanwhile."""
        return replace(self._container(), stores=self.stores)

    def _container(self) -> Services:
        """A cold start."""
        keeper = TokenKeeper(
            grants=self.gated.grants,
            vault=self.vault,
            clock=self.clock,
            ids=self.ids,
            chance=self.chance,
            call_deadline=self.settings.request_deadline_seconds,
            on_renewed=lambda before, after: after_renewal(
                connect_ports(), before, after, self.profile
            ),
        )

        def token_source(connection: Connection) -> TokenSource:
            return GrantTokens(keeper, connection, self.server)

        def open_books(connection: Connection, kind: RecordKind) -> Books:
            return self._books(connection, kind, token_source(connection))

        def connect_ports() -> ConnectPorts:
            return ConnectPorts(
                stores=self.gated,
                vault=self.vault,
                clock=self.clock,
                ids=self.ids,
                secret_bytes=self.secret_bytes,
                open_provider=lambda connection, tokens: (
                    self._books(connection, RecordKind.ITEM, tokens).provider
                ),
                token_source=token_source,
            )

        return Services(
            settings=self.settings,
            stores=self.gated,
            clock=self.clock,
            ids=self.ids,
            chance=self.chance,
            in_flight=SimulatedInFlight(self.scheduler),
            workflows=self.executions,
            wake_ups=self.road.queue if self.road else RecordingWakeUps(self.clock),
            tasks=self.road.queue if self.road else RecordingTasks(),
            profile=lambda _: self.profile,
            open_books=open_books,
            oauth=lambda _: self.server,
            vault=lambda: self.vault,
            verify_bearer=_nobody_asks,
            connect_ports=connect_ports,
            token_source=token_source,
            sweep=_nobody_asks,
        )

    def _books(self, connection: Connection, kind: RecordKind, tokens: TokenSource) -> Books:
        pacer = Pacer(
            self.gated.pacing,
            connection.key,
            self.profile.limits,
            connection.settings.pacing_mode,
            kind,
            self.clock,
            self.ids.new(),
        )
        calls = CallCounter()
        company_id = connection.remote_company.remote_company_id
        company = next(
            company
            for company in self.companies.values()
            if company.books.company.remote_company_id == company_id
        )
        provider = SessionBooks(
            company.books,
            self.server,
            tokens,
            pacer,
            self.clock,
            self.chance,
            calls,
            self.settings.request_deadline_seconds,
            self.scheduler.note,
            company.unheard,
        )
        return Books(provider, pacer, calls)

    def _is_imported(self, company_id: CompanyId, kind: RecordKind, records: list[Record]) -> None:
        self.scheduler.note(f"IMPORTED {[record.source_id for record in records]}")
        if self.road:
            self.road.stream.stored(company_id, kind, records)

    def reviewing(self) -> bool:
        """Whether the function that runs now is woken for a list or an import."""
        actor = self.scheduler.current
        return actor is not None and actor.process.name.startswith((Task.LIST, Task.IMPORT))

    def current_process(self) -> int:
        actor = self.scheduler.current
        return actor.process.number if actor else 0

    def _is_taken_over(self, state: dict[str, Any]) -> bool:
        """Whether the run of this execution's state belongs to a later execution now."""
        read = SyncState.read(state)
        run = self.stores.runs.get(read.connection, read.run_id)
        return run is None or run.takeovers > read.takeover

    def _token_version(self, remote_company_id: RemoteCompanyId) -> int:
        """The version of the pair that is stored for this remote company now."""
        for company in self.companies.values():
            connection = self.stores.connections.get(company.key)
            if connection is not None and (
                connection.remote_company.remote_company_id == remote_company_id
            ):
                grant = self.stores.grants.get(connection.grant_id)
                return grant.token_version if grant else 0
        return 0

    def _grant_lives(self, connection: Connection) -> bool:
        """Whether the provider would still renew the stored pair of this connection."""
        grant = self.stores.grants.get(connection.grant_id)
        if grant is None:
            return False
        pair = self.vault.open(grant.sealed_pair, grant.grant_id)
        return self.server.refresh_would_do(pair.refresh_token)


def _nobody_asks(*_: object) -> object:
    raise AssertionError("nobody signs in here, and nothing is swept")
