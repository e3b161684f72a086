"""What an import was asked for and what became of it, a part of it at a time, kept for some days.

What a worker chose (all that are new) and what it tells of a part is named by its epoch: what one stores
that was fenced off and does not know it yet never stands among what another one did.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from shared.domain.ids import RemoteId, SourceId
from shared.domain.imports import RESULTS_KEPT, ImportOutcome, ImportResult, Wanted
from shared.domain.runs import Problem, Run
from shared.sync.services import Services

PART: Final = 99
"""Records of a part: three transactions of 33 (see the store of records with their links)."""


def put_wanted(services: Services, run: Run, wanted: Sequence[Wanted]) -> int:
    """Answers how many parts they make."""
    starts = range(0, len(wanted), PART)
    for number, start in enumerate(starts):
        rows = [[one.remote_id, one.link_to, one.as_new] for one in wanted[start : start + PART]]
        _put(services, run, _wanted(run), number, rows)
    return len(starts)


def read_wanted(services: Services, run: Run, number: int) -> list[Wanted] | None:
    """None: it is not there (any more)."""
    rows = _get(services, run, _wanted(run), number)
    if rows is None:
        return None
    return [
        Wanted(RemoteId(remote_id), SourceId(link_to) if link_to else None, as_new)
        for remote_id, link_to, as_new in rows
    ]


def put_results(services: Services, run: Run, number: int, results: Sequence[ImportResult]) -> None:
    rows = [
        [
            one.remote_id,
            one.outcome,
            one.source_id,
            asdict(one.problem) if one.problem else None,
            one.name,
        ]
        for one in results
    ]
    _put(services, run, f"results-{run.epoch}", number, rows)


def read_results(services: Services, run: Run, number: int) -> list[ImportResult] | None:
    """Of a part that is done (see `Run.done_by`); None: they are not there any more."""
    rows = _get(services, run, f"results-{run.done_by[number]}", number)
    if rows is None:
        return None
    return [
        ImportResult(
            RemoteId(remote_id),
            ImportOutcome(outcome),
            SourceId(source_id) if source_id else None,
            Problem(**problem) if problem else None,
            name,
        )
        for remote_id, outcome, source_id, problem, name in rows
    ]


def _put(services: Services, run: Run, what: str, number: int, rows: list[Any]) -> None:
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    now = services.clock.now()
    services.stores.remote_lists.put(
        run.connection, _name(run, what, number), text, now=now, fresh=RESULTS_KEPT
    )


def _get(services: Services, run: Run, what: str, number: int) -> Any:  # noqa: ANN401 - JSON
    name = _name(run, what, number)
    text = services.stores.remote_lists.get(run.connection, name, services.clock.now())
    return None if text is None else json.loads(text)


def _name(run: Run, what: str, number: int) -> str:
    return f"import/{run.run_id}/{what}/{number:05}"


def _wanted(run: Run) -> str:
    return f"wanted-{run.chosen_by}" if run.chosen_by else "wanted"
