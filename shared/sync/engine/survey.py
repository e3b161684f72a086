"""The first pass of a plan: which names our records claim, and which of them the books have already.

Memory holds eight bytes a name and id, and the remote records that wait to be adopted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from shared.domain.ids import LinkScope, RemoteId
from shared.domain.links import Link
from shared.domain.names import KeyHashes, key_hash, name_key
from shared.domain.record_plan import Terms, at_rest, kept_name
from shared.domain.records import Record, class_of
from shared.providers.base import AccountingProvider
from shared.storage.paging import every_row
from shared.storage.ports import Stores
from shared.sync.engine.joined import joined
from shared.sync.engine.matching import Candidates

READ_AHEAD = 500
"""Rows of one page of records or links."""

Pairs = Iterable[tuple[Record | None, Link | None]]


@dataclass(slots=True)
class Survey:
    """`unlinked`: names of records that may adopt, `emails` what else they are known by; `claims`: those
    names, and the ones to be newly chosen.
    """

    linked_names: KeyHashes = field(default_factory=KeyHashes)
    linked_ids: KeyHashes = field(default_factory=KeyHashes)
    unlinked: KeyHashes = field(default_factory=KeyHashes)
    emails: KeyHashes = field(default_factory=KeyHashes)
    claims: KeyHashes = field(default_factory=KeyHashes)


@dataclass(slots=True)
class BooksListing:
    """`candidates`: remote records that wait to be adopted; `taken`: everybody else's names.

    `held`: of names that a record of ours claims anew, the linked remote record that has it now.
    """

    taken: KeyHashes
    candidates: Candidates
    held: dict[int, RemoteId] = field(default_factory=dict)


def paired(stores: Stores, scope: LinkScope) -> Iterator[tuple[Record | None, Link | None]]:
    """Records and links of a scope side by side, in order of source id."""
    records = joined(stores, scope).beside(_records(stores, scope))
    links = _links(stores, scope)
    record, link = next(records, None), next(links, None)
    while record is not None or link is not None:
        if link is None or (record is not None and record.source_id < link.source_id):
            yield record, None
            record = next(records, None)
        elif record is None or link.source_id < record.source_id:
            yield None, link
            link = next(links, None)
        else:
            yield record, link
            record, link = next(records, None), next(links, None)


def _records(stores: Stores, scope: LinkScope) -> Iterator[Record]:
    company_id, cls = scope.connection.company_id, class_of(scope.kind)
    return every_row(lambda cursor: stores.records.page(company_id, cls, READ_AHEAD, cursor))


def _links(stores: Stores, scope: LinkScope) -> Iterator[Link]:
    return every_row(lambda cursor: stores.links.page_links(scope, READ_AHEAD, cursor))


def survey_records(pairs: Pairs, terms: Terms) -> Survey:
    survey = Survey()
    for record, link in pairs:
        if link is not None:
            survey.linked_names.add(key_hash(name_key(link.remote_name)))
            survey.linked_ids.add(key_hash(link.remote_id))
        if record is None or terms.refusal(record):
            continue
        if link is None and terms.begins(record):
            hashed = key_hash(name_key(terms.name_of(record)))
            survey.unlinked.add(hashed)
            if email := terms.email_key_of(record):
                survey.emails.add(key_hash(email))
            survey.claims.add(hashed)
        elif (
            link is not None
            and not at_rest(record, link)
            and kept_name(record, link, terms) is None
        ):
            survey.claims.add(key_hash(name_key(terms.name_of(record))))
    return survey


def list_books(
    provider: AccountingProvider, survey: Survey, terms: Terms, beat: Callable[[], None]
) -> BooksListing:
    """All active remote records, if any name is to be chosen; raises what the listing raises."""
    candidates = Candidates(terms, survey.unlinked, survey.emails)
    listing = BooksListing(KeyHashes(survey.linked_names), candidates)
    cursor: str | None = None
    while len(survey.claims):
        page = provider.page_records(terms.kind, cursor)
        for row in page.rows:
            hashed = key_hash(name_key(terms.remote_name_of(row.fields)))
            linked = key_hash(row.remote_id) in survey.linked_ids
            if linked or not row.linkable or not candidates.offer(row):
                listing.taken.add(hashed)
                if linked and hashed in survey.claims:
                    listing.held[hashed] = row.remote_id
        beat()
        cursor = page.cursor
        if cursor is None:
            break
    return listing
