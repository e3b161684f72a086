"""What must hold at every write of a list, a link and an imported record: reported at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.domain.ids import CompanyId, LinkScope, RemoteId, RunId, SourceId
from shared.domain.imports import Wanted, imported_id
from shared.domain.links import Link
from shared.domain.listings import Listing, ListingState
from shared.domain.names import name_key
from shared.domain.records import Customer, Item, Record, class_of
from shared.sync.review.matching import MOST_PROPOSED
from shared.sync.review.pages import every_row_of
from tests.simulation.imports.book import AGAIN, ImportBook
from tests.simulation.installation import Installation

SHARE = 10
"""A list that lacks a tenth of the linked records is not to be believed before the books were asked."""


class ImportWatch:
    """Of all companies of one world. A list is compared with what the books had as it was fetched."""

    def __init__(self, world: Installation, books: Sequence[ImportBook]) -> None:
        self._world = world
        self._books = {book.company.company_id: book for book in books}
        self._began: dict[str, tuple[int, set[RemoteId]]] = {}
        """By list: how often the books had changed as it was begun, and what it would have had then."""
        self._versions: list[dict[SourceId, int]] = []
        """Of our records, as each list was begun."""
        watch = world.watch
        watch.listen("listings.save", self._listing)
        watch.listen_too("links.save_links", self._links)
        watch.listen("linked_records.add", self._imported)
        watch.listen("links.remove_link", self._unlinked)

    def _listing(self, listing: Listing) -> None:
        stored = self._world.stores.listings.get(listing.scope)
        if (stored.version if stored else 0) != listing.version - 1:
            return  # it will be refused
        book = self._books[listing.scope.connection.company_id]
        if stored is None or stored.listing_id != listing.listing_id:
            changes = book.company.books.changes(listing.scope.kind)
            self._began[listing.listing_id] = (changes, book.importable())
            self._versions.append({one.source_id: one.version for one in self._ours(book)})
        elif stored.state is ListingState.LISTING and listing.state is ListingState.MATCHING:
            for what in self._complete(book, listing):
                self._world.watch.report(f"list {listing.listing_id[:6]} {what}")

    def _complete(self, book: ImportBook, listing: Listing) -> Iterator[str]:
        """It has what the books had, or it was cut off on the way and, where that shows, it says so."""
        changes, had = self._began[listing.listing_id]
        changed = book.company.books.changes(listing.scope.kind) - changes
        has = book.importable()
        rows = every_row_of(self._world.bare_services(), listing)
        listed = {row.remote_id for row in rows if row.linkable}
        assert listing.listed_at is not None
        book.listed[listing.listed_at] = listed
        cut = any(at >= listing.started_at for at in book.cuts)
        missing = len((had & has) - listed)
        if not cut and missing > changed:
            yield f"lacks {missing}, though the books changed but {changed} times"
        every = {row.remote_id for row in book.company.books.records(listing.scope.kind)}
        if not listed <= (every if changed else has):
            yield f"has {sorted(listed - has)}, which the books have not"
        if cut and listing.doubt is None and self._shows(book, listing, listed):
            yield f"was cut off to {len(listed)} records, and is believed"
        if listing.doubt is not None:
            self._world.scheduler.note(f"DOUBT {listing.doubt.message}")

    def _shows(self, book: ImportBook, listing: Listing, listed: set[RemoteId]) -> bool:
        """Whether what is linked proves that much is missing; no where links changed amid the look."""
        assert listing.listed_at is not None
        if book.moved_at is not None and book.moved_at >= listing.listed_at:
            return False
        linked = self._world.stores.links.all_linked(listing.scope)
        missing = linked.keys() - listed
        provable = missing <= book.importable() and len(missing) * SHARE >= len(linked)
        return bool(missing) and provable

    def _links(self, scope: LinkScope, links: Sequence[Link]) -> None:
        for link in links:
            if link.row_version == 1:
                self._moved(scope, link)

    def _imported(
        self, company_id: CompanyId, scope: LinkScope, pairs: Sequence[tuple[Record, Link]]
    ) -> None:
        """Record and link are of one and the same remote record, which is there."""
        book = self._books[company_id]
        rows = {row.remote_id: row for row in book.company.books.records(scope.kind)}
        for record, link in pairs:
            row = rows.get(link.remote_id)
            ids = [imported_id(scope, link.remote_id, again) for again in AGAIN]
            if row is None or not row.linkable or record.source_id not in ids:
                self._world.watch.report(f"{record.source_id} is imported as {link.remote_id}")
            elif isinstance(record, Item):
                account = {row.fields.income_account_id}
                book.company.accounts.setdefault(record.source_id, account)
            if (twin := self._twin(book, scope, link, record)) is not None:
                self._world.watch.report(f"{link.remote_id} comes in beside {twin} of its name")
            self._moved(scope, link)

    def _twin(
        self, book: ImportBook, scope: LinkScope, link: Link, record: Record
    ) -> SourceId | None:
        """One of ours that is called so and has no link, where nobody said that it is another one.

        Only one that stood so when every list was begun: matches are as of the list. And none of a name
        that more have than are proposed.
        """
        wanted = book.acknowledged.get(RunId(link.run_id), [])
        if book.apart or (wanted is not None and Wanted(link.remote_id) not in wanted):
            return None
        named = [one for one in self._ours(book) if name_key(one.name) == name_key(record.name)]
        linked = self._world.stores.links.get_links(scope, [one.source_id for one in named])
        if len(named) > MOST_PROPOSED:
            return None
        for one in named:
            known = all(seen.get(one.source_id) == one.version for seen in self._versions)
            if one.active and known and one.source_id not in linked:
                return one.source_id
        return None

    def _ours(self, book: ImportBook) -> list[Customer | Item]:
        company = book.company
        rows = self._world.stores.records.page(
            company.company_id, class_of(company.kind), 10_000, None
        ).rows
        return [one for one in rows if isinstance(one, Customer | Item)]

    def _unlinked(self, scope: LinkScope, link: Link) -> None:
        book = self._books[scope.connection.company_id]
        if link.remote_id not in book.apart:
            self._world.watch.report(f"{link.source_id} was unlinked, which nobody asked for")
        book.moved.append(link.remote_id)
        book.moved_at = self._world.scheduler.now

    def _moved(self, scope: LinkScope, link: Link) -> None:
        book = self._books[scope.connection.company_id]
        book.linked.setdefault(link.remote_id, set()).add(link.source_id)
        book.moved.append(link.remote_id)
        book.moved_at = self._world.scheduler.now
