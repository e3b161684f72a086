"""A file of records that is uploaded first and imported by a job: where it stands and how far it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.ids import CompanyId, CorrelationId, PersonId, RecordKind
from shared.domain.runs import Problem

UPLOAD_GRACE: Final = timedelta(hours=1)
"""An upload that began in time may end this long after its address expired."""


class FileFormat(StrEnum):
    CSV = "csv"
    JSON_LINES = "jsonl"


class FileImportState(StrEnum):
    """DONE and FAILED are ends; RUNNING always has a worker, dead or alive."""

    WAITING = "waiting"
    """For the file."""
    QUEUED = "queued"
    """The file is there, or part of it is done; a worker is asked for."""
    RUNNING = "running"
    DONE = "done"
    """Every row was tried; some may have been rejected, see the counts."""
    FAILED = "failed"
    """Stopped for a reason that concerns the whole file: `problem`. Rows stored before stay."""

    @property
    def ended(self) -> bool:
        return self in (FileImportState.DONE, FileImportState.FAILED)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """`size` in bytes; `version` is opaque, another content has another one."""

    size: int
    version: str


@dataclass(frozen=True, slots=True)
class RowCounts:
    """`received` rows are `created + updated + unchanged + rejected`."""

    received: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class FileImport:
    """One uploaded file. `version` grows with each save, which checks it: so one worker writes.

    `file` is what the first worker found, `total_rows` what it counted; `counts` are of the rows whose
    end is saved, `line` is that of the last of them. Of what is wrong with rejected rows `errors_listed`
    are kept one by one and `errors_not_listed` counted only. `attempts`: workers since the counts last
    moved. `beat_at`: the last sign of a worker's life.
    """

    company_id: CompanyId
    import_id: str
    kind: RecordKind
    format: FileFormat
    name: str
    started_by: PersonId
    created_at: datetime
    upload_until: datetime
    state: FileImportState = FileImportState.WAITING
    file: StoredFile | None = None
    total_rows: int | None = None
    counts: RowCounts = field(default_factory=RowCounts)
    line: int = 0
    ignored_columns: tuple[str, ...] = ()
    errors_listed: int = 0
    errors_not_listed: int = 0
    attempts: int = 0
    beat_at: datetime | None = None
    ended_at: datetime | None = None
    problem: Problem | None = None
    version: int = 1

    @property
    def correlation_id(self) -> CorrelationId:
        """On every record that this import writes, and on no other."""
        return CorrelationId(f"import-{self.import_id}")

    def upload_never_came(self, now: datetime) -> bool:
        return self.state is FileImportState.WAITING and now > self.upload_until + UPLOAD_GRACE

    def silent(self, now: datetime, abandoned_seconds: float) -> bool:
        """Its worker died: nothing was heard of it for too long."""
        return (
            self.state is FileImportState.RUNNING
            and self.beat_at is not None
            and (now - self.beat_at).total_seconds() > abandoned_seconds
        )


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One thing wrong with one row. `number` tells the problems of a row apart, from 0.

    `source_id` is empty where the row did not get as far as having one.
    """

    line: int
    number: int
    problem: Problem
    source_id: str = ""
