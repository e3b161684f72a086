"""Connect a provider and disconnect it: the two ends of a consent, and the choice after it."""

from __future__ import annotations

from contextlib import suppress

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from functions.api.console.callback import callback_page
from functions.api.console.errors import error_page
from functions.api.console.session import caller_at
from functions.api.dependencies import CorrelationOf, ProviderOf, ServicesOf, known_provider
from functions.api.models.connections import (
    AuthorizeAnswer,
    AuthorizeBody,
    ConnectionAnswer,
    OrganisationBody,
)
from functions.api.openapi import operation_id
from functions.api.problems import Answer, answer_to
from functions.api.security import CallerOf, protected_router
from functions.api.views import connection_answer
from shared.auth import refusals
from shared.auth.choices import cancel, choose
from shared.auth.connect import FinishedConsent, begin_consent, finish_consent
from shared.auth.disconnect import disconnect
from shared.config import ConfigurationError
from shared.domain.errors import RetryLater, SyncError
from shared.domain.ids import ConnectionKey, ProviderName, RemoteCompanyId
from shared.sync.automatic.resume import resume
from shared.sync.connections import not_connected
from shared.sync.services import Services

router = protected_router("/v1/connections/{provider}", tag="connections")
callback_router = APIRouter(tags=["connections"], generate_unique_id_function=operation_id)


@router.post("/authorize")
def authorize(
    provider: ProviderOf, services: ServicesOf, caller: CallerOf, body: AuthorizeBody | None = None
) -> AuthorizeAnswer:
    """Begin to connect or reconnect: where to send the person's browser."""
    url = begin_consent(
        services.connect_ports(),
        services.oauth(provider),
        ConnectionKey(caller.company_id, provider),
        caller.person_id,
        redirect_uri=redirect_uri(services, provider),
        return_to=body.return_to if body else "",
    )
    return AuthorizeAnswer(authorize_url=url)


@router.post("/disconnect", name="disconnect")
def disconnect_provider(
    provider: ProviderOf, services: ServicesOf, caller: CallerOf
) -> ConnectionAnswer:
    """Stop, withdraw access and erase the tokens. Links and settings stay for reconnecting."""
    key = ConnectionKey(caller.company_id, provider)
    if services.stores.connections.get(key) is None:
        raise not_connected(services, key)
    ended = disconnect(services.connect_ports(), services.oauth(provider), key, caller.person_id)
    return connection_answer(services, caller.company_id, provider, ended)


@router.post("/organisation")
def choose_organisation(
    provider: ProviderOf, body: OrganisationBody, services: ServicesOf, caller: CallerOf
) -> ConnectionAnswer:
    """Connect to one of the companies in `pendingChoice`; see there whether that starts afresh."""
    connection = choose(
        services.connect_ports(),
        services.oauth(provider),
        ConnectionKey(caller.company_id, provider),
        caller.person_id,
        RemoteCompanyId(body.remote_company_id),
        start_afresh=body.start_afresh,
    )
    send_what_waited(services, connection.key)
    return connection_answer(services, caller.company_id, provider, connection)


@router.delete("/organisation")
def cancel_choice(provider: ProviderOf, services: ServicesOf, caller: CallerOf) -> ConnectionAnswer:
    """Drop the consent that waits in `pendingChoice`; the connection stays exactly as it is."""
    key = ConnectionKey(caller.company_id, provider)
    cancel(services.connect_ports(), services.oauth(provider), key, caller.person_id)
    stored = services.stores.connections.get(key)
    return connection_answer(services, caller.company_id, provider, stored)


@callback_router.get(
    "/v1/oauth/{provider}/callback",
    response_class=Response,
    responses={
        200: {
            "description": "Connected, or a company to choose; a page for the person.",
            "content": {"text/html": {}},
        },
        303: {"description": "The same; on to the path that `authorize` was given."},
        "4XX": {
            "description": "Not connected (409: maybe something to decide); a page that says why.",
            "content": {"text/html": {}},
        },
    },
)
def finish_authorization(
    provider: str, request: Request, services: ServicesOf, correlation_id: CorrelationOf
) -> Response:
    """Where the provider sends the browser back. The one-time state says whose consent it is."""
    caller = None
    try:
        caller = request.state.caller = caller_at(request)
        name = known_provider(provider)
        finished = finish_consent(
            services.connect_ports(),
            services.oauth(name),
            dict(request.query_params),
            company_id=caller.company_id if caller else None,
            person_id=caller.person_id if caller else None,
        )
    except SyncError as error:
        told = answer_to(error, services.profile)
        differs = told.problem.code == "REMOTE_COMPANY_DIFFERS"
        if caller is not None:
            return _told_at_the_console(request, provider, told, to_choose=differs)
        return callback_page(
            request,
            "Another company is connected" if differs else "Not connected",
            told.problem.message,
            told.problem.action,
            f"Reference: {correlation_id}",
            status=told.status,
            headers=told.headers,
        )
    if finished.connection is not None:
        send_what_waited(services, finished.connection.key)
    if finished.return_to:
        return RedirectResponse(finished.return_to, status_code=303)
    return _page_of(request, finished, services.profile(name).label)


def _told_at_the_console(
    request: Request, provider: str, told: Answer, *, to_choose: bool
) -> Response:
    """Whoever is signed in there goes on there: to the choice, or with the way back on the page."""
    if to_choose:
        return RedirectResponse(f"/console/integrations/{provider}/choose", status_code=303)
    return error_page(request, told, "Not connected")


def send_what_waited(services: Services, key: ConnectionKey) -> None:
    """The connection stands whether or not this can be done now; else the schedule's comparison does it."""
    with suppress(RetryLater):
        resume(services, key)


def _page_of(request: Request, finished: FinishedConsent, label: str) -> Response:
    if finished.connection is not None:
        company = finished.connection.remote_company.name
        return callback_page(
            request,
            "You're connected",
            f"BlueClerk is connected to “{company}” in {label}.",
            "You can close this page.",
        )
    offered = refusals.names(finished.choice.offered) if finished.choice else ""
    return callback_page(
        request,
        "Choose the company",
        f"Access was given to several {label} companies: {offered}.",
        "Nothing is connected yet.",
        f"Go to Settings → Integrations → {label} in BlueClerk and choose within 20 minutes.",
    )


def redirect_uri(services: Services, provider: ProviderName) -> str:
    """The callback above, as it is registered with the provider."""
    public_url = services.settings.public_url
    if not public_url:
        raise ConfigurationError("PUBLIC_URL must be set to connect")
    return f"{public_url}/v1/oauth/{provider}/callback"
