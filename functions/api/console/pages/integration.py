"""One provider's page: alerts, progress, summary, errors by cause, quota; and what its buttons do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.requests import Request
from starlette.responses import Response

from functions.api.console.addresses import integration_address
from functions.api.console.alerts import Alert, alerts_of
from functions.api.console.failure_view import CauseLine, causes_of, kind_in
from functions.api.console.forms import FormOf
from functions.api.console.live import LivePart, LiveView, Moves, live_view
from functions.api.console.quota_shown import QuotaView
from functions.api.console.rendering import Page
from functions.api.console.runs_shown import RunView, latest_of_each, newest_runs
from functions.api.console.session import HOME, console_router, done
from functions.api.console.shell import ConsoleOf
from functions.api.console.words import Words
from functions.api.dependencies import ProviderOf, ServicesOf
from functions.api.security import CallerOf
from functions.api.views import Doing, connection_answer
from shared.domain.connections import Connection, ConnectionState
from shared.domain.ids import ConnectionKey
from shared.sync.automatic.ask import retry
from shared.sync.automatic.gate import AUTOMATIC_KINDS
from shared.sync.automatic.waiting import waiting_of
from shared.sync.connections import existing_connection
from shared.sync.health import Colour
from shared.sync.quota import quota_of
from shared.sync.runs import start_or_join_all
from shared.sync.services import Services

router = console_router()

_FAILURES_COUNTED: Final = 500
"""Of each kind; the page of problems has them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotConnectedPage(Page):
    template: ClassVar[str] = "not_connected.html"
    place: ClassVar[str] = HOME
    provider: str
    label: str
    choose: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationPage(Page):
    """`usable`: the books can be asked; an expired connection is reconnected first."""

    template: ClassVar[str] = "integration.html"
    place: ClassVar[str] = HOME
    provider: str
    label: str
    state: str
    colour: str
    remote_company: str
    connected_on: str
    waiting_since: str
    above: list[Alert]
    below: list[Alert]
    usable: bool
    live: LiveView
    summaries: list[RunView]
    causes: list[CauseLine]
    causes_cut: bool
    quota: QuotaView


@router.get("/integrations/{provider}")
def show_integration(
    provider: ProviderOf, services: ServicesOf, caller: CallerOf, console: ConsoleOf
) -> Response:
    """Asks the provider nothing."""
    key = ConnectionKey(caller.company_id, provider)
    connection = console.connection(provider)
    if connection is None or connection.state is ConnectionState.DISCONNECTED:
        answer = connection_answer(services, caller.company_id, provider, connection, Doing())
        choose = answer.pending_choice is not None
        return console.page(
            NotConnectedPage(
                title=answer.label, provider=provider, label=answer.label, choose=choose
            )
        )
    words = console.words
    # What moves first: a sync that ends meanwhile is looked at once more, instead of shown nowhere.
    waiting = waiting_of(services, key)
    live = live_view(services, connection, words, waiting=waiting)
    newest = newest_runs(services, key)
    doing = Doing(newest[0] if newest else None, waiting)
    answer = connection_answer(services, caller.company_id, provider, connection, doing)
    alerts = alerts_of(services, connection, answer, words, syncing=live.moves == "sync")
    all_well = answer.health.colour == Colour.GREEN  # for which nothing may stand refused
    causes, cut = ([], False) if all_well else _causes(services, key, words)
    quota = quota_of(services, key, connection.settings.pacing_mode)
    since = answer.unsynced.oldest_since
    page = IntegrationPage(
        title=answer.label,
        refresh_seconds=3 if live.moves else 0,
        provider=provider,
        label=answer.label,
        state=_state(connection, answer.health.colour),
        colour=answer.health.colour,
        remote_company=connection.remote_company.name,
        connected_on=words.moment(connection.connected_at) if connection.connected_at else "",
        waiting_since=words.ago(since) if since else "",
        above=alerts.above,
        below=alerts.below,
        usable=connection.state is ConnectionState.CONNECTED,
        live=live,
        summaries=[RunView.of(run, words) for run in latest_of_each(newest)],
        causes=causes,
        causes_cut=cut,
        quota=QuotaView.of(quota, answer.label, words),
    )
    return console.page(page)


@router.get("/integrations/{provider}/live")
def show_live(
    provider: ProviderOf,
    services: ServicesOf,
    console: ConsoleOf,
    shown: Moves = "",
) -> Response:
    """The part that moves; `shown`: what moved when it was shown last."""
    connection = console.connected_to(provider)
    live = live_view(services, connection, console.words, shown)
    return console.part("live", LivePart(title="", live=live))


@router.post("/integrations/{provider}/sync")
def press_sync_now(
    provider: ProviderOf, request: Request, services: ServicesOf, caller: CallerOf
) -> Response:
    """All kinds; joins what is under way already."""
    connection = existing_connection(services, ConnectionKey(caller.company_id, provider))
    runs = start_or_join_all(services, connection, AUTOMATIC_KINDS, caller.person_id)
    joined = all(run.joined for run in runs)
    said = "A sync was under way already; it goes on." if joined else "The sync has begun."
    return done(request, integration_address(provider), said)


@router.post("/integrations/{provider}/retry")
def press_retry(
    provider: ProviderOf,
    request: Request,
    form: FormOf,
    services: ServicesOf,
    caller: CallerOf,
    console: ConsoleOf,
) -> Response:
    """What was refused for one cause is looked at again."""
    key, kind = ConnectionKey(caller.company_id, provider), kind_in(form)
    count = retry(services, key, kind, caller.person_id, cause=form.text("cause"))
    many = console.words.count(count, str(kind))
    said = f"{many} will be tried again." if count else "Nothing of this is refused any more."
    return done(request, integration_address(provider), said)


def _state(connection: Connection, colour: str) -> str:
    if connection.state is not ConnectionState.CONNECTED:
        return "Reconnect Required"
    return "All synced" if colour == "green" else "Needs attention"


def _causes(services: Services, key: ConnectionKey, words: Words) -> tuple[list[CauseLine], bool]:
    """One line per cause, and whether there are more failures than were looked at."""
    shown: list[CauseLine] = []
    cut = False
    for kind in AUTOMATIC_KINDS:
        causes, more = causes_of(services, key, kind, _FAILURES_COUNTED)
        cut = cut or more
        shown.extend(CauseLine.of(kind, cause, words) for cause in causes)
    return shown, cut
