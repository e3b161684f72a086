"""RFC 9457 problem details, with a code for programs and an action for people."""

from __future__ import annotations

from pydantic import Field

from functions.api.models.base import AnswerModel
from shared.domain.runs import Problem


class FieldError(AnswerModel):
    """One field at fault."""

    field: str
    code: str
    message: str

    @classmethod
    def of(cls, problem: Problem) -> FieldError:
        return cls(field=problem.field, code=problem.code, message=problem.message)


class ProblemDetails(AnswerModel):
    """Every error answer of the API, as application/problem+json."""

    type: str = Field(description="Identifies the kind of problem; `code` says the same, shorter.")
    title: str
    status: int
    detail: str = Field(description="One sentence for a person.")
    code: str = Field(description="Stable, for programs.", examples=["NOT_CONNECTED"])
    action: str = Field(description="What to do about it, for a person.")
    field: str | None = Field(default=None, description="The field or parameter at fault.")
    errors: list[FieldError] | None = Field(
        default=None, description="Where several fields are at fault: all of them."
    )
    instance: str
    correlation_id: str = Field(description="Names this request in our logs.")
