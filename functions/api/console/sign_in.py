"""Signing in and out, in a browser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from functions.api.console.cookies import drop_cookie, is_secure, put_cookie, take_cookie
from functions.api.console.leaving import LeavePage
from functions.api.console.rendering import Page
from functions.api.console.session import (
    COOKIE,
    HOME,
    caller_at,
    is_own_address,
    require_same_site,
)
from functions.api.console.shell import ConsoleOf
from functions.api.dependencies import ServicesOf
from shared.auth.sign_in import ATTEMPT_LIFE, SignInAttempt
from shared.config import ConfigurationError
from shared.domain.errors import Unauthenticated
from shared.domain.runs import Problem
from shared.sync.services import Services

router = APIRouter(include_in_schema=False)

ATTEMPT: Final = "attempt"
_PARTS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOutPage(Page):
    template: ClassVar[str] = "signed_out.html"


@router.get("/")
@router.get("/console")
@router.get("/console/")
def to_the_first_page() -> Response:
    return RedirectResponse(HOME, status_code=303)


@router.get("/console/sign-in")
def begin_sign_in(request: Request, services: ServicesOf, next: str = HOME) -> Response:  # noqa: A002 - the query's own word
    """On to the issuer; what comes back is tied to this browser by a cookie."""
    target = next if is_own_address(next) else HOME
    if caller_at(request) is not None:
        return RedirectResponse(target, status_code=303)
    address, attempt = services.sign_in().begin(_redirect_uri(services))
    response = RedirectResponse(address, status_code=303)
    kept = f"{attempt.state}.{attempt.nonce}.{attempt.code_verifier}.{target}"
    seconds = int(ATTEMPT_LIFE.total_seconds())
    put_cookie(response, ATTEMPT, kept, secure=is_secure(request), seconds=seconds)
    return response


@router.get("/console/signed-in")
def finish_sign_in(request: Request, services: ServicesOf) -> Response:
    """Where the issuer sends the browser back."""
    secure = is_secure(request)
    kept = take_cookie(request, ATTEMPT, secure=secure).split(".", _PARTS - 1)
    if len(kept) != _PARTS:
        raise Unauthenticated(
            Problem(
                "SIGN_IN_UNKNOWN",
                "This sign-in was begun elsewhere or is too old.",
                "Sign in again.",
            )
        )
    state, nonce, code_verifier, target = kept
    session = services.sign_in().finish(
        dict(request.query_params),
        SignInAttempt(state, nonce, code_verifier),
        _redirect_uri(services),
    )
    response = RedirectResponse(target if is_own_address(target) else HOME, status_code=303)
    seconds = int(services.settings.session_seconds)
    put_cookie(response, COOKIE, session.session_id, secure=secure, seconds=seconds)
    drop_cookie(response, ATTEMPT, secure=secure)
    return response


@router.post("/console/sign-out")
def sign_out(request: Request, services: ServicesOf, console: ConsoleOf) -> Response:
    """Here, and at the issuer where it has a page for that."""
    require_same_site(request)
    secure = is_secure(request)
    session_id = take_cookie(request, COOKIE, secure=secure)
    signed_out = f"{_public_url(services)}/console/signed-out"
    address = services.sign_in().end(session_id, signed_out) or signed_out
    response = console.page(LeavePage(title="Signing out", address=address, label="the sign-in"))
    drop_cookie(response, COOKIE, secure=secure)
    return response


@router.get("/console/signed-out")
def signed_out(console: ConsoleOf) -> Response:
    return console.page(SignedOutPage(title="Signed out"))


def _redirect_uri(services: Services) -> str:
    """As it is registered with the issuer."""
    return f"{_public_url(services)}/console/signed-in"


def _public_url(services: Services) -> str:
    if not services.settings.public_url:
        raise ConfigurationError("PUBLIC_URL must be set for the console")
    return services.settings.public_url
