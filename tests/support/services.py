"""`build_services`: every port in memory, on one thread, each replaceable.

clock = VirtualClock()
books = FakeBooks(clock=clock)
services = build_services(books=books, clock=clock)
connection = connect(services, books)
started = start_or_join(services, connection, RecordKind.ITEM, PersonId("p-1"))
services.workflows.execute_all(services)     # a `RecordingWorkflows` unless another was given
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.config import Settings
from shared.domain.connections import Connection, ConnectionSettings, ConnectionState
from shared.domain.effects import Chance, Clock, Ids, InFlight, Tasks, WakeUps, Workflows
from shared.domain.ids import CompanyId, ConnectionKey, GrantId, ProviderName, RecordKind
from shared.domain.outcomes import CallOutcome, Throttled
from shared.providers.base import CallClass, ProviderProfile
from shared.storage.memory import memory_stores
from shared.storage.ports import Stores
from shared.sync.services import Books, Services
from tests.support.effects import SeededChance, SequentialIds, SerialInFlight, VirtualClock
from tests.support.fake_books import INCOME_ACCOUNT, FakeBooks
from tests.support.wake_ups import RecordingTasks, RecordingWakeUps
from tests.support.workflows import RecordingWorkflows

COMPANY = CompanyId("company-1")


def settings_of_a_test(**changes: Any) -> Settings:
    given: dict[str, Any] = {
        "records_table": "records",
        "sync_state_table": "sync-state",
        "grants_table": "grants",
        "token_key_id": "key",
        "provider_secret_name": "secret",
        "endpoints": {},
    }
    return Settings(**{**given, **changes})


class EasyPacer:
    """So many calls in flight; a throttled one makes it wait before the next. `notes` keeps what it heard."""

    def __init__(self, most: int, throttle_pause: float = 1.0) -> None:
        self._most = most
        self._throttle_pause = throttle_pause
        self._pause = 0.0
        self.closed = False
        self.notes: list[tuple[CallOutcome, CallClass]] = []

    def may_start(self, call_class: CallClass, in_flight: int) -> float:
        pause, self._pause = self._pause, 0.0
        return pause or (0.0 if in_flight < self._most else float("inf"))

    def note(self, outcome: CallOutcome, call_class: CallClass) -> None:
        self.notes.append((outcome, call_class))
        if isinstance(outcome, Throttled):
            self._pause = outcome.after or self._throttle_pause

    def close(self) -> None:
        self.closed = True


@dataclass(frozen=True, slots=True)
class CallsOf:
    """All calls that the fake books have had."""

    books: FakeBooks

    @property
    def total(self) -> int:
        return self.books.calls.total()


def build_services(
    *,
    books: FakeBooks | None = None,
    open_books: Callable[[Connection, RecordKind], Books] | None = None,
    stores: Stores | None = None,
    clock: Clock | None = None,
    ids: Ids | None = None,
    chance: Chance | None = None,
    in_flight: InFlight | None = None,
    workflows: Workflows | None = None,
    wake_ups: WakeUps | None = None,
    tasks: Tasks | None = None,
    settings: Settings | None = None,
    profile: Callable[[ProviderName], ProviderProfile] | None = None,
    **ports: Any,
) -> Services:
    """Give `books` (any connection opens them) or `open_books`. `ports`: oauth, vault, verify_bearer."""
    clock = clock or VirtualClock()
    if books is None and open_books is None:
        books = FakeBooks(clock=clock)

    def open_given(_connection: Connection, _kind: RecordKind) -> Books:
        assert books is not None
        return Books(books, EasyPacer(books.profile.limits.in_flight), CallsOf(books))

    def profile_given(_name: ProviderName) -> ProviderProfile:
        assert books is not None
        return books.profile

    if in_flight is None:
        assert isinstance(clock, VirtualClock), "another clock needs an in_flight of its own"
        in_flight = SerialInFlight(clock)
    return Services(
        settings=settings or settings_of_a_test(),
        stores=stores or memory_stores(),
        clock=clock,
        ids=ids or SequentialIds(),
        chance=chance or SeededChance(),
        in_flight=in_flight,
        workflows=workflows or RecordingWorkflows(),
        wake_ups=wake_ups or RecordingWakeUps(clock),
        tasks=tasks or RecordingTasks(),
        profile=profile or profile_given,
        open_books=open_books or open_given,
        oauth=ports.get("oauth", _not_given),
        vault=ports.get("vault", _not_given),
        verify_bearer=ports.get("verify_bearer", _not_given),
        connect_ports=ports.get("connect_ports", _not_given),
        token_source=ports.get("token_source", _not_given),
        sweep=ports.get("sweep", _not_given),
        uploads=ports.get("uploads", _not_given),
        sign_in=ports.get("sign_in", _not_given),
    )


def connect(
    services: Services, books: FakeBooks, company_id: CompanyId = COMPANY, **changes: Any
) -> Connection:
    """A stored connection to these books, ready to sync: connected, its income account chosen."""
    given: dict[str, Any] = {
        "key": ConnectionKey(company_id, books.profile.name),
        "state": ConnectionState.CONNECTED,
        "grant_id": GrantId(f"grant-of-{company_id}"),
        "remote_company": books.company,
        "settings": ConnectionSettings(default_income_account_id=INCOME_ACCOUNT.remote_id),
        "connected_at": services.clock.now(),
        "version": 1,
    }
    connection = Connection(**{**given, **changes})
    assert services.stores.connections.save(connection)
    return connection


def _not_given(*_: object) -> Any:
    raise AssertionError("this test was given no such port")
