"""Where money received is booked: the office's ways of paying, each with the books' method and account."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import ClassVar, Final

from starlette.requests import Request
from starlette.responses import Response

from functions.api.console.addresses import integration_address, with_query
from functions.api.console.choices_shown import Offered, offered_lists
from functions.api.console.forms import Form, FormOf
from functions.api.console.rendering import Page
from functions.api.console.session import HOME, console_router, done
from functions.api.console.shell import ConsoleOf
from functions.api.dependencies import ProviderOf, ServicesOf
from functions.api.security import CallerOf
from shared.domain.connections import Connection
from shared.domain.errors import RequestInvalid
from shared.domain.ids import ConnectionKey
from shared.domain.invoices import MAX_METHOD
from shared.sync.connections import existing_connection
from shared.sync.payment_mapping import (
    CHANGED,
    DEPOSIT_ACCOUNTS,
    MOST_METHODS,
    PAYMENT_METHODS,
    MethodMapping,
    change_payment_mapping,
    mark_of,
)
from shared.sync.services import Services

router = console_router()

_EMPTY_ROWS: Final = 3
_PLACE: Final = re.compile(r"methods\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class MethodRow:
    """`wrong`: why this row was refused."""

    method: str = ""
    method_id: str = ""
    deposit_account_id: str = ""
    wrong: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSettingsPage(Page):
    """`lists`: where the form comes from, empty where it is here: it says everything, so it is whole or not
    there.
    """

    template: ClassVar[str] = "payment_settings.html"
    place: ClassVar[str] = HOME
    provider: str
    label: str
    lists: str
    methods: Offered
    deposits: Offered
    default_deposit: str
    rows: list[MethodRow]
    seen: str
    """Of what the rows replace, see `mark_of`."""
    wrong: str = ""
    overtaken: str = ""
    longest: int = MAX_METHOD

    @property
    def unavailable(self) -> str:
        return self.methods.unavailable or self.deposits.unavailable


@router.get("/integrations/{provider}/settings/payments")
def show_payment_settings(
    provider: ProviderOf, services: ServicesOf, console: ConsoleOf, lists: str = ""
) -> Response:
    connection = console.connected_to(provider)
    settings = connection.settings
    rows = [MethodRow(*one) for one in settings.payment_methods]
    default = settings.default_deposit_account_id
    return console.page(_page(services, connection, default, rows, ask=bool(lists)))


@router.post("/integrations/{provider}/settings/payments")
def press_save(
    provider: ProviderOf,
    request: Request,
    form: FormOf,
    services: ServicesOf,
    caller: CallerOf,
    console: ConsoleOf,
) -> Response:
    """A row whose first field is emptied is taken away."""
    key = ConnectionKey(caller.company_id, provider)
    connection = existing_connection(services, key)
    rows, default = _rows(form), form.text("deposit")
    try:
        change_payment_mapping(
            services,
            key,
            caller.person_id,
            default_deposit_account_id=default,
            methods=[
                MethodMapping(row.method, row.method_id, row.deposit_account_id) for row in rows
            ],
            seen=form.text("seen"),
        )
    except RequestInvalid as error:
        overtaken = error.problem.code == CHANGED.code
        if not (error.problem.field or overtaken):
            raise
        said = f"{error.problem.message} {error.problem.action}"
        named = _PLACE.match(error.problem.field)
        if named:
            place = int(named[1])
            rows[place] = replace(rows[place], wrong=said)
        page = _page(services, connection, default, rows, ask=True)
        if overtaken:
            return console.page(replace(page, overtaken=said), HTTPStatus.CONFLICT)
        page = replace(page, wrong="" if named else said, seen=form.text("seen") or page.seen)
        return console.page(page, HTTPStatus.BAD_REQUEST)
    return done(
        request,
        integration_address(provider, "settings", "payments"),
        "The ways of paying are saved.",
    )


def _page(
    services: Services,
    connection: Connection,
    default: str,
    rows: Sequence[MethodRow],
    *,
    ask: bool,
) -> PaymentSettingsPage:
    provider = connection.key.provider
    label = services.profile(provider).label
    methods, deposits = offered_lists(
        services, connection, PAYMENT_METHODS, DEPOSIT_ACCOUNTS, ask=ask
    )
    here = integration_address(provider, "settings", "payments")
    return PaymentSettingsPage(
        title="Ways of paying",
        provider=provider,
        label=label,
        lists="" if deposits.asked else with_query(here, lists="1"),
        methods=methods,
        deposits=deposits,
        default_deposit=default,
        seen=mark_of(connection),
        rows=[*rows, *([MethodRow()] * min(_EMPTY_ROWS, max(0, MOST_METHODS - len(rows))))],
    )


def _rows(form: Form) -> list[MethodRow]:
    rows = [
        MethodRow(
            form.text(f"method-{place}"),
            form.text(f"methodId-{place}"),
            form.text(f"depositAccountId-{place}"),
        )
        for place in range(MOST_METHODS + _EMPTY_ROWS)
    ]
    return [row for row in rows if row.method]
