"""Import All New: how many that is, what is left to a person, and whether later ones come by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response

from functions.api.console.addresses import import_address
from functions.api.console.forms import FormOf
from functions.api.console.pages.review import LOOK_EVERY
from functions.api.console.pages.reviewing import NounsOf, review_address
from functions.api.console.rendering import Page
from functions.api.console.session import HOME, console_router, done
from functions.api.console.shell import Console, ConsoleOf
from functions.api.console.unavailable import UNAVAILABLE, unavailable
from functions.api.dependencies import ProviderOf, ServicesOf
from functions.api.security import CallerOf
from shared.domain.connections import NewFromBooks
from shared.domain.ids import ConnectionKey, ProviderName
from shared.domain.imports import MOST_IMPORTED
from shared.sync.review.browse import StillListing, Tally, tally
from shared.sync.review.start import import_all_new
from shared.sync.services import Services

router = console_router()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportAllPage(Page):
    """`counted`: None while the books are listed; `rows`: so far."""

    template: ClassVar[str] = "import_all.html"
    place: ClassVar[str] = HOME
    provider: ProviderName
    label: str
    nouns: NounsOf
    review: str
    counted: Tally | None
    rows: int
    most: int
    later: bool


@router.get("/integrations/{provider}/review/{nouns}/all")
def show_import_all(
    provider: ProviderOf,
    nouns: NounsOf,
    services: ServicesOf,
    caller: CallerOf,
    console: ConsoleOf,
    part: str = "",
) -> Response:
    """The question before it; `part`: for the box on the page of the list."""
    key = ConnectionKey(caller.company_id, provider)
    try:
        page = _page(services, console, key, nouns)
    except UNAVAILABLE as error:
        here = f"{review_address(provider, nouns)}/all"
        return unavailable(console, services, provider, error, here)
    return console.part("import_all", page) if part else console.page(page)


@router.post("/integrations/{provider}/review/{nouns}/all")
def press_import_all(
    provider: ProviderOf,
    nouns: NounsOf,
    form: FormOf,
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
) -> Response:
    """All that are new; those that may be one of ours stay for a person."""
    key = ConnectionKey(caller.company_id, provider)
    later = NewFromBooks.IMPORT if form.ticked("later") else NewFromBooks.REVIEW
    run = import_all_new(services, key, nouns.kind, caller.person_id, later=later)
    return done(request, import_address(run), "The import has begun.")


def _page(
    services: Services, console: Console, key: ConnectionKey, nouns: NounsOf
) -> ImportAllPage:
    counted = tally(services, key, nouns.kind)
    settings = console.connected_to(key.provider).settings
    still = counted if isinstance(counted, StillListing) else None
    return ImportAllPage(
        title="Import All New",
        refresh_seconds=LOOK_EVERY if still else 0,
        provider=key.provider,
        label=services.profile(key.provider).label,
        nouns=nouns,
        review=review_address(key.provider, nouns),
        counted=None if isinstance(counted, StillListing) else counted,
        rows=still.rows if still else 0,
        most=MOST_IMPORTED,
        later=settings.new_from_books is NewFromBooks.IMPORT,
    )
