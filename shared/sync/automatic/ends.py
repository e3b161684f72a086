"""What has become of due rows: those at their end go, those refused for a passing cause are put off."""

from __future__ import annotations

from collections.abc import Sequence

from shared.domain.connections import Connection
from shared.domain.due import Dependency, DueRow
from shared.domain.ids import RecordKind, RunId, SourceId
from shared.domain.links import Link
from shared.domain.record_plan import Terms, goes_when_asked, in_step
from shared.domain.records import Record, class_of
from shared.sync.automatic.dependencies import wait_for
from shared.sync.automatic.trying import MOST_TRIES, later
from shared.sync.engine.joined import joined
from shared.sync.engine.terms import scope_of, terms_of
from shared.sync.failure_notices import PASSING_CAUSES, tell_cleared, tell_given_up
from shared.sync.services import Services


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
    of since keeps it. What is in step stands refused no longer, but for what the books made of it.
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
    ended, put_off, left, synced = [], [], [], dict[SourceId, None]()
    waiting: list[tuple[DueRow, Sequence[Dependency]]] = []
    given_up: set[str] = set()
    for row in rows:
        record, failure = records.get(row.source_id), refused.get(row.source_id)
        link = links.get(row.source_id)
        if in_step(record, link, terms):
            ended.append(row)
            if _agrees(link, terms):
                synced[row.source_id] = None
        elif record is not None and not row.urgent and goes_when_asked(record, link, terms):
            ended.append(row)
        elif failure is None or record is None or failure.source_version != record.version:
            needed = _needed(record, terms)
            if needed:
                waiting.append((row, needed))
            else:
                left.append(row)
        elif failure.cause in PASSING_CAUSES and row.tries < MOST_TRIES:
            put_off.append(later(services, row))
        else:
            ended.append(row)
            given_up |= {failure.cause} & PASSING_CAUSES
    stores.due.put_off(put_off)
    wait_for(services, connection, waiting)
    if synced and not run_id:
        failures = stores.failures.of(connection.key, kind, list(synced))
    if healed := [one.source_id for one in failures if one.source_id in synced]:
        stores.failures.clear(connection.key, kind, healed)
        tell_cleared(services, connection.key, kind)
    tell_given_up(services, connection.key, kind, given_up)
    stores.due.remove(ended)
    return left


def _agrees(link: Link | None, terms: Terms) -> bool:
    return link is None or terms.disagreement(link) is None


def _needed(record: Record | None, terms: Terms) -> Sequence[Dependency]:
    """What it has to wait for; nothing where it would be refused all the same."""
    return () if record is None or terms.refusal(record) else terms.lacking(record)
