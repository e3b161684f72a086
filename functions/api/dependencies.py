"""What routes ask for: services, the provider of the address, places in a listing."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Path, Query
from pydantic import AwareDatetime
from starlette.requests import Request

from shared.domain.ids import CorrelationId, ProviderName
from shared.providers.registry import profile
from shared.sync.services import Services

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 500
MAX_CURSOR: Final = 2000


def services_of(request: Request) -> Services:
    services = request.app.state.services
    if not isinstance(services, Services):
        raise TypeError("the app was made without services")
    return services


async def _services(request: Request) -> Services:
    return services_of(request)


async def _correlation_id(request: Request) -> CorrelationId:
    return CorrelationId(request.state.correlation_id)


def known_provider(name: str) -> ProviderName:
    """Raises `NotFound` naming the providers there are."""
    return profile(ProviderName(name)).name


async def _provider(provider: Annotated[str, Path(examples=["quickbooks"])]) -> ProviderName:
    return known_provider(provider)


ServicesOf = Annotated[Services, Depends(_services)]
CorrelationOf = Annotated[CorrelationId, Depends(_correlation_id)]
ProviderOf = Annotated[ProviderName, Depends(_provider)]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Rows of a page at most.")]
Cursor = Annotated[
    str | None,
    Query(max_length=MAX_CURSOR, description="`nextCursor` of the page before; none: the first."),
]
Since = Annotated[AwareDatetime | None, Query(description="`askedAt` of a sync.")]
