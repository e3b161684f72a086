"""Which of the provider's companies is meant, where a consent covers several or another one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response

from functions.api.console.addresses import integration_address
from functions.api.console.forms import FormOf
from functions.api.console.rendering import Page
from functions.api.console.session import HOME, console_router, done
from functions.api.console.shell import Console, ConsoleOf
from functions.api.dependencies import ProviderOf, ServicesOf
from functions.api.models.connections import OfferedCompanyAnswer, PendingChoiceAnswer
from functions.api.routes.connecting import send_what_waited
from functions.api.security import CallerOf
from shared.auth import refusals
from shared.auth.choices import cancel, choose, shown
from shared.domain.ids import ConnectionKey, RemoteCompanyId
from shared.sync.services import Services

router = console_router()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoosePage(Page):
    """`connected`: the company that a choice replaces; empty where it replaces none. `wrong`: why the
    form did not do.
    """

    template: ClassVar[str] = "choose.html"
    place: ClassVar[str] = HOME
    provider: str
    label: str
    offered: list[OfferedCompanyAnswer]
    connected: str
    left: str
    chosen: str
    wrong: str
    wrong_field: str


@router.get("/integrations/{provider}/choose")
def ask_which_company(
    provider: ProviderOf, services: ServicesOf, caller: CallerOf, console: ConsoleOf
) -> Response:
    key = ConnectionKey(caller.company_id, provider)
    return console.page(_page(services, console, key))


@router.post("/integrations/{provider}/choose")
def press_choose(
    provider: ProviderOf,
    request: Request,
    form: FormOf,
    services: ServicesOf,
    caller: CallerOf,
    console: ConsoleOf,
) -> Response:
    """Connect to it, and on to the setup."""
    key = ConnectionKey(caller.company_id, provider)
    page = _page(services, console, key, chosen=form.text("company"))
    if not page.chosen:
        page = replace(page, wrong="Choose one of these companies.", wrong_field="company")
        return console.page(page, HTTPStatus.BAD_REQUEST)
    if page.connected and not form.ticked("replace"):
        wrong = f"Say that “{page.connected}” is to be disconnected, or keep it."
        page = replace(page, wrong=wrong, wrong_field="replace")
        return console.page(page, HTTPStatus.BAD_REQUEST)
    connection = choose(
        services.connect_ports(),
        services.oauth(provider),
        key,
        caller.person_id,
        RemoteCompanyId(page.chosen),
        start_afresh=bool(page.connected),
    )
    send_what_waited(services, key)
    said = f"{page.label} is connected to “{connection.remote_company.name}”."
    return done(request, integration_address(provider, "connected"), said)


@router.post("/integrations/{provider}/choose/cancel")
def press_cancel(
    provider: ProviderOf, request: Request, services: ServicesOf, caller: CallerOf
) -> Response:
    """Whatever is connected stays so."""
    key = ConnectionKey(caller.company_id, provider)
    cancel(services.connect_ports(), services.oauth(provider), key, caller.person_id)
    return done(request, integration_address(provider), "Nothing was changed.")


def _page(services: Services, console: Console, key: ConnectionKey, chosen: str = "") -> ChoosePage:
    """Raises `NotFound` where nothing is to be chosen (any more)."""
    profile = services.profile(key.provider)
    choice = shown(services.stores, key, services.clock.now())
    if choice is None:
        raise refusals.no_choice(profile)
    answer = PendingChoiceAnswer.of(choice)
    possible = [one.id for one in answer.offered if one.unavailable is None]
    if not chosen and len(possible) == 1:
        chosen = possible[0]
    return ChoosePage(
        title=f"Choose the {profile.label} company",
        provider=key.provider,
        label=profile.label,
        offered=answer.offered,
        connected=choice.connected,
        left=console.words.duration((choice.expires_at - console.words.now).total_seconds()),
        chosen=chosen,
        wrong="",
        wrong_field="",
    )
