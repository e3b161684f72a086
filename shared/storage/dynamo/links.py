"""`LinkStore` over the sync-state table: a link row and, under the remote id, a row that claims it.

The claim is written first. A claim without its link is left by a crash between the two; the same
source id takes it over at its next try, and for anybody else the remote id is taken. A link never
changes its remote id, and is removed only under the lease of its connection and kind, so a claim of a
source id that is linked elsewhere can be removed without a race.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from shared.domain.ids import CorrelationId, LinkScope, RemoteId, RemoteVersion, RunId, SourceId
from shared.domain.links import Link, LinkOrigin
from shared.storage.dynamo.bulk import BulkRows, Raw, equal_to, insert, to_json, update
from shared.storage.dynamo.tables import SCHEMA_VERSION
from shared.storage.keys import is_key, of_scope, require_distinct_keys, require_next_version
from shared.storage.limits import require_fitting
from shared.storage.ports import Page


class DynamoLinks:
    def __init__(self, table_name: str, bulk: BulkRows) -> None:
        self._name = table_name
        self._bulk = bulk

    def get_links(
        self, scope: LinkScope, source_ids: Sequence[SourceId]
    ) -> Mapping[SourceId, Link]:
        raws = self._bulk.get(self._name, of_scope("link", scope), filter(is_key, source_ids))
        return {link.source_id: link for link in map(_parse, raws)}

    def linked_to(
        self, scope: LinkScope, remote_ids: Sequence[RemoteId]
    ) -> Mapping[RemoteId, SourceId]:
        raws = self._bulk.get(self._name, of_scope("remote", scope), filter(is_key, remote_ids))
        return {RemoteId(raw["sk"]["S"]): SourceId(raw["source_id"]["S"]) for raw in raws}

    def page_links(self, scope: LinkScope, limit: int, cursor: str | None) -> Page[Link]:
        return self._bulk.page(self._name, of_scope("link", scope), limit, cursor, _parse)

    def all_linked(self, scope: LinkScope) -> Mapping[RemoteId, SourceId]:
        raws = self._bulk.query(
            {
                "TableName": self._name,
                "KeyConditions": {"pk": equal_to(of_scope("remote", scope))},
                "AttributesToGet": ["sk", "source_id"],
                "ConsistentRead": True,
            }
        )
        return {RemoteId(raw["sk"]["S"]): SourceId(raw["source_id"]["S"]) for raw in raws}

    def remove_link(self, scope: LinkScope, link: Link) -> bool:
        return self._bulk.delete_together(
            self._name,
            [
                (
                    of_scope("link", scope),
                    link.source_id,
                    "row_version",
                    {"N": str(link.row_version)},
                ),
                (of_scope("remote", scope), link.remote_id, "source_id", {"S": link.source_id}),
            ],
        )

    def save_links(self, scope: LinkScope, links: Sequence[Link]) -> Sequence[SourceId]:
        """As the port says; of several new links onto one remote id in one call only the first is tried."""
        require_distinct_keys(link.source_id for link in links)
        require_distinct_keys({link.remote_id for link in links})
        new: dict[RemoteId, Link] = {}
        lost: set[SourceId] = set()
        for link in links:
            require_next_version(link.row_version)
            if link.row_version == 1 and new.setdefault(link.remote_id, link) is not link:
                lost.add(link.source_id)
        lost |= self._claim(scope, list(new.values()))
        tried = [link for link in links if link.source_id not in lost]
        held = self._bulk.execute(
            [self._statement(scope, link) for link in tried], repeatable=False
        )
        beaten = [link for link, saved in zip(tried, held, strict=True) if not saved]
        lost |= {link.source_id for link in beaten}
        self._drop_stray_claims(scope, [link for link in beaten if link.row_version == 1])
        return [link.source_id for link in links if link.source_id in lost]

    def _claim(self, scope: LinkScope, links: Sequence[Link]) -> set[SourceId]:
        """Claim each link's remote id; answers the source ids of those that are somebody else's."""
        held = self._bulk.execute(
            [insert(self._name, claim_row(scope, link)) for link in links],
            repeatable=True,
        )
        taken = [link for link, claimed in zip(links, held, strict=True) if not claimed]
        owners = self.linked_to(scope, [link.remote_id for link in taken]) if taken else {}
        return {link.source_id for link in taken if owners.get(link.remote_id) != link.source_id}

    def _drop_stray_claims(self, scope: LinkScope, beaten: Sequence[Link]) -> None:
        """Remove the claims of source ids that turned out to be linked to another remote id."""
        if not beaten:
            return
        standing = self.get_links(scope, [link.source_id for link in beaten])
        for link in beaten:
            winner = standing.get(link.source_id)
            if winner is not None and winner.remote_id != link.remote_id:
                self._bulk.delete_if(
                    self._name,
                    of_scope("remote", scope),
                    link.remote_id,
                    "source_id",
                    link.source_id,
                )

    def _statement(self, scope: LinkScope, link: Link) -> Raw:
        row = link_row(scope, link)
        if link.row_version == 1:
            return insert(self._name, row)
        remote_id = row.pop("remote_id")
        stored = {"N": str(link.row_version - 1)}
        return update(self._name, row, {"row_version =": stored, "remote_id =": remote_id})


def link_row(scope: LinkScope, link: Link) -> Raw:
    return {
        "pk": {"S": of_scope("link", scope)},
        "sk": {"S": link.source_id},
        "schema_version": {"N": str(SCHEMA_VERSION)},
        "correlation_id": {"S": link.correlation_id},
        "row_version": {"N": str(link.row_version)},
        "body": {"S": _body(link)},
        "remote_id": {"S": link.remote_id},
    }


def claim_row(scope: LinkScope, link: Link) -> Raw:
    return {
        "pk": {"S": of_scope("remote", scope)},
        "sk": {"S": link.remote_id},
        "schema_version": {"N": str(SCHEMA_VERSION)},
        "correlation_id": {"S": link.correlation_id},
        "source_id": {"S": link.source_id},
    }


def _body(link: Link) -> str:
    """What no condition asks about. Absent means the default: most links have nothing to tell there."""
    body: dict[str, object] = {
        "remote_version": link.remote_version,
        "remote_name": link.remote_name,
        "name_key": link.name_key,
        "source_version": link.source_version,
        "mapping_version": link.mapping_version,
        "base": dict(link.base),
        "run_id": link.run_id,
    }
    if link.answered:
        body["answered"] = dict(link.answered)
    if link.origin is not LinkOrigin.CREATED:
        body["origin"] = link.origin
    if link.differing:
        body["differing"] = link.differing
    text = to_json(body)
    require_fitting(len(text.encode()), "A link")
    return text


def _parse(raw: Raw) -> Link:
    body = json.loads(raw["body"]["S"])
    return Link(
        source_id=SourceId(raw["sk"]["S"]),
        remote_id=RemoteId(raw["remote_id"]["S"]),
        remote_version=RemoteVersion(body["remote_version"]),
        remote_name=body["remote_name"],
        name_key=body["name_key"],
        source_version=body["source_version"],
        mapping_version=body["mapping_version"],
        base=body["base"],
        answered=body.get("answered", {}),
        origin=LinkOrigin(body.get("origin", LinkOrigin.CREATED)),
        differing=tuple(body.get("differing", ())),
        run_id=RunId(body["run_id"]),
        correlation_id=CorrelationId(raw["correlation_id"]["S"]),
        row_version=int(raw["row_version"]["N"]),
    )
