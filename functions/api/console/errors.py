"""Errors as pages: what happened and what to do, with the reference that support asks for."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar, Final

from starlette.requests import Request
from starlette.responses import Response

from functions.api.console.rendering import Page, Shell, rendered
from functions.api.console.session import HOME, SIGN_IN
from functions.api.console.shell import shell_of
from functions.api.console.words import Words
from functions.api.dependencies import services_of
from functions.api.envelope import correlation_of
from functions.api.problems import Answer
from shared.domain.errors import SyncError

_HEADINGS: Final = {
    HTTPStatus.UNAUTHORIZED: "You are not signed in",
    HTTPStatus.FORBIDDEN: "This is not allowed",
    HTTPStatus.NOT_FOUND: "There is nothing here",
    HTTPStatus.METHOD_NOT_ALLOWED: "There is nothing here",
    HTTPStatus.CONFLICT: "Not possible at the moment",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong",
    HTTPStatus.BAD_GATEWAY: "The provider answers strangely",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not available at the moment",
}
_OWN_WORDS: Final = {
    "UNKNOWN_ROUTE": ("This page does not exist, or not any more.", "Choose one from the menu."),
    "METHOD_NOT_ALLOWED": ("This page only works through its buttons.", ""),
    "UNEXPECTED": (
        "Something went wrong on our side.",
        "Try again; if it stays so, tell support the reference below.",
    ),
    "PROVIDER_ANSWER_UNKNOWN": (
        "",
        "Try again later; if it stays so, tell support the reference below.",
    ),
}
"""By code, message and action, where the API's own speak to a program; an empty message is the API's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage(Page):
    template: ClassVar[str] = "error.html"
    message: str
    action: str
    to_sign_in: bool
    home: str = HOME
    sign_in: str = SIGN_IN


def is_for_console(path: str) -> bool:
    return path == "/console" or path.startswith("/console/")


def error_page(request: Request, answer: Answer, heading: str = "") -> Response:
    """Never raises: where even the company's words cannot be had, it does without.

    `heading`: what did not come about, where that says more than the kind of error.
    """
    status = HTTPStatus(answer.status)
    problem = answer.problem
    message, action = _OWN_WORDS.get(problem.code, (problem.message, problem.action))
    page = ErrorPage(
        title=heading or _HEADINGS.get(status, "That did not work"),
        message=message or problem.message,
        action=action,
        to_sign_in=status == HTTPStatus.UNAUTHORIZED,
    )
    return rendered(page, _shell(request), status, answer.headers)


def _shell(request: Request) -> Shell:
    try:
        return shell_of(request)
    except SyncError:  # storage is what does not answer, maybe
        now = services_of(request).clock.now()
        return Shell(Words.of([], [], now), correlation_id=correlation_of(request))
