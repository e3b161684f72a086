"""The transport port: one HTTP exchange with a total deadline and a bounded answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """`url` is complete, query included and encoded once. `deadline` is total seconds, body read included."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    deadline: float


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Header names are lower case. Redirects are answers like any other; nothing follows them."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class HttpFailure:
    """No complete answer. `sent` False: the request cannot have reached the server."""

    reason: str
    sent: bool


class Transport(Protocol):
    def exchange(self, request: HttpRequest) -> HttpAnswer | HttpFailure:
        """Never raises for what a server or network does; safe to call from several threads."""
