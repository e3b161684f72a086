"""The page in place of one that needs the provider: why it is not there, and the one thing to press."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.responses import Response

from functions.api.console.rendering import Page
from functions.api.console.session import HOME
from functions.api.console.shell import Console
from functions.api.problems import answer_to
from shared.domain.errors import Conflicting, ConnectionStopped, NeedsReauth, SyncError
from shared.domain.ids import ProviderName
from shared.domain.listings import NotListed
from shared.sync.services import Services

UNAVAILABLE: Final = (NotListed, NeedsReauth, Conflicting, ConnectionStopped)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnavailablePage(Page):
    """`remedy`: `reconnect`, `connect` or `again`; `here`: the page that was asked for."""

    template: ClassVar[str] = "unavailable.html"
    place: ClassVar[str] = HOME
    provider: ProviderName
    label: str
    message: str
    action: str
    remedy: str
    here: str


_REMEDIES: Final = {"UNAUTHORIZED": "reconnect", "NOT_CONNECTED": "connect"}


def unavailable(
    console: Console,
    services: Services,
    provider: ProviderName,
    error: SyncError,
    here: str,
    cls: type[UnavailablePage] = UnavailablePage,
) -> Response:
    """In the words that the API has for it."""
    answer = answer_to(error, services.profile)
    told, label = answer.problem, services.profile(provider).label
    remedy = _REMEDIES.get(told.code, "again")
    titles = {
        "reconnect": "Reconnect Required",
        "connect": f"{label} is not connected",
        "again": f"{label} does not answer as it should",
    }
    page = cls(
        title=titles[remedy],
        provider=provider,
        label=label,
        message=told.message,
        action=told.action if remedy == "again" else "",
        remedy=remedy,
        here=here,
    )
    return console.page(page, answer.status)
