"""Fetch a remote list, page by page at the provider's page maximum; then look for what of ours it may be.

Each page is stored, then counted in the listing's row under a condition: a worker that dies is followed by
one that goes on from there, one that was taken over stops.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from shared.auth.reauth import mark_connection_needs_reauth
from shared.domain.connections import Connection, ConnectionState
from shared.domain.customer_plan import CustomerFields
from shared.domain.errors import (
    ConnectionStopped,
    LostLease,
    NeedsReauth,
    ProviderContractBroken,
    ProviderTrouble,
)
from shared.domain.ids import ConnectionKey, RecordKind, RemoteId, SourceId
from shared.domain.imports import imported_id
from shared.domain.listings import Listing, ListingState
from shared.domain.records import Customer, class_of
from shared.domain.runs import Problem
from shared.domain.wake_up import Task
from shared.providers.base import AccountingProvider, RemoteRecord
from shared.storage.paging import every_row
from shared.sync.engine.terms import scope_of
from shared.sync.review import words
from shared.sync.review.linked import linked_now
from shared.sync.review.listing import is_silent
from shared.sync.review.matching import Known, Matcher
from shared.sync.review.pages import (
    PagesGone,
    every_row_of,
    put_matches,
    put_rows,
    read_rows,
)
from shared.sync.services import Services

_OURS_AT_ONCE: Final = 500
_MISSING_SHARE: Final = 10
"""A list that lacks a tenth of the linked records is looked into."""
_ASKED_FOR: Final = 30
"""Records that a list lacks, of which the books are asked by id: one call."""


def work_listing(services: Services, key: ConnectionKey, kind: RecordKind, until: datetime) -> None:
    """Fetch the list that was asked for, if nobody else does. Hands itself over where time is up.

    What the provider makes of it is a state of the list. Raises `StorageUnavailable` and what sending
    raises; the list is then gone on with by whoever looks a minute later.
    """
    connection = services.stores.connections.get(key)
    if connection is None or connection.state is ConnectionState.DISCONNECTED:
        return
    try:
        listing = _claimed(services, connection, kind)
        if listing is not None:
            _Worker(services, connection, listing, until).work()
    except LostLease:
        return


def _claimed(services: Services, connection: Connection, kind: RecordKind) -> Listing | None:
    stored = services.stores.listings.get(scope_of(kind, connection))
    if stored is None or not stored.state.active:
        return None
    if stored.claimed == stored.attempt:  # somebody works at it, or did
        if not is_silent(services, stored):
            return None
        stored = replace(stored, attempt=stored.attempt + 1)
    claimed = replace(
        stored,
        claimed=stored.attempt,
        heartbeat_at=services.clock.now(),
        version=stored.version + 1,
    )
    return claimed if services.stores.listings.save(claimed) else None


class _Worker:
    def __init__(
        self, services: Services, connection: Connection, listing: Listing, until: datetime
    ) -> None:
        self._services = services
        self._connection = connection
        self._listing = listing
        self._until = until
        self._profile = services.profile(connection.key.provider)

    def work(self) -> None:
        kind, profile = self._listing.scope.kind, self._profile
        try:
            if self._listing.state is ListingState.LISTING and not self._listed():
                return
            self._matched()
        except PagesGone:  # taken up after hours: what was listed has died
            self._save(state=ListingState.FAILED, problem=words.unanswered(profile, kind))
        except NeedsReauth:
            mark_connection_needs_reauth(self._services, self._connection, profile)
            self._save(state=ListingState.NEEDS_REAUTH)
        except ProviderTrouble:
            self._save(state=ListingState.FAILED, problem=words.unanswered(profile, kind))
        except ProviderContractBroken:
            self._save(state=ListingState.FAILED, problem=words.not_understood(profile, kind))
        except ConnectionStopped as stopped:
            self._save(state=ListingState.FAILED, problem=stopped.problem)

    def _listed(self) -> bool:
        """Whether the whole list is here; False: time is up."""
        services, kind = self._services, self._listing.scope.kind
        if self._connection.state is ConnectionState.NEEDS_REAUTH:
            raise NeedsReauth(self._connection.key.provider)
        seen = {row.remote_id for row in every_row_of(services, self._listing)}
        books = services.open_books(self._connection, kind)
        try:
            while True:
                asked_at = services.clock.now()
                page = books.provider.page_records(kind, self._listing.cursor)
                self._put(page.rows, seen)
                if page.cursor is None:
                    doubt = self._doubt(books.provider, seen)
                    self._save(
                        state=ListingState.MATCHING, cursor=None, listed_at=asked_at, doubt=doubt
                    )
                    return True
                self._save(cursor=page.cursor)
                if services.clock.now() >= self._until:
                    self._hand_over()
                    return False
        finally:
            books.pacer.close()

    def _put(self, rows: Sequence[RemoteRecord], seen: set[RemoteId]) -> None:
        """Counted with the next save. A row that moved between two pages is listed once."""
        new = [row for row in rows if row.remote_id not in seen]
        seen.update(row.remote_id for row in new)
        added = put_rows(self._services, self._listing, new)
        self._listing = replace(
            self._listing,
            stored_by=(*self._listing.stored_by, *[self._listing.claimed] * added),
            rows=self._listing.rows + sum(row.linkable for row in new),
        )

    def _doubt(self, provider: AccountingProvider, seen: set[RemoteId]) -> Problem | None:
        """Whether the list came back empty or cut off. Nothing is unlinked for it, it is only said.

        Where many linked records are not in it, the books are asked for some of them by id: one that is
        there and active proves it. Where none is linked, a list that lost more than half is doubted once.
        """
        listing, profile = self._listing, self._profile
        linked = linked_now(self._services.stores.links, listing.scope)
        missing = sorted(linked.keys() - seen)
        if missing and len(missing) * _MISSING_SHARE >= len(linked):
            step = max(1, len(missing) // _ASKED_FOR)
            found = provider.records_by_id(listing.scope.kind, missing[::step][:_ASKED_FOR])
            if any(row.fields.active for row in found):
                return words.cut_off(profile, listing.scope.kind, listing.rows, len(missing))
        if 2 * listing.rows < listing.rows_before:
            return words.shrunk(profile, listing.scope.kind, listing.rows, listing.rows_before)
        return None

    def _matched(self) -> None:
        services, listing = self._services, self._listing
        scope = listing.scope
        matcher = Matcher(self._ours(), lambda remote_id: imported_id(scope, remote_id))
        for number in range(listing.pages):
            found = {}
            for row in read_rows(services, listing, number):
                proposals = matcher.proposals(row.remote_id, _known(row.fields))
                if row.linkable and proposals:
                    found[row.remote_id] = proposals
            put_matches(services, listing, number, found)
            self._beat()
        self._save(state=ListingState.READY)

    def _ours(self) -> Iterator[tuple[SourceId, Known]]:
        """Those that a remote record may be: active and linked to none."""
        services, scope = self._services, self._listing.scope
        linked = set(services.stores.links.all_linked(scope).values())
        cls, company_id = class_of(scope.kind), scope.connection.company_id
        for record in every_row(
            lambda cursor: services.stores.records.page(company_id, cls, _OURS_AT_ONCE, cursor)
        ):
            self._beat()
            if record.source_id not in linked and getattr(record, "active", False):
                yield record.source_id, _known(record)

    def _hand_over(self) -> None:
        """Nobody works at it from here on: whoever is woken claims it."""
        self._save(attempt=self._listing.attempt + 1)
        scope = self._listing.scope
        self._services.tasks.hand_over(scope.connection, scope.kind, Task.LIST)

    def _beat(self) -> None:
        now = self._services.clock.now()
        silent = (now - self._listing.heartbeat_at).total_seconds()
        if silent >= self._services.settings.heartbeat_seconds:
            self._save()

    def _save(self, **changes: Any) -> None:  # noqa: ANN401 - fields of a listing
        """Raises `LostLease` where another worker has it."""
        changed = replace(
            self._listing,
            heartbeat_at=self._services.clock.now(),
            version=self._listing.version + 1,
            **changes,
        )
        if not self._services.stores.listings.save(changed):
            raise LostLease(f"list {self._listing.listing_id} was taken over")
        self._listing = changed


def _known(either: object) -> Known:
    """What a record or a remote one's fields are known by."""
    name = str(getattr(either, "name"))  # noqa: B009 - of several classes
    if isinstance(either, Customer | CustomerFields):
        return Known(name, either.email, either.phone, either.address.postal_code)
    return Known(name)
