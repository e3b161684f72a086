"""Begin an import: what was chosen is stored, a run takes the lease, a worker is woken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shared import correlation
from shared.auth.audit import write_down
from shared.domain.connections import NewFromBooks
from shared.domain.errors import NotFound, RequestInvalid
from shared.domain.ids import ConnectionKey, CorrelationId, PersonId, RecordKind, RunId
from shared.domain.imports import MOST_IMPORTED, Wanted
from shared.domain.runs import Problem, Run, RunCounts, RunPurpose, RunState
from shared.domain.wake_up import Task
from shared.sync.connection_settings import change_settings
from shared.sync.connections import usable_connection
from shared.sync.review.requests import put_wanted
from shared.sync.runs import started, take_over_if_abandoned, under_way
from shared.sync.services import Services


def start_import(
    services: Services,
    key: ConnectionKey,
    kind: RecordKind,
    wanted: Sequence[Wanted] | None,
    person_id: PersonId,
) -> Run:
    """Have these brought in; None: all that are new, at most `MOST_IMPORTED` of them.

    Raises `RequestInvalid` for none or too many, `Conflicting` where nothing is connected or a sync or
    import of the kind is under way, `NeedsReauth`, and `RetryLater`.
    """
    connection = usable_connection(services, key)
    if wanted is not None:
        _require_some(wanted)
    now, run_id = services.clock.now(), RunId(services.ids.new())
    run = Run(
        run_id=run_id,
        connection=key,
        remote_company_id=connection.remote_company.remote_company_id,
        kind=kind,
        state=RunState.PLANNING,
        started_at=now,
        heartbeat_at=now,
        purpose=RunPurpose.IMPORT,
        counts=RunCounts(total=len(wanted) if wanted is not None else 0),
        started_by=person_id,
        correlation_id=correlation.current() or CorrelationId(run_id),
    )
    if wanted is not None:
        run = replace(run, chunk_count=put_wanted(services, run, wanted))
    active = started(services, run)
    if active.run_id != run_id:
        raise under_way(take_over_if_abandoned(services, active))
    services.tasks.hand_over(key, kind, Task.IMPORT)
    said = str(len(wanted)) if wanted is not None else "all"
    write_down(services, key, person_id, f"{kind}s.imported", records=said, run_id=run_id)
    return run


def import_all_new(
    services: Services,
    key: ConnectionKey,
    kind: RecordKind,
    person_id: PersonId,
    *,
    later: NewFromBooks | None,
) -> Run:
    """`start_import` of all that are new. `later`: what becomes of those that are new from now on, kept
    as a setting; None: as it is. Raises as `start_import` does, and then the setting stays too.
    """
    run = start_import(services, key, kind, None, person_id)
    if later is not None:
        change_settings(services, key, person_id, new_from_books=later)
    return run


def import_of(services: Services, key: ConnectionKey, run_id: RunId) -> Run:
    """Raises `NotFound`, for a run that is no import too."""
    run = services.stores.runs.get(key, run_id)
    if run is None or run.purpose is not RunPurpose.IMPORT:
        raise NotFound(
            Problem("IMPORT_NOT_FOUND", "There is no such import.", "Check the id.", "importId")
        )
    return run


def _require_some(wanted: Sequence[Wanted]) -> None:
    if not wanted:
        raise RequestInvalid(
            Problem("NONE_SELECTED", "No record was selected.", "Select some.", "records")
        )
    if len(wanted) > MOST_IMPORTED:
        raise RequestInvalid(
            Problem(
                "TOO_MANY_SELECTED",
                f"At most {MOST_IMPORTED:,} records can be imported at once; {len(wanted):,} were "
                "selected.",
                f"Select {MOST_IMPORTED:,} or fewer.",
                "records",
            )
        )
