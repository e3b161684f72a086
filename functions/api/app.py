"""The ASGI app: routes, error answers and middleware, over services that it is given."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import Match

from functions.api.console.errors import error_page, is_for_console
from functions.api.console.routers import CONSOLE_ROUTERS
from functions.api.console.session import wants_json
from functions.api.envelope import Envelope
from functions.api.openapi import openapi_document
from functions.api.problems import UNEXPECTED, answer_to
from functions.api.routes import (
    account_mapping,
    audit,
    connecting,
    connections,
    customers,
    failures,
    file_imports,
    health,
    imports,
    invoice_sync,
    invoices,
    items,
    notifications,
    payment_mapping,
    payments,
    remote_records,
    sending,
    syncs,
)
from shared.domain.errors import SyncError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aws_lambda_powertools.logging import Logger
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Scope

    from shared.sync.services import Services

_ROUTERS = (
    file_imports.router,
    imports.router,  # before the records, whose addresses would take it in
    items.router,
    customers.router,
    payments.router,  # before what is about invoices, whose addresses would take it in
    invoice_sync.router,  # before the invoices, whose addresses would take it in
    invoices.router,
    connections.router,
    connecting.router,
    connecting.callback_router,
    syncs.router,
    account_mapping.router,
    payment_mapping.router,
    sending.router,
    remote_records.router,
    failures.router,
    notifications.router,
    audit.router,
    health.router,
    *CONSOLE_ROUTERS,
)


def create_app(services: Services, logger: Logger) -> FastAPI:
    """An app of its own; tests make one each over stores in memory."""
    app = FastAPI(
        title="BlueClerk Accounting Sync",
        version="1",
        description="Keeps a company's records in step with its books. Errors are RFC 9457 problem "
        "details with a code, one sentence for a person, and what to do.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.services = services
    # As they are: to include a router makes all of its routes once more, half a second at the first
    # request of each app.
    for router in _ROUTERS:
        app.router.routes += router.routes

    def answer_problem(request: Request, error: Exception) -> Response:
        answer = answer_to(error, services.profile)
        if is_for_console(request.url.path) and not wants_json(request):
            return error_page(request, answer)
        if answer.status == HTTPStatus.METHOD_NOT_ALLOWED:
            answer = replace(answer, headers={"Allow": ", ".join(_methods_at(request.scope))})
        return answer.response(request.state.correlation_id)

    for cls in (SyncError, RequestValidationError, HTTPException):
        app.add_exception_handler(cls, answer_problem)

    def answer_unexpected(request: Request) -> Response:
        if is_for_console(request.url.path) and not wants_json(request):
            return error_page(request, UNEXPECTED)
        return UNEXPECTED.response(request.state.correlation_id)

    app.add_middleware(
        Envelope,
        clock=services.clock,
        ids=services.ids,
        logger=logger,
        answer_unexpected=answer_unexpected,
    )
    app.openapi = partial(openapi_document, app)  # type: ignore[method-assign]  # FastAPI's documented way
    return app


def routes() -> Iterator[APIRoute]:
    """Every route there is; the app itself keeps them out of sight."""
    for router in _ROUTERS:
        yield from (route for route in router.routes if isinstance(route, APIRoute))


def _methods_at(scope: Scope) -> list[str]:
    """Every method of an address; the router itself knows only those of the first route it tried."""
    return sorted(
        method
        for route in routes()
        if route.matches(scope)[0] is not Match.NONE
        for method in route.methods or ()
    )
