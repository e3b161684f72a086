"""Start, join, take over and end runs: one at a time per connection and kind."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from shared import correlation
from shared.domain.connections import Connection, ConnectionState
from shared.domain.errors import Conflicting, LostLease, NeedsReauth, NotFound, RetryLater
from shared.domain.ids import ConnectionKey, CorrelationId, PersonId, RecordKind, RunId
from shared.domain.runs import Problem, Run, RunPurpose, RunState
from shared.domain.wake_up import Task
from shared.storage.paging import every_row
from shared.sync.engine.mapped import any_account_chosen
from shared.sync.services import Services

_LOOKS_FOR_A_GAP: Final = 20
_GAP_PAUSE: Final = 0.25
"""Seconds: an automatic batch holds the lease for a second or two."""

_SUPERSEDED: Final = Problem("SUPERSEDED", "A full sync took its place.")


@dataclass(frozen=True, slots=True)
class StartedRun:
    """`joined`: a run was under way already and this is it."""

    run: Run
    joined: bool


def start_or_join(
    services: Services, connection: Connection, kind: RecordKind, person_id: PersonId
) -> StartedRun:
    """One click. A run that went silent is taken over instead of joined for ever.

    Raises `NeedsReauth`, `Conflicting` naming the setting that is missing, and `RetryLater` where an
    automatic batch did not end in time.
    """
    ready_or_raise(services, connection, kind)
    now = services.clock.now()
    run_id = RunId(services.ids.new())
    wanted = Run(
        run_id=run_id,
        connection=connection.key,
        remote_company_id=connection.remote_company.remote_company_id,
        kind=kind,
        state=RunState.PLANNING,
        started_at=now,
        heartbeat_at=now,
        started_by=person_id,
        correlation_id=correlation.current() or CorrelationId(run_id),
    )
    active = started(services, wanted)
    if active.run_id == run_id:
        services.workflows.start_sync(active)
        return StartedRun(active, joined=False)
    active = take_over_if_abandoned(services, active)
    if active.purpose is not RunPurpose.SYNC:
        raise under_way(active)
    return StartedRun(active, joined=True)


def start_or_join_all(
    services: Services,
    connection: Connection,
    kinds: Sequence[RecordKind],
    person_id: PersonId,
) -> list[StartedRun]:
    """A run of each kind, in that order; none is started where one of them cannot be.

    Raises as `start_or_join` does.
    """
    for kind in kinds:
        ready_or_raise(services, connection, kind)
    return [start_or_join(services, connection, kind, person_id) for kind in kinds]


def run_of(services: Services, key: ConnectionKey, run_id: RunId) -> Run:
    """Raises `NotFound`."""
    run = services.stores.runs.get(key, run_id)
    if run is None:
        raise NotFound(
            Problem("SYNC_NOT_FOUND", "There is no such sync.", "See the list of syncs.", "runId")
        )
    return run


def started(services: Services, wanted: Run) -> Run:
    """The run that is active now: the wanted one, or another one over the whole kind.

    Raises `RetryLater` where an automatic batch did not end in time.
    """
    for _ in range(_LOOKS_FOR_A_GAP):
        active = services.stores.runs.start(wanted)
        if active.run_id == wanted.run_id or active.only is None:
            return active
        _make_way(services, active)
    raise RetryLater(f"{wanted.connection.provider}: an automatic batch is under way", after=2.0)


def under_way(active: Run) -> Conflicting:
    """Why nothing else can be begun: what is under way holds the lease."""
    noun = f"{active.kind}s"
    if active.purpose is RunPurpose.SYNC:
        return Conflicting(
            Problem(
                "SYNC_RUNNING",
                f"A sync of {noun} is under way.",
                "Try again when it has ended.",
            )
        )
    return Conflicting(
        Problem(
            "IMPORT_RUNNING",
            f"An import of {noun} is under way.",
            "Try again when it has ended.",
        )
    )


def _make_way(services: Services, automatic: Run) -> None:
    """An automatic batch is over soon; one that nobody works at ends, and the full plan recovers it."""
    if not is_abandoned(services, automatic):
        services.clock.sleep(_GAP_PAUSE)
        return
    taken = take_over(services, automatic)
    if taken is not None:
        with contextlib.suppress(LostLease):
            end_run(services, taken, RunState.FAILED, _SUPERSEDED)


def take_over_if_abandoned(services: Services, run: Run) -> Run:
    """Have a silent run executed anew; a live one, or one that somebody else took over, is left alone."""
    if not is_abandoned(services, run):
        return run
    if run.only is not None:
        services.wake_ups.wake(run.connection, run.kind)  # its worker is whoever is woken
        return run
    taken = take_over(services, run)
    if taken is None:
        return services.stores.runs.get(run.connection, run.run_id) or run
    if taken.purpose is RunPurpose.SYNC:
        services.workflows.start_sync(taken)
    else:
        services.tasks.hand_over(taken.connection, taken.kind, Task.IMPORT)
    return taken


def is_abandoned(services: Services, run: Run) -> bool:
    silent_since = services.clock.now() - timedelta(seconds=services.settings.abandoned_seconds)
    return run.state.active and run.heartbeat_at <= silent_since


def take_over(services: Services, run: Run) -> Run | None:
    """Fence off its worker; None where somebody else was quicker."""
    now = services.clock.now()
    taken = replace(run, takeovers=run.takeovers + 1, epoch=run.epoch + 1, heartbeat_at=now)
    return taken if services.stores.runs.save(taken, expected_epoch=run.epoch) else None


def take_over_abandoned_runs(services: Services) -> int:
    """The schedule's part: every abandoned run of every company. Answers how many were taken over."""
    taken = 0
    for listed in every_row(lambda cursor: services.stores.runs.active_everywhere(100, cursor)):
        # The listing may lag behind: decide on the row itself.
        run = services.stores.runs.get(listed.connection, listed.run_id)
        if run is not None:
            taken += _taken_over(services, run)
    return taken


def _taken_over(services: Services, run: Run) -> bool:
    """One company's trouble must not keep the others waiting: what cannot be now is the next minute's."""
    try:
        return take_over_if_abandoned(services, run).takeovers > run.takeovers
    except RetryLater:
        return False


def claim_slice(services: Services, connection: ConnectionKey, run_id: RunId, takeover: int) -> Run:
    """Fence off every earlier worker of this run. Raises `LostLease` if the run is not ours any more."""
    run = services.stores.runs.get(connection, run_id)
    if run is None or not run.state.active or run.takeovers != takeover:
        raise LostLease(f"run {run_id} was ended or taken over")
    claimed = replace(run, epoch=run.epoch + 1, heartbeat_at=services.clock.now())
    if not services.stores.runs.save(claimed, expected_epoch=run.epoch):
        raise LostLease(f"run {run_id} was taken over")
    return claimed


def end_run(services: Services, run: Run, state: RunState, problem: Problem | None = None) -> Run:
    """Save the end and free the connection. Raises `LostLease` if another worker holds the run."""
    now = services.clock.now()
    ended = replace(run, state=state, finished_at=now, heartbeat_at=now, problem=problem)
    if not services.stores.runs.save(ended, expected_epoch=run.epoch):
        raise LostLease(f"run {run.run_id} was taken over")
    return ended


def ready_or_raise(services: Services, connection: Connection, kind: RecordKind) -> None:
    """Whether that kind can be synced now. Raises `NeedsReauth`, or `Conflicting` with what is missing."""
    profile = services.profile(connection.key.provider)
    if connection.state is ConnectionState.NEEDS_REAUTH:
        raise NeedsReauth(connection.key.provider)
    if connection.state is not ConnectionState.CONNECTED:
        raise Conflicting(
            Problem(
                "NOT_CONNECTED",
                f"{profile.label} is not connected.",
                f"Go to Settings → Integrations → Connect {profile.label}.",
            )
        )
    needs_account = kind is RecordKind.ITEM and profile.has_income_accounts
    if needs_account and not any_account_chosen(services.stores, connection):
        raise Conflicting(
            Problem(
                "DEFAULT_INCOME_ACCOUNT_MISSING",
                "No income account is chosen yet, so items cannot be sent.",
                "Choose the default income account in the connection's settings "
                "(setting defaultIncomeAccountId).",
                "defaultIncomeAccountId",
            )
        )
