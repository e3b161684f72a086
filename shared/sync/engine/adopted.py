"""The link of a record of ours to one that the books had already: neither side is changed by it."""

from __future__ import annotations

from shared.domain.ids import RunId
from shared.domain.links import Link, LinkOrigin
from shared.domain.names import name_key, plain_name
from shared.domain.record_plan import Terms, differing_fields, linked_after_write
from shared.domain.records import Record
from shared.providers.base import RemoteRecord


def adopted_link(
    record: Record,
    remote: RemoteRecord,
    terms: Terms,
    run_id: RunId,
    origin: LinkOrigin = LinkOrigin.ADOPTED,
) -> Link:
    """The base is what we would have sent, so that later just what is edited here goes."""
    name, theirs = terms.name_of(record), terms.remote_name_of(remote.fields)
    wanted = terms.desired(record, plain_name(name))
    differing = differing_fields(wanted, remote.fields)
    if name_key(name) != name_key(theirs):  # known by something else: both keep their names
        wanted = terms.desired(record, theirs)
    return linked_after_write(
        None,
        record=record,
        sent=wanted,
        answered=remote.fields,
        remote_id=remote.remote_id,
        remote_version=remote.remote_version,
        terms=terms,
        run_id=run_id,
        origin=origin,
        differing=differing,
    )
