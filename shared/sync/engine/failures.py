"""Records that stand refused, as stored: what people are shown, and what a later sync heals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain.ids import ConnectionKey, RecordKind, RunId, SourceId
from shared.domain.records import Record
from shared.domain.runs import Failure, Problem, Run
from shared.storage.paging import every_row
from shared.storage.ports import Stores

FAILURES_OF_A_PAGE = 200
IDS_OF_A_CAUSE = 5


def failure_of(run: Run, record: Record, problem: Problem, cause: str, at: datetime) -> Failure:
    """Of a record that this run could not bring to the books."""
    return Failure(
        connection=run.connection,
        kind=run.kind,
        source_id=record.source_id,
        cause=cause,
        problem=problem,
        source_version=record.version,
        run_id=run.run_id,
        at=at,
    )


def stored_failures(
    stores: Stores, connection: ConnectionKey, kind: RecordKind
) -> Iterator[Failure]:
    """All records of that kind that stand refused."""
    return every_row(
        lambda cursor: stores.failures.page(connection, kind, FAILURES_OF_A_PAGE, cursor)
    )


def standing_failures(
    stores: Stores,
    connection: ConnectionKey,
    kind: RecordKind,
    only: Sequence[SourceId] | None,
) -> Iterator[Failure]:
    """Those of some records; None: of all."""
    if only is None:
        return stored_failures(stores, connection, kind)
    return iter(stores.failures.of(connection, kind, only))


def causes_of(failures: Iterable[Failure], run_id: RunId) -> dict[str, tuple[int, str]]:
    """Refusals of that run by cause: how many, and the first one's sentence."""
    causes: dict[str, tuple[int, str]] = {}
    for failure in failures:
        if failure.run_id == run_id:
            count_cause(causes, failure)
    return causes


def count_cause(causes: dict[str, tuple[int, str]], failure: Failure) -> None:
    """One more of its cause; the first one's sentence stays."""
    count, message = causes.get(failure.cause, (0, failure.problem.message))
    causes[failure.cause] = (count + 1, message)


@dataclass(frozen=True, slots=True)
class FailuresOfCause:
    """`problem` and `first_ids` are of the first ones met."""

    cause: str
    problem: Problem
    count: int = 0
    first_ids: tuple[SourceId, ...] = ()


def failures_by_cause(failures: Iterable[Failure]) -> list[FailuresOfCause]:
    """One line per cause, the one of most failures first."""
    causes: dict[str, FailuresOfCause] = {}
    for failure in failures:
        line = causes.get(failure.cause) or FailuresOfCause(failure.cause, failure.problem)
        first_ids = (*line.first_ids, failure.source_id)[:IDS_OF_A_CAUSE]
        causes[failure.cause] = replace(line, count=line.count + 1, first_ids=first_ids)
    return sorted(causes.values(), key=lambda line: (-line.count, line.cause))
