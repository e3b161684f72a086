"""`PacingStore`, `RemoteListCache` and `ListingStore` in memory."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.domain.ids import ConnectionKey, LinkScope
from shared.domain.listings import Listing
from shared.storage.keys import require_next_version
from shared.storage.limits import require_fitting
from shared.storage.memory.table import Lock
from shared.storage.ports import PacingRow


class MemoryPacing:
    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._rows: dict[ConnectionKey, PacingRow] = {}

    def load(self, connection: ConnectionKey) -> PacingRow | None:
        with self._lock:
            return self._rows.get(connection)

    def save(self, connection: ConnectionKey, row: PacingRow) -> bool:
        require_next_version(row.version)
        with self._lock:
            stored = self._rows.get(connection)
            if (stored.version if stored else 0) != row.version - 1:
                return False
            self._rows[connection] = row
            return True


class MemoryRemoteLists:
    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._lists: dict[tuple[ConnectionKey, str], tuple[str, datetime]] = {}

    def get(self, connection: ConnectionKey, name: str, now: datetime) -> str | None:
        with self._lock:
            text, stale_at = self._lists.get((connection, name), ("", now))
            return text if now < stale_at else None

    def put(
        self, connection: ConnectionKey, name: str, text: str, *, now: datetime, fresh: timedelta
    ) -> None:
        require_fitting(len(text.encode()), "A list")
        with self._lock:
            self._lists[connection, name] = (text, now + fresh)


class MemoryListings:
    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._listings: dict[LinkScope, Listing] = {}

    def get(self, scope: LinkScope) -> Listing | None:
        with self._lock:
            return self._listings.get(scope)

    def save(self, listing: Listing) -> bool:
        require_next_version(listing.version)
        with self._lock:
            stored = self._listings.get(listing.scope)
            if (stored.version if stored else 0) != listing.version - 1:
                return False
            self._listings[listing.scope] = listing
            return True
