"""Ask for a remote list: one fetching at a time for all function instances, none while the last is fresh."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from shared import correlation
from shared.domain.connections import Connection
from shared.domain.errors import RetryLater
from shared.domain.ids import LinkScope, RecordKind
from shared.domain.listings import FAILURE_SHOWN, Listing, ListingState
from shared.domain.wake_up import Task
from shared.sync.engine.terms import scope_of
from shared.sync.services import Services

_TRIES: Final = 5


def asked_listing(services: Services, connection: Connection, kind: RecordKind) -> Listing:
    """The list while it is fresh, else the one that is being fetched: begun now where nobody fetches it.

    Calls no provider. A failure is told for `FAILURE_SHOWN` before it is tried again.
    """
    scope = scope_of(kind, connection)
    for _ in range(_TRIES):
        stored = services.stores.listings.get(scope)
        if stored is not None and _stands(services, stored):
            return stored
        begun = begun_listing(services, scope, stored)
        if services.stores.listings.save(begun):
            services.tasks.hand_over(connection.key, kind, Task.LIST)
            return begun
    raise RetryLater(f"{connection.key.provider}: a list kept changing", after=1.0)


def begun_listing(services: Services, scope: LinkScope, stored: Listing | None) -> Listing:
    """A new list; or the one whose worker went silent, to be gone on with. To be saved."""
    now = services.clock.now()
    if stored is not None and stored.state.active:
        return replace(
            stored, attempt=stored.attempt + 1, heartbeat_at=now, version=stored.version + 1
        )
    before = 0
    if stored is not None:
        before = stored.rows if stored.state.listed else stored.rows_before
    return Listing(
        scope=scope,
        listing_id=services.ids.new(),
        state=ListingState.LISTING,
        started_at=now,
        heartbeat_at=now,
        rows_before=before,
        correlation_id=correlation.current(),
        version=(stored.version if stored else 0) + 1,
    )


def is_silent(services: Services, listing: Listing) -> bool:
    silent_since = services.clock.now() - timedelta(seconds=services.settings.abandoned_seconds)
    return listing.heartbeat_at <= silent_since


def _stands(services: Services, stored: Listing) -> bool:
    """Whether nothing is to be begun."""
    now = services.clock.now()
    if stored.state.active:
        return not is_silent(services, stored)
    if stored.state is ListingState.FAILED:
        return now < stored.heartbeat_at + FAILURE_SHOWN
    return stored.is_fresh(now)
