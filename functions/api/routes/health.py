"""Whether the API answers at all."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter

from functions.api.models.base import AnswerModel
from functions.api.openapi import operation_id

router = APIRouter(tags=["service"], generate_unique_id_function=operation_id)


class HealthzAnswer(AnswerModel):
    """The function runs and its settings are complete."""

    status: Literal["ok"] = "ok"


@router.get("/healthz")
async def check_health() -> HealthzAnswer:
    """For load balancers and smoke tests; reads nothing."""
    return HealthzAnswer()
