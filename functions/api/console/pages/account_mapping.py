"""Settings → Integrations → Account Mapping: one income account per item, kept as it is chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from functions.api.console.addresses import integration_address, with_query
from functions.api.console.forms import Form, FormOf
from functions.api.console.pages.mapping_rows import MappingRow, Offer, offer_of
from functions.api.console.pages.reviewing import Nouns, review_address, setup_address
from functions.api.console.rendering import Page
from functions.api.console.session import console_router, done, page_of, wants_json
from functions.api.console.shell import Console, ConsoleOf
from functions.api.console.unavailable import UnavailablePage, unavailable
from functions.api.dependencies import ProviderOf, ServicesOf
from functions.api.problems import answer_to
from functions.api.security import CallerOf
from shared.domain.errors import Conflicting, InvalidCursor, SyncError
from shared.domain.ids import ConnectionKey, ProviderName, RecordKind, SourceId
from shared.storage.ports import Page as Rows
from shared.sync.account_mapping import (
    Choice,
    MappedRow,
    assign,
    assign_unmapped,
    page_of_mappings,
)
from shared.sync.automatic.ask import MOST_SELECTED, send_selected
from shared.sync.field_rules import checked_source_id
from shared.sync.services import Services

router = console_router()

PLACE: Final = "/console/account-mapping"
TICKS: Final = "selected"
MOST_ROWS: Final = 50
FEWEST_ROWS: Final = 10
_ROW_BYTES: Final = 1300
_PAGE_BYTES: Final = 85_000
"""Of the rows; long lists of accounts make for shorter pages, not for heavier ones."""


@dataclass(frozen=True, slots=True)
class ConnectedProvider:
    address: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingStartPage(Page):
    """Where nothing or several are connected."""

    template: ClassVar[str] = "account_mapping_start.html"
    place: ClassVar[str] = PLACE
    connected: list[ConnectedProvider]


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingUnavailablePage(UnavailablePage):
    place: ClassVar[str] = PLACE


@dataclass(frozen=True, slots=True)
class Place:
    """What of the table is looked at."""

    provider: ProviderName
    unmapped: bool = False
    cursor: str = ""

    @property
    def base(self) -> str:
        return mapping_address(self.provider)

    @property
    def address(self) -> str:
        return with_query(self.base, unmapped="1" if self.unmapped else "", cursor=self.cursor)

    @property
    def lists(self) -> str:
        """Where the accounts and tax codes are waited for."""
        unmapped = "1" if self.unmapped else ""
        return with_query(self.base, unmapped=unmapped, cursor=self.cursor, lists="1")

    @property
    def first(self) -> Place:
        return replace(self, cursor="")


@dataclass(frozen=True, slots=True)
class Bulk:
    """What the form above the table says: shown again where it was refused."""

    ticks: frozenset[str] = frozenset()
    account: str = ""
    tax_code: str = ""

    @classmethod
    def of(cls, form: Form) -> Bulk:
        return cls(frozenset(form.texts(TICKS)), form.text("account"), form.text("tax_code"))

    @property
    def choice(self) -> Choice:
        return Choice(self.account or None, self.tax_code or None)


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingPage(Page):
    template: ClassVar[str] = "account_mapping.html"
    place: ClassVar[str] = PLACE
    at: Place
    label: str
    lists: str
    """Where all below the heading comes from; empty where it is here."""
    by_account: bool
    """Whether the provider has income accounts; else there are only tax codes."""
    offer: Offer
    bulk: Bulk
    rows: list[MappingRow]
    keeps_back: bool
    """Whether items go only when somebody asks."""
    next_page: str
    setup: str
    import_items: str
    most: int = MOST_SELECTED
    ticks: str = TICKS


@router.get("/account-mapping")
def to_the_connected_one(services: ServicesOf, console: ConsoleOf) -> Response:
    connected = [
        ConnectedProvider(
            mapping_address(one.key.provider), services.profile(one.key.provider).label
        )
        for one in console.connections()
    ]
    if len(connected) == 1:
        return RedirectResponse(connected[0].address, status_code=303)
    return console.page(MappingStartPage(title="Account Mapping", connected=connected))


@router.get("/integrations/{provider}/account-mapping")
def show_mapping(
    provider: ProviderOf,
    services: ServicesOf,
    console: ConsoleOf,
    unmapped: str = "",
    cursor: str = "",
    lists: str = "",
) -> Response:
    at = Place(provider, bool(unmapped), cursor)
    return _shown(services, console, at, Bulk(), ask=bool(lists))


@router.post("/integrations/{provider}/account-mapping/item")
def choose_for_item(
    provider: ProviderOf, form: FormOf, request: Request, services: ServicesOf, caller: CallerOf
) -> Response:
    """One select of one row: what is not sent stays as it is, what is empty lets the default count."""
    key = ConnectionKey(caller.company_id, provider)
    choice = Choice(_sent(form, "account"), _sent(form, "tax_code"))
    item_id = checked_source_id(form.text("item"), "item")
    assign(services, key, [item_id], choice, caller.person_id)
    if wants_json(request):
        return JSONResponse({"message": "Saved"})
    return done(request, page_of(request, mapping_address(provider)), "Saved")


@router.post("/integrations/{provider}/account-mapping/map")
def press_map_selected(
    provider: ProviderOf,
    form: FormOf,
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    console: ConsoleOf,
) -> Response:
    key, bulk = ConnectionKey(caller.company_id, provider), Bulk.of(form)

    def mapped() -> str:
        assigned = assign(services, key, _selected(form), bulk.choice, caller.person_id)
        return f"{_are(console, assigned.items)} mapped."

    return _done(request, services, key, console, form, mapped)


@router.post("/integrations/{provider}/account-mapping/map-all")
def press_map_all_unmapped(
    provider: ProviderOf,
    form: FormOf,
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    console: ConsoleOf,
) -> Response:
    """Nothing that was chosen before is overwritten."""
    key, bulk = ConnectionKey(caller.company_id, provider), Bulk.of(form)

    def mapped() -> str:
        assigned = assign_unmapped(services, key, bulk.choice, caller.person_id)
        if not assigned.items:
            return "Every item was mapped already."
        more = " More are left: press Map All Unmapped again." if assigned.more else ""
        return f"{_are(console, assigned.items)} mapped.{more}"

    return _done(request, services, key, console, form, mapped)


@router.post("/integrations/{provider}/account-mapping/sync")
def press_sync_selected(
    provider: ProviderOf,
    form: FormOf,
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    console: ConsoleOf,
) -> Response:
    """Ahead of all others, at most a hundred."""
    key = ConnectionKey(caller.company_id, provider)

    def sent() -> str:
        count = send_selected(services, key, RecordKind.ITEM, _selected(form), caller.person_id)
        label = services.profile(provider).label
        return f"{_are(console, count)} on the way to {label}, ahead of all others."

    return _done(request, services, key, console, form, sent)


def mapping_address(provider: ProviderName) -> str:
    return integration_address(provider, "account-mapping")


def _done(
    request: Request,
    services: Services,
    key: ConnectionKey,
    console: Console,
    form: Form,
    act: Callable[[], str],
) -> Response:
    """Back to the table with what was done; where it is refused, the table with what was selected."""
    at = Place(key.provider, form.ticked("unmapped"), form.text("cursor"))
    try:
        told = act()
    except SyncError as error:
        answer = answer_to(error, services.profile)
        console.tell(answer.problem)
        return _shown(services, console, at, Bulk.of(form), ask=True, status=answer.status)
    return done(request, at.address, told)


def _shown(
    services: Services,
    console: Console,
    at: Place,
    bulk: Bulk,
    *,
    ask: bool,
    status: int = 200,
) -> Response:
    try:
        connection = console.connected_to(at.provider)
    except Conflicting as error:
        kind = MappingUnavailablePage
        return unavailable(console, services, at.provider, error, at.address, kind)
    offer, profile = offer_of(services, connection, ask=ask), services.profile(at.provider)
    by_account = profile.has_income_accounts
    page: Rows[MappedRow] = Rows((), None)
    if offer.asked:
        unmapped, limit = at.unmapped and by_account, _rows_beside(offer)
        try:
            page = page_of_mappings(
                services, connection, limit, at.cursor or None, unmapped=unmapped
            )
        except InvalidCursor:
            at = at.first
            page = page_of_mappings(services, connection, limit, None, unmapped=unmapped)
    shown = MappingPage(
        title="Account Mapping",
        at=at,
        label=profile.label,
        lists="" if offer.asked else at.lists,
        by_account=by_account,
        offer=offer,
        bulk=bulk,
        rows=[MappingRow.of(row, console.words, bulk.ticks) for row in page.rows],
        keeps_back=connection.keeps_back(RecordKind.ITEM),
        next_page=replace(at, cursor=page.cursor).address if page.cursor else "",
        setup=setup_address(connection),
        import_items=review_address(at.provider, Nouns.ITEMS),
    )
    return console.page(shown, status)


def _rows_beside(offer: Offer) -> int:
    per_row = _ROW_BYTES + offer.accounts.size + offer.tax_codes.size
    return max(FEWEST_ROWS, min(MOST_ROWS, _PAGE_BYTES // per_row))


def _selected(form: Form) -> list[SourceId]:
    return [checked_source_id(one, "item") for one in form.texts(TICKS)]


def _sent(form: Form, name: str) -> str | None:
    return form.text(name) if name in form.fields else None


def _are(console: Console, count: int) -> str:
    return f"{console.words.count(count, 'item')} {'is' if count == 1 else 'are'}"
