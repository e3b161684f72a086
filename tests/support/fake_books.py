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
import heapq
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum, auto
from typing import Any

from shared.domain.connections import RemoteCompany
from shared.domain.effects import Clock
from shared.domain.errors import (
    ConnectionStopped,
    NeedsReauth,
    ProviderContractBroken,
    ProviderUnavailable,
    RateLimited,
)
from shared.domain.ids import (
    RemoteCompanyId,
    RemoteId,
    RequestKey,
    SourceId,
)
from shared.domain.links import ItemFields
from shared.domain.outcomes import (
    Answered,
    CallOutcome,
    CallRejected,
    CallStopped,
    Done,
    EntryBusy,
    EntryOutcome,
    EntryUnknown,
    GrantDead,
    NoTrustworthyAnswer,
    Throttled,
)
from shared.domain.runs import Problem, PushAction
from shared.providers.base import (
    CallClass,
    ItemWrite,
    ProviderProfile,
    RemoteAccount,
    RemoteItem,
    RemoteItemPage,
    WriteRequest,
)
from tests.support.fake_faults import (
    REJECTION,
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
from tests.support.fake_shelf import Effect, Shelf

INCOME_ACCOUNT = RemoteAccount(RemoteId("inc-1"), "Sales", "4000", "Income", "USD")
SERVICES_ACCOUNT = RemoteAccount(RemoteId("inc-2"), "Services", "4100", "Income", "USD")
COLLISION = Problem("6000", "Another write of the list was running.", "Nothing to do.")


class Keys(Enum):
    """What the books do with a request key they have seen."""

    HONOURED = auto()
    FORGOTTEN = auto()


@dataclass(frozen=True, slots=True)
class _Remembered:
    outcome: EntryOutcome
    at: datetime


class FakeBooks:
    """The books of one remote company. `keys_for`: how long request keys are remembered, None for ever.

    `refuses` says why an item is refused by itself; `malformed` that its presence makes the books
    refuse the whole request. `collisions`: of a batch begun while another one is under way every
    second entry is refused as busy.
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
        refuses: Callable[[ItemFields], Problem | None] = lambda _: None,
        malformed: Callable[[ItemFields], bool] = lambda _: False,
    ) -> None:
        self.profile = profile or fake_profile()
        self.company = company or RemoteCompany(RemoteCompanyId("realm-1"), "Hill Plumbing", "USD")
        self.accounts: list[RemoteAccount] = [INCOME_ACCOUNT, SERVICES_ACCOUNT]
        self.faults = FaultQueue()
        self.choose_fault: Callable[[BooksCall], Fault | None] = self.faults
        self.keys, self.keys_for, self.remembers_refusals = keys, keys_for, remembers_refusals
        self.collisions = collisions
        self.malformed = malformed
        self.calls: Counter[str] = Counter()
        self.requests: list[WriteRequest] = []
        self.key_misuses: list[RequestKey] = []
        """Request keys that came again with other bytes: never right."""
        self.most_in_flight = 0
        self._clock = clock
        self._latency = latency
        self._shelf = Shelf(self.profile, refuses, tells_name_owner=tells_name_owner)
        self._remembered: dict[tuple[RequestKey, str], _Remembered] = {}
        self._bodies: dict[RequestKey, bytes] = {}
        self._late: list[tuple[datetime, int, WriteRequest, int | None]] = []
        self._late_count = 0
        self._sent = 0
        self._under_way: set[int] = set()

    # What a test does and sees.

    @property
    def effects(self) -> Sequence[Effect]:
        """Writes of ours that took place, late ones up to now included."""
        self._catch_up()
        return self._shelf.effects

    @property
    def items(self) -> Sequence[RemoteItem]:
        """Everything in the books, inactive items included, oldest first."""
        self._catch_up()
        return list(self._shelf)

    @property
    def late_until(self) -> datetime | None:
        """When the last late commit will have happened; None when none is to come."""
        self._catch_up()
        return max((due for due, *_ in self._late), default=None)

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
    ) -> RemoteItem:
        """Somebody makes an item in the books. Raises `ValueError` for a name that is taken."""
        self._catch_up()
        fields = ItemFields(
            name, description, Decimal(unit_price), code, income_account_id, active=active
        )
        return self._shelf.put(fields, linkable=linkable)

    def edit(self, remote_id: RemoteId, **fields: Any) -> RemoteItem:
        """Somebody edits an item in the books. Raises `KeyError`, or `ValueError` for a taken name."""
        self._catch_up()
        return self._shelf.change(remote_id, **fields)

    # The protocol.

    def company_info(self) -> RemoteCompany:
        self._read("company_info")
        return self.company

    def income_accounts(self) -> Sequence[RemoteAccount]:
        self._read("income_accounts")
        return tuple(self.accounts)

    def page_items(self, cursor: str | None) -> RemoteItemPage:
        self._read("page_items")
        start, size = int(cursor or 0), self.profile.page_size
        rows = self._shelf.active()
        following = str(start + size) if len(rows) > start + size else None
        return RemoteItemPage(tuple(rows[start : start + size]), following)

    def items_by_id(self, remote_ids: Sequence[RemoteId]) -> Sequence[RemoteItem]:
        self._read("items_by_id")
        return [row for each in dict.fromkeys(remote_ids) if (row := self._shelf.get(each))]

    def items_by_name(self, names: Sequence[str]) -> Sequence[RemoteItem]:
        self._read("items_by_name")
        found = {row.remote_id: row for name in names for row in self._shelf.named(name)}
        return list(found.values())

    def item_request(
        self, writes: Sequence[ItemWrite], request_key: RequestKey, *, single: bool
    ) -> WriteRequest:
        entries = [_written(write) for write in writes]
        body = json.dumps(entries, ensure_ascii=False).encode()
        return WriteRequest(
            call_class=CallClass.SINGLE if single else CallClass.BATCH,
            method="POST",
            path="/item" if single else "/batch",
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
                self._late_at(arrives, request, None)
            raise
        self._catch_up()
        if isinstance(fault, Lost) and fault.executed_after is not None:
            due = self._clock.now() + timedelta(seconds=fault.executed_after)
            self._late_at(due, request, fault.first)
            self._catch_up()
        outcome = _not_carried_out(fault)
        if outcome is not None:
            return outcome
        if isinstance(fault, Missing):
            skipped = frozenset() if fault.executed else fault.places
            return self._execute(request, missing=fault.places, skipped=skipped)
        if isinstance(fault, Busy):
            return self._execute(request, busy=fault.places)
        busy = range(1, len(request.entries), 2) if collides else ()
        return self._execute(request, busy=frozenset(busy))

    def _execute(
        self,
        request: WriteRequest,
        *,
        busy: frozenset[int] = frozenset(),
        missing: frozenset[int] = frozenset(),
        skipped: frozenset[int] = frozenset(),
        at: datetime | None = None,
    ) -> CallOutcome:
        self._note_key(request)
        entries = json.loads(request.body)
        if any(self.malformed(_fields_given(entry)) for entry in entries):
            return CallRejected(REJECTION)
        outcomes: dict[SourceId, EntryOutcome] = {}
        for place, ((label, source_id), entry) in enumerate(
            zip(request.entries, entries, strict=True)
        ):
            if place in skipped:
                outcomes[source_id] = EntryUnknown("no answer for this entry")
                continue
            refused = EntryBusy(COLLISION) if place in busy else None
            outcome = self._execute_entry(request, label, entry, refused, at or self._clock.now())
            outcomes[source_id] = (
                EntryUnknown("no answer for this entry") if place in missing else outcome
            )
        return Answered(outcomes)

    def _execute_entry(
        self,
        request: WriteRequest,
        label: str,
        entry: Mapping[str, Any],
        busy: EntryBusy | None,
        now: datetime,
    ) -> EntryOutcome:
        key = (request.request_key, label)
        known = self._remembered.get(key)
        honoured = self.keys is Keys.HONOURED and (
            known is None or self.keys_for is None or now - known.at <= self.keys_for
        )
        if known is not None and honoured:
            return known.outcome
        outcome = busy or self._shelf.write(entry, now, request.request_key)
        if isinstance(outcome, Done) or self.remembers_refusals:
            self._remembered[key] = _Remembered(outcome, now)
        return outcome

    def _note_key(self, request: WriteRequest) -> None:
        if self._bodies.setdefault(request.request_key, request.body) != request.body:
            self.key_misuses.append(request.request_key)

    def _late_at(self, due: datetime, request: WriteRequest, first: int | None) -> None:
        self._late_count += 1
        heapq.heappush(self._late, (due, self._late_count, request, first))

    def _catch_up(self) -> None:
        """Carry out the late commits that are due."""
        while self._late and self._late[0][0] <= self._clock.now():
            due, _, request, first = heapq.heappop(self._late)
            count = len(request.entries)
            skipped = range(count if first is None else first, count)
            self._execute(request, skipped=frozenset(skipped), at=due)

    def _read(self, name: str) -> None:
        """One read call: raises what its fault says. What it answers is as of its end."""
        self.calls[name] += 1
        fault = self.choose_fault(BooksCall(name))
        self._clock.sleep(self._latency)
        self._catch_up()
        match fault:
            case Lost():
                raise ProviderUnavailable(f"{name}: no answer")
            case Limited(after):
                raise RateLimited(f"{name}: too many requests", after=after or 0.0)
            case Dead():
                raise NeedsReauth(self.profile.name)
            case Stopped(problem):
                raise ConnectionStopped(problem)
            case Rejected():
                raise ProviderContractBroken(f"{name}: not understood")


def _written(write: ItemWrite) -> dict[str, Any]:
    texts = write.fields.canonical()
    if write.action is PushAction.UPDATE:
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


def _fields_given(entry: Mapping[str, Any]) -> ItemFields:
    given = entry["fields"]
    return ItemFields(
        name=given.get("name", ""),
        description=given.get("description", ""),
        unit_price=Decimal(given.get("unit_price", "0")),
        code=given.get("code", ""),
        income_account_id=given.get("income_account_id", ""),
        active=given.get("active", "true") == "true",
    )
