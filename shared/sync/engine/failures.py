"""Records that stand refused, as stored: what people are shown, and what a later sync heals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shared.domain.ids import ConnectionKey, RecordKind, RunId
from shared.domain.runs import Failure, Run
from shared.storage.ports import Stores

FAILURES_OF_A_PAGE = 200


def stored_failures(
    stores: Stores, connection: ConnectionKey, kind: RecordKind
) -> Iterator[Failure]:
    """All records of that kind that stand refused."""
    cursor: str | None = None
    while True:
        page = stores.failures.page(connection, kind, FAILURES_OF_A_PAGE, cursor)
        yield from page.rows
        cursor = page.cursor
        if cursor is None:
            return


def standing_failures(stores: Stores, run: Run) -> Iterator[Failure]:
    """Those of the records that the run is about."""
    if run.only is None:
        return stored_failures(stores, run.connection, run.kind)
    return iter(stores.failures.of(run.connection, run.kind, run.only))


def causes_of(failures: Iterable[Failure], run_id: RunId) -> dict[str, tuple[int, str]]:
    """Refusals of that run by cause: how many, and the first one's sentence."""
    causes: dict[str, tuple[int, str]] = {}
    for failure in failures:
        if failure.run_id == run_id:
            count, message = causes.get(failure.cause, (0, failure.problem.message))
            causes[failure.cause] = (count + 1, message)
    return causes
