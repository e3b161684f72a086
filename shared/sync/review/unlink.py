"""Take a wrong match apart: both records stay as they are, and are linked to nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from shared import correlation
from shared.auth.audit import write_down
from shared.domain.errors import RequestInvalid
from shared.domain.ids import (
    ConnectionKey,
    CorrelationId,
    PersonId,
    RecordKind,
    RemoteId,
    RunId,
)
from shared.domain.runs import Problem, Run, RunPurpose, RunState
from shared.sync.connections import usable_connection
from shared.sync.engine.terms import scope_of
from shared.sync.review.refusals import Refusals
from shared.sync.runs import end_run, started, take_over_if_abandoned, under_way
from shared.sync.services import Services

MOST_UNLINKED: Final = 100


def unlink(
    services: Services,
    key: ConnectionKey,
    kind: RecordKind,
    remote_ids: Sequence[RemoteId],
    person_id: PersonId,
) -> dict[RemoteId, Problem | None]:
    """Each remote record: None where it was unlinked, else why not; the others are.

    Under the lease of the connection and kind, so that no sync relies on a link meanwhile. Raises
    `RequestInvalid`, `Conflicting`, `NeedsReauth` and `RetryLater` before anything is unlinked.
    """
    connection = usable_connection(services, key)
    wanted = list(dict.fromkeys(remote_ids))
    _require_some(wanted)
    run = _leased(services, key, kind, person_id)
    scope = scope_of(kind, connection)
    links, refusals = services.stores.links, Refusals(services.profile(key.provider), kind)
    owners = links.linked_to(scope, wanted)
    standing = links.get_links(scope, list(owners.values()))
    results: dict[RemoteId, Problem | None] = {}
    for remote_id in wanted:
        link = standing.get(owners[remote_id]) if remote_id in owners else None
        if link is None or link.remote_id != remote_id:
            results[remote_id] = refusals.not_linked()
        elif links.remove_link(scope, link):
            results[remote_id] = None
            write_down(
                services,
                key,
                person_id,
                f"{kind}.unlinked",
                source_id=link.source_id,
                remote_id=remote_id,
            )
        else:
            results[remote_id] = refusals.changed_meanwhile()
    end_run(services, run, RunState.FINISHED)
    services.wake_ups.wake(key, kind)
    return results


def _leased(services: Services, key: ConnectionKey, kind: RecordKind, person_id: PersonId) -> Run:
    now, run_id = services.clock.now(), RunId(services.ids.new())
    connection = usable_connection(services, key)
    wanted = Run(
        run_id=run_id,
        connection=key,
        remote_company_id=connection.remote_company.remote_company_id,
        kind=kind,
        state=RunState.PUSHING,
        started_at=now,
        heartbeat_at=now,
        purpose=RunPurpose.UNLINK,
        started_by=person_id,
        correlation_id=correlation.current() or CorrelationId(run_id),
    )
    active = started(services, wanted)
    if active.run_id != run_id:
        raise under_way(take_over_if_abandoned(services, active))
    return active


def _require_some(wanted: Sequence[RemoteId]) -> None:
    if not wanted:
        raise RequestInvalid(
            Problem("NONE_SELECTED", "No record was selected.", "Select some.", "ids")
        )
    if len(wanted) > MOST_UNLINKED:
        raise RequestInvalid(
            Problem(
                "TOO_MANY_SELECTED",
                f"At most {MOST_UNLINKED} records can be unlinked at once; {len(wanted)} were selected.",
                f"Select {MOST_UNLINKED} or fewer.",
                "ids",
            )
        )
