"""The setup after connecting: four steps that can be left, taken up again, and skipped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import ClassVar, Final, Literal

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from functions.api.console.addresses import integration_address, with_query
from functions.api.console.choices_shown import Offered, offered_lists
from functions.api.console.forms import FormOf
from functions.api.console.rendering import Page
from functions.api.console.session import HOME, console_router, done
from functions.api.console.shell import ConsoleOf
from functions.api.dependencies import ProviderOf, ServicesOf
from functions.api.security import CallerOf
from shared.auth.choices import shown
from shared.domain.connections import Connection, ConnectionState, Setup, StepState
from shared.domain.errors import RequestInvalid
from shared.domain.ids import ConnectionKey, PersonId, RecordKind
from shared.domain.runs import Problem
from shared.sync.accounts import INCOME_ACCOUNTS
from shared.sync.connection_settings import change_settings
from shared.sync.connections import existing_connection
from shared.sync.services import Services
from shared.sync.setup import decide_steps

router = console_router()

Step = Literal["customers", "items", "mapping", "connected"]

_FIELDS: Final[dict[Step, str]] = {
    "customers": "import_customers",
    "items": "import_items",
    "mapping": "map_items",
}
"""Steps and what they are called in `Setup`; the last page decides nothing."""
_CALLED: Final[dict[Step, str]] = {
    "customers": "Import customers",
    "items": "Import items",
    "mapping": "Map items to income accounts",
    "connected": "You're connected",
}


@dataclass(frozen=True, slots=True)
class StepLine:
    step: Step
    called: str
    state: str
    """Empty, or how it was decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupPage(Page):
    """`state` is the shown step's. `accounts`: asked of the books in the step that needs them only;
    `lists`: where they come from then, empty where they are here. `keeps_back`: whether any kind goes only
    when somebody asks.
    """

    template: ClassVar[str] = "setup.html"
    place: ClassVar[str] = HOME
    provider: str
    label: str
    remote_company: str
    steps: list[StepLine]
    step: Step
    state: StepState
    setup: Setup
    lists: str
    accounts: Offered | None
    chosen_account: str
    keeps_back: bool
    wrong: str = ""


@router.get("/integrations/{provider}/connected")
def come_back(provider: ProviderOf, services: ServicesOf, caller: CallerOf) -> Response:
    """Where a consent leads to: the choice of a company, the setup, or what is set up already."""
    key = ConnectionKey(caller.company_id, provider)
    place = integration_address(provider)
    connection = services.stores.connections.get(key)
    if shown(services.stores, key, services.clock.now()) is not None:
        place += "/choose"
    elif connection is not None and connection.state is ConnectionState.CONNECTED:
        place += "" if _first_open(connection.setup) == "connected" else "/setup"
    return RedirectResponse(place, status_code=HTTPStatus.SEE_OTHER)


@router.get("/integrations/{provider}/setup")
def show_setup(
    provider: ProviderOf,
    services: ServicesOf,
    console: ConsoleOf,
    step: Step | None = None,
    lists: str = "",
) -> Response:
    """Where it was left, or the step that is asked for."""
    connection = console.connected_to(provider)
    step = step or _first_open(connection.setup)
    return console.page(_page(services, connection, step, ask=bool(lists)))


@router.post("/integrations/{provider}/setup/skip")
def press_skip(
    provider: ProviderOf,
    request: Request,
    form: FormOf,
    services: ServicesOf,
    caller: CallerOf,
) -> Response:
    step = _step(form.text("step"))
    key = ConnectionKey(caller.company_id, provider)
    decide_steps(services, key, caller.person_id, **{_FIELDS[step]: StepState.SKIPPED})
    return done(request, integration_address(provider, "setup"), f"“{_CALLED[step]}” is skipped.")


@router.post("/integrations/{provider}/setup/mapping")
def press_mapped(
    provider: ProviderOf,
    request: Request,
    form: FormOf,
    services: ServicesOf,
    caller: CallerOf,
    console: ConsoleOf,
) -> Response:
    """The default account where one was chosen, and the step is done."""
    key = ConnectionKey(caller.company_id, provider)
    connection = existing_connection(services, key)
    chosen = form.text("account")
    try:
        _choose_account(services, connection, caller.person_id, chosen)
    except RequestInvalid as error:
        page = replace(
            _page(services, connection, "mapping", ask=True),
            chosen_account=chosen,
            wrong=f"{error.problem.message} {error.problem.action}",
        )
        return console.page(page, HTTPStatus.BAD_REQUEST)
    decide_steps(services, key, caller.person_id, map_items=StepState.DONE)
    return done(request, integration_address(provider, "setup"), "The step is done.")


def _choose_account(
    services: Services, connection: Connection, person_id: PersonId, chosen: str
) -> None:
    """Raises `RequestInvalid` where none is chosen and one is needed, and as `change_settings` does."""
    stored = connection.settings.default_income_account_id
    if chosen and chosen != stored:
        change_settings(services, connection.key, person_id, default_income_account_id=chosen)
    elif not stored and services.profile(connection.key.provider).has_income_accounts:
        raise RequestInvalid(Problem("MISSING", "No account is chosen.", "Choose one."))


def _page(services: Services, connection: Connection, step: Step, *, ask: bool) -> SetupPage:
    profile, setup = services.profile(connection.key.provider), connection.setup
    accounts = None
    if step == "mapping" and profile.has_income_accounts:
        (accounts,) = offered_lists(services, connection, INCOME_ACCOUNTS, ask=ask)
    here = integration_address(connection.key.provider, "setup")
    known = accounts is None or accounts.asked
    return SetupPage(
        title=_CALLED[step],
        provider=connection.key.provider,
        label=profile.label,
        remote_company=connection.remote_company.name,
        steps=[StepLine(one, called, _said(setup, one)) for one, called in _CALLED.items()],
        step=step,
        state=_state(setup, step),
        setup=setup,
        lists="" if known else with_query(here, step=step, lists="1"),
        accounts=accounts,
        chosen_account=connection.settings.default_income_account_id,
        keeps_back=any(map(connection.keeps_back, RecordKind)),
    )


def _state(setup: Setup, step: Step) -> StepState:
    return StepState(getattr(setup, _FIELDS[step])) if step in _FIELDS else StepState.PENDING


def _said(setup: Setup, step: Step) -> str:
    return {StepState.DONE: "done", StepState.SKIPPED: "skipped"}.get(_state(setup, step), "")


def _first_open(setup: Setup) -> Step:
    for step in _FIELDS:
        if _state(setup, step) is StepState.PENDING:
            return step
    return "connected"


def _step(text: str) -> Step:
    for step in _FIELDS:
        if text == step:
            return step
    raise RequestInvalid(
        Problem("UNKNOWN_VALUE", "The setup has no such step.", "Reload the page.", "step")
    )
