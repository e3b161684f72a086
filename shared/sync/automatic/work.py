"""Work off the due rows of one connection and kind, a provider batch at a time.

Each batch is a run over its few records: planned, pushed and mended by the engine, under the lease
that a full run of the kind holds too (one active run per connection and kind). A worker that dies
leaves an active run that the next wake-up or the schedule takes over. No wake-up is lost by one that
finds a run active: whoever ends a run looks at the due rows after it has freed the lease.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared import correlation
from shared.domain.connections import Connection
from shared.domain.due import AutomaticState, DueRow
from shared.domain.ids import AskingId, ConnectionKey, CorrelationId, RecordKind, RunId
from shared.domain.runs import Problem, Run, RunState
from shared.domain.wake_up import Task
from shared.storage.keys import NEVER
from shared.sync.automatic import gate
from shared.sync.automatic.ends import settle
from shared.sync.engine.slices import SliceEnd
from shared.sync.payments.ends import settle_payments
from shared.sync.runs import is_abandoned, take_over
from shared.sync.services import Services
from shared.sync.steps import FIRST_WAIT, first_state, perform_step

LOOKED_AT_ONCE = 200
LEAST_RECORDS = 10
"""Of a batch where the provider takes one record a request."""
SOON = 2.0
"""Seconds after which trouble of our own is tried again."""
LONGEST_SLEEP = 3.0
"""Seconds a worker waits for the next batch itself; beyond that it is woken."""


class WorkEnd(StrEnum):
    NOTHING_DUE = "nothing_due"
    CLOSED = "closed"
    """Not connected, to be reauthorised, or the imports are not decided: the rows wait."""
    BUSY = "busy"
    """Another worker has the lease; it looks again when it is done."""
    CIRCUIT_OPEN = "circuit_open"
    PUT_OFF = "put_off"
    """Not the provider's doing: again in some seconds."""
    TIME_UP = "time_up"


@dataclass(frozen=True, slots=True)
class WorkedOff:
    """How a wake-up ended. `batches` were begun by it."""

    end: WorkEnd
    batches: int = 0


def work_off(
    services: Services, key: ConnectionKey, kind: RecordKind, until: datetime
) -> WorkedOff:
    """Batch after batch until nothing is due, something stops it, or `until`; then wakes itself.

    Raises `StorageUnavailable` and `RetryLater` of sending; what was begun is taken over.
    """
    worker = _Worker(services, key, kind, until)
    while True:
        end = worker.batch()
        if end is not None:
            return WorkedOff(end, worker.batches)


class _Worker:
    def __init__(
        self, services: Services, key: ConnectionKey, kind: RecordKind, until: datetime
    ) -> None:
        self._services = services
        self._key = key
        self._kind = kind
        self._until = until
        self._resumed_run: Run | None = None
        """One that another worker began and this one ended: what it refused is not to go again."""
        self.batches = 0

    def batch(self) -> WorkEnd | None:
        """One batch; None: look again."""
        services = self._services
        connection = services.stores.connections.get(self._key)
        if connection is None or not gate.may_push(connection):
            return WorkEnd.CLOSED
        state = gate.state_of(services, self._key)
        now = services.clock.now()
        if state.circuit is not None and now < state.circuit.probe_at:
            return WorkEnd.CIRCUIT_OPEN
        if now >= self._until:
            services.wake_ups.wake(self._key, self._kind)
            return WorkEnd.TIME_UP
        active = services.stores.runs.active(self._key, self._kind)
        if active is not None:
            return self._resumed(state, active)
        return self._of_due_rows(connection, state, now)

    def _of_due_rows(
        self, connection: Connection, state: AutomaticState, now: datetime
    ) -> WorkEnd | None:
        services = self._services
        look = services.stores.due.look(self._key, self._kind, now, LOOKED_AT_ONCE)
        rows = self._settled(connection, look.ready)
        if len(rows) < len(look.ready) and (not rows or len(look.ready) == LOOKED_AT_ONCE):
            return (
                None  # more may be in step already: no batch for a few of many; or all was put off
            )
        rest = gate.resting(state, self._kind, rows, now)
        able = [row for row in rows if row.source_id not in rest]
        next_begin = gate.next_begin(state, self._kind)
        if able and next_begin <= now:
            return self._begin(connection, state, able)
        rested = gate.rested_at(state, self._kind) if rest else None
        times = [at for at in (look.next_at, rested, next_begin if able else None) if at]
        if not able and not rest and state.circuit is not None:
            self._forget_trouble()
        end = self._waited(min(times, default=None))
        if end is WorkEnd.NOTHING_DUE and self.batches and self._kind in state.kept_back_at:
            # What somebody asked for may have been all that was kept back.
            services.tasks.hand_over(self._key, self._kind, Task.COMPARE)
        return end

    def _settled(self, connection: Connection, rows: Sequence[DueRow]) -> list[DueRow]:
        """After a run that another worker began its refusals count, but not of what was asked for since."""
        resumed, self._resumed_run = self._resumed_run, None
        if resumed is None:
            return settle_rows(self._services, connection, self._kind, rows)
        known = {AskingId(""), *resumed.asked}
        tried = [row for row in rows if row.asked in known]
        asked_since = [row for row in rows if row.asked not in known]
        left = {
            *settle_rows(self._services, connection, self._kind, asked_since),
            *settle_rows(self._services, connection, self._kind, tried, resumed.run_id),
        }
        return [row for row in rows if row in left]  # urgent ones first, as they were read

    def _forget_trouble(self) -> None:
        """A full run sent what waited: there is nothing to probe with, and nobody to be kept waiting."""
        due = self._services.stores.due
        if not any(due.oldest_since(self._key, kind) for kind in gate.AUTOMATIC_KINDS):
            gate.close_circuit(self._services, self._key)

    def _waited(self, at: datetime | None) -> WorkEnd | None:
        if at is None:
            return WorkEnd.NOTHING_DUE
        now = self._services.clock.now()
        if at - now > gate.LONGEST_WAKE:
            # Not a chain of wake-ups until then: each message that comes meanwhile would begin another.
            gate.wake_later(self._services, self._key, at)
            return WorkEnd.NOTHING_DUE
        pause = (at - now).total_seconds()
        if pause > LONGEST_SLEEP or at >= self._until:
            self._services.wake_ups.wake(self._key, self._kind, pause)
            return WorkEnd.NOTHING_DUE
        self._services.clock.sleep(pause)
        return None

    def _begin(
        self, connection: Connection, state: AutomaticState, able: Sequence[DueRow]
    ) -> WorkEnd | None:
        services = self._services
        size = max(services.profile(self._key.provider).batch_size, LEAST_RECORDS)
        rows = _first_records(able, size)
        now = services.clock.now()
        if not self._has_turn(state, rows, now):
            return None
        run_id = RunId(services.ids.new())
        wanted = Run(
            run_id=run_id,
            connection=self._key,
            remote_company_id=connection.remote_company.remote_company_id,
            kind=self._kind,
            state=RunState.PLANNING,
            started_at=now,
            heartbeat_at=now,
            only=tuple(sorted({row.source_id for row in rows})),
            asked=tuple(sorted({row.asked for row in rows if row.asked})),
            correlation_id=_cause_of(rows) or CorrelationId(run_id),
        )
        if services.stores.runs.start(wanted).run_id != run_id:
            return WorkEnd.BUSY
        self.batches += 1
        with correlation.caused_by(wanted.correlation_id):
            end = self._carried_through(wanted, state)
            if end is None:
                settle_rows(services, connection, self._kind, rows, run_id)
        return end

    def _has_turn(self, state: AutomaticState, rows: Sequence[DueRow], now: datetime) -> bool:
        """Take the connection's turn for these; False: the state has moved on, look again."""
        begun = replace(gate.begun(state, self._kind, rows, now), version=state.version + 1)
        return self._services.stores.automatic.save(begun)

    def _resumed(self, state: AutomaticState, active: Run) -> WorkEnd | None:
        """A run that a worker left behind goes on; its rows are still due and looked at afterwards."""
        if active.only is None or not is_abandoned(self._services, active):
            return WorkEnd.BUSY
        if not self._has_turn(state, (), self._services.clock.now()):
            return None
        taken = take_over(self._services, active)
        if taken is None:
            return WorkEnd.BUSY
        self.batches += 1
        with correlation.caused_by(taken.correlation_id):
            end = self._carried_through(taken, state)
        if end is None:
            self._resumed_run = taken
        return end

    def _carried_through(self, run: Run, state: AutomaticState) -> WorkEnd | None:
        """The run's steps, as the state machine would call them. None: it ended, look again."""
        services = self._services
        step, operation = first_state(run), "plan"
        while True:
            left = (self._until - services.clock.now()).total_seconds()
            # At least one call's time over: a step that has begun is given its end.
            room = max(left, 0.0) + 2 * services.settings.request_deadline_seconds
            step = perform_step(services, operation, step, room)
            match SliceEnd(step["outcome"]):
                case SliceEnd.PLANNED:
                    operation = "push"
                case SliceEnd.REJECTED:
                    operation = "push_singly"
                case SliceEnd.MORE if left > 0:
                    operation = "push"
                case SliceEnd.MORE:
                    self._release(run)
                    services.wake_ups.wake(self._key, self._kind)
                    return WorkEnd.TIME_UP
                case SliceEnd.WAIT:
                    self._release(run)
                    return self._put_off(step)
                case SliceEnd.LOST:
                    return WorkEnd.BUSY
                case end:
                    perform_step(services, "summarise", step, room)
                    return self._ended(end, step, state)

    def _ended(
        self, end: SliceEnd, step: dict[str, object], state: AutomaticState
    ) -> WorkEnd | None:
        if end is SliceEnd.NEEDS_REAUTH:
            return WorkEnd.CLOSED
        if end is SliceEnd.STOPPED:
            gate.open_circuit(self._services, self._key, _problem_of(step))
            return WorkEnd.CIRCUIT_OPEN
        if state.circuit is not None and gate.close_circuit(self._services, self._key):
            for kind in gate.AUTOMATIC_KINDS:
                if kind is not self._kind:  # its wake-ups found the circuit open
                    self._services.wake_ups.wake(self._key, kind)
        return None

    def _put_off(self, step: Mapping[str, Any]) -> WorkEnd:
        """A provider that gives no answer opens the circuit; our own trouble, or a limit, passes soon."""
        if step["providerSilent"]:
            after = gate.open_circuit(self._services, self._key).total_seconds()
            end = WorkEnd.CIRCUIT_OPEN
        else:
            named = float(step["waitSeconds"])
            after = named if named > FIRST_WAIT else SOON
            end = WorkEnd.PUT_OFF
        self._services.wake_ups.wake(self._key, self._kind, after)
        return end

    def _release(self, run: Run) -> None:
        """Nobody works at it any more: the next worker need not wait for its heartbeat to grow old."""
        runs = self._services.stores.runs
        stored = runs.get(run.connection, run.run_id)
        if stored is not None and stored.state.active and stored.takeovers == run.takeovers:
            runs.save(replace(stored, heartbeat_at=NEVER), expected_epoch=stored.epoch)


def settle_rows(
    services: Services,
    connection: Connection,
    kind: RecordKind,
    rows: Sequence[DueRow],
    run_id: RunId | None = None,
) -> list[DueRow]:
    """See `ends.settle`; payments have ends of their own."""
    if kind is RecordKind.PAYMENT:
        return settle_payments(services, connection, rows, run_id)
    return settle(services, connection, kind, rows, run_id)


def _first_records(rows: Sequence[DueRow], size: int) -> list[DueRow]:
    """The rows of the first so many records; an urgent row and another one are of one record."""
    chosen: dict[str, None] = {}
    for row in rows:
        if len(chosen) < size:
            chosen[row.source_id] = None
    return [row for row in rows if row.source_id in chosen]


def _cause_of(rows: Sequence[DueRow]) -> CorrelationId:
    """A batch is caused by its first row that says so, or by whatever woke the worker."""
    causes = (row.correlation_id for row in rows if row.correlation_id)
    return next(causes, correlation.current())


def _problem_of(step: dict[str, object]) -> Problem:
    told = step["problem"]
    return Problem(**told) if isinstance(told, dict) else _UNKNOWN


_UNKNOWN = Problem(
    "STOPPED", "The accounting provider stopped the sync.", "Look at the connection."
)
