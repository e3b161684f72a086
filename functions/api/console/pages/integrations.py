"""Settings → Integrations: every provider there is as a card, and how well its books match."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from starlette.responses import Response

from functions.api.console.addresses import INTEGRATIONS
from functions.api.console.rendering import Page
from functions.api.console.session import console_router
from functions.api.console.shell import ConsoleOf
from functions.api.console.words import Words
from functions.api.dependencies import ServicesOf
from functions.api.models.connections import ConnectionAnswer
from functions.api.security import CallerOf
from functions.api.views import connection_answer
from shared.domain.connections import ConnectionState
from shared.providers.registry import provider_names

router = console_router()


@dataclass(frozen=True, slots=True)
class ProviderCard:
    """`state`: what is beside the name, in words; `colour` is the health's: green, amber or red."""

    provider: str
    label: str
    state: str
    colour: str
    reason: str
    remote_company: str
    last_sync: str
    connected: bool
    reconnect: bool
    choose: bool
    """Several companies were offered, and none is chosen yet."""

    @classmethod
    def of(cls, answer: ConnectionAnswer, words: Words) -> ProviderCard:
        connected = answer.state == ConnectionState.CONNECTED
        reconnect = answer.state == ConnectionState.NEEDS_REAUTH
        run = answer.last_run
        return cls(
            provider=answer.provider,
            label=answer.label,
            state=_state(answer, words),
            colour=answer.health.colour,
            reason=answer.health.reason,
            remote_company=answer.remote_company.name if answer.remote_company else "",
            last_sync=words.ago(run.finished_at or run.started_at) if run else "",
            connected=connected,
            reconnect=reconnect,
            choose=answer.pending_choice is not None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationsPage(Page):
    template: ClassVar[str] = "integrations.html"
    place: ClassVar[str] = INTEGRATIONS
    cards: list[ProviderCard]


@router.get("/integrations")
def show_integrations(services: ServicesOf, caller: CallerOf, console: ConsoleOf) -> Response:
    cards = []
    for name in provider_names():
        answer = connection_answer(services, caller.company_id, name, console.connection(name))
        cards.append(ProviderCard.of(answer, console.words))
    return console.page(IntegrationsPage(title="Integrations", cards=cards))


def _state(answer: ConnectionAnswer, words: Words) -> str:
    if answer.state == ConnectionState.NEEDS_REAUTH:
        return "Reconnect Required"
    if answer.state != ConnectionState.CONNECTED:
        return "Not connected"
    if answer.health.colour == "green":
        return "All synced"
    if count := answer.unsynced.count:
        return f"{words.count(count, 'record')} {'is' if count == 1 else 'are'} not synced"
    return "Needs attention"
