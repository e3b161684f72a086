"""`ListingStore` over the sync-state table."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from shared.domain.ids import CorrelationId, LinkScope
from shared.domain.listings import Listing, ListingState
from shared.domain.runs import Problem
from shared.storage.dynamo.models import ListingRow
from shared.storage.dynamo.single import SingleRows
from shared.storage.keys import instant, join, of_connection, read_instant, require_next_version


class DynamoListings:
    def __init__(self, rows: SingleRows) -> None:
        self._rows = rows

    def get(self, scope: LinkScope) -> Listing | None:
        row = self._rows.get(ListingRow, *_key(scope))
        return None if row is None else _parse(scope, row)

    def save(self, listing: Listing) -> bool:
        require_next_version(listing.version)
        pk, sk = _key(listing.scope)
        body = {
            "listing_id": listing.listing_id,
            "state": listing.state,
            "started_at": instant(listing.started_at),
            "heartbeat_at": instant(listing.heartbeat_at),
            "attempt": listing.attempt,
            "claimed": listing.claimed,
            "stored_by": list(listing.stored_by),
            "cursor": listing.cursor,
            "rows": listing.rows,
            "rows_before": listing.rows_before,
            "listed_at": instant(listing.listed_at) if listing.listed_at else None,
            "doubt": asdict(listing.doubt) if listing.doubt else None,
            "problem": asdict(listing.problem) if listing.problem else None,
        }
        row = ListingRow(
            pk=pk,
            sk=sk,
            correlation_id=listing.correlation_id,
            version=listing.version,
            body=body,
        )
        if listing.version == 1:
            return self._rows.put(row, ListingRow.pk.does_not_exist())
        return self._rows.put(row, ListingRow.version == listing.version - 1)


def _key(scope: LinkScope) -> tuple[str, str]:
    return of_connection("listing", scope.connection), join(scope.remote_company_id, scope.kind)


def _parse(scope: LinkScope, row: ListingRow) -> Listing:
    body = row.body

    def at(name: str) -> datetime:
        return read_instant(body[name])

    return Listing(
        scope=scope,
        listing_id=body["listing_id"],
        state=ListingState(body["state"]),
        started_at=at("started_at"),
        heartbeat_at=at("heartbeat_at"),
        attempt=body["attempt"],
        claimed=body["claimed"],
        # A row of before this was kept: its pages have no attempt in their names.
        stored_by=tuple(body["stored_by"] if "stored_by" in body else [0] * body["pages"]),
        cursor=body["cursor"],
        rows=body["rows"],
        rows_before=body["rows_before"],
        listed_at=at("listed_at") if body["listed_at"] else None,
        doubt=Problem(**body["doubt"]) if body["doubt"] else None,
        problem=Problem(**body["problem"]) if body["problem"] else None,
        correlation_id=CorrelationId(row.correlation_id),
        version=int(row.version),
    )
