"""Who calls and whether they may: decided before anything of the body is read.

The company comes from the bearer token and from nowhere else. Reading needs the role `read` or
`write`, everything that changes something needs `write`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from functions.api.bodies import with_json
from functions.api.dependencies import services_of
from functions.api.envelope import add_to_log
from functions.api.openapi import operation_id
from shared.auth.caller import Caller
from shared.domain.errors import Forbidden, Unauthenticated
from shared.domain.runs import Problem

READ: Final = "read"
WRITE: Final = "write"
_READING: Final = frozenset({"GET", "HEAD"})

_BEARER: Final = HTTPBearer(
    scheme_name="bearer",
    bearerFormat="JWT",
    description="An OIDC token of the configured issuer.",
    auto_error=False,
)
"""For the OpenAPI document; `ProtectedRoute` is what checks."""


def protected_router(prefix: str = "", *, tag: str = "") -> APIRouter:
    """A router whose every route knows its caller."""
    return APIRouter(
        prefix=prefix,
        tags=[tag] if tag else None,
        route_class=ProtectedRoute,
        dependencies=[Depends(_BEARER)],
        generate_unique_id_function=operation_id,
    )


class ProtectedRoute(APIRoute):
    """A route that knows its caller, and whose JSON body is read strictly, in that order."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        takes_json = self.body_field is not None

        async def handle_for_caller(request: Request) -> Response:
            caller = await run_in_threadpool(_identified, request)
            request.state.caller = caller
            add_to_log(request, company_id=caller.company_id)
            return await handle(await with_json(request) if takes_json else request)

        return handle_for_caller


def _identified(request: Request) -> Caller:
    """Raises `Unauthenticated` or `Forbidden`."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated(
            Problem(
                "UNAUTHENTICATED",
                "The request has no bearer token.",
                "Sign in and send the token in the Authorization header.",
            )
        )
    caller = services_of(request).verify_bearer(token.strip())
    require_role(caller, request.method)
    return caller


def require_role(caller: Caller, method: str) -> None:
    """Raises `Forbidden`."""
    needed = {READ, WRITE} if method in _READING else {WRITE}
    if needed.isdisjoint(caller.roles):
        raise Forbidden(
            Problem(
                "FORBIDDEN",
                "Your role does not allow this.",
                f"Ask your administrator for the role {min(needed)!r}.",
            )
        )


def _caller(request: Request) -> Caller:
    caller = request.state.caller
    if not isinstance(caller, Caller):  # a route outside ProtectedRoute has none: fail closed
        raise TypeError("no caller was identified")
    return caller


CallerOf = Annotated[Caller, Depends(_caller)]
