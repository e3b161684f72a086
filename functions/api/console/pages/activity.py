"""Activity: who did what, newest first. Kept for ever."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.responses import Response

from functions.api.console.activity_words import ActivityWords, Deed
from functions.api.console.addresses import following
from functions.api.console.rendering import Page
from functions.api.console.session import console_router
from functions.api.console.shell import ConsoleOf
from functions.api.dependencies import Cursor, ServicesOf
from functions.api.security import CallerOf

router = console_router()

_PLACE: Final = "/console/activity"
_ROWS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityPage(Page):
    template: ClassVar[str] = "activity.html"
    place: ClassVar[str] = _PLACE
    deeds: list[Deed]
    first: str
    next: str


@router.get("/activity")
def show_activity(
    services: ServicesOf, caller: CallerOf, console: ConsoleOf, cursor: Cursor = None
) -> Response:
    stored = services.stores.audit.page(caller.company_id, _ROWS, cursor)
    speak = ActivityWords(caller, console.words, services.profile)
    page = ActivityPage(
        title="Activity",
        deeds=[speak.of(entry) for entry in stored.rows],
        first=_PLACE if cursor else "",
        next=following(_PLACE, stored.cursor),
    )
    return console.page(page)
