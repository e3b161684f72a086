"""The import page: the books' records row by row, each with what is here of it already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.domain.connections import Connection
from shared.domain.errors import InvalidCursor
from shared.domain.ids import ConnectionKey, LinkScope, RecordKind, RemoteId, SourceId
from shared.domain.imports import Proposal
from shared.domain.listings import Listing, ListingState
from shared.domain.names import name_key
from shared.providers.base import RemoteRecord
from shared.storage import cursors
from shared.storage.keys import of_scope
from shared.storage.ports import Page
from shared.sync.connections import usable_connection
from shared.sync.engine.terms import scope_of
from shared.sync.review.linked import linked_now
from shared.sync.review.listing import asked_listing
from shared.sync.review.pages import PagesGone, read_matches, read_rows
from shared.sync.review.unsynced import require_listed
from shared.sync.services import Services

_LONGEST_POSITION: Final = 9


class RowStatus(StrEnum):
    NEW = "new"
    MATCHED = "matched"
    """Some of ours may be it; a person decides."""
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class RemoteRow:
    """`source_id`: whom it is linked to; `proposals`: who of ours it may be, the best first."""

    remote: RemoteRecord
    status: RowStatus
    source_id: SourceId | None = None
    proposals: tuple[Proposal, ...] = ()


@dataclass(frozen=True, slots=True)
class Sought:
    """Which rows are asked for; `text` is searched for in name, address and e-mail, without case."""

    status: RowStatus | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class StillListing:
    """Asked for, not there yet; `rows` so far. `matching`: all are, and compared with ours."""

    rows: int
    matching: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    listing: Listing
    page: Page[RemoteRow]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows of a list stand how."""

    new: int
    matched: int
    imported: int


def browse(
    services: Services,
    key: ConnectionKey,
    kind: RecordKind,
    sought: Sought,
    limit: int,
    cursor: str | None,
) -> Shown | StillListing:
    """A page of the list in the provider's order; a cursor goes on in the list that it is of.

    Raises `InvalidCursor` once that list is gone, and what `ask_unsynced` raises.
    """
    connection = usable_connection(services, key)
    if cursor is None:
        asked, position = _asked(services, connection, kind), 0
        if isinstance(asked, StillListing):
            return asked
        listing = asked
    else:
        listing, position = _of_cursor(services, scope_of(kind, connection), cursor)
    try:
        return Shown(listing, _page(services, listing, sought, limit, position))
    except PagesGone:
        raise InvalidCursor from None


def listing_progress(
    services: Services, key: ConnectionKey, kind: RecordKind
) -> StillListing | None:
    """How far the list is; None: there. Asks for it where need be, and raises, as `browse` does."""
    asked = _asked(services, usable_connection(services, key), kind)
    return asked if isinstance(asked, StillListing) else None


def tally(services: Services, key: ConnectionKey, kind: RecordKind) -> Tally | StillListing:
    """Count the whole list. Asks for it where need be, and raises, as `browse` does."""
    asked = _asked(services, usable_connection(services, key), kind)
    if isinstance(asked, StillListing):
        return asked
    linked = services.stores.links.all_linked(asked.scope)
    try:
        rows = rows_of(services, asked, linked)
        counted = Counter(row.status for row in rows if row.remote.linkable)
    except PagesGone:
        return StillListing(0)
    return Tally(counted[RowStatus.NEW], counted[RowStatus.MATCHED], counted[RowStatus.IMPORTED])


def _asked(services: Services, connection: Connection, kind: RecordKind) -> Listing | StillListing:
    listing = asked_listing(services, connection, kind)
    require_listed(listing)
    if listing.state is not ListingState.READY:
        return StillListing(listing.rows, matching=listing.state is ListingState.MATCHING)
    return listing


def _of_cursor(services: Services, scope: LinkScope, cursor: str) -> tuple[Listing, int]:
    """The list may be stale by now, as long as no other has taken its place."""
    listing_id, position = cursors.decode(of_scope("remote-rows", scope), cursor, 2)
    stored = services.stores.listings.get(scope)
    if (
        stored is None
        or stored.listing_id != listing_id
        or not stored.can_be_read(services.clock.now())
        or not position.isdecimal()
        or len(position) > _LONGEST_POSITION
    ):
        raise InvalidCursor
    return stored, int(position)


def _page(
    services: Services, listing: Listing, sought: Sought, limit: int, position: int
) -> Page[RemoteRow]:
    """`position` counts rows of the list, those not asked for included."""
    found: list[RemoteRow] = []
    linked = linked_now(services.stores.links, listing.scope)
    for place, row in enumerate(rows_of(services, listing, linked)):
        if place < position or not row.remote.linkable or not _is_sought(row, sought):
            continue
        if len(found) == limit:
            name = of_scope("remote-rows", listing.scope)
            return Page(tuple(found), cursors.encode(name, listing.listing_id, str(place)))
        found.append(row)
    return Page(tuple(found), None)


def rows_of(
    services: Services, listing: Listing, linked: Mapping[RemoteId, SourceId]
) -> Iterator[RemoteRow]:
    """Every row, linkable or not. Whoever of ours was linked since is no longer proposed."""
    taken = set(linked.values())
    for number in range(listing.pages):
        matches = read_matches(services, listing, number)
        for row in read_rows(services, listing, number):
            owner = linked.get(row.remote_id)
            if owner is not None:
                yield RemoteRow(row, RowStatus.IMPORTED, owner)
                continue
            proposals = tuple(
                one for one in matches.get(row.remote_id, ()) if one.source_id not in taken
            )
            yield RemoteRow(
                row, RowStatus.MATCHED if proposals else RowStatus.NEW, proposals=proposals
            )


def _is_sought(row: RemoteRow, sought: Sought) -> bool:
    if sought.status is not None and row.status is not sought.status:
        return False
    return not sought.text or any(
        name_key(sought.text) in name_key(text) for text in row.remote.fields.canonical().values()
    )
