"""Import items from a file: every good row is stored, every bad one answered with its line and field.

A row says which item it is by its id, or by its code in a file without ids (codes may repeat where
there are ids: price books do that). What a file does not say of an item stays as it is stored. The
same file again changes nothing, so an import that was cut off is finished by sending the file again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Final

from shared.domain.effects import Clock
from shared.domain.errors import RequestInvalid, RetryLater
from shared.domain.ids import CompanyId, CorrelationId, SourceId
from shared.domain.records import Item
from shared.domain.runs import Problem
from shared.storage.ports import RecordStore
from shared.sync.item_files import ItemFile, ItemRow
from shared.sync.item_rules import (
    FieldsInvalid,
    ItemValues,
    checked_source_id,
    missing,
    read_values,
)
from shared.sync.records import blank_item, currency_required, next_version, said_over

MAX_ERRORS_SHOWN: Final = 1000
TIME_LIMIT: Final = timedelta(seconds=24)
"""Below the 29 s a gateway waits, so that a person gets a sentence and not a timeout."""

_ROWS_AT_ONCE: Final = 500
_TRIES: Final = 4


class ImportUnfinished(RetryLater):
    """Time ran out. What was stored stays; the same file again goes on from there."""

    def __init__(self, rows_done: int) -> None:
        super().__init__(f"an import was stopped after {rows_done} rows", after=1.0)
        self.rows_done = rows_done


@dataclass(frozen=True, slots=True)
class RowError:
    """`source_id` is empty where the row did not get as far as having one."""

    line: int
    problem: Problem
    source_id: str = ""


@dataclass(slots=True)
class ImportResult:
    """`received` rows are `created + updated + unchanged + rejected`.

    `errors` has every problem of every rejected row, the first `MAX_ERRORS_SHOWN` of them;
    `errors_not_shown` counts the rest.
    """

    ignored_columns: tuple[str, ...] = ()
    received: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    errors: list[RowError] = field(default_factory=list)
    errors_not_shown: int = 0

    def reject(self, line: int, problems: tuple[Problem, ...], source_id: str = "") -> None:
        self.rejected += 1
        for problem in problems:
            if len(self.errors) < MAX_ERRORS_SHOWN:
                self.errors.append(RowError(line, problem, source_id))
            else:
                self.errors_not_shown += 1


@dataclass(frozen=True, slots=True)
class _GoodRow:
    line: int
    values: ItemValues


def import_items(
    records: RecordStore,
    clock: Clock,
    company_id: CompanyId,
    file: ItemFile,
    *,
    usual_currency: str | None,
    correlation_id: CorrelationId,
) -> ImportResult:
    """Store the rows of the file, some hundred at a time; each row is atomic, the file is not.

    `usual_currency` is for new items that name none (see `shared.sync.records.usual_currency`).
    Raises `ImportUnfinished` when time runs out: what was stored stays, the same file again goes on.
    """
    result = ImportResult(file.ignored_columns)
    deadline = clock.now() + TIME_LIMIT
    first_lines: dict[SourceId, int] = {}
    while rows := list(islice(file.rows, _ROWS_AT_ONCE)):
        if clock.now() > deadline:
            raise ImportUnfinished(result.received)
        result.received += len(rows)
        good = dict(_good_rows(rows, file.identity, first_lines, result))
        _store(records, clock, company_id, good, result, usual_currency, correlation_id)
    result.errors.sort(key=lambda error: error.line)
    return result


def _good_rows(
    rows: list[ItemRow], identity: str, first_lines: dict[SourceId, int], result: ImportResult
) -> Iterator[tuple[SourceId, _GoodRow]]:
    """Rows with an id of their own and every field within its rule; the others are rejected."""
    for row in rows:
        if row.problem is not None:
            result.reject(row.line, (row.problem,))
            continue
        try:
            source_id = _identified(row, identity)
        except RequestInvalid as refused:
            result.reject(row.line, (refused.problem,))
            continue
        if source_id in first_lines:
            result.reject(row.line, (_repeated(identity, first_lines[source_id]),), source_id)
            continue
        try:
            values = read_values(row.said)
        except FieldsInvalid as refused:
            result.reject(row.line, refused.problems, source_id)
            continue
        first_lines[source_id] = row.line
        yield source_id, _GoodRow(row.line, values)


def _identified(row: ItemRow, identity: str) -> SourceId:
    said = row.said.get(identity)
    text = said.strip() if isinstance(said, str) else said
    if text is None or text == "":
        raise RequestInvalid(missing(identity))
    return checked_source_id(text, identity)


def _store(
    records: RecordStore,
    clock: Clock,
    company_id: CompanyId,
    good: Mapping[SourceId, _GoodRow],
    result: ImportResult,
    usual_currency: str | None,
    correlation_id: CorrelationId,
) -> None:
    """Compare with what is stored and save what differs; a row that somebody changed meanwhile again."""
    left = good
    for _ in range(_TRIES):
        stored = records.get_many(company_id, Item, list(left))
        changed: list[Item] = []
        for source_id, row in left.items():
            old = stored.get(source_id)
            currency = row.values.currency or (old.unit_price.currency if old else usual_currency)
            if currency is None:
                result.reject(row.line, (currency_required(),), source_id)
                continue
            wanted = said_over(old or blank_item(source_id, currency), row.values, currency)
            new = next_version(old, wanted, clock, correlation_id)
            if new is old:
                result.unchanged += 1
            else:
                changed.append(new)
        lost = set(records.save(company_id, changed)) if changed else set()
        for item in changed:
            if item.source_id not in lost:
                result.created += item.version == 1
                result.updated += item.version > 1
        if not lost:
            return
        left = {source_id: left[source_id] for source_id in lost}
    for source_id, row in left.items():
        result.reject(row.line, (_CHANGED_MEANWHILE,), source_id)


def _repeated(identity: str, first_line: int) -> Problem:
    code = "REPEATED_ID" if identity == "id" else "REPEATED_CODE"
    return Problem(
        code,
        f"This {identity} stands on line {first_line} already; that row is the one that counts.",
        "Give each item its own id.",
        identity,
    )


_CHANGED_MEANWHILE: Final = Problem(
    "CHANGED_MEANWHILE",
    "Somebody else kept changing this item during the import.",
    "Import the row again.",
)
