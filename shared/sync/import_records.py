"""Import records from a file: every good row is stored, every bad one answered with its line and field.

A row says which record it is by its id; in a file without ids the kind's `identify` says it. What a file
does not say of a record stays as it is stored. The same file again changes nothing, so an import that
was cut off is finished by sending the file again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Any, Final, Generic, Protocol

from shared.domain.effects import Clock
from shared.domain.errors import RequestInvalid, RetryLater
from shared.domain.ids import CompanyId, CorrelationId, SourceId
from shared.domain.names import name_key
from shared.domain.records import Customer, Item, RecordType, kind_of
from shared.domain.runs import Problem
from shared.storage.ports import RecordStore
from shared.sync import customer_rules, customers, item_rules, items
from shared.sync.field_rules import FieldsInvalid, checked_source_id, missing
from shared.sync.record_files import FileRow, RecordFile
from shared.sync.records import next_version

MAX_ERRORS_SHOWN: Final = 1000
TIME_LIMIT: Final = timedelta(seconds=24)
"""Below the 29 s a gateway waits, so that a person gets a sentence and not a timeout."""

ROWS_AT_ONCE: Final = 500
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

    `errors` has every problem of every rejected row, the first `errors_shown_at_most` of them;
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
    errors_shown_at_most: int = MAX_ERRORS_SHOWN

    def reject(self, line: int, problems: tuple[Problem, ...], source_id: str = "") -> None:
        self.rejected += 1
        for problem in problems:
            if len(self.errors) < self.errors_shown_at_most:
                self.errors.append(RowError(line, problem, source_id))
            else:
                self.errors_not_shown += 1


@dataclass(frozen=True, slots=True)
class Importable(Generic[RecordType]):
    """A kind of record as rows say it.

    `identity` is the field that problems of an id name in a file without ids, `identify` makes the id of
    such a row and raises `RequestInvalid`. `read` raises `FieldsInvalid`; `said_over` makes a record of
    the stored one (None: new) and what `read` gave, and raises `RequestInvalid`.
    """

    cls: type[RecordType]
    identity: str
    identify: Callable[[Mapping[str, object]], SourceId]
    read: Callable[[Mapping[str, object]], Any]
    said_over: Callable[[RecordType | None, SourceId, Any], RecordType]


def importable_items(usual_currency: str | None) -> Importable[Item]:
    """Told apart by code in a file without ids (codes may repeat where there are ids: price books do that).

    `usual_currency` is for new items that name none (see `shared.sync.items.usual_currency`).
    """

    def said_over(old: Item | None, source_id: SourceId, values: item_rules.ItemValues) -> Item:
        currency = items.currency_of(values, old, usual_currency)
        return items.said_over(old or items.blank_item(source_id, currency), values, currency)

    def identify(said: Mapping[str, object]) -> SourceId:
        return _said_id(said, "code")

    return Importable(Item, "code", identify, item_rules.read_values, said_over)


_NAME_AND_ADDRESS: Final = ("name", "addressLine1", "city", "region", "postalCode", "country")


def importable_customers() -> Importable[Customer]:
    """Told apart by name and address in a file without ids: branches of one firm share its name."""

    def said_over(
        old: Customer | None, source_id: SourceId, values: customer_rules.CustomerValues
    ) -> Customer:
        return customers.said_over(old or customers.blank_customer(source_id), values)

    def identify(said: Mapping[str, object]) -> SourceId:
        if not name_key(str(said.get("name") or "")):
            raise RequestInvalid(missing("name", "name"))
        text = "\n".join(name_key(str(said.get(field) or "")) for field in _NAME_AND_ADDRESS)
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()
        return SourceId(f"file-{digest}")

    return Importable(Customer, "name", identify, customer_rules.read_values, said_over)


@dataclass(frozen=True, slots=True)
class GoodRow:
    """A row with an id of its own and every field within its rule; `values`: what `read` gave."""

    line: int
    values: Any


class FirstLines(Protocol):
    """On which line each id stood first; a dictionary does."""

    def get(self, source_id: SourceId, /) -> int | None: ...

    def __setitem__(self, source_id: SourceId, line: int, /) -> None: ...


def import_records(
    records: RecordStore,
    clock: Clock,
    company_id: CompanyId,
    file: RecordFile,
    kind: Importable[RecordType],
    *,
    correlation_id: CorrelationId,
) -> ImportResult:
    """Store the rows of the file, some hundred at a time; each row is atomic, the file is not.

    Raises `ImportUnfinished` when time runs out: what was stored stays, the same file again goes on.
    """
    result = ImportResult(file.ignored_columns)
    deadline = clock.now() + TIME_LIMIT
    first_lines: dict[SourceId, int] = {}
    while rows := list(islice(file.rows, ROWS_AT_ONCE)):
        if clock.now() > deadline:
            raise ImportUnfinished(result.received)
        good = good_rows(rows, kind, first_lines, result, has_ids=file.has_ids)
        store_rows(records, clock, company_id, good, kind, result, correlation_id)
    result.errors.sort(key=lambda error: error.line)
    return result


def good_rows(
    rows: list[FileRow],
    kind: Importable[RecordType],
    first_lines: FirstLines,
    result: ImportResult,
    *,
    has_ids: bool,
) -> Mapping[SourceId, GoodRow]:
    """Those that can be stored, by id; the others are rejected. Their ids are added to `first_lines`."""
    identity = "id" if has_ids else kind.identity
    good: dict[SourceId, GoodRow] = {}
    for row in rows:
        result.received += 1
        if row.problem is not None:
            result.reject(row.line, (row.problem,))
            continue
        try:
            source_id = _said_id(row.said, "id") if has_ids else kind.identify(row.said)
        except RequestInvalid as refused:
            result.reject(row.line, (refused.problem,))
            continue
        first_line = first_lines.get(source_id)
        if first_line is not None:
            result.reject(row.line, (_repeated(kind, identity, first_line),), source_id)
            continue
        try:
            values = kind.read(row.said)
        except FieldsInvalid as refused:
            result.reject(row.line, refused.problems, source_id)
            continue
        first_lines[source_id] = row.line
        good[source_id] = GoodRow(row.line, values)
    return good


def _said_id(said: Mapping[str, object], field: str) -> SourceId:
    """Raises `RequestInvalid`."""
    value = said.get(field)
    text = value.strip() if isinstance(value, str) else value
    if text is None or text == "":
        raise RequestInvalid(missing(field, field))
    return checked_source_id(text, field)


def store_rows(
    records: RecordStore,
    clock: Clock,
    company_id: CompanyId,
    good: Mapping[SourceId, GoodRow],
    kind: Importable[RecordType],
    result: ImportResult,
    correlation_id: CorrelationId,
    *,
    again: bool = False,
) -> None:
    """Compare with what is stored and save what differs; a row that somebody changed meanwhile again.

    `again`: a worker of this import may have stored some of these rows and died before it could say so.
    What carries the `correlation_id`, which is then of this import alone, counts as what it was then.
    """
    left = good
    for _ in range(_TRIES):
        stored = records.get_many(company_id, kind.cls, list(left))
        changed: list[RecordType] = []
        for source_id, row in left.items():
            old = stored.get(source_id)
            try:
                wanted = kind.said_over(old, source_id, row.values)
            except RequestInvalid as refused:
                result.reject(row.line, (refused.problem,), source_id)
                continue
            new = next_version(old, wanted, clock, correlation_id)
            if new is old and again and old.correlation_id == correlation_id:
                result.created += old.version == 1
                result.updated += old.version > 1
            elif new is old:
                result.unchanged += 1
            else:
                changed.append(new)
        lost = set(records.save(company_id, changed)) if changed else set()
        for record in changed:
            if record.source_id not in lost:
                result.created += record.version == 1
                result.updated += record.version > 1
        if not lost:
            return
        left = {source_id: left[source_id] for source_id in lost}
    for source_id, row in left.items():
        result.reject(row.line, (_changed_meanwhile(kind),), source_id)


def _repeated(kind: Importable[RecordType], identity: str, first_line: int) -> Problem:
    return Problem(
        f"REPEATED_{identity.upper()}",
        f"This {identity} stands on line {first_line} already; that row is the one that counts.",
        f"Give each {kind_of(kind.cls)} its own id.",
        identity,
    )


def _changed_meanwhile(kind: Importable[RecordType]) -> Problem:
    return Problem(
        "CHANGED_MEANWHILE",
        f"Somebody else kept changing this {kind_of(kind.cls)} during the import.",
        "Import the row again.",
    )
