"""Records that wait for others: an invoice for its customer and items, a payment for its invoice.

What is waited for becomes an urgent due row of its own kind; the row that waits is put off, and is ready
the moment a run of that kind has linked it. Nobody is woken for it before that; but whoever looks a
while later, and the daily comparison, look at it too, so that nothing hangs on one wake-up. A dependency
that stands refused is not sent again and again for those that wait: they wait on, and `waiting_reason`
says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from shared.domain.connections import Connection
from shared.domain.due import Dependency, DueRow
from shared.domain.ids import RecordKind, SourceId
from shared.domain.invoices import Invoice
from shared.domain.record_plan import Terms
from shared.domain.records import Customer, Item, Record, class_of
from shared.domain.runs import Problem
from shared.sync.automatic.gate import MOST_READY, WAITED_FOR_BY
from shared.sync.automatic.relay import make_due
from shared.sync.engine.terms import scope_of, terms_of
from shared.sync.payable import may_be_paid
from shared.sync.services import Services

GOES_FIRST: Final = "WAITS_FOR_DEPENDENCY"
"""Of a reason that asks nothing of a person."""

LOOK_AGAIN_AFTER: Final = timedelta(minutes=15)


def wait_for(
    services: Services,
    connection: Connection,
    waiting: Sequence[tuple[DueRow, Sequence[Dependency]]],
) -> None:
    """Put these rows off until what they depend on has a link, and have that sent; tries are unchanged."""
    if not waiting:
        return
    until = services.clock.now() + LOOK_AGAIN_AFTER
    rows = [
        replace(row, not_before=until, waits_for=depends_on[0].written(), late_check=False)
        for row, depends_on in waiting
    ]
    services.stores.due.put_off(rows)
    # Linked since they were looked at: its run may have ended before it could see who waits.
    if _make_ready(services, connection, rows):
        for kind in {row.kind for row in rows}:
            services.wake_ups.wake(connection.key, kind)
    needed = dict.fromkeys(one for _, depends_on in waiting for one in depends_on)
    _send_first(services, connection, needed)


def release(
    services: Services,
    connection: Connection,
    kind: RecordKind,
    only: Sequence[SourceId] | None = None,
) -> None:
    """A run of that kind has ended: whoever waits for what has a link now is ready, and is woken.

    `only`: the run was about these, so nobody else's links are looked up.
    """
    for dependent in WAITED_FOR_BY.get(kind, ()):
        rows = services.stores.due.waiting(connection.key, dependent, MOST_READY)
        if _make_ready(services, connection, _waiting_for(rows, kind, only)):
            services.wake_ups.wake(connection.key, dependent)


def waiting_reason(services: Services, row: DueRow) -> Problem | None:
    """Why a row waits for another record, and what a person can do; None: it does not."""
    if not row.waits_for:
        return None
    needed = Dependency.read(row.waits_for)
    company_id, cls = row.connection.company_id, class_of(needed.kind)
    record = services.stores.records.get(company_id, cls, needed.source_id)
    called = _called(record, needed)
    if record is None:
        return Problem(
            "DEPENDENCY_MISSING",
            f"It waits for the {called}, which is not in BlueClerk.",
            f"Enter that {needed.kind}, or change this {row.kind}.",
        )
    failed = services.stores.failures.of(row.connection, needed.kind, [needed.source_id])
    if failed:
        told = failed[0].problem
        return Problem(
            told.code, f"It waits for the {called}: {told.message}", told.action, told.field
        )
    connection = services.stores.connections.get(row.connection)
    if connection is not None and not _terms(services, connection, needed.kind).begins(record):
        return Problem(
            "DEPENDENCY_INACTIVE",
            f"It waits for the {called}, which is not active and so does not go to the books.",
            f"Make that {needed.kind} active again.",
        )
    return Problem(
        GOES_FIRST,
        f"It waits for the {called}, which goes first.",
        "Wait: both go by themselves.",
    )


def _terms(services: Services, connection: Connection, kind: RecordKind) -> Terms:
    return terms_of(kind, connection, services.profile(connection.key.provider))


def _send_first(services: Services, connection: Connection, needed: Iterable[Dependency]) -> None:
    by_kind: dict[RecordKind, list[SourceId]] = {}
    for one in needed:
        by_kind.setdefault(one.kind, []).append(one.source_id)
    for kind, source_ids in by_kind.items():
        key, terms = connection.key, _terms(services, connection, kind)
        records = services.stores.records.get_many(key.company_id, class_of(kind), source_ids)
        failed = services.stores.failures.of(key, kind, source_ids)
        refused = {(failure.source_id, failure.source_version) for failure in failed}
        versions = [
            (source_id, record.version)
            for source_id, record in sorted(records.items())
            if terms.begins(record) and (source_id, record.version) not in refused
        ]
        if versions:
            make_due(services, key, kind, versions, urgent=True)


def _make_ready(services: Services, connection: Connection, rows: Sequence[DueRow]) -> bool:
    """Those whose dependency is in the books by now; answers whether there were any."""
    ids: dict[RecordKind, dict[SourceId, None]] = {}
    for row in rows:
        needed = Dependency.read(row.waits_for)
        ids.setdefault(needed.kind, {})[needed.source_id] = None
    there = {
        Dependency(kind, source_id)
        for kind, of_kind in ids.items()
        for source_id in _in_books(services, connection, kind, list(of_kind))
    }
    now = services.clock.now()
    ready = [
        replace(row, not_before=now, waits_for="")
        for row in rows
        if Dependency.read(row.waits_for) in there
    ]
    services.stores.due.put_off(ready)
    return bool(ready)


def _in_books(
    services: Services, connection: Connection, kind: RecordKind, source_ids: Sequence[SourceId]
) -> list[SourceId]:
    """Those that have a link. A payment needs more of its invoice: as it is here, and not refused, so
    that it is open there for what is paid.
    """
    stores, key = services.stores, connection.key
    links = stores.links.get_links(scope_of(kind, connection), source_ids)
    if kind is not RecordKind.INVOICE:
        return list(links)
    invoices = stores.records.get_many(key.company_id, Invoice, list(links))
    refused = {failure.source_id: failure for failure in stores.failures.of(key, kind, list(links))}
    return [
        source_id
        for source_id, link in links.items()
        if source_id in invoices and may_be_paid(invoices[source_id], link, refused.get(source_id))
    ]


def _waiting_for(
    rows: Iterable[DueRow], kind: RecordKind, only: Sequence[SourceId] | None
) -> list[DueRow]:
    needed = [(row, Dependency.read(row.waits_for)) for row in rows]
    wanted = None if only is None else frozenset(only)
    return [
        row
        for row, one in needed
        if one.kind is kind and (wanted is None or one.source_id in wanted)
    ]


def _called(record: Record | None, needed: Dependency) -> str:
    if isinstance(record, Customer | Item):
        return f"{needed.kind} “{record.name}”"
    if isinstance(record, Invoice):
        return f"{needed.kind} {record.number}"
    return f"{needed.kind} {needed.source_id}"
