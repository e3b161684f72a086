"""Connect, reconnect and disconnect: the buttons, and the question before the last one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response

from functions.api.console.addresses import integration_address
from functions.api.console.leaving import LeavePage
from functions.api.console.rendering import Page
from functions.api.console.session import HOME, console_router, done
from functions.api.console.shell import ConsoleOf
from functions.api.dependencies import ProviderOf, ServicesOf
from functions.api.routes.connecting import redirect_uri
from functions.api.security import CallerOf
from shared.auth.connect import begin_consent
from shared.auth.disconnect import disconnect
from shared.domain.ids import ConnectionKey
from shared.sync.connections import existing_connection

router = console_router()


@dataclass(frozen=True, slots=True, kw_only=True)
class DisconnectPage(Page):
    """Asked a second time."""

    template: ClassVar[str] = "disconnect.html"
    place: ClassVar[str] = HOME
    provider: str
    label: str
    remote_company: str


@router.post("/integrations/{provider}/connect")
def press_connect(
    provider: ProviderOf, services: ServicesOf, caller: CallerOf, console: ConsoleOf
) -> Response:
    """On to the provider's consent; its callback leads to the setup."""
    address = begin_consent(
        services.connect_ports(),
        services.oauth(provider),
        ConnectionKey(caller.company_id, provider),
        caller.person_id,
        redirect_uri=redirect_uri(services, provider),
        return_to=integration_address(provider, "connected"),
        needs_session=True,
    )
    label = services.profile(provider).label
    return console.page(LeavePage(title=f"Connecting {label}", address=address, label=label))


@router.get("/integrations/{provider}/disconnect")
def ask_before_disconnecting(
    provider: ProviderOf, services: ServicesOf, console: ConsoleOf
) -> Response:
    connection = console.connected_to(provider)
    label = services.profile(provider).label
    page = DisconnectPage(
        title=f"Disconnect {label}?",
        provider=provider,
        label=label,
        remote_company=connection.remote_company.name,
    )
    return console.page(page)


@router.post("/integrations/{provider}/disconnect")
def press_disconnect(
    provider: ProviderOf, request: Request, services: ServicesOf, caller: CallerOf
) -> Response:
    key = ConnectionKey(caller.company_id, provider)
    existing_connection(services, key)
    disconnect(services.connect_ports(), services.oauth(provider), key, caller.person_id)
    return done(request, HOME, f"{services.profile(provider).label} is disconnected.")
