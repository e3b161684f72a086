"""Sending selected records over the API."""

from __future__ import annotations

from pydantic import Field

from functions.api.models.base import AnswerModel, RequestModel


class SelectedBody(RequestModel):
    """Which records; at most a hundred at once."""

    ids: list[str] = Field(description="1 to 100 ids of yours.")


class SelectedAnswer(AnswerModel):
    """How many are sent ahead of all others; failures tell what was refused."""

    accepted: int
