"""What stands around a page: who looks at it, in whose locale, and what was just done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from functions.api.console import said
from functions.api.console.cookies import drop_cookie, is_secure
from functions.api.console.rendering import Page, Shell, fragment, rendered
from functions.api.console.words import Words
from functions.api.dependencies import services_of
from functions.api.envelope import correlation_of
from functions.api.security import WRITE
from shared.auth.caller import Caller
from shared.domain.connections import Connection
from shared.domain.ids import ConnectionKey, ProviderName
from shared.domain.runs import Problem
from shared.sync.connections import connected, required_connection


def shell_of(request: Request) -> Shell:
    """For the person of `request.state.caller`, or for nobody."""
    services = services_of(request)
    caller = getattr(request.state, "caller", None)
    known = caller if isinstance(caller, Caller) else None
    return Shell(
        words=_words_for(request, known),
        company_name=known.company_name if known else "",
        person_name=known.name if known else "",
        may_write=bool(known and WRITE in known.roles),
        said=said.said_to(request),
        support_address=services.settings.support_address,
        correlation_id=correlation_of(request),
    )


def _words_for(request: Request, caller: Caller | None) -> Words:
    """As the issuer says of the person, else as the connected books say of the company."""
    now = services_of(request).clock.now()
    if caller is None:
        return Words.of([], [], now)
    locales, zones = [caller.locale], [caller.zoneinfo]
    if not (caller.locale and caller.zoneinfo):
        for connection in _connections_of(request, caller).values():
            locales.append(f"en_{connection.remote_company.country}")
            zones.append(connection.remote_company.time_zone)
    return Words.of([one for one in locales if one], [one for one in zones if one], now)


def _connections_of(request: Request, caller: Caller) -> Mapping[ProviderName, Connection]:
    """The company's, disconnected ones too: read once for a page, whoever needs them."""
    known: Mapping[ProviderName, Connection] | None
    known = getattr(request.state, "connections", None)
    if known is None:
        stored = services_of(request).stores.connections.of_company(caller.company_id)
        known = request.state.connections = {one.key.provider: one for one in stored}
    return known


class Console:
    """How a page's function answers."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self.shell = shell_of(request)

    @property
    def words(self) -> Words:
        return self.shell.words

    def tell(self, problem: Problem) -> None:
        """On the page that is answered now: a button was refused, and what was typed in is kept. What it
        met may have changed a connection, so they are read again.
        """
        self._request.state.connections = None
        self.shell = replace(self.shell, said=said.Said.of(problem))

    def connection(self, provider: ProviderName) -> Connection | None:
        """The company's, as it was when the page was begun: for showing, not for changing."""
        return self._known.get(provider)

    def connections(self) -> list[Connection]:
        """As `existing_connections` has them, as they were when the page was begun."""
        return connected(self._known.values())

    def connected_to(self, provider: ProviderName) -> Connection:
        """As `existing_connection` has it, as it was when the page was begun. Raises `Conflicting`."""
        services = services_of(self._request)
        key = ConnectionKey(self._request.state.caller.company_id, provider)
        return required_connection(services, key, self.connection(provider))

    @property
    def _known(self) -> Mapping[ProviderName, Connection]:
        return _connections_of(self._request, self._request.state.caller)

    def page(self, page: Page, status: int = 200) -> Response:
        """The page; what was said is not said again."""
        response = rendered(page, self.shell, status)
        if self.shell.said is not None:
            drop_cookie(response, said.COOKIE, secure=is_secure(self._request))
        return response

    def part(self, name: str, page: Page) -> Response:
        """A part of it, for a script."""
        return fragment(name, page, self.shell)


def _console(request: Request) -> Console:
    return Console(request)


ConsoleOf = Annotated[Console, Depends(_console)]
