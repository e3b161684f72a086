"""What all models of the API have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel


class AnswerModel(BaseModel):
    """Something the API answers."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class RequestModel(BaseModel):
    """Something the API takes: strict types, no unknown fields."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=False,
        validate_by_alias=True,
        strict=True,
        extra="forbid",
        frozen=True,
    )


def text_schema(longest: int, shortest: int = 0) -> WithJsonSchema:
    """What callers are told of a text whose content is checked by the rules of its record."""
    return WithJsonSchema({"type": "string", "minLength": shortest, "maxLength": longest})


NextCursor = Annotated[
    str | None,
    Field(description="Give it as `cursor` for the next page; null means that this was the last."),
]
