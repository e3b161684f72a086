"""`LinkStore` in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from shared.domain.ids import LinkScope, RemoteId, SourceId
from shared.domain.links import Link
from shared.storage.keys import of_scope, require_distinct_keys, require_next_version
from shared.storage.memory.table import Lock, Table
from shared.storage.ports import Page


class MemoryLinks:
    """`claims` holds whose each remote id is, as the reverse rows of the DynamoDB store do."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._links: Table[Link] = Table()
        self.claims: Table[SourceId] = Table()

    def get_links(
        self, scope: LinkScope, source_ids: Sequence[SourceId]
    ) -> Mapping[SourceId, Link]:
        pk = of_scope("link", scope)
        with self._lock:
            found = ((source_id, self._links.get(pk, source_id)) for source_id in source_ids)
            return {source_id: _copy(link) for source_id, link in found if link is not None}

    def linked_to(
        self, scope: LinkScope, remote_ids: Sequence[RemoteId]
    ) -> Mapping[RemoteId, SourceId]:
        pk = of_scope("remote", scope)
        with self._lock:
            found = ((remote_id, self.claims.get(pk, remote_id)) for remote_id in remote_ids)
            return {remote_id: source_id for remote_id, source_id in found if source_id is not None}

    def page_links(self, scope: LinkScope, limit: int, cursor: str | None) -> Page[Link]:
        with self._lock:
            page = self._links.page(of_scope("link", scope), limit, cursor)
        return Page(tuple(_copy(link) for link in page.rows), page.cursor)

    def save_links(self, scope: LinkScope, links: Sequence[Link]) -> Sequence[SourceId]:
        """As the port says; of several new links onto one remote id in one call only the first is tried."""
        require_distinct_keys(link.source_id for link in links)
        require_distinct_keys({link.remote_id for link in links})
        for link in links:
            require_next_version(link.row_version)
        tried: set[RemoteId] = set()
        lost: list[SourceId] = []
        with self._lock:
            for link in links:
                if link.row_version > 1:
                    saved = self._update(scope, link)
                elif link.remote_id in tried:
                    saved = False
                else:
                    tried.add(link.remote_id)
                    saved = self._insert(scope, link)
                if not saved:
                    lost.append(link.source_id)
        return lost

    def all_linked(self, scope: LinkScope) -> Mapping[RemoteId, SourceId]:
        with self._lock:
            claims = self.claims.items(of_scope("remote", scope))
            return {RemoteId(sk): source_id for sk, source_id in claims}

    def remove_link(self, scope: LinkScope, link: Link) -> bool:
        pk, claim_pk = of_scope("link", scope), of_scope("remote", scope)
        with self._lock:
            standing = self._links.get(pk, link.source_id)
            if standing is None or standing.row_version != link.row_version:
                return False
            self._links.remove(pk, link.source_id)
            if self.claims.get(claim_pk, standing.remote_id) == link.source_id:
                self.claims.remove(claim_pk, standing.remote_id)
            return True

    def may_be_new(self, scope: LinkScope, link: Link) -> bool:
        """Whether neither side of it is linked otherwise; for a store that holds the lock."""
        owner = self.claims.get(of_scope("remote", scope), link.remote_id)
        standing = self._links.get(of_scope("link", scope), link.source_id)
        return owner in (None, link.source_id) and standing is None

    def _insert(self, scope: LinkScope, link: Link) -> bool:
        pk, claim_pk = of_scope("link", scope), of_scope("remote", scope)
        owner = self.claims.get(claim_pk, link.remote_id)
        if owner is not None and owner != link.source_id:
            return False
        standing = self._links.get(pk, link.source_id)
        if standing is not None:
            if owner is not None and standing.remote_id != link.remote_id:
                self.claims.remove(claim_pk, link.remote_id)
            return False
        self.claims.put(claim_pk, link.remote_id, link.source_id)
        self._links.put(pk, link.source_id, _copy(link))
        return True

    def _update(self, scope: LinkScope, link: Link) -> bool:
        pk = of_scope("link", scope)
        standing = self._links.get(pk, link.source_id)
        if (
            standing is None
            or standing.row_version != link.row_version - 1
            or standing.remote_id != link.remote_id
        ):
            return False
        self._links.put(pk, link.source_id, _copy(link))
        return True


def _copy(link: Link) -> Link:
    return replace(link, base=dict(link.base), answered=dict(link.answered))
