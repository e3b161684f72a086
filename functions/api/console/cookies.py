"""Cookies that no script reads and no other site sends along with a post."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from functions.api.dependencies import services_of

_HOST: Final = "__Host-"
"""Browsers take such a cookie from this very host alone, over TLS (RFC 6265bis, 4.1.3.2)."""


def is_secure(request: Request) -> bool:
    """Off on loopback only, where there is no TLS."""
    return secure_at(services_of(request).settings.public_url)


def secure_at(public_url: str) -> bool:
    parts = urlsplit(public_url)
    return not (parts.scheme == "http" and _is_loopback(parts.hostname or ""))


def put_cookie(response: Response, name: str, value: str, *, secure: bool, seconds: int) -> None:
    response.set_cookie(
        f"{_HOST if secure else ''}{name}",
        value,
        max_age=seconds,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def take_cookie(request: Request, name: str, *, secure: bool) -> str:
    """Empty where there is none."""
    return request.cookies.get(f"{_HOST if secure else ''}{name}", "")


def drop_cookie(response: Response, name: str, *, secure: bool) -> None:
    put_cookie(response, name, "", secure=secure, seconds=0)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
