"""The pages of a remote list: rows as the provider had them, and which of ours each may be.

A page is one row of the cache, well under its limit: long descriptions make for more pages, not for
larger ones. Matches stand on pages of their own, of the same numbers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any, Final

from shared.domain.customer_plan import CustomerFields
from shared.domain.ids import RecordKind, RemoteId, RemoteVersion, SourceId
from shared.domain.imports import Proposal, Proposals, Reason
from shared.domain.links import Fields, ItemFields
from shared.domain.listings import PAGES_KEPT, Listing
from shared.domain.records import Address
from shared.providers.base import RemoteRecord
from shared.sync.services import Services

PAGE_BYTES: Final = 200_000
"""Of a page's JSON before it is compressed; some 700 customers."""


class PagesGone(Exception):
    """The pages of this list are no longer there: it is to be listed anew."""


def put_rows(services: Services, listing: Listing, rows: Sequence[RemoteRecord]) -> int:
    """Store them behind the pages that count; answers how many pages were added."""
    texts = list(_in_pages([_row(row) for row in rows]))
    for number, text in enumerate(texts, start=listing.pages):
        _put(services, listing, _rows(listing.claimed), number, text)
    return len(texts)


def read_rows(services: Services, listing: Listing, number: int) -> list[RemoteRecord]:
    """Raises `PagesGone`."""
    rows = json.loads(_get(services, listing, _rows(listing.stored_by[number]), number))
    read = _READERS[listing.scope.kind]
    return [
        RemoteRecord(
            RemoteId(row["i"]), RemoteVersion(row["v"]), read(row["f"]), row.get("l", True)
        )
        for row in rows
    ]


def every_row_of(services: Services, listing: Listing) -> Iterator[RemoteRecord]:
    """Raises `PagesGone`."""
    for number in range(listing.pages):
        yield from read_rows(services, listing, number)


def put_matches(services: Services, listing: Listing, number: int, found: Proposals) -> None:
    rows = {
        remote_id: [[one.source_id, one.name, one.reason, one.score] for one in proposals]
        for remote_id, proposals in found.items()
    }
    _put(services, listing, "matches", number, _json(rows))


def read_matches(services: Services, listing: Listing, number: int) -> Proposals:
    """Raises `PagesGone`, for a list too whose matches are still being looked for."""
    rows: Mapping[str, Any] = json.loads(_get(services, listing, "matches", number))
    return {
        RemoteId(remote_id): tuple(
            Proposal(SourceId(source_id), name, Reason(reason), score)
            for source_id, name, reason, score in proposals
        )
        for remote_id, proposals in rows.items()
    }


def _in_pages(rows: Sequence[str]) -> Iterator[str]:
    some: list[str] = []
    size = 0
    for row in rows:
        length = len(row.encode()) + 1
        if some and size + length > PAGE_BYTES:
            yield f"[{','.join(some)}]"
            some, size = [], 0
        some.append(row)
        size += length
    if some:
        yield f"[{','.join(some)}]"


def _row(row: RemoteRecord) -> str:
    said: dict[str, object] = {
        "i": row.remote_id,
        "v": row.remote_version,
        "f": _WRITERS[type(row.fields)](row.fields),
    }
    if not row.linkable:
        said["l"] = False
    return _json(said)


def _customer(fields: Any) -> object:  # noqa: ANN401 - of this kind
    said = {"n": fields.name, "e": fields.email, "p": fields.phone}
    if fields.address != Address():
        said["a"] = asdict(fields.address)
    return said


def _read_customer(said: Mapping[str, Any]) -> Fields:
    return CustomerFields(said["n"], said["e"], said["p"], Address(**said.get("a", {})))


def _item(fields: Any) -> object:  # noqa: ANN401 - of this kind
    return {
        "n": fields.name,
        "d": fields.description,
        "u": str(fields.unit_price),
        "c": fields.code,
        "a": fields.income_account_id,
    }


def _read_item(said: Mapping[str, Any]) -> Fields:
    return ItemFields(said["n"], said["d"], Decimal(said["u"]), said["c"], said["a"])


_WRITERS: Final = {CustomerFields: _customer, ItemFields: _item}
_READERS: Final = {RecordKind.CUSTOMER: _read_customer, RecordKind.ITEM: _read_item}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _rows(stored_by: int) -> str:
    return f"rows-{stored_by}" if stored_by else "rows"


def _name(listing: Listing, part: str, number: int) -> str:
    scope = listing.scope
    return f"{scope.kind}-{part}/{scope.remote_company_id}/{listing.listing_id}/{number:05}"


def _put(services: Services, listing: Listing, part: str, number: int, text: str) -> None:
    services.stores.remote_lists.put(
        listing.scope.connection,
        _name(listing, part, number),
        text,
        now=services.clock.now(),
        fresh=PAGES_KEPT,
    )


def _get(services: Services, listing: Listing, part: str, number: int) -> str:
    text = services.stores.remote_lists.get(
        listing.scope.connection, _name(listing, part, number), services.clock.now()
    )
    if text is None:
        raise PagesGone
    return text
