"""Connections: what is connected, how well, to which accounts, with which settings."""

from __future__ import annotations

from functions.api.dependencies import ProviderOf, ServicesOf
from functions.api.models.connections import (
    AccountListAnswer,
    ConnectionAnswer,
    ConnectionList,
    SettingsBody,
    SetupBody,
)
from functions.api.security import CallerOf, protected_router
from functions.api.views import connection_answer
from shared.domain.errors import RequestInvalid
from shared.domain.ids import ConnectionKey
from shared.domain.runs import Problem
from shared.providers.registry import provider_names
from shared.sync.accounts import income_accounts
from shared.sync.connection_settings import change_settings
from shared.sync.connections import usable_connection
from shared.sync.setup import decide_steps

router = protected_router("/v1/connections", tag="connections")


@router.get("")
def list_connections(services: ServicesOf, caller: CallerOf) -> ConnectionList:
    """Every provider there is, with the company's connection where there is one."""
    known = {
        one.key.provider: one for one in services.stores.connections.of_company(caller.company_id)
    }
    return ConnectionList(
        connections=[
            connection_answer(services, caller.company_id, name, known.get(name))
            for name in provider_names()
        ]
    )


@router.get("/{provider}")
def get_connection(
    provider: ProviderOf, services: ServicesOf, caller: CallerOf
) -> ConnectionAnswer:
    """State and health of one; never connected is a state like any other."""
    key = ConnectionKey(caller.company_id, provider)
    stored = services.stores.connections.get(key)
    return connection_answer(services, caller.company_id, provider, stored)


@router.put("/{provider}/settings")
def put_settings(
    provider: ProviderOf, body: SettingsBody, services: ServicesOf, caller: CallerOf
) -> ConnectionAnswer:
    """Change what is given. Account and tax code must be the connection's."""
    if not body.model_dump(exclude_none=True):
        raise RequestInvalid(
            Problem(
                "MISSING", "No setting was given.", "Give at least one.", "defaultIncomeAccountId"
            )
        )
    changed = change_settings(
        services,
        ConnectionKey(caller.company_id, provider),
        caller.person_id,
        default_income_account_id=body.default_income_account_id,
        default_tax_code_id=body.default_tax_code_id,
        invoices_from=body.invoices_from,
        pacing_mode=body.pacing_mode,
        notify=body.notify,
        new_from_books=body.new_from_books,
        by_itself=None if body.syncs_by_itself is None else frozenset(body.syncs_by_itself),
    )
    return connection_answer(services, caller.company_id, provider, changed)


@router.put("/{provider}/setup")
def put_setup(
    provider: ProviderOf, body: SetupBody, services: ServicesOf, caller: CallerOf
) -> ConnectionAnswer:
    """Decide steps of the setup: done or skipped is remembered."""
    decided = decide_steps(
        services,
        ConnectionKey(caller.company_id, provider),
        caller.person_id,
        **body.model_dump(exclude_none=True),
    )
    return connection_answer(services, caller.company_id, provider, decided)


@router.get("/{provider}/accounts")
def list_accounts(
    provider: ProviderOf, services: ServicesOf, caller: CallerOf
) -> AccountListAnswer:
    """The accounts that items may be booked to."""
    connection = usable_connection(services, ConnectionKey(caller.company_id, provider))
    return AccountListAnswer.of(income_accounts(services, connection))
