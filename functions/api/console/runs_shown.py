"""Runs as people read them: a line of the history, progress, the summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from functions.api.console.addresses import integration_address
from functions.api.console.words import Words
from shared.domain.ids import ConnectionKey, RecordKind
from shared.domain.runs import Run, RunCounts, RunPurpose, RunState
from shared.sync.automatic.gate import AUTOMATIC_KINDS
from shared.sync.services import Services

_NEWEST: Final = 20

_STATES: Final = {
    RunState.PLANNING: ("plain", "Being compared"),
    RunState.PUSHING: ("plain", "Under way"),
    RunState.FINISHED: ("green", "Finished"),
    RunState.NEEDS_REAUTH: ("red", "Reconnect Required"),
    RunState.FAILED: ("red", "Stopped"),
}


@dataclass(frozen=True, slots=True)
class RunView:
    """`summary` is a sentence of its counts, `took` empty while it is under way."""

    address: str
    kind: str
    state: str
    colour: str
    active: bool
    settled: int
    total: int
    refused: int
    started: str
    ago: str
    took: str
    summary: str
    message: str
    action: str
    calls: str

    @classmethod
    def of(cls, run: Run, words: Words) -> RunView:
        colour, state = _STATES[run.state]
        if run.state is RunState.FINISHED and run.counts.refused:
            colour, state = "amber", "Finished, some refused"
        end = run.finished_at
        return cls(
            address=integration_address(run.connection.provider, "runs", run.run_id),
            kind=f"{run.kind}s".capitalize(),
            state=state,
            colour=colour,
            active=run.state.active,
            settled=run.counts.settled,
            total=run.counts.total,
            refused=run.counts.refused,
            started=words.moment(run.started_at),
            ago=words.ago(end or run.started_at),
            took=words.duration((end - run.started_at).total_seconds()) if end else "",
            summary=summary_of(run.counts, run.kind, words),
            message=run.problem.message if run.problem else "",
            action=run.problem.action if run.problem else "",
            calls=words.count(run.provider_calls, "request"),
        )


def summary_of(counts: RunCounts, kind: RecordKind, words: Words) -> str:
    """What became of how many, leaving out what is nothing."""
    if not counts.total and not counts.settled:
        return f"No {kind}s to sync."
    told = [
        (counts.created, "created"),
        (counts.updated, "updated"),
        (counts.adopted, "linked to one that was there"),
        (counts.unchanged, "in step already"),
        (counts.refused, "refused"),
    ]
    parts = [f"{words.number(count)} {what}" for count, what in told if count]
    many = words.count(counts.total, str(kind))
    return f"{many}: {', '.join(parts)}." if parts else f"{many}."


def newest_runs(services: Services, key: ConnectionKey) -> Sequence[Run]:
    return services.stores.runs.page(key, _NEWEST, None).rows


def latest_of_each(newest: Sequence[Run]) -> list[Run]:
    """The newest ended one of each kind, in the order in which kinds are synced."""
    latest: dict[RecordKind, Run] = {}
    for run in newest:
        if not run.state.active:
            latest.setdefault(run.kind, run)
    return [latest[kind] for kind in AUTOMATIC_KINDS if kind in latest]


def runs_under_way(services: Services, key: ConnectionKey) -> tuple[Sequence[Run], Sequence[Run]]:
    """Full syncs, and imports; batches of single changes are too short to be shown."""
    found = services.stores.runs.all_active(key)
    active = sorted((run for run in found if run.only is None), key=_place)
    return (
        [run for run in active if run.purpose is RunPurpose.SYNC],
        [run for run in active if run.purpose is RunPurpose.IMPORT],
    )


def _place(run: Run) -> int:
    return AUTOMATIC_KINDS.index(run.kind)
