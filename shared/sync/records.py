"""BlueClerk's own records: read, put, archive. Writing a record is what makes it due for syncing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Generic, TypeVar

from shared.domain.effects import Clock
from shared.domain.errors import NotFound, RetryLater
from shared.domain.ids import CompanyId, CorrelationId, SourceId
from shared.domain.records import Customer, Item, RecordType, kind_of
from shared.domain.runs import Problem
from shared.storage.ports import RecordStore

ArchivableType = TypeVar("ArchivableType", bound=Item | Customer)
"""Kinds that are archived; invoices and payments are voided."""

_TRIES = 5
"""Lost races in a row after which a record is called busy; each loss means that somebody else won."""


class SaveOutcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    """Equal content: nothing was written and the version stays."""


@dataclass(frozen=True, slots=True)
class Saved(Generic[RecordType]):
    record: RecordType
    outcome: SaveOutcome


def get_record(
    records: RecordStore, company_id: CompanyId, cls: type[RecordType], source_id: SourceId
) -> RecordType:
    """Raises `NotFound`, for a record of another company too."""
    record = records.get(company_id, cls, source_id)
    if record is None:
        noun = kind_of(cls)
        raise NotFound(
            Problem(
                f"{noun.upper()}_NOT_FOUND",
                f"There is no {noun} with this id.",
                "Check the id.",
                "id",
            )
        )
    return record


def put_record(
    records: RecordStore,
    clock: Clock,
    company_id: CompanyId,
    cls: type[RecordType],
    source_id: SourceId,
    wanted: Callable[[RecordType | None], RecordType],
    *,
    correlation_id: CorrelationId,
) -> Saved[RecordType]:
    """Store what `wanted` makes of the stored record. Raises `RetryLater` when others kept changing it."""
    for _ in range(_TRIES):
        stored = records.get(company_id, cls, source_id)
        record = next_version(stored, wanted(stored), clock, correlation_id)
        if record is stored:
            return Saved(record, SaveOutcome.UNCHANGED)
        if not records.save(company_id, [record]):
            return Saved(record, SaveOutcome.UPDATED if stored else SaveOutcome.CREATED)
    noun = kind_of(cls)
    raise RetryLater(f"a record ({noun}) of {company_id} kept changing while it was written", 1.0)


def archive_record(
    records: RecordStore,
    clock: Clock,
    company_id: CompanyId,
    cls: type[ArchivableType],
    source_id: SourceId,
    *,
    correlation_id: CorrelationId,
) -> Saved[ArchivableType]:
    """Keep it, no longer active. Raises `NotFound`, and `RetryLater` as `put_record` does."""

    def wanted(stored: ArchivableType | None) -> ArchivableType:
        if stored is None:
            return get_record(records, company_id, cls, source_id)
        return replace(stored, active=False)

    return put_record(
        records, clock, company_id, cls, source_id, wanted, correlation_id=correlation_id
    )


def next_version(
    stored: RecordType | None, wanted: RecordType, clock: Clock, correlation_id: CorrelationId
) -> RecordType:
    """What to store so that the content is the wanted one; `stored` itself when it already is."""
    if stored is not None and stored.content() == wanted.content():
        return stored
    return replace(
        wanted,
        version=stored.version + 1 if stored else 1,
        updated_at=clock.now(),
        correlation_id=correlation_id,
    )
