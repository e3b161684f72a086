"""What became of the records of an import, page by page."""

from __future__ import annotations

from typing import Final

from shared.domain.errors import InvalidCursor
from shared.domain.ids import ConnectionKey, RunId
from shared.domain.imports import ImportOutcome, ImportResult
from shared.storage import cursors
from shared.storage.keys import of_connection
from shared.storage.ports import Page
from shared.sync.review.requests import PART, read_results
from shared.sync.review.start import import_of
from shared.sync.services import Services

_LONGEST_POSITION: Final = 9


def page_of_results(
    services: Services,
    key: ConnectionKey,
    run_id: RunId,
    limit: int,
    cursor: str | None,
    outcome: ImportOutcome | None = None,
) -> Page[ImportResult]:
    """In the order chosen, as far as it is done, or those of an outcome; a cursor goes on where that was.

    Raises `NotFound` and `InvalidCursor`.
    """
    name = of_connection("import-results", key, run_id)
    position = _position(name, cursor)
    run = import_of(services, key, run_id)
    found: list[ImportResult] = []
    while len(found) < limit and position < len(run.done_by) * PART:
        results = read_results(services, run, position // PART)
        rest = (results or [])[position % PART :]
        if not rest:
            break
        for one in rest:
            position += 1
            if outcome is None or one.outcome is outcome:
                found.append(one)
                if len(found) == limit:
                    break
    more = run.state.active or position < run.counts.settled
    return Page(tuple(found), cursors.encode(name, str(position)) if more else None)


def _position(name: str, cursor: str | None) -> int:
    if cursor is None:
        return 0
    (position,) = cursors.decode(name, cursor)
    if not position.isdecimal() or len(position) > _LONGEST_POSITION:
        raise InvalidCursor
    return int(position)
