"""The pages that end a consent: the provider sends the person's browser back, signed in here or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response

from functions.api.console.rendering import Page, rendered
from functions.api.console.session import HOME
from functions.api.console.shell import shell_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackPage(Page):
    template: ClassVar[str] = "callback.html"
    place: ClassVar[str] = HOME
    sentences: tuple[str, ...]
    home: str = HOME


def callback_page(
    request: Request,
    heading: str,
    *sentences: str,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Empty sentences are left out."""
    page = CallbackPage(title=heading, sentences=tuple(one for one in sentences if one))
    return rendered(page, shell_of(request), status, headers)
