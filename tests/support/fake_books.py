"""Books in memory: an `AccountingProvider` with QuickBooks' semantics and faults to order.

    books = FakeBooks(clock=clock)
    books.plant("Pipe")                          # somebody made it in the books
    books.faults.add("batch", Lost(0.0))         # the next batch is carried out, its answer lost
    books.effects                                # every write that took place, in order

One call takes `latency` seconds of the clock, half before it is carried out and half after; a caller
that dies in between does not undo it. Reads fail as the protocol says (see `fake_faults`).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.domain.connections import RemoteCompany
from shared.domain.customer_plan import CustomerFields, email_key
from shared.domain.effects import Clock
from shared.domain.errors import (
    ConnectionStopped,
    NeedsReauth,
    ProviderContractBroken,
    ProviderUnavailable,
    RateLimited,
)
from shared.domain.ids import (
    RecordKind,
    RemoteCompanyId,
    RemoteId,
    RequestKey,
    SourceId,
)
from shared.domain.invoice_fields import InvoiceFields, InvoiceLineFields, PaymentFields
from shared.domain.links import ItemFields
from shared.domain.names import name_key
from shared.domain.outcomes import (
    CallOutcome,
    CallRejected,
    CallStopped,
    GrantDead,
    NoTrustworthyAnswer,
    Throttled,
)
from shared.domain.runs import Problem, PushAction
from shared.providers.base import (
    CallClass,
    ProviderProfile,
    RecordWrite,
    RemoteAccount,
    RemoteMethod,
    RemotePage,
    RemoteRecord,
    RemoteTaxCode,
    WriteRequest,
)
from tests.support.fake_desk import Keys, RequestDesk
from tests.support.fake_faults import (
    BooksCall,
    Busy,
    Dead,
    Fault,
    FaultQueue,
    Limited,
    Lost,
    Missing,
    Rejected,
    Stopped,
)
from tests.support.fake_profile import fake_profile
from tests.support.fake_shapes import Twist, shapes
from tests.support.fake_shelf import Effect, Shelf
from tests.support.fake_till import Till

INCOME_ACCOUNT = RemoteAccount(RemoteId("inc-1"), "Sales", "4000", "Income", "USD")
SERVICES_ACCOUNT = RemoteAccount(RemoteId("inc-2"), "Services", "4100", "Income", "USD")
BANK = RemoteAccount(RemoteId("bank-1"), "Checking", "1000", "Bank", "USD")
CHEQUE = RemoteMethod(RemoteId("method-1"), "Check")
TAXED = RemoteTaxCode(RemoteId("tax-1"), "Taxed", "", taxable=True)
UNTAXED = RemoteTaxCode(RemoteId("tax-2"), "Untaxed", "", taxable=False)
COLLISION = Problem("6000", "Another write of the list was running.", "Nothing to do.")


class FakeBooks:
    """The books of one remote company. `keys_for`: how long request keys are remembered, None for ever.

    `refuses` says why a record is refused by itself; `malformed` that its presence makes the books
    refuse the whole request. `collisions`: of a batch begun while another one is under way every
    second entry is refused as busy. `twist`: what the books add to an invoice's total by a rule of
    their own.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        profile: ProviderProfile | None = None,
        company: RemoteCompany | None = None,
        latency: float = 0.0,
        keys: Keys = Keys.HONOURED,
        keys_for: timedelta | None = None,
        remembers_refusals: bool = True,
        collisions: bool = False,
        tells_name_owner: bool = True,
        refuses: Callable[[Any], Problem | None] = lambda _: None,
        malformed: Callable[[Any], bool] = lambda _: False,
        twist: Twist = lambda _: Decimal(0),
    ) -> None:
        self.profile = profile or fake_profile()
        self.company = company or RemoteCompany(RemoteCompanyId("realm-1"), "Hill Plumbing", "USD")
        self.accounts: list[RemoteAccount] = [INCOME_ACCOUNT, SERVICES_ACCOUNT]
        self.known_methods: list[RemoteMethod] = [CHEQUE]
        self.known_deposit_accounts: list[RemoteAccount] = [BANK]
        self.known_tax_codes: list[RemoteTaxCode] = [TAXED, UNTAXED]
        self.faults = FaultQueue()
        self.choose_fault: Callable[[BooksCall], Fault | None] = self.faults
        self.collisions = collisions
        self.calls: Counter[str] = Counter()
        self.requests: list[WriteRequest] = []
        self.most_in_flight = 0
        self._clock = clock
        self._latency = latency
        self._effects: list[Effect] = []
        self.twist = twist
        self.shows: Callable[[RemotePage], RemotePage] = lambda page: page
        """What a listing is answered of a page of it."""
        self._shelves: dict[RecordKind, Shelf | Till] = {
            shape.kind: Shelf(shape, refuses, self._effects, tells_name_owner=tells_name_owner)
            for shape in shapes(self.profile, self._twisted)
        }
        self.till = Till(self._effects, refuses)
        self._shelves[RecordKind.PAYMENT] = self.till
        self.desk = RequestDesk(
            self._shelves,
            clock,
            keys=keys,
            keys_for=keys_for,
            remembers_refusals=remembers_refusals,
            malformed=malformed,
        )
        self._sent = 0
        self._under_way: set[int] = set()

    # What a test does and sees.

    @property
    def effects(self) -> Sequence[Effect]:
        """Writes of ours that took place, late ones up to now included."""
        self.desk.catch_up()
        return self._effects

    def records(self, kind: RecordKind) -> Sequence[RemoteRecord]:
        """Everything of the kind in the books, inactive ones included, oldest first."""
        self.desk.catch_up()
        return list(self._shelves[kind])

    @property
    def items(self) -> Sequence[RemoteRecord]:
        return self.records(RecordKind.ITEM)

    @property
    def customers(self) -> Sequence[RemoteRecord]:
        return self.records(RecordKind.CUSTOMER)

    @property
    def late_until(self) -> datetime | None:
        """When the last late commit will have happened; None when none is to come."""
        self.desk.catch_up()
        return self.desk.late_until

    def plant(
        self,
        name: str,
        *,
        description: str = "",
        unit_price: str = "0",
        code: str = "",
        income_account_id: str = INCOME_ACCOUNT.remote_id,
        active: bool = True,
        linkable: bool = True,
    ) -> RemoteRecord:
        """Somebody makes an item in the books. Raises `ValueError` for a name that is taken."""
        self.desk.catch_up()
        fields = ItemFields(
            name, description, Decimal(unit_price), code, income_account_id, active=active
        )
        return self._shelves[RecordKind.ITEM].put(fields, linkable=linkable)

    def plant_customer(self, name: str, **fields: Any) -> RemoteRecord:
        """Somebody makes a customer in the books. Raises `ValueError` for a name that is taken."""
        self.desk.catch_up()
        return self._shelves[RecordKind.CUSTOMER].put(CustomerFields(name, **fields))

    @property
    def invoices(self) -> Sequence[RemoteRecord]:
        return self.records(RecordKind.INVOICE)

    def plant_invoice(
        self, number: str, customer_id: str, price: str, **fields: Any
    ) -> RemoteRecord:
        """Somebody makes an invoice of one line in the books. Raises `ValueError` for a number taken."""
        self.desk.catch_up()
        line = InvoiceLineFields(RemoteId("1"), "", Decimal(1), Decimal(price), Decimal(price))
        given: dict[str, Any] = {
            "currency": "USD",
            "issued_on": date(2026, 1, 1),
            "due_on": None,
            "lines": (line,),
            "total": Decimal(price),
        }
        wanted = InvoiceFields(number, RemoteId(customer_id), **{**given, **fields})
        return self._shelves[RecordKind.INVOICE].put(wanted)

    def hold_name(self, name: str, kind: RecordKind = RecordKind.ITEM) -> None:
        """Something has the name that no listing and no search of the kind shows: a vendor, say."""
        self._shelves[kind].elsewhere[name_key(name)] = RemoteId(f"vendor {name}")

    def changes(self, kind: RecordKind) -> int:
        """How often anything was stored."""
        self.desk.catch_up()
        shelf = self._shelves[kind]
        assert isinstance(shelf, Shelf), f"nobody counts changes of {kind}s"
        return shelf.changes

    def close(self, kind: RecordKind, problem: Problem | None) -> None:
        """Every change of a record of that kind is answered as stale; None: no longer. See `Stale`."""
        self._shelves[kind].closed = problem

    def edit(
        self, remote_id: RemoteId, *, kind: RecordKind = RecordKind.ITEM, **fields: Any
    ) -> RemoteRecord:
        """Somebody edits a record in the books. Raises `KeyError`, or `ValueError` for a taken name."""
        self.desk.catch_up()
        return self._shelves[kind].change(remote_id, **fields)

    def _twisted(self, fields: InvoiceFields) -> Decimal:
        return self.twist(fields)

    # The protocol.

    def company_info(self) -> RemoteCompany:
        self._read("company_info")
        return self.company

    def income_accounts(self) -> Sequence[RemoteAccount]:
        self._read("income_accounts")
        return tuple(self.accounts)

    def tax_codes(self) -> Sequence[RemoteTaxCode]:
        self._read("tax_codes")
        return tuple(self.known_tax_codes)

    def payment_methods(self) -> Sequence[RemoteMethod]:
        self._read("payment_methods")
        return tuple(self.known_methods)

    def deposit_accounts(self) -> Sequence[RemoteAccount]:
        self._read("deposit_accounts")
        return tuple(self.known_deposit_accounts)

    def find_payments(
        self, wanted: Mapping[SourceId, PaymentFields]
    ) -> Mapping[SourceId, Sequence[RemoteRecord]]:
        self._read("find_payments")
        found = {
            source_id: [
                row
                for row in self.till.referring(fields.name)
                if (row.fields.customer_id, row.fields.paid_on)
                == (fields.customer_id, fields.paid_on)
            ]
            for source_id, fields in wanted.items()
        }
        return {source_id: rows for source_id, rows in found.items() if rows}

    def page_records(self, kind: RecordKind, cursor: str | None) -> RemotePage:
        self._read("page_records")
        start, size = int(cursor or 0), self.profile.page_size
        rows = self._shelves[kind].active()
        following = str(start + size) if len(rows) > start + size else None
        return self.shows(RemotePage(tuple(rows[start : start + size]), following))

    def records_by_id(
        self, kind: RecordKind, remote_ids: Sequence[RemoteId]
    ) -> Sequence[RemoteRecord]:
        self._read("records_by_id")
        shelf = self._shelves.get(kind, ())
        return [row for each in dict.fromkeys(remote_ids) if shelf and (row := shelf.get(each))]

    def records_by_name(self, kind: RecordKind, names: Sequence[str]) -> Sequence[RemoteRecord]:
        self._read("records_by_name")
        shelf = self._shelves[kind]
        found = {row.remote_id: row for name in names for row in shelf.named(name)}
        return list(found.values())

    def records_by_email(self, kind: RecordKind, emails: Sequence[str]) -> Sequence[RemoteRecord]:
        self._read("records_by_email")
        wanted = {email_key(email) for email in emails}
        rows = self._shelves[kind].active()
        return [
            row
            for row in rows
            if isinstance(row.fields, CustomerFields) and email_key(row.fields.email) in wanted
        ]

    def write_request(
        self,
        kind: RecordKind,
        writes: Sequence[RecordWrite],
        request_key: RequestKey,
        *,
        single: bool,
    ) -> WriteRequest:
        entries = [_written(write) for write in writes]
        body = json.dumps(entries, ensure_ascii=False).encode()
        return WriteRequest(
            kind=kind,
            call_class=CallClass.SINGLE if single else CallClass.BATCH,
            method="POST",
            path=f"/{kind}" if single else "/batch",
            query=(("requestid", request_key),),
            headers=(),
            body=body,
            body_hash=hashlib.blake2b(body, digest_size=16).hexdigest(),
            request_key=request_key,
            entries=tuple((f"b{place}", write.source_id) for place, write in enumerate(writes)),
            actions=tuple(write.action for write in writes),
        )

    def send(self, request: WriteRequest) -> CallOutcome:
        on = request.call_class.value
        self.calls[on] += 1
        self.requests.append(request)
        fault = self.choose_fault(BooksCall(on, request))
        self._sent += 1
        ticket = self._sent
        collides = self.collisions and bool(self._under_way)
        self._under_way.add(ticket)
        self.most_in_flight = max(self.most_in_flight, len(self._under_way))
        try:
            outcome = self._carried_out(request, fault, collides=collides)
            self._clock.sleep(self._latency / 2)
        finally:
            self._under_way.discard(ticket)
        return outcome

    # What happens inside.

    def _carried_out(
        self, request: WriteRequest, fault: Fault | None, *, collides: bool
    ) -> CallOutcome:
        arrives = self._clock.now() + timedelta(seconds=self._latency / 2)
        try:
            self._clock.sleep(self._latency / 2)
        except BaseException:
            if fault is None:  # the caller died, its request is on the way all the same
                self.desk.late_at(arrives, request, None)
            raise
        self.desk.catch_up()
        if isinstance(fault, Lost) and fault.executed_after == 0.0:
            self.desk.execute(request, skipped=_after(request, fault.first))
        elif isinstance(fault, Lost) and fault.executed_after is not None:
            due = self._clock.now() + timedelta(seconds=fault.executed_after)
            self.desk.late_at(due, request, fault.first)
        outcome = _not_carried_out(fault)
        if outcome is not None:
            return outcome
        if isinstance(fault, Missing):
            skipped = frozenset() if fault.executed else fault.places
            return self.desk.execute(request, missing=fault.places, skipped=skipped)
        if isinstance(fault, Busy):
            return self.desk.execute(request, busy=fault.places)
        busy = range(1, len(request.entries), 2) if collides else ()
        return self.desk.execute(request, busy=frozenset(busy))

    def _read(self, name: str) -> None:
        """One read call: raises what its fault says. What it answers is as of its end."""
        self.calls[name] += 1
        fault = self.choose_fault(BooksCall(name))
        self._clock.sleep(self._latency)
        self.desk.catch_up()
        match fault:
            case Lost():
                raise ProviderUnavailable(f"{name}: no answer", provider=self.profile.name)
            case Limited(after):
                raise RateLimited(f"{name}: too many requests", after or 0.0, self.profile.name)
            case Dead():
                raise NeedsReauth(self.profile.name)
            case Stopped(problem):
                raise ConnectionStopped(problem)
            case Rejected():
                raise ProviderContractBroken(f"{name}: not understood", self.profile.name)


def _written(write: RecordWrite) -> dict[str, Any]:
    texts = write.fields.canonical()
    if write.action is PushAction.CREATE and isinstance(write.fields, InvoiceFields):
        texts |= {"reference": write.fields.reference}
    elif write.action is PushAction.UPDATE:
        texts = {name: text for name, text in texts.items() if name in write.changed}
    return {
        "source_id": write.source_id,
        "action": write.action.value,
        "remote_id": write.remote_id,
        "remote_version": write.remote_version,
        "fields": texts,
    }


def _not_carried_out(fault: Fault | None) -> CallOutcome | None:
    """The outcome of a request that is not carried out (or whose answer is lost); None when it is."""
    match fault:
        case Lost():
            return NoTrustworthyAnswer("no answer")
        case Rejected(problem):
            return CallRejected(problem)
        case Limited(after):
            return Throttled(after)
        case Dead():
            return GrantDead()
        case Stopped(problem):
            return CallStopped(problem)
    return None


def _after(request: WriteRequest, first: int | None) -> frozenset[int]:
    """The places behind the first so many; none of them where all are meant."""
    count = len(request.entries)
    return frozenset(range(count if first is None else first, count))
