"""The result of an import."""

from __future__ import annotations

from pydantic import Field

from functions.api.models.base import AnswerModel
from shared.sync.import_records import MAX_ERRORS_SHOWN, ImportResult, RowError


class RowErrorAnswer(AnswerModel):
    """One thing wrong with one row."""

    line: int = Field(description="The line of the file on which the row begins, from 1.")
    field: str | None
    code: str
    message: str
    action: str
    id: str | None = Field(description="The row's id, where it has one.")

    @classmethod
    def of(cls, error: RowError) -> RowErrorAnswer:
        problem = error.problem
        return cls(
            line=error.line,
            field=problem.field or None,
            code=problem.code,
            message=problem.message,
            action=problem.action,
            id=error.source_id or None,
        )


class ImportAnswer(AnswerModel):
    """`received` rows are `created + updated + unchanged + rejected`."""

    received: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    errors: list[RowErrorAnswer] = Field(
        description=f"What is wrong with the rejected rows, by line; the first {MAX_ERRORS_SHOWN:,}."
    )
    errors_not_shown: int
    ignored_columns: list[str] = Field(
        description="Columns that stand for no field of such a record."
    )

    @classmethod
    def of(cls, result: ImportResult) -> ImportAnswer:
        return cls(
            received=result.received,
            created=result.created,
            updated=result.updated,
            unchanged=result.unchanged,
            rejected=result.rejected,
            errors=[RowErrorAnswer.of(error) for error in result.errors],
            errors_not_shown=result.errors_not_shown,
            ignored_columns=list(result.ignored_columns),
        )
