"""Domain objects for the contract suite: plausible, and everything that matters to a test given by it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any, TypeVar

from shared.domain.connections import (
    Connection,
    ConnectionSettings,
    ConnectionState,
    NewFromBooks,
    PacingMode,
    RemoteCompany,
)
from shared.domain.grants import Grant
from shared.domain.ids import (
    CompanyId,
    ConnectionKey,
    CorrelationId,
    GrantId,
    LinkScope,
    ProviderName,
    RecordKind,
    RemoteCompanyId,
    RemoteId,
    RemoteVersion,
    RequestKey,
    RunId,
    SourceId,
)
from shared.domain.invoices import Invoice, InvoiceLine, InvoiceStatus, Payment
from shared.domain.links import Link
from shared.domain.money import Money
from shared.domain.records import Item
from shared.domain.runs import (
    Chunk,
    ChunkEntry,
    Failure,
    Problem,
    PushAction,
    Run,
    RunState,
)
from shared.storage.keys import payment_id

T = TypeVar("T")

NOW = datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)
CORRELATION = "c0ffee" * 6
COMPANY = CompanyId("company-1")
OTHER_COMPANY = CompanyId("company-2")
QUICKBOOKS = ProviderName("quickbooks")
CONNECTION = ConnectionKey(COMPANY, QUICKBOOKS)
OTHER_CONNECTION = ConnectionKey(OTHER_COMPANY, QUICKBOOKS)
REALM = RemoteCompanyId("9341452")
SCOPE = LinkScope(CONNECTION, REALM, RecordKind.ITEM)
OTHER_SCOPE = LinkScope(OTHER_CONNECTION, REALM, RecordKind.ITEM)

IN_ORDER = ["#", "%", "A", "Z", "a", "a#b", "z", "ß", "é", "中", "\uffff", "😀"]
"""Ids in order of code point; the last two sort the other way round in UTF-16."""

NOT_A_CURSOR = [
    "",
    "x",
    "é",
    "AAAA",
    "bm8ganNvbg",
    "e30",
    "W10",
    "WyJhIiwiYiJd",
    "W" * 20_000,
    base64.urlsafe_b64encode(b"[" * 9000).decode(),
]


def item(source_id: str, version: int = 1, **changes: Any) -> Item:
    given: dict[str, Any] = {
        "source_id": SourceId(source_id),
        "name": f"Copper pipe {source_id[:40]}",
        "unit_price": Money(Decimal("12.50"), "USD"),
        "code": "CP-15",
        "description": "Copper pipe, 15 mm, per metre",
        "unit": "m",
        "version": version,
        "updated_at": NOW,
        "correlation_id": CorrelationId(CORRELATION),
    }
    return Item(**{**given, **changes})


def invoice(source_id: str = "INV-0047", version: int = 1, **changes: Any) -> Invoice:
    """One line of 350.00."""
    given: dict[str, Any] = {
        "source_id": SourceId(source_id),
        "number": source_id,
        "customer_id": SourceId("customer-1"),
        "status": InvoiceStatus.SENT,
        "currency": "USD",
        "issued_on": date(2026, 3, 2),
        "lines": (InvoiceLine(SourceId("item-1"), unit_price=Decimal("350.00")),),
        "version": version,
        "updated_at": NOW,
        "correlation_id": CorrelationId(CORRELATION),
    }
    return Invoice(**{**given, **changes})


def payment(
    own_id: str = "1", invoice_id: str = "INV-0047", version: int = 1, **changes: Any
) -> Payment:
    given: dict[str, Any] = {
        "source_id": payment_id(SourceId(invoice_id), own_id),
        "invoice_id": SourceId(invoice_id),
        "amount": Money(Decimal("350.00"), "USD"),
        "paid_on": date(2026, 3, 9),
        "method": "Check",
        "reference": "1204",
        "version": version,
        "updated_at": NOW,
        "correlation_id": CorrelationId(CORRELATION),
    }
    return Payment(**{**given, **changes})


def link(source_id: str, remote_id: str, row_version: int = 1, **changes: Any) -> Link:
    given: dict[str, Any] = {
        "source_id": SourceId(source_id),
        "remote_id": RemoteId(remote_id),
        "remote_version": RemoteVersion("0"),
        "remote_name": f"Copper pipe {source_id}",
        "name_key": f"copper pipe {source_id}",
        "source_version": 1,
        "mapping_version": "79",
        "base": {"name": f"Copper pipe {source_id}", "unit_price": "12.5", "active": "true"},
        "run_id": RunId("run-1"),
        "correlation_id": CorrelationId(CORRELATION),
        "row_version": row_version,
    }
    return Link(**{**given, **changes})


def connection(key: ConnectionKey = CONNECTION, version: int = 1, **changes: Any) -> Connection:
    given: dict[str, Any] = {
        "key": key,
        "state": ConnectionState.CONNECTED,
        "grant_id": GrantId("grant-1"),
        "remote_company": RemoteCompany(REALM, "Müller & Söhne", "USD", "US", "America/Denver"),
        "settings": ConnectionSettings(
            "79",
            PacingMode.DOCUMENTED,
            notify=False,
            new_from_books=NewFromBooks.IMPORT,
            by_itself=frozenset({RecordKind.ITEM}),
            default_deposit_account_id="35",
            payment_methods=(("check", "2", ""), ("é 中 😀", "", "36")),
        ),
        "connected_at": NOW,
        "version": version,
        "correlation_id": CorrelationId(CORRELATION),
    }
    return Connection(**{**given, **changes})


def grant(grant_id: str = "grant-1", **changes: Any) -> Grant:
    given: dict[str, Any] = {
        "grant_id": GrantId(grant_id),
        "provider": QUICKBOOKS,
        "remote_company_ids": (REALM,),
        "sealed_pair": bytes(range(256)),
        "token_version": 1,
        "access_expires_at": NOW + timedelta(hours=1),
        "refresh_expires_at": NOW + timedelta(days=100),
    }
    return Grant(**{**given, **changes})


def run(run_id: str = "run-1", **changes: Any) -> Run:
    given: dict[str, Any] = {
        "run_id": RunId(run_id),
        "connection": CONNECTION,
        "remote_company_id": REALM,
        "kind": RecordKind.ITEM,
        "state": RunState.PLANNING,
        "started_at": NOW,
        "heartbeat_at": NOW,
        "started_by": "person-1",
        "correlation_id": CorrelationId(CORRELATION),
    }
    return Run(**{**given, **changes})


def entry(number: int, **changes: Any) -> ChunkEntry:
    given: dict[str, Any] = {
        "source_id": SourceId(f"item-{number:06}"),
        "source_version": number + 1,
        "action": PushAction.CREATE,
        "remote_name": f"Copper pipe {number}",
        "sent": (base64.b64encode(number.to_bytes(3)).decode(),),
    }
    return ChunkEntry(**{**given, **changes})


def chunk(number: int, **changes: Any) -> Chunk:
    given: dict[str, Any] = {
        "run_id": RunId("run-1"),
        "plan_attempt": 1,
        "number": number,
        "entries": tuple(entry(number * 30 + place) for place in range(30)),
        "request_key": RequestKey(f"key-{number}"),
        "body_hash": "0f" * 32,
        "epoch": 1,
    }
    return Chunk(**{**given, **changes})


def failure(source_id: str, **changes: Any) -> Failure:
    given: dict[str, Any] = {
        "connection": CONNECTION,
        "kind": RecordKind.ITEM,
        "source_id": SourceId(source_id),
        "cause": "NAME_TAKEN",
        "problem": Problem("NAME_TAKEN", "Another item has this name.", "Rename it.", "name"),
        "source_version": 3,
        "run_id": RunId("run-1"),
        "at": NOW,
    }
    return Failure(**{**given, **changes})


def all_pages(page: Callable[[str | None], Any]) -> list[tuple[Any, ...]]:
    """The rows of each page, following the cursors."""
    pages = []
    cursor = None
    while True:
        one = page(cursor)
        pages.append(one.rows)
        cursor = one.cursor
        if cursor is None:
            return pages


def at_once(workers: int, work: Callable[[int], T]) -> list[T]:
    """What `workers` threads answer that begin at the same moment. An exception of one is raised."""
    barrier = Barrier(workers)
    answers: list[tuple[T | None, BaseException | None]] = [(None, None)] * workers

    def one(number: int) -> None:
        barrier.wait()
        try:
            answers[number] = (work(number), None)
        except BaseException as error:  # noqa: BLE001 - raised again below
            answers[number] = (None, error)

    threads = [Thread(target=one, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for _, error in answers:
        if error is not None:
            raise error
    return [answer for answer, _ in answers]  # type: ignore[misc]  # no error: it is an answer
