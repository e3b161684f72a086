"""What the page after a button says: done, or why not. It travels in a cookie and is shown once."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from functions.api.console.cookies import is_secure, put_cookie, take_cookie
from shared.domain.runs import Problem

COOKIE: Final = "said"
_SECONDS: Final = 60
_LONGEST: Final = 1500


@dataclass(frozen=True, slots=True)
class Said:
    """`action` is what to do about it; empty where all is well."""

    message: str
    action: str = ""
    trouble: bool = False

    @classmethod
    def of(cls, problem: Problem) -> Said:
        return cls(problem.message, problem.action, trouble=True)


def say(response: Response, said: Said, *, secure: bool) -> None:
    """On the next page."""
    content = json.dumps([said.message[:_LONGEST], said.action[:_LONGEST], said.trouble])
    text = base64.urlsafe_b64encode(content.encode()).decode("ascii")
    put_cookie(response, COOKIE, text, secure=secure, seconds=_SECONDS)


def said_to(request: Request) -> Said | None:
    """What the last button left to say; nothing where the cookie is not one of ours."""
    text = take_cookie(request, COOKIE, secure=is_secure(request))
    try:
        message, action, trouble = json.loads(base64.urlsafe_b64decode(text.encode()))
    except ValueError:
        return None
    if not isinstance(message, str) or not isinstance(action, str):
        return None
    return Said(message, action, trouble=bool(trouble))
