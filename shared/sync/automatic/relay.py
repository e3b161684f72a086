"""A record changed: remember it as due for each connection of its company, and wake a worker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from shared import correlation
from shared.domain.connections import Connection
from shared.domain.due import Change, DueRow
from shared.domain.ids import AskingId, CompanyId, ConnectionKey, RecordKind, SourceId
from shared.sync.automatic.gate import AUTOMATIC_KINDS, goes_by_itself, keep_in_sight
from shared.sync.automatic.kept_back import heard_of
from shared.sync.services import Services


def relay(services: Services, changes: Iterable[Change]) -> int:
    """Store the due rows, have the schedule see them, then send one wake-up per connection and kind.
    Of kinds that a connection keeps back, only what others wait for is due.

    Answers how many rows. Safe to repeat: a version heard of before changes nothing. Raises
    `StorageUnavailable` and what sending raises; the same changes are then relayed again.
    """
    now = services.clock.now()
    heard: dict[tuple[ConnectionKey, RecordKind], dict[SourceId, DueRow]] = {}
    connections: dict[CompanyId, list[Connection]] = {}
    for change in changes:
        if change.kind not in AUTOMATIC_KINDS:
            continue
        if change.company_id not in connections:
            known = services.stores.connections.of_company(change.company_id)
            connections[change.company_id] = [one for one in known if goes_by_itself(one)]
        for connection in connections[change.company_id]:
            of_kind = heard.setdefault((connection.key, change.kind), {})
            earlier = of_kind.get(change.source_id)
            if earlier is None or earlier.version < change.version:
                of_kind[change.source_id] = DueRow(
                    connection.key,
                    change.kind,
                    change.source_id,
                    change.version,
                    since=now,
                    not_before=now,
                    correlation_id=change.correlation_id,
                )
    by_key = {one.key: one for known in connections.values() for one in known}
    rows = {
        (key, kind): due
        for (key, kind), of_kind in heard.items()
        if (due := _that_go(services, by_key[key], kind, of_kind))
    }
    for due in rows.values():
        services.stores.due.add(due)
    for key in dict.fromkeys(key for key, _ in rows):
        keep_in_sight(services, key)
    for (key, kind), due in rows.items():
        with correlation.caused_by(due[0].correlation_id):
            services.wake_ups.wake(key, kind)
    return sum(map(len, rows.values()))


def _that_go(
    services: Services,
    connection: Connection,
    kind: RecordKind,
    rows: Mapping[SourceId, DueRow],
) -> list[DueRow]:
    if not connection.keeps_back(kind):
        return list(rows.values())
    needed = heard_of(services, connection, kind, rows.keys())
    return [replace(row, urgent=True) for row in rows.values() if row.source_id in needed]


def make_due(
    services: Services,
    connection: ConnectionKey,
    kind: RecordKind,
    versions: Iterable[tuple[SourceId, int]],
    *,
    urgent: bool = False,
    asked: bool = True,
) -> int:
    """Have these records looked at again (a retry, a mapping saved, a comparison); answers how many.

    Rows that are there already are raised, also those that a worker has in hand: what it read of a
    record may be from before what is asked for now, so it leaves the row, and looks once more. Not
    `asked`: such rows stay as they are, as for what was heard of before.
    """
    now = services.clock.now()
    cause = correlation.current()
    # An id and no counter: a row that went and came again would count from nought, and a slow worker's
    # removal, which no lease fences, would meet the count that it had read.
    asking = AskingId(services.ids.new()) if asked else AskingId("")
    rows = [
        DueRow(
            connection,
            kind,
            source_id,
            version,
            since=now,
            not_before=now,
            urgent=urgent,
            asked=asking,
            correlation_id=cause,
        )
        for source_id, version in versions
    ]
    services.stores.due.add(rows)
    if rows:
        keep_in_sight(services, connection)
        services.wake_ups.wake(connection, kind)
    return len(rows)
