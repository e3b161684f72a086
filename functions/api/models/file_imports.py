"""Imports of uploaded files."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from functions.api.models.base import AnswerModel, NextCursor, RequestModel
from functions.api.models.imports import RowErrorAnswer
from functions.api.models.runs import ProblemAnswer
from shared.domain.file_imports import FileImport, FileImportState, RowProblem
from shared.sync.import_records import RowError
from shared.sync.uploads.asking import AskedImport
from shared.sync.uploads.limits import MAX_BYTES, MAX_ERRORS


class StartImportBody(RequestModel):
    """What the file will hold."""

    kind: Literal["customer", "item"]
    format: Literal["csv", "jsonl"]
    name: str = Field(default="", description="What people call the file; shown, nothing else.")


class FileImportAnswer(AnswerModel):
    """One file. `received` rows are `created + updated + unchanged + rejected`."""

    import_id: str
    kind: str
    format: str
    name: str
    state: FileImportState
    bytes: int | None = Field(description="Null until the file is there.")
    total_rows: int | None = Field(description="Null until they are counted.")
    received: int = Field(description="Rows whose end is known; never falls.")
    created: int
    updated: int
    unchanged: int
    rejected: int
    errors_listed: int = Field(
        description=f"What is wrong with rejected rows, see `errors`; the first {MAX_ERRORS:,}."
    )
    errors_not_listed: int
    ignored_columns: list[str]
    upload_until: datetime
    started_at: datetime
    heartbeat_at: datetime | None
    finished_at: datetime | None
    problem: ProblemAnswer | None
    started_by: str

    @classmethod
    def of(cls, job: FileImport) -> FileImportAnswer:
        counts = job.counts
        return cls(
            import_id=job.import_id,
            kind=job.kind,
            format=job.format,
            name=job.name,
            state=job.state,
            bytes=job.file.size if job.file else None,
            total_rows=job.total_rows,
            received=counts.received,
            created=counts.created,
            updated=counts.updated,
            unchanged=counts.unchanged,
            rejected=counts.rejected,
            errors_listed=job.errors_listed,
            errors_not_listed=job.errors_not_listed,
            ignored_columns=list(job.ignored_columns),
            upload_until=job.upload_until,
            started_at=job.created_at,
            heartbeat_at=job.beat_at,
            finished_at=job.ended_at if job.state.ended else None,
            problem=ProblemAnswer.of(job.problem) if job.problem else None,
            started_by=job.started_by,
        )


class UploadAnswer(AnswerModel):
    """Send a form (multipart/form-data) to `url`: the `fields` as they are, then the file as `file`, last."""

    url: str
    fields: dict[str, str]
    expires_at: datetime
    max_bytes: int


class AskedImportAnswer(FileImportAnswer):
    """A new import, which begins by itself when the file is there."""

    upload: UploadAnswer

    @classmethod
    def asked(cls, asked: AskedImport) -> AskedImportAnswer:
        upload = UploadAnswer(
            url=asked.form.url,
            fields=dict(asked.form.fields),
            expires_at=asked.job.upload_until,
            max_bytes=MAX_BYTES,
        )
        return cls(**FileImportAnswer.of(asked.job).model_dump(), upload=upload)


class FileImportPage(AnswerModel):
    """Imports of uploaded files, newest first."""

    imports: list[FileImportAnswer]
    next_cursor: NextCursor


class RowErrorPage(AnswerModel):
    """What is wrong with rejected rows, by line."""

    errors: list[RowErrorAnswer]
    next_cursor: NextCursor


def row_error(one: RowProblem) -> RowErrorAnswer:
    return RowErrorAnswer.of(RowError(one.line, one.problem, one.source_id))
