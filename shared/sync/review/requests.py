"""What an import was asked for and what became of it, a part of it at a time, kept for some days."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from shared.domain.ids import ConnectionKey, RemoteId, RunId, SourceId
from shared.domain.imports import RESULTS_KEPT, ImportOutcome, ImportResult, Wanted
from shared.domain.runs import Problem
from shared.sync.services import Services

PART: Final = 99
"""Records of a part: three transactions of 33 (see the store of records with their links)."""


def put_wanted(
    services: Services, key: ConnectionKey, run_id: RunId, wanted: Sequence[Wanted]
) -> int:
    """Answers how many parts they make."""
    starts = range(0, len(wanted), PART)
    for number, start in enumerate(starts):
        rows = [[one.remote_id, one.link_to, one.as_new] for one in wanted[start : start + PART]]
        _put(services, key, run_id, f"wanted/{number:05}", rows)
    return len(starts)


def read_wanted(
    services: Services, key: ConnectionKey, run_id: RunId, number: int
) -> list[Wanted] | None:
    """None: it is not there (any more)."""
    rows = _get(services, key, run_id, f"wanted/{number:05}")
    if rows is None:
        return None
    return [
        Wanted(RemoteId(remote_id), SourceId(link_to) if link_to else None, as_new)
        for remote_id, link_to, as_new in rows
    ]


def put_results(
    services: Services,
    key: ConnectionKey,
    run_id: RunId,
    number: int,
    results: Sequence[ImportResult],
) -> None:
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
    _put(services, key, run_id, f"results/{number:05}", rows)


def read_results(
    services: Services, key: ConnectionKey, run_id: RunId, number: int
) -> list[ImportResult] | None:
    """None: that part is not done yet."""
    rows = _get(services, key, run_id, f"results/{number:05}")
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


def _put(services: Services, key: ConnectionKey, run_id: RunId, part: str, rows: list[Any]) -> None:
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    now = services.clock.now()
    services.stores.remote_lists.put(
        key, f"import/{run_id}/{part}", text, now=now, fresh=RESULTS_KEPT
    )


def _get(services: Services, key: ConnectionKey, run_id: RunId, part: str) -> Any:  # noqa: ANN401 - JSON
    text = services.stores.remote_lists.get(key, f"import/{run_id}/{part}", services.clock.now())
    return None if text is None else json.loads(text)
