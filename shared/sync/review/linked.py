"""Which remote records are linked, as the alert, the page and an import count them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from shared.domain.ids import LinkScope, RemoteId, SourceId
from shared.domain.links import Link
from shared.storage.ports import LinkStore


def linked_now(links: LinkStore, scope: LinkScope) -> Mapping[RemoteId, SourceId]:
    """Every remote record that is linked, or claimed by one of ours that has no link yet: a sync was cut
    off between the two, and the next one ends it.

    Not one whose claim was left by a record that went elsewhere since: that has two claims, and its link
    says which of them counts.
    """
    claims = links.all_linked(scope)
    twice = [source_id for source_id, count in Counter(claims.values()).items() if count > 1]
    if not twice:
        return claims
    standing = links.get_links(scope, twice)
    return {
        remote_id: source_id
        for remote_id, source_id in claims.items()
        if not is_stray(remote_id, standing.get(source_id))
    }


def is_stray(remote_id: RemoteId, link: Link | None) -> bool:
    """Whether a claim of this remote id by the owner of that link counts no more."""
    return link is not None and link.remote_id != remote_id


def drop_strays(links: LinkStore, scope: LinkScope, strays: Mapping[RemoteId, Link]) -> None:
    """Have these remote ids claimed by nobody: each with the link that its claim's owner has instead.

    Only under the lease. A link that loses because its record is linked elsewhere takes its claim with it.
    """
    for remote_id, link in strays.items():
        links.save_links(scope, [replace(link, remote_id=remote_id, row_version=1)])
