"""The alert of unsynced customers: asks when it is opened, and only then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from starlette.responses import Response

from functions.api.console.rendering import Page
from functions.api.console.session import HOME, console_router
from functions.api.console.shell import ConsoleOf
from functions.api.dependencies import ProviderOf, ServicesOf
from functions.api.problems import answer_to
from functions.api.security import CallerOf
from shared.domain.errors import NeedsReauth, SyncError
from shared.domain.ids import ConnectionKey, RecordKind
from shared.sync.review.unsynced import AlertState, ask_unsynced
from shared.sync.services import Services

router = console_router()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsyncedPage(Page):
    """A page of its own, and the part of the integration page. `message` is the use case's sentence."""

    template: ClassVar[str] = "unsynced.html"
    place: ClassVar[str] = HOME
    provider: str
    label: str
    message: str
    action: str = ""
    listing: bool = False
    to_review: bool = False
    trouble: bool = False
    reconnect: bool = False


@router.get("/integrations/{provider}/unsynced")
def show_unsynced(
    provider: ProviderOf, services: ServicesOf, caller: CallerOf, console: ConsoleOf
) -> Response:
    """The same as the part, where scripts are off."""
    return console.page(_asked(services, ConnectionKey(caller.company_id, provider)))


@router.get("/integrations/{provider}/unsynced/part")
def show_unsynced_part(
    provider: ProviderOf, services: ServicesOf, caller: CallerOf, console: ConsoleOf
) -> Response:
    key = ConnectionKey(caller.company_id, provider)
    return console.part("unsynced", _asked(services, key))


def _asked(services: Services, key: ConnectionKey) -> UnsyncedPage:
    """The books are listed, unless they were a moment ago."""
    label, title = services.profile(key.provider).label, "Unsynced customers"
    try:
        told = ask_unsynced(services, key, RecordKind.CUSTOMER)
    except SyncError as error:
        problem = answer_to(error, services.profile).problem
        return UnsyncedPage(
            title=title,
            provider=key.provider,
            label=label,
            message=problem.message,
            action=problem.action,
            trouble=True,
            reconnect=isinstance(error, NeedsReauth),
        )
    listing = told.state is AlertState.LISTING
    return UnsyncedPage(
        title=title,
        refresh_seconds=2 if listing else 0,
        provider=key.provider,
        label=label,
        message=told.message,
        listing=listing,
        to_review=bool(told.unsynced),
        trouble=told.state is AlertState.INCOMPLETE,
    )
