"""A plan over a few records: they are looked up in the books by name, where a full plan lists all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shared.domain.ids import LinkScope, SourceId
from shared.domain.links import Link
from shared.domain.names import KeyHashes, key_hash, name_key
from shared.domain.record_plan import Terms, at_rest, kept_name
from shared.domain.records import Record, class_of
from shared.providers.base import AccountingProvider
from shared.storage.ports import LinkStore, Stores
from shared.sync.engine.joined import joined
from shared.sync.engine.matching import Candidates
from shared.sync.engine.survey import BooksListing, Pairs, Survey


def some_paired(
    stores: Stores, scope: LinkScope, source_ids: Sequence[SourceId]
) -> Iterator[tuple[Record | None, Link | None]]:
    """These records and their links, in order of source id; a record that is gone is None."""
    found = stores.records.get_many(scope.connection.company_id, class_of(scope.kind), source_ids)
    records = joined(stores, scope).onto(found)
    links = stores.links.get_links(scope, source_ids)
    for source_id in sorted(source_ids):
        yield records.get(source_id), links.get(source_id)


def look_up(
    provider: AccountingProvider,
    links: LinkStore,
    scope: LinkScope,
    terms: Terms,
    survey: Survey,
    pairs: Pairs,
) -> BooksListing:
    """What the books have under the names that are to be chosen, and under the e-mail addresses of
    records without a link; raises what the look-ups raise.

    A name that the books show is taken when a record of ours is linked to it, else it is to be adopted.
    """
    names, emails = _claimed(terms, pairs)
    candidates = Candidates(terms, survey.unlinked, survey.emails)
    listing = BooksListing(KeyHashes(), candidates)
    found = list(provider.records_by_name(terms.kind, names)) if names else []
    found += provider.records_by_email(terms.kind, emails) if emails else ()
    rows = {row.remote_id: row for row in found}
    owners = links.linked_to(scope, list(rows))
    for row in rows.values():
        if not row.fields.active:
            continue
        hashed = key_hash(name_key(terms.remote_name_of(row.fields)))
        if row.remote_id in owners or not row.linkable or not candidates.offer(row):
            listing.taken.add(hashed)
            if row.remote_id in owners:
                listing.held[hashed] = row.remote_id
    return listing


def _claimed(terms: Terms, pairs: Pairs) -> tuple[list[str], list[str]]:
    """The names to be chosen, and the e-mail addresses that records without a link have."""
    names: dict[str, None] = {}
    emails: dict[str, None] = {}
    for record, link in pairs:
        if record is None or terms.refusal(record):
            continue
        if link is None and terms.begins(record):
            names[terms.name_of(record)] = None
            emails[terms.email_key_of(record)] = None
        elif link is not None and not at_rest(record, link) and not kept_name(record, link, terms):
            names[terms.name_of(record)] = None
    return list(names), [email for email in emails if email]
