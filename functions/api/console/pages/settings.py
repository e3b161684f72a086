"""What the office chose for a connection, and what goes by itself, said in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import StrEnum
from http import HTTPStatus
from typing import Any, ClassVar, Final, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from functions.api.console.addresses import integration_address, with_query
from functions.api.console.choices_shown import Offered, offered_lists
from functions.api.console.forms import Form, FormOf
from functions.api.console.quota_shown import pace
from functions.api.console.rendering import Page
from functions.api.console.session import HOME, console_router, done
from functions.api.console.shell import ConsoleOf
from functions.api.dependencies import ProviderOf, ServicesOf
from functions.api.models.connections import FIRST_DAY, LAST_DAY
from functions.api.security import CallerOf
from shared.domain.connections import Connection, NewFromBooks, PacingMode
from shared.domain.errors import RequestInvalid
from shared.domain.ids import ConnectionKey, RecordKind
from shared.domain.runs import Problem
from shared.sync.accounts import INCOME_ACCOUNTS, TAX_CODES
from shared.sync.connection_settings import change_settings
from shared.sync.connections import existing_connection
from shared.sync.services import Services

router = console_router()

C = TypeVar("C", bound=StrEnum)

_ACCOUNT: Final = "defaultIncomeAccountId"
_TAX_CODE: Final = "defaultTaxCodeId"
_FROM: Final = "invoicesFrom"
_NEW: Final = "newFromBooks"
_PACE: Final = "pacingMode"
_KINDS: Final = "syncsByItself"
"""Fields are named as the API names them, so that a refusal finds its field."""
_NOTIFY: Final = "notify"
_SHOWN: Final = "shown."
"""Before a field's name: the value that the page showed when it was opened."""


@dataclass(frozen=True, slots=True)
class SettingsForm:
    """As it is typed in, or as it is stored."""

    account: str
    tax_code: str
    invoices_from: str
    new_from_books: str
    pacing_mode: str
    notify: bool
    kinds: frozenset[str]

    @classmethod
    def stored(cls, connection: Connection) -> SettingsForm:
        settings = connection.settings
        return cls(
            account=settings.default_income_account_id,
            tax_code=settings.default_tax_code_id,
            invoices_from=settings.invoices_from.isoformat() if settings.invoices_from else "",
            new_from_books=settings.new_from_books,
            pacing_mode=settings.pacing_mode,
            notify=settings.notify,
            kinds=frozenset(settings.by_itself),
        )

    @classmethod
    def typed(cls, form: Form, stored: SettingsForm) -> SettingsForm:
        """What the page did not show was not sent, and stays as it is."""
        sent = cls._sent(form)
        return replace(
            sent,
            account=sent.account or stored.account,
            tax_code=sent.tax_code or stored.tax_code,
            kinds=sent.kinds if _KINDS in form.fields else stored.kinds,
        )

    @classmethod
    def shown(cls, form: Form, stored: SettingsForm) -> SettingsForm:
        """What the page showed when it was opened; it is taken for what is stored where it does not say."""
        if f"{_SHOWN}{_KINDS}" not in form.fields:
            return stored
        return cls._sent(form, _SHOWN)

    @classmethod
    def _sent(cls, form: Form, before: str = "") -> SettingsForm:
        """The fields of these names, with that before each."""
        return cls(
            account=form.text(f"{before}{_ACCOUNT}"),
            tax_code=form.text(f"{before}{_TAX_CODE}"),
            invoices_from=form.text(f"{before}{_FROM}"),
            new_from_books=form.text(f"{before}{_NEW}"),
            pacing_mode=form.text(f"{before}{_PACE}"),
            notify=form.ticked(f"{before}{_NOTIFY}"),
            kinds=frozenset(form.texts(f"{before}{_KINDS}")) - {""},
        )

    def onto(self, stored: SettingsForm, shown: SettingsForm) -> SettingsForm:
        """What a person changed on the page. The rest stays as somebody else may have changed it since."""
        changed = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if getattr(self, field.name) != getattr(shown, field.name)
        }
        kinds = (stored.kinds | (self.kinds - shown.kinds)) - (shown.kinds - self.kinds)
        return replace(stored, **{**changed, "kinds": kinds})

    @property
    def as_shown(self) -> list[tuple[str, str]]:
        """Hidden fields: see `shown`."""
        named = [
            (_ACCOUNT, self.account),
            (_TAX_CODE, self.tax_code),
            (_FROM, self.invoices_from),
            (_NEW, self.new_from_books),
            (_PACE, self.pacing_mode),
            (_NOTIFY, "yes" if self.notify else ""),
            *((_KINDS, kind) for kind in ("", *sorted(self.kinds))),
        ]
        return [(f"{_SHOWN}{name}", value) for name, value in named]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsPage(Page):
    """`form`: what stands in the fields; `shown`: what stood there when the page was opened.

    `lists`: where accounts and tax codes come from, empty where they are here. `accounts` None: the
    provider has none to choose. `kinds`: value, name and when it goes. `wrong`: sentence by field.
    """

    template: ClassVar[str] = "settings.html"
    place: ClassVar[str] = HOME
    provider: str
    label: str
    decided: bool
    form: SettingsForm
    shown: SettingsForm
    lists: str
    accounts: Offered | None
    tax_codes: Offered
    kinds: list[tuple[str, str, str]]
    paces: list[tuple[str, str]]
    wrong: dict[str, str]
    first_day: str = FIRST_DAY.isoformat()
    last_day: str = LAST_DAY.isoformat()


@router.get("/integrations/{provider}/settings")
def show_settings(
    provider: ProviderOf, services: ServicesOf, console: ConsoleOf, lists: str = ""
) -> Response:
    connection = console.connected_to(provider)
    return console.page(_page(services, connection, ask=bool(lists)))


@router.post("/integrations/{provider}/settings")
def press_save(
    provider: ProviderOf,
    request: Request,
    form: FormOf,
    services: ServicesOf,
    caller: CallerOf,
    console: ConsoleOf,
) -> Response:
    key = ConnectionKey(caller.company_id, provider)
    connection = existing_connection(services, key)
    stored = SettingsForm.stored(connection)
    typed, shown = SettingsForm.typed(form, stored), SettingsForm.shown(form, stored)
    try:
        changes = _changes(typed.onto(stored, shown), stored)
        if changes:
            change_settings(services, key, caller.person_id, **changes)
    except RequestInvalid as error:
        if error.problem.field not in (_ACCOUNT, _TAX_CODE, _FROM, _NEW, _PACE, _KINDS):
            raise
        wrong = {error.problem.field: f"{error.problem.message} {error.problem.action}"}
        page = _page(services, connection, ask=True)
        page = replace(page, form=typed, shown=shown, wrong=wrong)
        return console.page(page, HTTPStatus.BAD_REQUEST)
    said = "The settings are saved." if changes else "Nothing was changed: it was saved like that."
    return done(request, integration_address(provider, "settings"), said)


def _page(services: Services, connection: Connection, *, ask: bool) -> SettingsPage:
    profile = services.profile(connection.key.provider)
    wanted = [INCOME_ACCOUNTS, TAX_CODES] if profile.has_income_accounts else [TAX_CODES]
    *accounts, tax_codes = offered_lists(services, connection, *wanted, ask=ask)
    stored = SettingsForm.stored(connection)
    here = integration_address(connection.key.provider, "settings")
    return SettingsPage(
        title=f"Settings of {profile.label}",
        provider=connection.key.provider,
        label=profile.label,
        decided=connection.setup.decided,
        form=stored,
        shown=stored,
        lists="" if tax_codes.asked else with_query(here, lists="1"),
        accounts=accounts[0] if accounts else None,
        tax_codes=tax_codes,
        kinds=[(kind.value, f"{kind}s".capitalize(), when) for kind, when in _GOES.items()],
        paces=[(mode.value, pace(mode, profile.label)) for mode in PacingMode],
        wrong={},
    )


_GOES: Final[Mapping[RecordKind, str]] = {
    RecordKind.CUSTOMER: "When they are added or changed.",
    RecordKind.ITEM: "When they are added or changed.",
    RecordKind.INVOICE: "When they are sent to the customer or paid, and changed after that.",
    RecordKind.PAYMENT: "When they are recorded.",
}


def _changes(typed: SettingsForm, stored: SettingsForm) -> dict[str, Any]:
    """Only what is another than before, so that the books are asked only where they have to be.

    Raises `RequestInvalid` naming the field.
    """
    changes: dict[str, Any] = {}
    if typed.account != stored.account:
        changes["default_income_account_id"] = typed.account
    if typed.tax_code != stored.tax_code:
        changes["default_tax_code_id"] = typed.tax_code
    if typed.invoices_from != stored.invoices_from:
        changes["invoices_from"] = _day(typed.invoices_from)
    if typed.notify is not stored.notify:
        changes["notify"] = typed.notify
    if typed.pacing_mode != stored.pacing_mode:
        changes["pacing_mode"] = _one_of(PacingMode, typed.pacing_mode, _PACE)
    if typed.kinds != stored.kinds:
        changes["by_itself"] = frozenset(_one_of(RecordKind, one, _KINDS) for one in typed.kinds)
    if typed.new_from_books != stored.new_from_books:
        changes["new_from_books"] = _one_of(NewFromBooks, typed.new_from_books, _NEW)
    return changes


def _one_of(choices: type[C], text: str, field: str) -> C:
    try:
        return choices(text)
    except ValueError:
        raise _invalid("Choose one of these.", field) from None


def _day(text: str) -> date:
    if not text:
        raise _invalid(
            "A go-live date that was set can be moved, but not taken away: give a day.", _FROM
        )
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise _invalid(
            "This is no date: write it as year, month and day, such as 2026-01-31.", _FROM
        ) from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise _invalid(f"The day must be from {FIRST_DAY.year} to {LAST_DAY.year}.", _FROM)
    return day


def _invalid(message: str, field: str) -> RequestInvalid:
    return RequestInvalid(Problem("INVALID_SETTING", message, "", field))
