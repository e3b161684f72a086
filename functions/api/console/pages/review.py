"""Review & Import: the books' list row by row, beside what is here; select, and bring it in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final

from starlette.requests import Request
from starlette.responses import Response

from functions.api.console.addresses import import_address
from functions.api.console.forms import FormOf
from functions.api.console.pages.review_rows import Chosen, ReviewRow, chosen_in, review_rows
from functions.api.console.pages.reviewing import (
    AskedView,
    NounsOf,
    View,
    checked_remote_id,
    setup_address,
    view_in,
)
from functions.api.console.rendering import Page
from functions.api.console.said import Said
from functions.api.console.session import HOME, back, console_router, done
from functions.api.console.shell import Console, ConsoleOf
from functions.api.console.unavailable import UNAVAILABLE, unavailable
from functions.api.dependencies import ProviderOf, ServicesOf
from functions.api.problems import answer_to
from functions.api.security import CallerOf
from shared.auth.caller import Caller
from shared.domain.errors import InvalidCursor, RequestInvalid, SyncError
from shared.domain.ids import ConnectionKey
from shared.domain.runs import Problem, Run, RunPurpose
from shared.sync.review.browse import Sought, StillListing, browse, listing_progress
from shared.sync.review.start import start_import
from shared.sync.review.unlink import unlink
from shared.sync.services import Services

router = console_router()

ROWS: Final = 50
"""Of a page: with long names and three proposals each it stays below 100 KB."""
LOOK_EVERY: Final = 2
"""Seconds, where scripts are off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingPage(Page):
    """The list is being fetched; `whole`: it is here."""

    template: ClassVar[str] = "counting.html"
    place: ClassVar[str] = HOME
    view: View
    label: str
    rows: int = 0
    matching: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage(Page):
    """`anew`: the list that was paged through is gone, and this is the first page of another one."""

    template: ClassVar[str] = "review.html"
    place: ClassVar[str] = HOME
    view: View
    label: str
    rows: list[ReviewRow]
    total: int
    listed: str
    warning: Problem | None
    next_page: str
    setup: str
    importing: str
    anew: bool = False

    @property
    def selectable(self) -> bool:
        return any(not row.imported for row in self.rows)


@router.get("/integrations/{provider}/review/{nouns}")
def show_review(
    view: AskedView, services: ServicesOf, caller: CallerOf, console: ConsoleOf
) -> Response:
    """Asks for the list; calls no provider itself."""
    return _shown(view, services, caller, console, Chosen())


@router.get("/integrations/{provider}/review/{nouns}/counting")
def show_counting(
    view: AskedView, services: ServicesOf, caller: CallerOf, console: ConsoleOf
) -> Response:
    """How far the list is, for a script; once it is here, or will not come, the page shows it."""
    key = ConnectionKey(caller.company_id, view.provider)
    try:
        still = listing_progress(services, key, view.nouns.kind)
    except UNAVAILABLE:
        still = None
    return console.part("counting", _counting(view, services, still))


@router.post("/integrations/{provider}/review/{nouns}/import")
def press_import_selected(
    provider: ProviderOf,
    nouns: NounsOf,
    form: FormOf,
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    console: ConsoleOf,
) -> Response:
    """What was selected comes in; where that is refused, the page keeps the selection."""
    key, chosen = ConnectionKey(caller.company_id, provider), chosen_in(form)
    try:
        run = _begun(services, key, nouns, chosen, caller)
    except SyncError as error:
        told = answer_to(error, services.profile)
        console.tell(told.problem)
        view = view_in(form, provider, nouns)
        return _shown(view, services, caller, console, chosen, status=told.status)
    return done(request, import_address(run), _what_began(chosen, console))


@router.post("/integrations/{provider}/review/{nouns}/unlink")
def press_unlink(
    provider: ProviderOf,
    nouns: NounsOf,
    form: FormOf,
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
) -> Response:
    """Take a wrong match apart."""
    remote_id = checked_remote_id(form.text("record"))
    key = ConnectionKey(caller.company_id, provider)
    results = unlink(services, key, nouns.kind, [remote_id], caller.person_id)
    if (problem := results[remote_id]) is not None:
        return back(request, Said.of(problem))
    label = services.profile(provider).label
    return done(
        request,
        view_in(form, provider, nouns).address,
        f"The two are unlinked. Both stay as they are, in {label} and in BlueClerk.",
    )


def _shown(
    view: View,
    services: Services,
    caller: Caller,
    console: Console,
    chosen: Chosen,
    *,
    status: int = 200,
) -> Response:
    key, kind = ConnectionKey(caller.company_id, view.provider), view.nouns.kind
    sought, anew = Sought(view.status, view.search), False
    try:
        connection = console.connected_to(view.provider)
        try:
            shown = browse(services, key, kind, sought, ROWS, view.cursor or None)
        except InvalidCursor:
            view, anew = view.first, True
            shown = browse(services, key, kind, sought, ROWS, None)
    except UNAVAILABLE as error:
        return unavailable(console, services, view.provider, error, view.address)
    if isinstance(shown, StillListing):
        return console.page(_counting(view, services, shown))
    listing, words = shown.listing, console.words
    active = services.stores.runs.active(key, kind)
    page = ReviewPage(
        title="Review & Import",
        view=view,
        label=services.profile(view.provider).label,
        rows=review_rows(
            services.stores.records,
            caller.company_id,
            kind,
            shown.page.rows,
            words,
            connection.remote_company.home_currency,
            chosen,
        ),
        total=listing.rows,
        listed=words.ago(listing.listed_at) if listing.listed_at else "",
        warning=listing.doubt,
        next_page=replace(view, cursor=shown.page.cursor).address if shown.page.cursor else "",
        setup=setup_address(connection),
        importing=(
            import_address(active) if active and active.purpose is RunPurpose.IMPORT else ""
        ),
        anew=anew,
    )
    return console.page(page, status)


def _counting(view: View, services: Services, still: StillListing | None) -> CountingPage:
    label = services.profile(view.provider).label
    return CountingPage(
        title=f"Counting the {view.nouns} in {label}",
        refresh_seconds=LOOK_EVERY,
        view=view,
        label=label,
        rows=still.rows if still else 0,
        matching=bool(still and still.matching),
        whole=still is None,
    )


def _begun(
    services: Services, key: ConnectionKey, nouns: NounsOf, chosen: Chosen, caller: Caller
) -> Run:
    if not chosen.wanted and chosen.left_out:
        raise RequestInvalid(
            Problem(
                "NONE_DECIDED",
                f"Nothing is chosen yet for the {nouns} that you ticked: each may be one of yours.",
                "Choose beside each whether to link it or to import it as new.",
            )
        )
    return start_import(services, key, nouns.kind, chosen.wanted, caller.person_id)


def _what_began(chosen: Chosen, console: Console) -> str:
    if not chosen.left_out:
        return "The import has begun."
    one = chosen.left_out == 1
    return (
        f"The import has begun. {console.words.number(chosen.left_out)} that you ticked "
        f"{'is' if one else 'are'} left out: choose first what becomes of {'it' if one else 'them'}."
    )
