"""A BlueClerk company on the deployed stack and the books it is connected to, as a test sees them."""

from __future__ import annotations

import csv
import io
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

import httpx2

from local.api import SuiteApi, TokenKeeper
from local.companies import choose_first_account, connect_to, open_books
from local.connect import CONNECTION
from local.price_book import PriceBookRow, rows
from local.stack import Stack
from local.sync import SYNCS, Show, sync_items
from tests.support.sandbox_process import ControlClient

ACTIVE = ("planning", "pushing")
_SECONDS = 35.0
_PATIENCE = 180.0
_LOOK_EVERY = 0.03

Row = Mapping[str, object]


def slice_of_the_book(count: int) -> list[PriceBookRow]:
    """So many rows from all over the price book, so that every kind of hard name is among them."""
    book = rows()
    return [book[number * len(book) // count] for number in range(count)]


@cache
def _unique_names() -> frozenset[str]:
    times = Counter(row.name.casefold() for row in rows())
    return frozenset(row.name for row in rows() if times[row.name.casefold()] == 1)


def is_plain(name: str) -> bool:
    """Whether QuickBooks takes it as it stands, and nothing else in the price book is called so."""
    return name.isascii() and name.replace(" ", "").isalnum() and name in _unique_names()


def plain_rows(count: int) -> list[dict[str, object]]:
    """Rows whose names need no thought: "Fitting 0001" and so on."""
    return [
        {"id": f"I-{number:04}", "name": f"Fitting {number:04}", "unit_price": "2.50"}
        for number in range(1, count + 1)
    ]


def until(condition: Callable[[], bool], what: str, seconds: float = _PATIENCE) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, f"waited {seconds:.0f} s for {what}"
        time.sleep(_LOOK_EVERY)


@dataclass(frozen=True, slots=True)
class Company:
    """`api` is its own, `realm` the QuickBooks company meant for it; `heard` is every answer of the API."""

    company_id: str
    realm: str
    api: SuiteApi
    client: httpx2.Client
    stack: Stack
    control: ControlClient
    opened: datetime
    heard: list[str] = field(default_factory=list)

    def connect(self) -> dict[str, Any]:
        return connect_to(self.stack, self.api, self.realm)

    def ready(self, **settings: str) -> Company:
        """Connected, with the default income account chosen."""
        self.connect()
        choose_first_account(self.api, **settings)
        return self

    def syncs_by_itself(self, *kinds: str) -> None:
        """Those kinds, and no others: with none, the comparison, which comes at any moment of the minute
        after the imports are decided, overtakes no click.
        """
        self.api.put(f"{CONNECTION}/settings", {"syncsByItself": kinds})

    def import_book(self, chosen: Sequence[PriceBookRow]) -> None:
        self.import_rows([vars_of(row) for row in chosen])

    def import_rows(self, chosen: Sequence[Row]) -> None:
        """Every row of it new, changed or known already; none rejected."""
        answer = self.api.post_csv("/v1/items:import", csv_of(chosen))
        assert answer["rejected"] == 0, answer["errors"][:3]
        assert answer["received"] == len(chosen)

    def click(self) -> dict[str, Any]:
        """Start a sync, or join the one under way."""
        return self.api.post(SYNCS, {"kinds": ["item"]})

    def run(self, run_id: str) -> dict[str, Any]:
        return self.api.get(f"{SYNCS}/{run_id}")

    def ended(self, run_id: str, seconds: float = _PATIENCE) -> dict[str, Any]:
        """The run, once it is no longer under way."""
        until(lambda: self.run(run_id)["state"] not in ACTIVE, f"the end of run {run_id}", seconds)
        return self.run(run_id)

    def sync(self, show: Show = lambda _run: None) -> dict[str, Any]:
        """One click and its end."""
        return sync_items(self.api, show)

    def connection(self) -> dict[str, Any]:
        return self.api.get(CONNECTION)

    def failures(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api.get("/v1/failures?provider=quickbooks&limit=100")[
            "failures"
        ]
        return found

    def asked(self, method: str, path: str, body: object = None) -> httpx2.Response:
        """One call, answered as it is: nothing is repeated, nothing raised."""
        return self.client.request(
            method,
            path,
            json=body,
            headers={"authorization": f"Bearer {self.stack.sandbox.token(self.company_id)}"},
        )

    def books(self) -> list[dict[str, Any]]:
        """The items that QuickBooks has."""
        return self.control.rows(self.realm)

    def doubled(self) -> dict[str, int]:
        """Names (case ignored) that more than one item of the books has."""
        state = self.control.get("/state", realm=self.realm, entity="Item", light=1)
        found: dict[str, int] = state["companies"][self.realm]["Item"]["duplicates"]
        return found

    def plant(self, *items: Mapping[str, object], raw: bool = False) -> list[dict[str, Any]]:
        """Items made, or with `Id` changed, by a person in QuickBooks."""
        planted: list[dict[str, Any]] = self.control.post(
            "/entities", {"realm": self.realm, "entity": "Item", "values": items, "raw": raw}
        )["entities"]
        return planted

    def plant_customers(self, *names: str, raw: bool = False) -> list[str]:
        """The ids of customers that appear in QuickBooks; `raw`: past its own rules."""
        planted = self.control.post(
            "/entities",
            {
                "realm": self.realm,
                "entity": "Customer",
                "values": [{"DisplayName": name} for name in names],
                "raw": raw,
            },
        )["entities"]
        return [str(one["Id"]) for one in planted]

    def queries(self) -> int:
        """How often QuickBooks was asked for a list."""
        return int(self.counters().get("calls", {}).get("query", 0))

    def requests(self, kind: str = "") -> list[dict[str, Any]]:
        """What QuickBooks was asked for this company, in order, with the names of items."""
        asked: dict[str, Any] = {"realm": self.realm, "names": 1, "limit": 10_000}
        return self.control.requests(**asked, **({"kind": kind} if kind else {}))

    def counters(self) -> dict[str, Any]:
        """Calls, writes, faults and refreshes of this company at the sandbox."""
        counted: dict[str, Any] = self.control.counters()["byRealm"].get(self.realm, {})
        return counted

    def written(self) -> int:
        """Requests that write, however many entries each has."""
        counted = self.counters()
        return int(counted.get("batches", 0)) + int(counted.get("singleWrites", 0))

    def fault(self, fault: str | Mapping[str, object], **match: object) -> None:
        described = {"type": fault} if isinstance(fault, str) else dict(fault)
        self.control.fault(described, realm=self.realm, **match)


def everything_is_there_once(company: Company, chosen: Iterable[Row | PriceBookRow]) -> None:
    """Each item of ours is in the books, once, at its price; no other is, and no name is there twice."""
    ours = Counter(_code_and_price(row) for row in chosen)
    theirs = Counter(
        (str(item.get("Sku", "")), f"{float(item['UnitPrice']):.2f}") for item in company.books()
    )
    assert theirs - ours == Counter(), "there is what is not ours, or ours twice"
    assert ours - theirs == Counter(), "something is missing"
    assert company.doubled() == {}


def vars_of(row: PriceBookRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in PriceBookRow.__slots__}


def csv_of(chosen: Sequence[Row]) -> bytes:
    columns = list(dict.fromkeys(column for row in chosen for column in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(chosen)
    return text.getvalue().encode()


def _code_and_price(row: Row | PriceBookRow) -> tuple[str, str]:
    values = vars_of(row) if isinstance(row, PriceBookRow) else row
    return str(values.get("code", "")), f"{float(str(values['unit_price'])):.2f}"


@contextmanager
def open_company(
    stack: Stack, control: ControlClient, number: int, currency: str = "USD"
) -> Iterator[Company]:
    """A company that nobody knows yet, and a QuickBooks company for it."""
    company_id, realm = f"company-{number}", f"9000000000{number:06}"
    open_books(stack, realm, f"Books of {company_id}", currency=currency)
    heard: list[str] = []

    def listen(answer: httpx2.Response) -> None:
        heard.append(f"{answer.request.url}\n{answer.headers}\n{answer.read().decode()}")

    with httpx2.Client(
        base_url=stack.api_url,
        timeout=_SECONDS,
        trust_env=False,
        event_hooks={"response": [listen]},
    ) as client:
        tokens = TokenKeeper(partial(stack.sandbox.token, company_id))
        api = SuiteApi(client, tokens)
        opened = datetime.now(UTC)
        yield Company(company_id, realm, api, client, stack, control, opened, heard)
