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
_COOKIE_BYTES: Final = 4000
"""Browsers drop a cookie of more than 4,096, its name included (RFC 6265bis, 5.6)."""


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
    """On the next page; a text that a cookie cannot hold is cut."""
    longest = _COOKIE_BYTES
    while len(text := _written(said, longest)) > _COOKIE_BYTES:
        longest //= 2
    put_cookie(response, COOKIE, text, secure=secure, seconds=_SECONDS)


def said_to(request: Request) -> Said | None:
    """What the last button left to say; nothing where the cookie is not one of ours."""
    text = take_cookie(request, COOKIE, secure=is_secure(request))
    try:
        content = json.loads(base64.urlsafe_b64decode(text.encode()))
    except ValueError:
        return None
    match content:
        case [str(message), str(action), bool(trouble)]:
            return Said(message, action, trouble=trouble)
    return None


def _written(said: Said, longest: int) -> str:
    content = [said.message[:longest], said.action[:longest], said.trouble]
    written = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
    return base64.urlsafe_b64encode(written).decode("ascii")
