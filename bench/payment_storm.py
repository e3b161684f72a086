"""Many payments at once on the deployed stack, by every road, while everything goes wrong that may.

Payments are recorded, through the API or in bulk, and go by the automatic road; meanwhile somebody clicks
full syncs of payments twice at once and retries what failed, workers are killed, and the provider loses
answers, refuses whole batches, hangs and throttles. In the end `Storm.check` tells what is not as it must be.

The bench takes figures of a long one.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from local.api import ApiRefused, SuiteApi
from local.connect import CONNECTION
from local.sandbox import Sandbox
from local.stack import Stack

PAID_ON = date(2026, 11, 20)
ACTIVE = ("planning", "pushing")
READERS = 4
CALLERS = 4
PAUSE = 0.5

Fault = tuple[str | dict[str, Any], dict[str, Any]]
COMMITTED = {"type": "closedAfterCommit"}
HUNG = {"type": "hang", "when": "afterCommit", "seconds": 8, "then": "close"}
FOUND_AGAIN: tuple[Fault, ...] = (
    # Answers that are lost and got by the identical repeat; and ones lost twice, which are looked up.
    (COMMITTED, {"kind": "batch", "every": 7}),
    (COMMITTED, {"kind": "batch", "nth": [4, 5], "repeats": True}),
    ("truncatedJson", {"kind": "batch", "every": 13}),
    ("batch400", {"kind": "batch", "every": 11}),
    ({"type": "missingEntries", "count": 2}, {"kind": "batch", "every": 17}),
    (HUNG, {"kind": "batch", "nth": [3, 9]}),
    ({"type": "throttle429", "retryAfter": 2}, {"kind": "batch", "nth": [6]}),
)
"""Whatever happens is soon known for certain."""
NEVER_HEARD: tuple[Fault, ...] = (
    # Requests that never arrived, nor their repeats: known when no request can be under way any more.
    ("closedBeforeCommit", {"kind": "batch", "nth": [8, 9], "repeats": True}),
    ("html500", {"kind": "batch", "nth": [14, 15], "repeats": True}),
)


@dataclass(frozen=True, slots=True)
class Office:
    """One connected company: its own API client, its books' realm."""

    company_id: str
    api: SuiteApi
    realm: str


@dataclass(slots=True)
class Storm:
    """`invoices` of each office, `each` payments on every one of them. Amounts are all different."""

    stack: Stack
    offices: Sequence[Office]
    invoices: int
    each: int
    kill: Callable[[], bool]
    """End the running workers of payments; whether there were any."""
    tick: Callable[[], object] = lambda: None
    """The schedule's work, where the schedule itself is held."""
    by_api: int = 0
    """So many payments of each invoice are recorded through the API; 0: all. The others by `in_bulk`."""
    in_bulk: Callable[[Office, int], object] = lambda _office, _since: None
    """Store all payments of an office from this number on, as many calls of the API would."""
    patience: float = 600.0
    kills: int = 0
    clicks: int = 0
    retries: int = 0
    seconds: float = 0.0
    recorded_in: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def payments(self) -> int:
        return len(self.offices) * self.invoices * self.each

    def open(self) -> None:
        """Customers, items and invoices, until the books have them all."""
        with ThreadPoolExecutor(len(self.offices)) as pool:
            list(pool.map(self._enter, self.offices))
        for office in self.offices:
            self._until(partial(self._has_invoices, office))

    def plant(self, faults: Sequence[Fault]) -> None:
        rules = [
            {
                "fault": {"type": fault} if isinstance(fault, str) else fault,
                "match": {"realm": office.realm, "bodyContains": '"Payment":', **match},
            }
            for office in self.offices
            for fault, match in faults
        ]
        self.sandbox.control("faults", {"rules": rules})

    def rage(self, *, click_every: float, kill_every: float) -> None:
        """Record everything, disturbed; returns when every payment stands in the books, or raises."""
        began = time.monotonic()
        with self._disturbed(click_every, kill_every), ThreadPoolExecutor(CALLERS) as pool:
            bulk = [pool.submit(self.in_bulk, office, self._by_api) for office in self.offices]
            list(pool.map(lambda one: self._record(*one), self._through_api()))
            for each in bulk:
                each.result()
            self.recorded_in = time.monotonic() - began
            self._until(self._all_posted)
            self.seconds = time.monotonic() - began

    def check(self) -> list[str]:
        """What is not as it must be; nothing, when all is well."""
        self._until(self._at_rest)
        wrong: list[str] = []
        for office in self.offices:
            money = self._money(office)
            wrong += _unlike(money, self.invoices, self.each)
            with ThreadPoolExecutor(READERS) as pool:
                for shown in pool.map(partial(self._shown, office), self._numbers()):
                    wrong += shown
            failures = office.api.get("/v1/failures?provider=quickbooks&limit=100")["failures"]
            wrong += [f"{office.realm}: {one['cause']}" for one in failures]
        letters = dead_letters(self.stack)
        return wrong + ([f"{letters} dead letters"] if letters else [])

    def calls(self) -> Counter[str]:
        """Requests of each kind that the offices' books have had."""
        realms = self.sandbox.control("counters")["byRealm"]
        counted: Counter[str] = Counter()
        for office in self.offices:
            counted.update(realms.get(office.realm, {}).get("calls", {}))
        return counted

    def faults(self) -> Counter[str]:
        realms = self.sandbox.control("counters")["byRealm"]
        counted: Counter[str] = Counter()
        for office in self.offices:
            counted.update(realms.get(office.realm, {}).get("faults", {}))
        return counted

    @property
    def sandbox(self) -> Sandbox:
        return self.stack.sandbox

    def _enter(self, office: Office) -> None:
        office.api.put("/v1/customers/C-1", {"name": "Ann Field"})
        item = {"name": "Labor", "unitPrice": "1.00", "currency": "USD"}
        office.api.put("/v1/items/I-1", item)
        total = sum(amount_of(number, self.each) for number in range(self.each))
        for number in self._numbers():
            office.api.put(
                f"/v1/invoices/{number}",
                {
                    "number": number,
                    "customerId": "C-1",
                    "status": "SENT",
                    "currency": "USD",
                    "issuedOn": "2026-11-02",
                    "lines": [{"itemId": "I-1", "quantity": "1", "unitPrice": str(total)}],
                },
            )

    def _numbers(self) -> list[str]:
        return [invoice_number(place) for place in range(self.invoices)]

    def _has_invoices(self, office: Office) -> bool:
        return len(self._money(office)["byInvoice"]) >= self.invoices

    @property
    def _by_api(self) -> int:
        return self.by_api or self.each

    def _through_api(self) -> Iterator[tuple[Office, int, int]]:
        for payment in range(self._by_api):
            for place in range(self.invoices):
                for office in self.offices:
                    yield office, place, payment

    def _record(self, office: Office, place: int, payment: int) -> None:
        body = {
            "amount": str(amount_of(payment, self.each)),
            "paidOn": PAID_ON.isoformat(),
            "reference": reference_of(place, payment),
        }
        office.api.put(f"/v1/invoices/{invoice_number(place)}/payments/{payment}", body)

    @contextmanager
    def _disturbed(self, click_every: float, kill_every: float) -> Iterator[None]:
        threads = [
            threading.Thread(target=self._every, args=(click_every, self._click)),
            threading.Thread(target=self._every, args=(kill_every, self._kill)),
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def _every(self, seconds: float, act: Callable[[], object]) -> None:
        while not self._over.wait(seconds):
            act()

    def _kill(self) -> None:
        self.kills += self.kill()
        self.tick()

    def _click(self) -> None:
        """Two people at once, of one office after another; then a third retries what failed."""
        office = self.offices[self.clicks % len(self.offices)]
        sync = f"{CONNECTION}/syncs"
        with ThreadPoolExecutor(2) as pool:
            for end in [pool.submit(office.api.post, sync, {"kinds": ["payment"]}) for _ in "12"]:
                end.result()
        self.clicks += 1
        try:
            office.api.post("/v1/failures:retry", {"provider": "quickbooks", "kind": "payment"})
            self.retries += 1
        except ApiRefused as refused:
            if refused.code != "NOTHING_TO_RETRY":
                raise

    def _money(self, office: Office, *, light: bool = False) -> dict[str, Any]:
        return self.sandbox.control(f"money?realm={office.realm}{'&light=1' if light else ''}")

    def _all_posted(self) -> bool:
        there = sum(int(self._money(office, light=True)["payments"]) for office in self.offices)
        return there >= self.payments

    def _at_rest(self) -> bool:
        """No run is under way, and what was recorded last is told to stand in the books."""
        self.tick()
        return all(
            run["state"] not in ACTIVE
            for office in self.offices
            for run in office.api.get(f"{CONNECTION}/syncs?limit=5")["syncs"]
        ) and all(self._settled(office) for office in self.offices)

    def _settled(self, office: Office) -> bool:
        """Whether the last invoice's payments are told to stand in the books."""
        [books] = office.api.get(f"/v1/invoices/{self._numbers()[-1]}/sync")["books"]
        return all(one["state"] == "in_step" for one in books["payments"])

    def _shown(self, office: Office, number: str) -> list[str]:
        [books] = office.api.get(f"/v1/invoices/{number}/sync")["books"]
        states = Counter(one["state"] for one in books["payments"])
        if states == {"in_step": self.each}:
            return []
        return [f"{office.realm} {number}: {dict(states)}"]

    def _until(self, condition: Callable[[], bool]) -> None:
        give_up = time.monotonic() + self.patience
        while not condition():
            if time.monotonic() > give_up:
                there = [self._money(office, light=True) for office in self.offices]
                raise TimeoutError(f"not at its end after {self.patience:.0f} s: {there}")
            time.sleep(PAUSE)


def invoice_number(place: int) -> str:
    return f"INV-{place:04}"


def reference_of(place: int, payment: int) -> str:
    return f"{place:04}-{payment}"


def amount_of(payment: int, each: int) -> Decimal:
    """Uneven, and never the same twice on an invoice."""
    return Decimal(1001 + 37 * payment + payment * payment % (each + 7)) / 100


def _unlike(money: dict[str, Any], invoices: int, each: int) -> list[str]:
    """Where the books' payments of an invoice are not exactly ours."""
    wrong = []
    ours = Counter(f"{amount_of(payment, each):.2f}" for payment in range(each))
    for invoice in money["byInvoice"].values():
        theirs = Counter(f"{Decimal(str(one['amount'])):.2f}" for one in invoice["payments"])
        if theirs != ours or Decimal(str(invoice["balance"])) != 0:
            wrong.append(
                f"{invoice['docNumber']}: {len(list(theirs.elements()))} of {each} payments"
            )
    if len(money["byInvoice"]) != invoices:
        wrong.append(f"{len(money['byInvoice'])} invoices instead of {invoices}")
    total = invoices * sum(amount_of(payment, each) for payment in range(each))
    sums = [Decimal(str(money[name])) for name in ("total", "applied", "unapplied")]
    if sums != [total, total, 0] or money["payments"] != invoices * each:
        wrong.append(f"{money['payments']} payments of {sums[0]}, {sums[1]} of it applied")
    return wrong


def dead_letters(stack: Stack) -> int:
    sqs: Any = stack.aws.session.client(
        "sqs", endpoint_url=stack.aws.endpoint_url, config=stack.aws.config
    )
    asked = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    queue = stack.deployed.resources["DeadLetterQueue"]
    answer = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=asked)
    return sum(int(count) for count in answer["Attributes"].values())
