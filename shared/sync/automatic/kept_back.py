"""Kinds that the office keeps back: their changes leave no due row, but where something waits for them.

Whoever asks makes due rows, which go like any others. What is remembered of the rest is only when the
last of them was heard of; a full sync that began later has sent them all.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from shared.domain.connections import Connection
from shared.domain.due import AutomaticState, Dependency
from shared.domain.ids import ConnectionKey, RecordKind, SourceId
from shared.domain.runs import RunPurpose, RunState
from shared.storage.ports import Stores
from shared.sync.automatic.gate import (
    MOST_READY,
    WAITED_FOR_BY,
    change_state,
)
from shared.sync.services import Services

_RUNS_LOOKED_AT: Final = 40


def remember(services: Services, key: ConnectionKey, kind: RecordKind) -> None:
    """A change of that kind was heard of, and is kept back."""
    now = services.clock.now()
    change_state(
        services,
        key,
        lambda state: replace(state, kept_back_at={**state.kept_back_at, kind: now}),
    )


def needed_by_others(
    services: Services, key: ConnectionKey, kind: RecordKind, ids: Collection[SourceId]
) -> set[SourceId]:
    """Those of them that something waits for: they are not kept back."""
    return {
        needed.source_id
        for dependent in WAITED_FOR_BY.get(kind, ())
        for row in services.stores.due.waiting(key, dependent, MOST_READY)
        if (needed := Dependency.read(row.waits_for)).kind is kind and needed.source_id in ids
    }


def kinds_that_wait(
    stores: Stores, connection: Connection, state: AutomaticState
) -> Sequence[RecordKind]:
    """Those kept back of which something changed since their last full sync began."""
    waiting = {kind: at for kind, at in state.kept_back_at.items() if connection.keeps_back(kind)}
    if not waiting:
        return ()
    for run in stores.runs.page(connection.key, _RUNS_LOOKED_AT, None).rows:
        whole = run.only is None and run.purpose is RunPurpose.SYNC
        if (
            whole
            and run.state is RunState.FINISHED
            and run.started_at > waiting.get(run.kind, run.started_at)
        ):
            del waiting[run.kind]
    return sorted(waiting)
