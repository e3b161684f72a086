"""Failures over the API."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from functions.api.models.base import AnswerModel, NextCursor, RequestModel
from functions.api.models.runs import ProblemAnswer, SyncKind
from shared.domain.runs import Failure
from shared.sync.engine.failures import FailuresOfCause


class FailureAnswer(AnswerModel):
    """One record that could not be synced."""

    provider: str
    kind: str
    id: str
    cause: str = Field(description="Failures of one cause are cured together.")
    problem: ProblemAnswer
    version: int = Field(description="The record's version that was refused.")
    run_id: str
    at: datetime

    @classmethod
    def of(cls, failure: Failure) -> FailureAnswer:
        return cls(
            provider=failure.connection.provider,
            kind=failure.kind,
            id=failure.source_id,
            cause=failure.cause,
            problem=ProblemAnswer.of(failure.problem),
            version=failure.source_version,
            run_id=failure.run_id,
            at=failure.at,
        )


class FailurePage(AnswerModel):
    """Failures in order of id."""

    failures: list[FailureAnswer]
    next_cursor: NextCursor


class CauseAnswer(AnswerModel):
    """Failures that are cured together."""

    cause: str
    count: int
    problem: ProblemAnswer = Field(description="Of the first of them.")
    first_ids: list[str]

    @classmethod
    def of(cls, cause: FailuresOfCause) -> CauseAnswer:
        return cls(
            cause=cause.cause,
            count=cause.count,
            problem=ProblemAnswer.of(cause.problem),
            first_ids=list(cause.first_ids),
        )


class CauseList(AnswerModel):
    """Causes of one kind of record, the one of most failures first."""

    causes: list[CauseAnswer]


class RetryBody(RequestModel):
    """Which failures: of these records, of one cause, or (neither given) all of the kind."""

    provider: str = Field(examples=["quickbooks"])
    kind: SyncKind = "item"
    ids: list[str] | None = Field(default=None, max_length=1000)
    cause: str | None = None


class RetriedAnswer(AnswerModel):
    """How many records are looked at again; each failure stands until its record is synced."""

    retried: int
