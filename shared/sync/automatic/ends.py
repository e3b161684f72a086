"""What has become of due rows: those at their end go, those refused for a passing cause are put off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from shared.domain.connections import Connection
from shared.domain.due import Dependency, DueRow
from shared.domain.ids import RecordKind, RunId, SourceId
from shared.domain.links import Link
from shared.domain.record_plan import Terms, as_linked, goes_when_asked
from shared.domain.records import Record, class_of
from shared.sync.automatic.dependencies import wait_for
from shared.sync.engine.joined import joined
from shared.sync.engine.terms import scope_of, terms_of
from shared.sync.failure_notices import PASSING_CAUSES, tell_cleared, tell_given_up
from shared.sync.services import Services

MOST_TRIES: Final = 8
FIRST_DELAY: Final = timedelta(seconds=5)
LONGEST_DELAY: Final = timedelta(minutes=15)


def settle(
    services: Services,
    connection: Connection,
    kind: RecordKind,
    rows: Sequence[DueRow],
    run_id: RunId | None = None,
) -> list[DueRow]:
    """Remove the rows of records that are in step, gone, or refused by that run; answers the others
    that may go. Those that depend on what has no link yet are put off until it has.

    A void that nobody asked for is at its end too. A row is removed only as it was read: a change heard
    of since keeps it.
    """
    ids = list(dict.fromkeys(row.source_id for row in rows))
    stores, scope = services.stores, scope_of(kind, connection)
    records = joined(stores, scope).onto(
        stores.records.get_many(connection.key.company_id, class_of(kind), ids)
    )
    links = stores.links.get_links(scope, ids)
    failures = stores.failures.of(connection.key, kind, ids) if run_id else ()
    refused = {one.source_id: one for one in failures if one.run_id == run_id}
    terms = terms_of(kind, connection, services.profile(connection.key.provider))
    ended, put_off, left, unsent = [], [], [], list[SourceId]()
    waiting: list[tuple[DueRow, Sequence[Dependency]]] = []
    given_up: set[str] = set()
    for row in rows:
        record, failure = records.get(row.source_id), refused.get(row.source_id)
        link = links.get(row.source_id)
        if in_step(record, link, terms) or not (row.urgent or _goes_unasked(record, link, terms)):
            ended.append(row)
            if row.source_id not in links:  # archived or gone: its refusal stands no longer
                unsent.append(row.source_id)
        elif failure is None or record is None or failure.source_version != record.version:
            needed = _needed(record, terms)
            if needed:
                waiting.append((row, needed))
            else:
                left.append(row)
        elif failure.cause in PASSING_CAUSES and row.tries < MOST_TRIES:
            put_off.append(_later(services, row))
        else:
            ended.append(row)
            given_up |= {failure.cause} & PASSING_CAUSES
    stores.due.put_off(put_off)
    wait_for(services, connection, waiting)
    if unsent:
        stores.failures.clear(connection.key, kind, unsent)
        tell_cleared(services, connection.key, kind)
    tell_given_up(services, connection.key, kind, given_up)
    stores.due.remove(ended)
    return left


def in_step(record: Record | None, link: Link | None, terms: Terms) -> bool:
    """Whether nothing is to be sent for this record: it is as linked, or was archived unseen, or is gone."""
    if record is None:
        return True
    if link is None:
        return not terms.begins(record)
    return as_linked(record, link, terms)


def _needed(record: Record | None, terms: Terms) -> Sequence[Dependency]:
    """What it has to wait for; nothing where it would be refused all the same."""
    return () if record is None or terms.refusal(record) else terms.lacking(record)


def _goes_unasked(record: Record | None, link: Link | None, terms: Terms) -> bool:
    return record is None or not goes_when_asked(record, link, terms)


def _later(services: Services, row: DueRow) -> DueRow:
    delay = min(LONGEST_DELAY, FIRST_DELAY * 2**row.tries) * (0.5 + services.chance.fraction())
    at = services.clock.now() + delay
    return replace(row, not_before=at, tries=row.tries + 1, waits_for="")
