"""The unsynced-customer alert: how many records of the books are not here yet, counted against links."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.domain.errors import NeedsReauth
from shared.domain.ids import ConnectionKey, RecordKind
from shared.domain.listings import Listing, ListingState, NotListed
from shared.providers.base import ProviderProfile
from shared.sync.connections import usable_connection
from shared.sync.engine.terms import scope_of
from shared.sync.review import words
from shared.sync.review.linked import linked_now
from shared.sync.review.listing import asked_listing
from shared.sync.review.pages import PagesGone, every_row_of
from shared.sync.services import Services


class AlertState(StrEnum):
    NOT_ASKED = "not_asked"
    LISTING = "listing"
    COUNTED = "counted"
    INCOMPLETE = "incomplete"
    """The list came back empty or cut off: there is no count to be believed."""


@dataclass(frozen=True, slots=True)
class Unsynced:
    """`unsynced` of `total` are not imported; both None but in COUNTED. `message` is for a person."""

    state: AlertState
    message: str = ""
    unsynced: int | None = None
    total: int | None = None
    listed_at: datetime | None = None


def ask_unsynced(services: Services, key: ConnectionKey, kind: RecordKind) -> Unsynced:
    """Have the books listed unless they were a moment ago. Calls no provider itself.

    Raises `Conflicting`, `NeedsReauth`, `NotListed`, and what sending raises.
    """
    connection = usable_connection(services, key)
    listing = asked_listing(services, connection, kind)
    try:
        return _told(services, listing)
    except PagesGone:
        return Unsynced(AlertState.LISTING, words.being_counted(_profile(services, key), kind, 0))


def look_at_unsynced(services: Services, key: ConnectionKey, kind: RecordKind) -> Unsynced:
    """What came of it; begins nothing. Raises as `ask_unsynced`."""
    connection = usable_connection(services, key)
    listing = services.stores.listings.get(scope_of(kind, connection))
    if listing is None or not (
        listing.state is ListingState.FAILED
        or listing.state.active
        or listing.is_fresh(services.clock.now())
    ):
        return Unsynced(AlertState.NOT_ASKED)
    try:
        return _told(services, listing)
    except PagesGone:
        return Unsynced(AlertState.NOT_ASKED)


def require_listed(listing: Listing) -> None:
    """Raises `NotListed` or `NeedsReauth` for a list that did not come."""
    if listing.state is ListingState.NEEDS_REAUTH:
        raise NeedsReauth(listing.scope.connection.provider)
    if listing.state is ListingState.FAILED and listing.problem is not None:
        raise NotListed(listing.problem)


def _told(services: Services, listing: Listing) -> Unsynced:
    require_listed(listing)
    kind, profile = listing.scope.kind, _profile(services, listing.scope.connection)
    if not listing.state.listed:
        return Unsynced(AlertState.LISTING, words.being_counted(profile, kind, listing.rows))
    if listing.doubt is not None:
        return Unsynced(
            AlertState.INCOMPLETE,
            f"{listing.doubt.message} {listing.doubt.action}",
            listed_at=listing.listed_at,
        )
    linked = linked_now(services.stores.links, listing.scope)
    total = unsynced = 0
    for row in every_row_of(services, listing):
        total += row.linkable
        unsynced += row.linkable and row.remote_id not in linked
    return Unsynced(
        AlertState.COUNTED,
        words.not_imported(profile, kind, unsynced, total),
        unsynced,
        total,
        listing.listed_at,
    )


def _profile(services: Services, key: ConnectionKey) -> ProviderProfile:
    return services.profile(key.provider)
