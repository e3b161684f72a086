"""Problems: what stands refused, by cause with its cure and Retry, and what the office was told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final

from starlette.requests import Request
from starlette.responses import Response

from functions.api.console.addresses import PROBLEMS, following, with_query
from functions.api.console.cures import RECONNECTED, Cure, cause_address, cure_of_notice
from functions.api.console.failure_view import CauseView, FailureView, FailureViews, kind_in
from functions.api.console.forms import FormOf
from functions.api.console.rendering import Page
from functions.api.console.session import console_router, done
from functions.api.console.shell import Console, ConsoleOf
from functions.api.console.words import Words
from functions.api.dependencies import Cursor, ProviderOf, ServicesOf, Since
from functions.api.security import CallerOf
from shared.auth.caller import Caller
from shared.auth.reauth import reauth_problem
from shared.domain.connections import Connection, ConnectionState
from shared.domain.ids import ConnectionKey, RecordKind, SourceId
from shared.domain.notifications import Notification
from shared.storage.paging import matching_rows
from shared.sync.automatic.ask import retry
from shared.sync.automatic.gate import AUTOMATIC_KINDS
from shared.sync.services import Services

router = console_router()

_NOTICES: Final = 20
_ROWS: Final = 50
_WATCHED_FOR: Final = timedelta(seconds=60)
_EVERY: Final = 2


@dataclass(frozen=True, slots=True)
class ProviderProblems:
    """`expired` is the sentence about reconnecting; empty where that is not needed."""

    provider: str
    label: str
    expired: str
    causes: list[CauseView]
    cut: bool


@dataclass(frozen=True, slots=True)
class NoticeView:
    """`reconnect`: its one action is that button. `over`: since when, empty while it is not."""

    when: str
    provider: str
    label: str
    message: str
    action: str
    cure: Cure
    reconnect: bool
    over: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CausesPage(Page):
    """The part that is looked at again for a while after Retry. `refresh`: its address, else empty."""

    template: ClassVar[str] = "parts/problems.html"
    providers: list[ProviderProblems]
    refresh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemsPage(CausesPage):
    template: ClassVar[str] = "problems.html"
    place: ClassVar[str] = PROBLEMS
    connected: bool
    well: bool
    notices: list[NoticeView]
    first: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CausePage(Page):
    template: ClassVar[str] = "cause.html"
    place: ClassVar[str] = PROBLEMS
    provider: str
    label: str
    kind: str
    cause: str
    address: str
    rows: list[FailureView]
    first: str
    next: str


@router.get("/problems")
def show_problems(
    services: ServicesOf,
    caller: CallerOf,
    console: ConsoleOf,
    cursor: Cursor = None,
    since: Since = None,
) -> Response:
    """`since`: when something was retried, so that it is seen to go."""
    connections = console.connections()
    told = services.stores.notifications.page(caller.company_id, _NOTICES, cursor)
    providers = _providers(services, connections, console.words)
    refresh = _refresh(console, since)
    quiet = not any(one.causes or one.expired for one in providers)
    page = ProblemsPage(
        title="Problems",
        refresh_seconds=_EVERY if refresh else 0,
        providers=providers,
        refresh=refresh,
        connected=bool(connections),
        well=quiet and all(one.closed_at for one in told.rows),
        notices=[_notice(services, one, console.words) for one in told.rows],
        first=PROBLEMS if cursor else "",
        next=following(PROBLEMS, told.cursor),
    )
    return console.page(page)


@router.get("/problems/now")
def show_causes(services: ServicesOf, console: ConsoleOf, since: Since = None) -> Response:
    page = CausesPage(
        title="Problems",
        providers=_providers(services, console.connections(), console.words),
        refresh=_refresh(console, since),
    )
    return console.part("problems", page)


@router.get("/problems/{provider}/{kind}")
def show_cause(
    provider: ProviderOf,
    kind: RecordKind,
    cause: str,
    services: ServicesOf,
    caller: CallerOf,
    console: ConsoleOf,
    cursor: Cursor = None,
) -> Response:
    """Every record that stands refused for this cause."""
    key = ConnectionKey(caller.company_id, provider)
    page = matching_rows(
        lambda place: services.stores.failures.page(key, kind, _ROWS, place),
        lambda failure: failure.cause == cause,
        _ROWS,
        cursor,
    )
    views = FailureViews(services, key, console.words)
    address = cause_address(provider, kind, cause)
    shown = CausePage(
        title=f"{kind.capitalize()}s not synced to {views.label}",
        provider=provider,
        label=views.label,
        kind=kind,
        cause=cause,
        address=address,
        rows=views.rows(kind, page.rows),
        first=address if cursor else "",
        next=following(f"{PROBLEMS}/{provider}/{kind}", page.cursor, cause=cause),
    )
    return console.page(shown)


@router.post("/problems/{provider}/retry")
def press_retry(
    provider: ProviderOf,
    request: Request,
    form: FormOf,
    services: ServicesOf,
    caller: CallerOf,
    console: ConsoleOf,
) -> Response:
    """One record (`id`), one cause, or without either everything of the provider that stands refused."""
    key = ConnectionKey(caller.company_id, provider)
    cause, one = form.text("cause"), form.text("id")
    at = services.clock.now()
    if form.text("kind"):
        retried = retry(
            services,
            key,
            kind_in(form),
            caller.person_id,
            source_ids=[SourceId(one)] if one else None,
            cause=cause or None,
        )
    else:
        retried = _retry_all(services, key, caller)
    address = with_query(PROBLEMS, since=at.isoformat())
    if not retried:
        return done(request, PROBLEMS, "Nothing was left to try again.")
    told = (
        f"{console.words.count(retried, 'record')} {'is' if retried == 1 else 'are'} tried again. What is "
        "synced goes from this page by itself."
    )
    return done(request, address, told)


def _retry_all(services: Services, key: ConnectionKey, caller: Caller) -> int:
    stored = services.stores.failures
    refused = [kind for kind in AUTOMATIC_KINDS if stored.page(key, kind, 1, None).rows]
    return sum(retry(services, key, kind, caller.person_id) for kind in refused)


def _providers(
    services: Services, connections: list[Connection], words: Words
) -> list[ProviderProblems]:
    shown = []
    for connection in sorted(connections, key=lambda one: one.key.provider):
        profile = services.profile(connection.key.provider)
        causes, cut = FailureViews(services, connection.key, words).causes()
        expired = connection.state is ConnectionState.NEEDS_REAUTH
        shown.append(
            ProviderProblems(
                provider=connection.key.provider,
                label=profile.label,
                expired=reauth_problem(profile).message if expired else "",
                causes=causes,
                cut=cut,
            )
        )
    return shown


def _refresh(console: Console, since: datetime | None) -> str:
    if since is None or console.words.now - since >= _WATCHED_FOR:
        return ""
    return with_query(f"{PROBLEMS}/now", since=since.isoformat())


def _notice(services: Services, notice: Notification, words: Words) -> NoticeView:
    label = services.profile(notice.provider).label
    is_open = notice.closed_at is None
    return NoticeView(
        when=words.moment(notice.opened_at),
        provider=notice.provider,
        label=label,
        message=notice.problem.message,
        action=notice.problem.action if is_open else "",
        cure=cure_of_notice(notice, label) if is_open else Cure(),
        reconnect=is_open and notice.problem.code in RECONNECTED,
        over=words.moment(notice.closed_at) if notice.closed_at and not notice.recovery_of else "",
    )
