"""Runs over the API, where they are called syncs."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from functions.api.models.base import AnswerModel, NextCursor, RequestModel
from shared.domain.runs import Problem, Run, RunCounts, RunState

SyncKind = Literal["customer", "item", "invoice", "payment"]
"""The kinds that can be synced."""

_CAUSE_ACTION = "See what failed of this cause and correct it."


class ProblemAnswer(AnswerModel):
    """Why something stopped or was refused, and what to do about it."""

    code: str
    message: str
    action: str
    field: str | None

    @classmethod
    def of(cls, problem: Problem) -> ProblemAnswer:
        return cls(
            code=problem.code,
            message=problem.message,
            action=problem.action,
            field=problem.field or None,
        )


class CountsAnswer(AnswerModel):
    """`renamed` counts among created and updated, `adoptedDiffering` among adopted."""

    total: int
    created: int
    updated: int
    adopted: int
    adopted_differing: int
    unchanged: int
    renamed: int
    refused: int
    settled: int = Field(description="Records whose end is known; never falls during a run.")

    @classmethod
    def of(cls, counts: RunCounts) -> CountsAnswer:
        return cls(
            total=counts.total,
            created=counts.created,
            updated=counts.updated,
            adopted=counts.adopted,
            adopted_differing=counts.adopted_differing,
            unchanged=counts.unchanged,
            renamed=counts.renamed,
            refused=counts.refused,
            settled=counts.settled,
        )


class CauseAnswer(AnswerModel):
    """Records refused for one cause."""

    cause: str
    count: int
    message: str
    action: str


class RunAnswer(AnswerModel):
    """One execution of a sync."""

    run_id: str
    provider: str
    kind: str
    state: RunState
    counts: CountsAnswer
    causes: list[CauseAnswer] = Field(description="Most frequent first.")
    provider_calls: int
    started_at: datetime
    finished_at: datetime | None
    seconds: float | None = Field(description="From start to end; null while it is under way.")
    problem: ProblemAnswer | None
    started_by: str | None

    @classmethod
    def of(cls, run: Run) -> RunAnswer:
        causes = sorted(run.causes.items(), key=lambda cause: (-cause[1][0], cause[0]))
        end = run.finished_at
        return cls(
            run_id=run.run_id,
            provider=run.connection.provider,
            kind=run.kind,
            state=run.state,
            counts=CountsAnswer.of(run.counts),
            causes=[
                CauseAnswer(cause=cause, count=count, message=message, action=_CAUSE_ACTION)
                for cause, (count, message) in causes
            ],
            provider_calls=run.provider_calls,
            started_at=run.started_at,
            finished_at=end,
            seconds=(end - run.started_at).total_seconds() if end else None,
            problem=ProblemAnswer.of(run.problem) if run.problem else None,
            started_by=run.started_by or None,
        )


class StartedRunAnswer(RunAnswer):
    """The run that is under way now."""

    joined: bool = Field(description="True: it was under way already, and no second one was begun.")

    @classmethod
    def started(cls, run: Run, *, joined: bool) -> StartedRunAnswer:
        return cls(**RunAnswer.of(run).model_dump(), joined=joined)


class StartedSyncsAnswer(StartedRunAnswer):
    """The run of the first kind that was asked for, and those of the others."""

    others: list[StartedRunAnswer]

    @classmethod
    def of_all(cls, first: StartedRunAnswer, *others: StartedRunAnswer) -> StartedSyncsAnswer:
        return cls(**first.model_dump(), others=list(others))


class RunPage(AnswerModel):
    """Runs, newest first."""

    syncs: list[RunAnswer]
    next_cursor: NextCursor


class StartSyncBody(RequestModel):
    """Left out: all kinds, what others depend on first; what is in step costs nothing."""

    kinds: list[SyncKind] = Field(
        default=["customer", "item", "invoice", "payment"], min_length=1, max_length=4
    )
