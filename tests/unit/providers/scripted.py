"""A `Transport` that answers from a list and remembers what it was asked, and tokens to go with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from shared.domain.errors import NeedsReauth
from shared.providers.http import HttpAnswer, HttpFailure, HttpRequest
from shared.providers.quickbooks.profile import NAME

Reply = HttpAnswer | HttpFailure | Callable[[HttpRequest], HttpAnswer | HttpFailure]

TIMEOUT = HttpFailure("ReadTimeout", sent=True)


def replied(body: object, status: int = 200, **headers: str) -> HttpAnswer:
    """Bytes as they are, anything else as JSON. Header names: `_` for `-`."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpAnswer(status, {k.replace("_", "-"): v for k, v in headers.items()}, content)


class ScriptedTransport:
    """The last reply stays when the others are used up."""

    def __init__(self, *replies: Reply) -> None:
        self._replies = list(replies)
        self.requests: list[HttpRequest] = []

    def exchange(self, request: HttpRequest) -> HttpAnswer | HttpFailure:
        self.requests.append(request)
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        return reply(request) if callable(reply) else reply

    def sent_json(self, number: int = -1) -> Any:
        return json.loads(self.requests[number].body)


class CountingTokens:
    """Tokens "token-1", "token-2" and so on; `dead` makes renewing fail for good."""

    def __init__(self, *, dead: bool = False) -> None:
        self._version = 1
        self._dead = dead
        self.renewed_after: list[int] = []

    def access_token(self) -> tuple[str, int]:
        return f"token-{self._version}", self._version

    def renew(self, *, after_version: int) -> tuple[str, int]:
        self.renewed_after.append(after_version)
        if self._dead:
            raise NeedsReauth(NAME)
        self._version = after_version + 1
        return self.access_token()
