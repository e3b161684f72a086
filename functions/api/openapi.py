"""The OpenAPI document: what FastAPI knows, and the problems that every route may answer."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from functions.api.models.problem import ProblemDetails
from functions.api.problems import MEDIA_TYPE

_SCHEMA: Final = {"$ref": "#/components/schemas/ProblemDetails"}
_ALWAYS: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.INTERNAL_SERVER_ERROR)
_WITH_CALLER: Final = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_WITH_BODY: Final = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
_ABOUT_A_CONNECTION: Final = (HTTPStatus.CONFLICT, HTTPStatus.BAD_GATEWAY)


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """Made once per app; served at /openapi.json."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
        )
        schemas = document["components"]["schemas"]
        for generated in ("HTTPValidationError", "ValidationError"):
            schemas.pop(generated, None)
        schemas |= _problem_schemas()
        for path, operations in document["paths"].items():
            for operation in operations.values():
                _add_problems(path, operation)
        app.openapi_schema = document
    return app.openapi_schema


def operation_id(route: Any) -> str:  # noqa: ANN401 - FastAPI hands over its own route types
    """`put_item` is `putItem`."""
    first, *rest = str(route.name).split("_")
    return first + "".join(word.title() for word in rest)


def _problem_schemas() -> dict[str, Any]:
    schema = ProblemDetails.model_json_schema(
        by_alias=True, ref_template="#/components/schemas/{model}", mode="serialization"
    )
    return {**schema.pop("$defs", {}), "ProblemDetails": schema}


def _add_problems(path: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    statuses = [*_ALWAYS]
    if "security" in operation:
        statuses += _WITH_CALLER
    if "{" in path or "provider" in {one["name"] for one in operation.get("parameters", [])}:
        statuses.append(HTTPStatus.NOT_FOUND)
    if "{provider}" in path:
        statuses += _ABOUT_A_CONNECTION
    if "requestBody" in operation:
        statuses += _WITH_BODY
    if str(int(HTTPStatus.CONFLICT)) in responses:  # its route says so
        statuses.append(HTTPStatus.CONFLICT)
    if "4XX" in responses or path == "/healthz":  # a page for a person; a probe
        return
    for status in sorted(set(statuses)):
        responses[str(int(status))] = {
            "description": status.phrase,
            "content": {MEDIA_TYPE: {"schema": _SCHEMA}},
        }
