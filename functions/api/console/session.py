"""Who is at the console: a session's cookie instead of a bearer token, the same roles as for the API.

Posts of other sites are refused before anything else: by `Sec-Fetch-Site`, which pages cannot forge, or
where a browser does not send it by `Origin`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Depends
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from functions.api.console.addresses import INTEGRATIONS
from functions.api.console.cookies import is_secure, take_cookie
from functions.api.console.forms import read_form
from functions.api.console.said import Said, say
from functions.api.dependencies import services_of
from functions.api.envelope import add_to_log
from functions.api.problems import answer_to
from functions.api.security import require_role
from shared.auth.caller import Caller
from shared.auth.sign_in import caller_of
from shared.domain.errors import Forbidden, SyncError, Unauthenticated
from shared.domain.runs import Problem

COOKIE: Final = "session"
SIGN_IN: Final = "/console/sign-in"
HOME: Final = INTEGRATIONS
_LONGEST_ADDRESS: Final = 1000


def console_router() -> APIRouter:
    """A router whose every page knows who looks at it, and which page a form was on."""
    return APIRouter(
        prefix="/console",
        route_class=ConsoleRoute,
        include_in_schema=False,
        dependencies=[Depends(read_form)],
    )


class ConsoleRoute(APIRoute):
    """Nobody signed in: on to the sign-in and back. A button that is refused: back to its page, which
    says why; a script that asked for JSON is answered as the API answers.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_for_person(request: Request) -> Response:
            posted = request.method == "POST"
            if posted:
                require_same_site(request)
            caller = await run_in_threadpool(caller_at, request)
            if caller is None:
                return _to_sign_in(request)
            request.state.caller = caller
            add_to_log(request, company_id=caller.company_id)
            require_role(caller, request.method)
            if not posted:
                return await handle(request)
            try:
                return await handle(request)
            except SyncError as error:
                if wants_json(request):
                    raise
                told = answer_to(error, services_of(request).profile)
                return back(request, Said.of(told.problem))

        return handle_for_person


def caller_at(request: Request) -> Caller | None:
    """Whose session the browser shows; None: nobody's."""
    services = services_of(request)
    session_id = take_cookie(request, COOKIE, secure=is_secure(request))
    if not session_id or not services.settings.oidc_client_id:
        return None
    session = services.sign_in().session(session_id)
    return caller_of(session) if session else None


def require_same_site(request: Request) -> None:
    """Raises `Forbidden` for a post that another site made a browser send."""
    fetched_from = request.headers.get("sec-fetch-site", "")
    if fetched_from:
        same = fetched_from == "same-origin"
    else:
        same = request.headers.get("origin", "") == origin_of(
            services_of(request).settings.public_url
        )
    if not same:
        raise Forbidden(
            Problem(
                "CROSS_SITE",
                "This request came from another site, so nothing was done.",
                "Open the console and use its own buttons.",
            )
        )


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def done(request: Request, address: str, message: str) -> Response:
    """What a button did, told on the page that comes next."""
    return _onward(request, address, Said(message))


def back(request: Request, said: Said) -> Response:
    """To the page that the button was on."""
    return _onward(request, page_of(request, HOME), said)


def page_of(request: Request, otherwise: str) -> str:
    """The page that a form's button was on: by a field of its own, since we send no referrer to anybody."""
    shown = getattr(request.state, "form_page", "")
    return shown if is_own_address(shown) else otherwise


def wants_json(request: Request) -> bool:
    """Whether a script of ours asks, that shows the outcome in place."""
    return request.headers.get("accept", "").startswith("application/json")


def is_own_address(address: str) -> bool:
    """Whether it is a page of the console, and nothing that a browser takes for another site."""
    plain = address.isascii() and address.isprintable() and "\\" not in address
    return plain and len(address) <= _LONGEST_ADDRESS and address.startswith("/console/")


def _onward(request: Request, address: str, said: Said) -> Response:
    response = RedirectResponse(address, status_code=303)
    say(response, said, secure=is_secure(request))
    return response


def _to_sign_in(request: Request) -> Response:
    if wants_json(request):
        raise Unauthenticated(
            Problem("UNAUTHENTICATED", "You are not signed in any more.", "Sign in again.")
        )
    query = f"?{request.url.query}" if request.url.query else ""
    wanted = f"{request.url.path}{query}" if request.method == "GET" else HOME
    return RedirectResponse(f"{SIGN_IN}?next={quote(wanted, safe='')}", status_code=303)
