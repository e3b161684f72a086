"""An office whose books are the sandbox, reached through the real adapter over real sockets.

Everything of ours is real but the stores, which are in memory, and the clocks: the suite's is virtual,
and what passes on it passes for the sandbox too. So hours go by in a moment, and a commit that comes hours
late comes when its time has come.

    office = QuickBooksOffice(sandbox, transport)
    office.control.fault("html500", kind="batch")    # see sandbox/README.md
    office.invoice()
    payment = office.pays("350.00")
    office.settle_down(60)                           # a minute goes by, wake-ups are delivered
    office.road(payment)                             # the states of its ledger row, one after another
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.config import ProviderEndpoints
from shared.domain.connections import (
    Connection,
    ConnectionSettings,
    ConnectionState,
    PacingMode,
    RemoteCompany,
    Setup,
    StepState,
)
from shared.domain.due import Change
from shared.domain.ids import (
    ConnectionKey,
    GrantId,
    PersonId,
    RecordKind,
    RemoteCompanyId,
    SourceId,
)
from shared.domain.invoices import Invoice, InvoiceLine, InvoiceStatus, Payment
from shared.domain.ledger import LedgerRow, LedgerScope, LedgerState, Operation
from shared.domain.money import Money
from shared.domain.outcomes import Answered, CallOutcome
from shared.domain.records import Customer, Item, Record
from shared.domain.runs import Failure
from shared.providers import registry
from shared.providers.base import CallClass
from shared.providers.pacing import Pacer
from shared.providers.quickbooks.profile import NAME, PROFILE
from shared.providers.session import CallCounter
from shared.providers.transport import HttpxTransport
from shared.storage.keys import payment_id
from shared.storage.memory import memory_stores
from shared.storage.ports import LedgerStore
from shared.sync.automatic.ask import retry
from shared.sync.automatic.relay import relay
from shared.sync.automatic.waiting import waiting_of
from shared.sync.automatic.work import work_off
from shared.sync.health import Health, health_of, last_run
from shared.sync.invoice_standing import InvoiceInBooks, invoice_in_books
from shared.sync.services import Books, Services
from tests.contract.providers.desk import Issued
from tests.contract.providers.quickbooks_desk import SandboxTokens
from tests.support.effects import SeededChance, VirtualClock
from tests.support.sandbox_process import (
    CEDAR_RIDGE,
    CLIENT_ID,
    CLIENT_SECRET,
    ControlClient,
    SandboxProcess,
)
from tests.support.services import COMPANY, build_services
from tests.support.wake_ups import RecordingWakeUps
from tests.support.wake_ups import tick as schedule_ticks
from tests.unit.providers.virtual_world import MemoryPacing

INCOME_ACCOUNT, UNDEPOSITED, NOBODYS_METHOD = "79", "4", "7"
"""Ids of the sandbox's own lists; the method is inactive there."""
ABROAD = "1234567890123"
OFFICE = PersonId("office")
FUNCTION = timedelta(seconds=120)
ISSUED, PAID = date(2026, 11, 2), date(2026, 11, 20)
CUSTOMER, ITEM, NUMBER = SourceId("C-1"), SourceId("I-1"), "INV-0047"


class SharedClock(VirtualClock):
    """What sleeps here lets as much time pass at the sandbox."""

    def __init__(self, control: ControlClient) -> None:
        super().__init__(datetime(2026, 11, 21, 9, tzinfo=UTC))
        self._control = control

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if seconds > 0:
            self._control.advance(seconds)


class TellingPacer(Pacer):
    """Keeps what writes came to, in order."""

    def __init__(self, told: list[str], *given: Any) -> None:
        super().__init__(*given)
        self._told = told

    def note(self, outcome: CallOutcome, call_class: CallClass) -> None:
        super().note(outcome, call_class)
        if call_class is CallClass.READ:
            return
        whole = [outcome] if not isinstance(outcome, Answered) else list(outcome.entries.values())
        self._told.extend(type(each).__name__ for each in whole)


class TellingLedger:
    """`LedgerStore` that keeps the states of each row, in order."""

    def __init__(self, inner: LedgerStore) -> None:
        self._inner = inner
        self.of = inner.of
        self.page = inner.page
        self.roads: dict[tuple[SourceId, Operation], list[str]] = {}

    def save(self, scope: LedgerScope, rows: list[LedgerRow]) -> Any:
        lost = self._inner.save(scope, rows)
        for row in rows:
            road = self.roads.setdefault((row.payment_id, row.operation), [])
            if row.payment_id not in lost and road[-1:] != [row.state.value]:
                road.append(row.state.value)
        return lost


class QuickBooksOffice:
    """A customer and an item are in the books from the first. `deadline`: real seconds of a request."""

    def __init__(
        self,
        sandbox: SandboxProcess,
        transport: HttpxTransport,
        *,
        deadline: float = 10.0,
        country: str = "US",
        currency: str = "USD",
    ) -> None:
        self.control = sandbox.control
        self.control.reset()
        self.currency = currency
        self.realm = CEDAR_RIDGE if country == "US" else ABROAD
        if country != "US":
            company = {"realm": ABROAD, "name": "Abroad", "currency": currency, "country": country}
            self.control.post("/companies", company)
        self._transport, self._deadline = transport, deadline
        base = sandbox.quickbooks_url
        self._endpoints = ProviderEndpoints(
            api_url=base,
            authorize_url=f"{base}/connect/oauth2",
            token_url=f"{base}/oauth2/v1/tokens/bearer",
            revoke_url=f"{base}/v2/oauth2/tokens/revoke",
        )
        self.clock = SharedClock(self.control)
        self.outcomes: list[str] = []
        """What the adapter made of each write, entry by entry; of a call that failed, of the call."""
        self._pacing = MemoryPacing()
        stores = memory_stores()
        self.ledger = TellingLedger(stores.ledger)
        self.services: Services = build_services(
            open_books=self._open,
            profile=registry.profile,
            stores=replace(stores, ledger=self.ledger),
            clock=self.clock,
        )
        self.connect()
        key = ConnectionKey(COMPANY, NAME)
        home = RemoteCompany(RemoteCompanyId(self.realm), "Books", currency, country=country)
        self._save_connection(
            Connection(
                key=key,
                state=ConnectionState.CONNECTED,
                grant_id=GrantId("grant"),
                remote_company=home,
                settings=ConnectionSettings(
                    default_income_account_id=INCOME_ACCOUNT,
                    default_deposit_account_id=UNDEPOSITED,
                ),
                setup=Setup(StepState.DONE, StepState.SKIPPED, StepState.PENDING),
                connected_at=self.clock.now(),
                version=1,
            )
        )
        self.saves(Customer(CUSTOMER, "Ann Field", version=1))
        self.saves(Item(ITEM, "Labor", Money(Decimal(175), currency), version=1))
        self.settle_down(10)
        self.outcomes.clear()

    def connect(self) -> None:
        """A person consents; of a connection that there is, again."""
        given = self.control.connect(self.realm)
        oauth = registry.open_oauth(
            NAME,
            self._endpoints,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            transport=self._transport,
            clock=self.clock,
            deadline=self._deadline,
        )
        access, refresh = given["access_token"], given["refresh_token"]
        self._tokens = SandboxTokens(oauth, access, refresh, Issued())

    def change_settings(self, **changes: Any) -> None:
        self._change_connection(settings=replace(self.connection.settings, **changes))

    def _change_connection(self, **changes: Any) -> None:
        before = self.connection
        self._save_connection(replace(before, version=before.version + 1, **changes))

    def reconnect(self) -> None:
        self.connect()
        self._change_connection(state=ConnectionState.CONNECTED)
        for kind in (RecordKind.INVOICE, RecordKind.PAYMENT):
            self.services.wake_ups.wake(self.connection.key, kind)

    def _save_connection(self, connection: Connection) -> None:
        assert self.services.stores.connections.save(connection)

    def _open(self, connection: Connection, kind: RecordKind) -> Books:
        pacer = TellingPacer(
            self.outcomes,
            self._pacing,
            connection.key,
            PROFILE.limits,
            PacingMode.ADAPTIVE,
            kind,
            self.clock,
            "office",
        )
        calls = CallCounter()
        provider = registry.open_provider(
            NAME,
            self._endpoints,
            remote_company_id=connection.remote_company.remote_company_id,
            country=connection.remote_company.country,
            tokens=self._tokens,
            transport=self._transport,
            pacer=pacer,
            clock=self.clock,
            chance=SeededChance(),
            deadline=self._deadline,
            calls=calls,
        )
        return Books(provider, pacer, calls)

    # What happens here.

    def saves(self, record: Record) -> None:
        """The record is stored, and the stream tells of it."""
        assert not self.services.stores.records.save(COMPANY, [record])
        kind = {
            Customer: RecordKind.CUSTOMER,
            Item: RecordKind.ITEM,
            Invoice: RecordKind.INVOICE,
            Payment: RecordKind.PAYMENT,
        }[type(record)]
        relay(self.services, [Change(COMPANY, kind, record.source_id, record.version)])

    def invoice(self, number: str = NUMBER, **values: Any) -> Invoice:
        """A new one of two hours' labor, 350.00; or the next version of the one there is."""
        stored = self.invoice_here(number)
        if stored is not None:
            invoice = replace(stored, version=stored.version + 1, **values)
        else:
            given: dict[str, Any] = {
                "source_id": SourceId(number),
                "number": number,
                "customer_id": CUSTOMER,
                "status": InvoiceStatus.SENT,
                "currency": self.currency,
                "issued_on": ISSUED,
                "lines": (InvoiceLine(ITEM, quantity=Decimal(2), unit_price=Decimal(175)),),
                "version": 1,
            }
            invoice = Invoice(**{**given, **values})
        self.saves(invoice)
        return invoice

    def pays(self, amount: str, own_id: str = "1", number: str = NUMBER, **values: Any) -> Payment:
        payment = Payment(
            source_id=payment_id(SourceId(number), own_id),
            invoice_id=SourceId(number),
            amount=Money(Decimal(amount), self.currency),
            paid_on=PAID,
            reference=f"100{own_id}",
            version=1,
            **values,
        )
        self.saves(payment)
        return payment

    def voids(self, payment: Payment) -> None:
        self.saves(replace(payment, active=False, version=payment.version + 1))

    def retries(self, kind: RecordKind) -> None:
        """A person asks for what stands refused to be tried again."""
        retry(self.services, self.connection.key, kind, OFFICE)

    def forget_wake_ups(self) -> None:
        """As if the stream's messages were lost."""
        self._wake_ups.sent.clear()

    def settle_down(self, seconds: float) -> None:
        """So many seconds go by; wake-ups are delivered at their time, the schedule ticks each minute."""
        until = self.clock.now() + timedelta(seconds=seconds)
        tick = self.clock.now() + timedelta(minutes=1)
        while (next_at := min([tick, *(at for at, _, _ in self._wake_ups.sent)])) <= until:
            self.clock.sleep((next_at - self.clock.now()).total_seconds())
            if next_at == tick:
                schedule_ticks(self.services)
                tick += timedelta(minutes=1 if seconds <= 3600 else 30)
                continue
            message = self._wake_ups.take_next()
            assert message is not None
            _, key, kind = message
            work_off(self.services, key, kind, self.clock.now() + FUNCTION)
        self.clock.sleep((until - self.clock.now()).total_seconds())

    @property
    def _wake_ups(self) -> RecordingWakeUps:
        wake_ups = self.services.wake_ups
        assert isinstance(wake_ups, RecordingWakeUps)
        return wake_ups

    # What there is to see.

    @property
    def connection(self) -> Connection:
        stored = self.services.stores.connections.get(ConnectionKey(COMPANY, NAME))
        assert stored is not None
        return stored

    def invoice_here(self, number: str = NUMBER) -> Invoice | None:
        return self.services.stores.records.get(COMPANY, Invoice, SourceId(number))

    def road(self, payment: Payment, operation: Operation = Operation.POST) -> list[str]:
        """The states of its ledger row so far."""
        return self.ledger.roads.get((payment.source_id, operation), [])

    def state(self, payment: Payment, operation: Operation = Operation.POST) -> LedgerState | None:
        scope = LedgerScope(self.connection.key, self.connection.remote_company.remote_company_id)
        row = self.ledger.of(scope, operation, [payment.source_id]).get(payment.source_id)
        return row.state if row else None

    def failures(self, kind: RecordKind) -> list[Failure]:
        page = self.services.stores.failures.page(self.connection.key, kind, 1000, None)
        return list(page.rows)

    def shown(self, number: str = NUMBER) -> InvoiceInBooks:
        """What a person is shown of the invoice and its payments."""
        invoice = self.invoice_here(number)
        assert invoice is not None
        [books] = invoice_in_books(self.services, COMPANY, invoice)
        return books

    def health(self) -> Health:
        return health_of(
            self.services,
            PROFILE,
            self.connection,
            last_run(self.services, self.connection),
            waiting_of(self.services, self.connection.key),
        )

    def rows(self, entity: str) -> list[dict[str, Any]]:
        """What the books have."""
        return self.control.rows(self.realm, entity)

    def paid_in_books(self) -> list[str]:
        """The amounts of the payments there, void ones as 0.00."""
        return [f"{Decimal(str(row['TotalAmt'])):.2f}" for row in self.rows("Payment")]

    def plant(self, entity: str, *values: dict[str, Any], **how: Any) -> list[str]:
        """Made, or with an `Id` changed, by a person in the books; their ids."""
        order = {"realm": self.realm, "entity": entity, "values": list(values), **how}
        return [row["Id"] for row in self.control.post("/entities", order)["entities"]]

    def prefer(self, **preferences: Any) -> None:
        self.control.post("/companies/preferences", {"realm": self.realm, **preferences})
