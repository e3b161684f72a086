"""API Gateway's HTTP events (payload 2.0) to the ASGI app."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from mangum import Mangum

from functions.api.app import create_app
from shared.bootstrap import services
from shared.observability import make_logger

if TYPE_CHECKING:
    from fastapi import FastAPI

_TEXT = ["text/", "application/json", "application/problem+json"]
"""Answers that travel as text; Mangum sends any other type in base64."""


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Mangum's to judge
    try:
        return _adapter()(event, context)
    finally:
        services().metrics.flush()


def make_adapter(app: FastAPI) -> Mangum:
    return Mangum(app, lifespan="off", text_mime_types=_TEXT)


@cache
def _adapter() -> Mangum:
    """Once per container: settings are read and services wired on the first request."""
    return make_adapter(create_app(services(), make_logger("api")))
