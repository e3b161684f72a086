"""What has become of due rows: those at their end go, those refused for a passing cause are put off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from shared.domain.connections import Connection
from shared.domain.due import DueRow
from shared.domain.ids import RecordKind, RunId, SourceId
from shared.domain.links import Link
from shared.domain.record_plan import Terms, as_linked
from shared.domain.records import Record, class_of
from shared.sync.engine.mapped import Mappings
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
    """Remove the rows of records that are in step, gone, or refused by that run; answers the others.

    A row is removed only as it was read: a change heard of since keeps it. What is in step stands
    refused no longer.
    """
    ids = list(dict.fromkeys(row.source_id for row in rows))
    stores, scope = services.stores, scope_of(kind, connection)
    records = Mappings(stores.mappings, scope).onto(
        stores.records.get_many(connection.key.company_id, class_of(kind), ids)
    )
    links = stores.links.get_links(scope, ids)
    failures = stores.failures.of(connection.key, kind, ids) if run_id else ()
    refused = {one.source_id: one for one in failures if one.run_id == run_id}
    terms = terms_of(kind, connection, services.profile(connection.key.provider))
    ended, put_off, left, synced = [], [], [], dict[SourceId, None]()
    given_up: set[str] = set()
    for row in rows:
        record, failure = records.get(row.source_id), refused.get(row.source_id)
        if in_step(record, links.get(row.source_id), terms):
            ended.append(row)
            synced[row.source_id] = None
        elif failure is None or record is None or failure.source_version != record.version:
            left.append(row)
        elif failure.cause in PASSING_CAUSES and row.tries < MOST_TRIES:
            put_off.append(_later(services, row))
        else:
            ended.append(row)
            given_up |= {failure.cause} & PASSING_CAUSES
    stores.due.put_off(put_off)
    if synced and not run_id:
        failures = stores.failures.of(connection.key, kind, list(synced))
    if healed := [one.source_id for one in failures if one.source_id in synced]:
        stores.failures.clear(connection.key, kind, healed)
        tell_cleared(services, connection.key, kind)
    tell_given_up(services, connection.key, kind, given_up)
    stores.due.remove(ended)
    return left


def in_step(record: Record | None, link: Link | None, terms: Terms) -> bool:
    """Whether nothing is to be sent for this record: it is as linked, or was archived unseen, or is gone."""
    if record is None:
        return True
    if link is None:
        return not record.active
    return as_linked(record, link, terms)


def _later(services: Services, row: DueRow) -> DueRow:
    delay = min(LONGEST_DELAY, FIRST_DELAY * 2**row.tries) * (0.5 + services.chance.fraction())
    return replace(row, not_before=services.clock.now() + delay, tries=row.tries + 1)
