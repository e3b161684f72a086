"""Whether and when a connection's changes may go by themselves: state, setup, circuit, batch interval."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.domain.connections import Connection, ConnectionState
from shared.domain.due import AutomaticState, Circuit, DueRow, LastBatch
from shared.domain.ids import ConnectionKey, RecordKind, SourceId
from shared.domain.runs import Problem
from shared.sync.services import Services

AUTOMATIC_KINDS: Final = (
    RecordKind.CUSTOMER,
    RecordKind.ITEM,
    RecordKind.INVOICE,
    RecordKind.PAYMENT,
)
"""Kinds that go by themselves, what others depend on first."""

WAITED_FOR_BY: Final[Mapping[RecordKind, tuple[RecordKind, ...]]] = {
    RecordKind.CUSTOMER: (RecordKind.INVOICE,),
    RecordKind.ITEM: (RecordKind.INVOICE,),
    RecordKind.INVOICE: (RecordKind.PAYMENT,),
}

MOST_READY: Final = 100_000
"""Rows waiting for others that one look goes through."""

BATCH_INTERVAL: Final = timedelta(seconds=1.5)
"""Between the beginnings of two automatic batches of one connection and kind."""

RECORD_REST: Final = timedelta(seconds=2)
"""How soon a record may go again after the batch that it went with began."""

PROBE_INTERVAL: Final = timedelta(seconds=15)
STOPPED_PROBE_INTERVAL: Final = timedelta(minutes=15)
"""Where the provider stops the connection as a whole, so that a person has to act there."""

_EVER: Final = datetime.min.replace(tzinfo=UTC)

COMPARE_EVERY: Final = timedelta(days=1)

LOOK_EVERY: Final = timedelta(seconds=45)
"""At what waits, by a schedule that ticks each minute: less than that, so that no tick is missed."""

LONGEST_WAKE: Final = timedelta(minutes=15)
"""How long a wake-up can be put off (SQS); for what is later the schedule wakes."""


def goes_by_itself(connection: Connection | None) -> bool:
    """Whether changes are to be remembered as due: not before the imports are decided."""
    return (
        connection is not None
        and connection.state is not ConnectionState.DISCONNECTED
        and connection.setup.decided
    )


def may_push(connection: Connection | None) -> bool:
    return (
        connection is not None
        and connection.state is ConnectionState.CONNECTED
        and connection.setup.decided
    )


def mark_of(source_id: SourceId) -> str:
    """Short, for remembering the records of a batch: that another shares it only makes that one rest."""
    return hashlib.blake2b(source_id.encode(), digest_size=4).hexdigest()


def state_of(services: Services, connection: ConnectionKey) -> AutomaticState:
    stored = services.stores.automatic.load(connection)
    return stored or AutomaticState(connection, compare_at=services.clock.now())


def change_state(
    services: Services,
    connection: ConnectionKey,
    change: Callable[[AutomaticState], AutomaticState | None],
) -> bool:
    """Store what `change` makes of the state, on what others store meanwhile; None: leave it."""
    while True:
        state = state_of(services, connection)
        wanted = change(state)
        if wanted is None:
            return False
        if services.stores.automatic.save(replace(wanted, version=state.version + 1)):
            return True


def keep_in_sight(services: Services, connection: ConnectionKey) -> None:
    """Have the schedule look at what waits here; called when due rows were stored, not before.

    A read each time, a write only where it does not look yet: the first due row of a while.
    """
    look_at = services.clock.now() + LOOK_EVERY
    change_state(
        services,
        connection,
        lambda state: None if state.look_at else replace(state, look_at=look_at),
    )


def wake_later(services: Services, connection: ConnectionKey, at: datetime) -> None:
    """Have the schedule wake the workers then; a write only where it does not wake them earlier."""
    change_state(
        services,
        connection,
        lambda state: None if state.wake_at and state.wake_at <= at else replace(state, wake_at=at),
    )


def next_begin(state: AutomaticState, kind: RecordKind) -> datetime:
    """When the next batch of that kind may begin."""
    last = state.batches.get(kind)
    return last.at + BATCH_INTERVAL if last else _EVER


def rested_at(state: AutomaticState, kind: RecordKind) -> datetime:
    """When the records of the last batch may go again."""
    last = state.batches.get(kind)
    return last.at + RECORD_REST if last else _EVER


def resting(
    state: AutomaticState, kind: RecordKind, rows: Sequence[DueRow], now: datetime
) -> set[SourceId]:
    """Those that went with the last batch, while it is too soon."""
    last = state.batches.get(kind)
    if last is None or now >= rested_at(state, kind):
        return set()
    return {row.source_id for row in rows if mark_of(row.source_id) in last.marks}


def begun(
    state: AutomaticState, kind: RecordKind, rows: Sequence[DueRow], now: datetime
) -> AutomaticState:
    """A batch of these begins; with the circuit open it is the probe."""
    batch = LastBatch(now, frozenset(mark_of(row.source_id) for row in rows))
    circuit = state.circuit
    if circuit is not None:
        circuit = replace(circuit, probe_at=now + _interval(circuit))
    return replace(state, batches={**state.batches, kind: batch}, circuit=circuit)


def open_circuit(
    services: Services, connection: ConnectionKey, problem: Problem | None = None
) -> timedelta:
    """No answer, or the provider stops the connection; how long until it may be probed."""
    now = services.clock.now()

    def opened(state: AutomaticState) -> AutomaticState:
        since = state.circuit.opened_at if state.circuit else now
        circuit = Circuit(since, now, problem)
        return replace(state, circuit=replace(circuit, probe_at=now + _interval(circuit)))

    change_state(services, connection, opened)
    return STOPPED_PROBE_INTERVAL if problem else PROBE_INTERVAL


def close_circuit(services: Services, connection: ConnectionKey) -> bool:
    """Whether it was open."""
    return change_state(
        services, connection, lambda state: replace(state, circuit=None) if state.circuit else None
    )


def _interval(circuit: Circuit) -> timedelta:
    return STOPPED_PROBE_INTERVAL if circuit.problem else PROBE_INTERVAL
