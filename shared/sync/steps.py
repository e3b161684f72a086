"""The steps of a full sync of one kind of record, as the state machine calls them: state in, state out.

A step's answer is data that a Choice state reads; an exception means a crash, and only a crash. The
state carries ids and counters, never records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from shared.auth.reauth import mark_connection_needs_reauth, reauth_problem
from shared.domain.connections import Connection, ConnectionState
from shared.domain.errors import (
    ConnectionStopped,
    LostLease,
    NeedsReauth,
    ProviderContractBroken,
    RetryLater,
)
from shared.domain.ids import CompanyId, ConnectionKey, ProviderName, RecordKind, RunId
from shared.domain.metrics import Metric
from shared.domain.runs import Failure, Problem, Run, RunCounts, RunState
from shared.sync.automatic.dependencies import release
from shared.sync.automatic.kept_back import forget
from shared.sync.engine.failures import causes_of, stored_failures
from shared.sync.engine.planning import plan_records
from shared.sync.engine.preparing import counts_of, stored_chunks
from shared.sync.engine.progress import Progress
from shared.sync.engine.pushing import PushSlice
from shared.sync.engine.singles import SinglesSlice
from shared.sync.engine.slices import SliceEnd, SliceResult
from shared.sync.failure_notices import tell_standing
from shared.sync.payments.counting import payment_counts
from shared.sync.payments.planning import plan_payments
from shared.sync.payments.posting import PaymentSlice
from shared.sync.runs import claim_slice, end_run
from shared.sync.services import Books, Services

MOST_WAITS = 8
"""In a row without bringing the run forward; together some minutes."""
FIRST_WAIT = 5.0
LONGEST_WAIT = 40.0
"""Whatever the provider names: nobody shows a heartbeat in a pause, and a run without one for
`Settings.abandoned_seconds` is taken over."""
MOST_CRASHES = 5


@dataclass(frozen=True, slots=True)
class SyncState:
    """The state machine's whole state. Raises `KeyError` for an input that is not of this shape."""

    connection: ConnectionKey
    run_id: RunId
    takeover: int
    waits: int = 0
    crashes: int = 0
    problem: Problem | None = None
    outcome: str = ""
    correlation_id: str = ""

    @classmethod
    def read(cls, state: Mapping[str, Any]) -> SyncState:
        problem = state.get("problem")
        return cls(
            connection=ConnectionKey(
                CompanyId(state["companyId"]), ProviderName(state["provider"])
            ),
            run_id=RunId(state["runId"]),
            takeover=int(state["takeover"]),
            waits=int(state.get("waits", 0)),
            crashes=int(state.get("crashes", 0)),
            problem=Problem(**problem) if problem else None,
            outcome=str(state.get("outcome", "")),
            correlation_id=str(state.get("correlationId", "")),
        )

    def written(self, wait_seconds: float = 0.0, *, silent: bool = False) -> dict[str, Any]:
        return {
            "companyId": self.connection.company_id,
            "provider": self.connection.provider,
            "runId": self.run_id,
            "takeover": self.takeover,
            "waits": self.waits,
            "crashes": self.crashes,
            "problem": asdict(self.problem) if self.problem else None,
            "outcome": self.outcome,
            "correlationId": self.correlation_id,
            "waitSeconds": round(wait_seconds),
            "providerSilent": silent,
        }


def first_state(run: Run) -> dict[str, Any]:
    """What an execution for this run begins with."""
    state = SyncState(run.connection, run.run_id, run.takeovers, correlation_id=run.correlation_id)
    return state.written()


def perform_step(
    services: Services, operation: str, state: Mapping[str, Any], remaining_seconds: float
) -> dict[str, Any]:
    """One call of the state machine. `remaining_seconds` is what the function has left to live.

    Raises `ValueError` for an operation that there is not.
    """
    read = SyncState.read(state)
    room = remaining_seconds - services.settings.request_deadline_seconds
    until = services.clock.now() + timedelta(seconds=min(services.settings.slice_seconds, room))
    match operation:
        case "plan":
            return _answered(read, _guarded(services, read, _working(_plan, until)))
        case "push":
            return _answered(read, _guarded(services, read, _working(_push, until)))
        case "push_singly":
            return _answered(read, _guarded(services, read, _working(_push_singly, until)))
        case "summarise":
            return _answered(read, _guarded(services, read, _summarise))
        case "classify":
            return _classified(read)
    raise ValueError(f"no step is called {operation!r}")


_Step = Callable[[Services, SyncState, Run], SliceResult]


@dataclass(frozen=True, slots=True)
class _Work:
    services: Services
    state: SyncState
    connection: Connection
    run: Run
    until: datetime

    def opened(self) -> tuple[Books, Progress]:
        books = self.services.open_books(self.connection, self.run.kind)
        return books, Progress(self.services, self.run, books.calls)


_PLAN_FIRST = SliceResult(SliceEnd.WAIT)
"""A worker that was fenced off may have put the run back to PLANNING as it claimed it: its claim is of the
row as it read it. The pause leads to the planning step.
"""


def _plan(work: _Work) -> SliceResult:
    if work.run.state is not RunState.PLANNING:
        return SliceResult(SliceEnd.PLANNED)
    books, progress = work.opened()
    # No last save as after a push: where the plan's own was stored and its answer lost, the form of
    # the run that we know would undo it.
    try:
        if work.run.kind is RecordKind.PAYMENT:
            plan_payments(work.services, work.connection, books.provider, progress)
        else:
            plan_records(work.services, work.connection, books.provider, work.run, progress)
    finally:
        books.pacer.close()
    return SliceResult(SliceEnd.PLANNED)


def _push(work: _Work) -> SliceResult:
    if work.run.state is RunState.PLANNING:
        return _PLAN_FIRST
    books, progress = work.opened()

    def perform() -> SliceResult:
        if work.run.kind is RecordKind.PAYMENT:
            return _payments(work, books, progress, singly=False)
        return PushSlice(work.services, work.connection, books, progress, work.until).perform()

    return _moved(work, books, progress, perform)


def _push_singly(work: _Work) -> SliceResult:
    if work.run.state is RunState.PLANNING:
        return _PLAN_FIRST
    books, progress = work.opened()

    def perform() -> SliceResult:
        if work.run.kind is RecordKind.PAYMENT:
            return _payments(work, books, progress, singly=True)
        return SinglesSlice(
            work.services,
            work.connection,
            books,
            progress,
            work.until,
            last_chance=work.state.waits >= MOST_WAITS,
        ).perform()

    return _moved(work, books, progress, perform)


def _payments(work: _Work, books: Books, progress: Progress, *, singly: bool) -> SliceResult:
    slice_ = PaymentSlice(
        work.services, work.connection, books, progress, work.until, singly=singly
    )
    return slice_.perform()


def _moved(
    work: _Work, books: Books, progress: Progress, perform: Callable[[], SliceResult]
) -> SliceResult:
    """The slice's result, and whether it brought the run forward; its last counts are saved."""
    try:
        result = perform()
    except RetryLater as later:
        result = SliceResult.waiting(later)
    finally:
        books.pacer.close()
        _save_if_ours(progress)
    return replace(result, moved=progress.run.counts.settled > work.run.counts.settled)


def _save_if_ours(progress: Progress) -> None:
    """The last counts of a slice; a lost lease has been noticed, or is noticed by the next step."""
    try:
        progress.replace(progress.run)
    except LostLease:
        return


def _summarise(services: Services, state: SyncState, run: Run) -> SliceResult:
    """End the run, with counts and causes told from what is stored, whatever the connection is now."""
    profile = services.profile(run.connection.provider)
    if run.state is RunState.PLANNING and state.outcome == SliceEnd.DONE:
        return _PLAN_FIRST
    if run.state is RunState.PUSHING:
        counts = _counts_of(services, run)
        standing = Counter[str]()
        causes = causes_of(_counted(services, run, standing), run.run_id)
        # What a crash left unsaved was shown already, and progress never falls.
        counts = max(counts, run.counts, key=lambda each: each.settled)
        run = replace(run, counts=counts, causes=causes)
        whole = run.only is None
        tell_standing(services, run.connection, run.kind, standing, passing_too=whole)
    connection = services.stores.connections.get(run.connection)
    if connection is not None:  # before the end: after it nobody would come back to do it
        release(services, connection, run.kind, run.only)
    if state.outcome == SliceEnd.NEEDS_REAUTH:
        end_run(services, run, RunState.NEEDS_REAUTH, reauth_problem(profile))
    elif state.outcome == SliceEnd.STOPPED:
        end_run(services, run, RunState.FAILED, state.problem)
    else:
        if run.only is None:
            forget(services, run.connection, run.kind, run.started_at)
        end_run(services, run, RunState.FINISHED)
    if run.only is None:
        # What changed meanwhile found the lease taken; whoever holds it looks afterwards.
        services.wake_ups.wake(run.connection, run.kind)
    services.metrics.add(Metric.RECORDS_SYNCED, run.counts.sent)
    services.metrics.add(Metric.RECORDS_FAILED, run.counts.refused)
    return SliceResult(SliceEnd(state.outcome))


def _counts_of(services: Services, run: Run) -> RunCounts:
    """Told from what is stored."""
    if run.kind is not RecordKind.PAYMENT:
        return counts_of(stored_chunks(services.stores, run))
    connection = services.stores.connections.get(run.connection)
    return payment_counts(services, connection, run) if connection else run.counts


def _counted(services: Services, run: Run, standing: Counter[str]) -> Iterator[Failure]:
    """The stored failures; how many of each cause there are is counted as they pass."""
    for failure in stored_failures(services.stores, run.connection, run.kind):
        standing[failure.cause] += 1
        yield failure


def _guarded(services: Services, state: SyncState, step: _Step) -> SliceResult:
    """Run a step; what stops it on purpose becomes its answer."""
    try:
        run = claim_slice(services, state.connection, state.run_id, state.takeover)
        return step(services, state, run)
    except LostLease:
        return SliceResult(SliceEnd.LOST)
    except NeedsReauth:
        return SliceResult(SliceEnd.NEEDS_REAUTH)
    except ConnectionStopped as stopped:
        return SliceResult(SliceEnd.STOPPED, stopped.problem)
    except RetryLater as later:
        return SliceResult.waiting(later)
    except ProviderContractBroken as broken:
        problem = Problem("PROVIDER_CHANGED", str(broken), "Contact support with the run's id.")
        return SliceResult(SliceEnd.STOPPED, problem)


def _working(perform: Callable[[_Work], SliceResult], until: datetime) -> _Step:
    """A step that calls the provider, and so needs the connection that the run was started for."""

    def step(services: Services, state: SyncState, run: Run) -> SliceResult:
        connection = _usable(services.stores.connections.get(state.connection), run)
        try:
            result = perform(_Work(services, state, connection, run, until))
        except NeedsReauth:
            result = SliceResult(SliceEnd.NEEDS_REAUTH)
        if result.end is SliceEnd.NEEDS_REAUTH:
            profile = services.profile(connection.key.provider)
            mark_connection_needs_reauth(services, connection, profile)
        return result

    return step


def _usable(connection: Connection | None, run: Run) -> Connection:
    if connection is None or connection.remote_company.remote_company_id != run.remote_company_id:
        raise ConnectionStopped(
            Problem(
                "CONNECTION_CHANGED",
                "The connection was changed while the sync was under way.",
                "Sync again.",
            )
        )
    if connection.state is ConnectionState.NEEDS_REAUTH:
        raise NeedsReauth(connection.key.provider)
    if connection.state is not ConnectionState.CONNECTED:
        raise ConnectionStopped(
            Problem(
                "DISCONNECTED",
                "The connection was closed while the sync was under way.",
                "Connect again, then sync.",
            )
        )
    return connection


def _answered(state: SyncState, result: SliceResult) -> dict[str, Any]:
    if result.moved:
        state = replace(state, waits=0, crashes=0)
    if result.end is not SliceEnd.WAIT:
        return replace(state, outcome=result.end.value, problem=result.problem).written()
    if state.waits >= MOST_WAITS:
        problem = Problem(
            "PROVIDER_UNAVAILABLE",
            "The accounting provider has not answered for several minutes. Nothing is lost.",
            "Sync again later; what has arrived is not sent twice.",
        )
        return replace(state, outcome=SliceEnd.STOPPED.value, problem=problem).written()
    pause = min(LONGEST_WAIT, max(FIRST_WAIT * 2**state.waits, result.wait_seconds))
    waiting = replace(state, waits=state.waits + 1, outcome=SliceEnd.WAIT.value)
    return waiting.written(pause, silent=result.silent)


def _classified(state: SyncState) -> dict[str, Any]:
    """After a crash: again in a moment, but not for ever."""
    if state.crashes >= MOST_CRASHES:
        problem = Problem(
            "STOPPED_UNEXPECTEDLY",
            "The sync stopped unexpectedly several times. Nothing is lost.",
            "Sync again; if it stops again, contact support with the run's id.",
        )
        return replace(state, outcome=SliceEnd.STOPPED.value, problem=problem).written()
    waiting = replace(state, crashes=state.crashes + 1, outcome=SliceEnd.WAIT.value)
    return waiting.written(min(LONGEST_WAIT, 1.0 * 2**state.crashes))
