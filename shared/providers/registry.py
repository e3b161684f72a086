"""The only list of providers there is. Adapters are imported when they are opened, not before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.domain.errors import NotFound
from shared.domain.ids import ProviderName, RemoteCompanyId
from shared.domain.runs import Problem
from shared.providers.quickbooks.profile import PROFILE as QUICKBOOKS

if TYPE_CHECKING:
    from shared.config import ProviderEndpoints
    from shared.domain.effects import Chance, Clock
    from shared.providers.base import (
        AccountingProvider,
        ProviderOAuth,
        ProviderProfile,
        TokenSource,
    )
    from shared.providers.http import Transport
    from shared.providers.pacing import Pacer
    from shared.providers.session import CallCounter

_PROFILES = {profile.name: profile for profile in (QUICKBOOKS,)}


def provider_names() -> tuple[ProviderName, ...]:
    return tuple(_PROFILES)


def profile(name: ProviderName) -> ProviderProfile:
    """Raises `NotFound` with code UNKNOWN_PROVIDER."""
    found = _PROFILES.get(name)
    if found is None:
        known = ", ".join(_PROFILES)
        raise NotFound(
            Problem(
                "UNKNOWN_PROVIDER",
                "There is no provider of this name.",
                f"Use one of: {known}.",
                "provider",
            )
        )
    return found


def open_provider(
    name: ProviderName,
    endpoints: ProviderEndpoints,
    *,
    remote_company_id: RemoteCompanyId,
    country: str = "",
    tokens: TokenSource,
    transport: Transport,
    pacer: Pacer | None,
    clock: Clock,
    chance: Chance,
    deadline: float,
    calls: CallCounter | None = None,
    patience: float | None = None,
) -> AccountingProvider:
    """One remote company, reached with one connection's tokens. Raises as `profile` does.

    `country`: its books' (ISO 3166), empty where it is not known (yet): invoices tell tax by it.
    `deadline`: total seconds of one write. `pacer` paces reads; writes are paced by whoever sends them.
    `calls` counts what goes to the provider. `patience`: seconds of a read with its repeats; None: as
    `ProviderSession` has it.
    """
    # Of all providers only the one in use is imported.
    from shared.providers.quickbooks.adapter import QuickBooksProvider  # noqa: PLC0415 - see above
    from shared.providers.session import (  # noqa: PLC0415 - same
        READ_PATIENCE,
        CallCounter,
        ProviderSession,
    )

    session = ProviderSession(
        profile(name),
        tokens,
        transport,
        pacer,
        clock,
        chance,
        calls or CallCounter(),
        deadline,
        READ_PATIENCE if patience is None else patience,
    )
    return QuickBooksProvider(session, endpoints.api_url, remote_company_id, country)


def open_oauth(
    name: ProviderName,
    endpoints: ProviderEndpoints,
    *,
    client_id: str,
    client_secret: str,
    transport: Transport,
    clock: Clock,  # noqa: ARG001 - providers that tell when a token was made, not how long it lives
    deadline: float,
) -> ProviderOAuth:
    """The provider's OAuth, with this installation's client. Raises as `profile` does."""
    from shared.providers.quickbooks.oauth import QuickBooksOAuth  # noqa: PLC0415 - only when in use

    profile(name)
    return QuickBooksOAuth(endpoints, client_id, client_secret, transport, deadline)
