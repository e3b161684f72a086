"""Help: what offices ask, in plain words, and whom to ask when that does not do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final
from urllib.parse import quote

from starlette.responses import Response

from functions.api.console.rendering import Page, Shell
from functions.api.console.session import console_router
from functions.api.console.shell import ConsoleOf
from functions.api.dependencies import ServicesOf

router = console_router()

_ANY: Final = "your accounting software"


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpPage(Page):
    """`books`: what the office has connected, by name where it is one. `support`: an address to follow,
    empty where none is set.
    """

    template: ClassVar[str] = "help.html"
    place: ClassVar[str] = "/console/help"
    books: str
    reconnect: str
    support: str


@router.get("/help")
def show_help(services: ServicesOf, console: ConsoleOf) -> Response:
    labels = [services.profile(one.key.provider).label for one in console.connections()]
    books = labels[0] if len(labels) == 1 else _ANY
    page = HelpPage(
        title="Help",
        books=books,
        reconnect=f"Reconnect {labels[0]}" if len(labels) == 1 else "Reconnect",
        support=_support(console.shell),
    )
    return console.page(page)


def _support(shell: Shell) -> str:
    """An e-mail address becomes a letter that names the reference; a web address stays as it is."""
    address = shell.support_address
    if not address or address.startswith(("https://", "http://")):
        return address
    subject = quote(f"BlueClerk Accounting Sync, reference {shell.correlation_id}")
    return f"mailto:{quote(address.removeprefix('mailto:'), safe='@')}?subject={subject}"
