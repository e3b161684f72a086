"""`GrantStore` over the grants table."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pynamodb.expressions.update import Action

from shared.domain.grants import Grant, GrantState, Lease, SweepLane, SweepPlace
from shared.domain.ids import CompanyId, GrantId, ProviderName, RemoteCompanyId
from shared.storage.dynamo.bulk import BulkRows, equal_to
from shared.storage.dynamo.models import GrantOfUserRow, GrantRow
from shared.storage.dynamo.single import SingleRows
from shared.storage.dynamo.tables import SWEEP
from shared.storage.keys import (
    NEVER,
    SWEEP_SHARDS,
    instant,
    join,
    read_instant,
    split,
    sweep_shard_of,
)

_GRANT = "grant"


class DynamoGrants:
    def __init__(self, table_name: str, rows: SingleRows, bulk: BulkRows) -> None:
        self._name = table_name
        self._rows = rows
        self._bulk = bulk

    def get(self, grant_id: GrantId) -> Grant | None:
        row = self._rows.get(GrantRow, join(_GRANT, grant_id), _GRANT)
        return None if row is None else _parse(row)

    def put_new(self, grant: Grant) -> None:
        lease = grant.lease
        self._rows.put(
            GrantRow(
                pk=join(_GRANT, grant.grant_id),
                sk=_GRANT,
                grant_id=grant.grant_id,
                provider=grant.provider,
                remote_company_ids=list(grant.remote_company_ids),
                sealed_pair=grant.sealed_pair,
                token_version=grant.token_version,
                access_expires_at=instant(grant.access_expires_at),
                refresh_expires_at=_instant_or_none(grant.refresh_expires_at),
                grant_state=grant.state,
                lease_owner=lease.owner if lease else None,
                lease_expires_at=instant(lease.expires_at) if lease else None,
                lease_fence=lease.fence if lease else None,
                sealed_former_pair=grant.sealed_former_pair,
                rotated_at=_instant_or_none(grant.rotated_at),
                companies=set(grant.companies) or None,
                sweep_lane=_lane_of(grant.provider, grant.grant_id, grant.place)
                if grant.place
                else None,
                sweep_at=instant(grant.place.at) if grant.place else None,
                wanted_at=_instant_or_none(grant.wanted_at),
                unanswered_since=_instant_or_none(grant.unanswered_since),
            )
        )

    def take_lease(
        self, grant_id: GrantId, owner: str, *, now: datetime, expires_at: datetime
    ) -> Lease | None:
        free = GrantRow.lease_expires_at.does_not_exist() | (
            GrantRow.lease_expires_at <= instant(now)
        )
        row = self._rows.update(
            GrantRow,
            join(_GRANT, grant_id),
            _GRANT,
            [
                GrantRow.lease_owner.set(owner),
                GrantRow.lease_expires_at.set(instant(expires_at)),
                GrantRow.lease_fence.set((GrantRow.lease_fence | 0) + 1),
            ],
            GrantRow.pk.exists() & free,
        )
        return None if row is None else _lease(row)

    def release_lease(self, grant_id: GrantId, lease: Lease) -> None:
        """A released lease stays in the grant, expired: owner and fence tell who had it last."""
        self._rows.update(
            GrantRow,
            join(_GRANT, grant_id),
            _GRANT,
            [GrantRow.lease_expires_at.set(instant(NEVER))],
            (GrantRow.lease_owner == lease.owner) & (GrantRow.lease_fence == lease.fence),
        )

    def save_pair(self, grant: Grant, *, expected_token_version: int) -> bool:
        refresh_expires_at = _instant_or_none(grant.refresh_expires_at)
        rotated_at = _instant_or_none(grant.rotated_at)
        row = self._rows.update(
            GrantRow,
            join(_GRANT, grant.grant_id),
            _GRANT,
            [
                GrantRow.sealed_pair.set(grant.sealed_pair),
                GrantRow.token_version.set(expected_token_version + 1),
                GrantRow.access_expires_at.set(instant(grant.access_expires_at)),
                GrantRow.grant_state.set(GrantState.ACTIVE),
                GrantRow.refresh_expires_at.set(refresh_expires_at)
                if refresh_expires_at
                else GrantRow.refresh_expires_at.remove(),
                GrantRow.sealed_former_pair.set(grant.sealed_former_pair)
                if grant.sealed_former_pair is not None
                else GrantRow.sealed_former_pair.remove(),
                GrantRow.rotated_at.set(rotated_at) if rotated_at else GrantRow.rotated_at.remove(),
                GrantRow.remote_company_ids.set(list(grant.remote_company_ids)),
                GrantRow.unanswered_since.remove(),
                *_place_actions(grant.provider, grant.grant_id, grant.place),
            ],
            GrantRow.token_version == expected_token_version,
        )
        return row is not None

    def mark_needs_reauth(
        self, grant_id: GrantId, *, expected_token_version: int, fence: int
    ) -> bool:
        row = self._rows.update(
            GrantRow,
            join(_GRANT, grant_id),
            _GRANT,
            [
                GrantRow.grant_state.set(GrantState.NEEDS_REAUTH),
                GrantRow.sweep_lane.remove(),
                GrantRow.sweep_at.remove(),
            ],
            (GrantRow.token_version == expected_token_version) & (GrantRow.lease_fence == fence),
        )
        return row is not None

    def set_place(
        self,
        grant_id: GrantId,
        place: SweepPlace | None,
        *,
        expected_token_version: int,
        wanted_at: datetime | None = None,
        unanswered_since: datetime | None = None,
    ) -> bool:
        stored = self.get(grant_id)  # only for its provider, which never changes
        if stored is None:
            return False
        actions = _place_actions(stored.provider, grant_id, place)
        if wanted_at is not None:
            actions.append(GrantRow.wanted_at.set(instant(wanted_at)))
        if unanswered_since is not None:
            actions.append(GrantRow.unanswered_since.set(instant(unanswered_since)))
        row = self._rows.update(
            GrantRow,
            join(_GRANT, grant_id),
            _GRANT,
            actions,
            (GrantRow.token_version == expected_token_version)
            & (GrantRow.grant_state == GrantState.ACTIVE),
        )
        return row is not None

    def attach(self, grant_id: GrantId, company_id: CompanyId) -> bool:
        row = self._rows.update(
            GrantRow,
            join(_GRANT, grant_id),
            _GRANT,
            [GrantRow.companies.add({company_id})],
            GrantRow.pk.exists() & (GrantRow.grant_state != GrantState.REVOKED),
        )
        return row is not None

    def detach(self, grant_id: GrantId, company_id: CompanyId) -> frozenset[CompanyId]:
        row = self._rows.update(
            GrantRow,
            join(_GRANT, grant_id),
            _GRANT,
            [GrantRow.companies.delete({company_id})],
            GrantRow.pk.exists(),
        )
        return frozenset() if row is None else _companies(row)

    def retire(self, grant_id: GrantId) -> bool:
        row = self._rows.update(
            GrantRow,
            join(_GRANT, grant_id),
            _GRANT,
            [
                GrantRow.grant_state.set(GrantState.REVOKED),
                GrantRow.token_version.set(GrantRow.token_version + 1),
                GrantRow.sealed_pair.set(b""),
                GrantRow.sealed_former_pair.remove(),
                GrantRow.sweep_lane.remove(),
                GrantRow.sweep_at.remove(),
            ],
            GrantRow.pk.exists()
            & GrantRow.companies.does_not_exist()
            & (GrantRow.grant_state != GrantState.REVOKED),
        )
        return row is not None

    def next_in_sweep(
        self, provider: ProviderName, lane: SweepLane, limit: int, *, until: datetime | None = None
    ) -> Sequence[tuple[GrantId, datetime]]:
        places = []
        for shard in range(SWEEP_SHARDS):
            arguments = _lane_query(self._name, provider, lane, str(shard))
            if until is not None:
                arguments["KeyConditions"]["sweep_at"] = {
                    "AttributeValueList": [{"S": instant(until)}],
                    "ComparisonOperator": "LE",
                }
            places += self._bulk.query(arguments, limit)
        places.sort(key=lambda place: (place["sweep_at"]["S"], place["pk"]["S"]))
        return [
            (GrantId(split(place["pk"]["S"])[1]), read_instant(place["sweep_at"]["S"]))
            for place in places[:limit]
        ]

    def count_in_sweep(self, provider: ProviderName, lane: SweepLane) -> int:
        return sum(
            self._bulk.count(_lane_query(self._name, provider, lane, str(shard)))
            for shard in range(SWEEP_SHARDS)
        )

    def claim_user(
        self, provider: ProviderName, user_id: str, grant_id: GrantId, *, instead_of: GrantId | None
    ) -> GrantId:
        row = GrantOfUserRow(pk=_user_pk(provider, user_id), sk=_GRANT, grant_id=grant_id)
        free = GrantOfUserRow.pk.does_not_exist()
        if instead_of is not None:
            free |= GrantOfUserRow.grant_id == instead_of
        standing = self._rows.put_or_standing(row, free)
        return grant_id if standing is None else GrantId(standing.grant_id)

    def of_user(self, provider: ProviderName, user_id: str) -> GrantId | None:
        row = self._rows.get(GrantOfUserRow, _user_pk(provider, user_id), _GRANT)
        return None if row is None else GrantId(row.grant_id)


def _user_pk(provider: ProviderName, user_id: str) -> str:
    """A digest: who the person is at the provider is nobody's business here."""
    return join("grant-user", provider, hashlib.sha256(user_id.encode()).hexdigest())


def _lane_query(
    table_name: str, provider: ProviderName, lane: SweepLane, shard: str
) -> dict[str, Any]:
    return {
        "TableName": table_name,
        "IndexName": SWEEP,
        "KeyConditions": {"sweep_lane": equal_to(join(provider, lane, shard))},
    }


def _lane_of(provider: ProviderName, grant_id: GrantId, place: SweepPlace) -> str:
    return join(provider, place.lane, sweep_shard_of(grant_id))


def _place_actions(
    provider: ProviderName, grant_id: GrantId, place: SweepPlace | None
) -> list[Action]:
    if place is None:
        return [GrantRow.sweep_lane.remove(), GrantRow.sweep_at.remove()]
    return [
        GrantRow.sweep_lane.set(_lane_of(provider, grant_id, place)),
        GrantRow.sweep_at.set(instant(place.at)),
    ]


def _place(row: GrantRow) -> SweepPlace | None:
    if row.sweep_lane is None or row.sweep_at is None:
        return None
    return SweepPlace(SweepLane(split(row.sweep_lane)[1]), read_instant(row.sweep_at))


def _companies(row: GrantRow) -> frozenset[CompanyId]:
    return frozenset(map(CompanyId, row.companies or ()))


def _instant_or_none(at: datetime | None) -> str | None:
    return None if at is None else instant(at)


def _read_or_none(text: str | None) -> datetime | None:
    return None if text is None else read_instant(text)


def _lease(row: GrantRow) -> Lease | None:
    if row.lease_owner is None or row.lease_expires_at is None or row.lease_fence is None:
        return None
    return Lease(row.lease_owner, read_instant(row.lease_expires_at), int(row.lease_fence))


def _parse(row: GrantRow) -> Grant:
    return Grant(
        grant_id=GrantId(row.grant_id),
        provider=ProviderName(row.provider),
        remote_company_ids=tuple(map(RemoteCompanyId, row.remote_company_ids)),
        sealed_pair=row.sealed_pair,
        token_version=int(row.token_version),
        access_expires_at=read_instant(row.access_expires_at),
        refresh_expires_at=_read_or_none(row.refresh_expires_at),
        state=GrantState(row.grant_state),
        lease=_lease(row),
        sealed_former_pair=row.sealed_former_pair,
        rotated_at=_read_or_none(row.rotated_at),
        companies=_companies(row),
        place=_place(row),
        wanted_at=_read_or_none(row.wanted_at),
        unanswered_since=_read_or_none(row.unanswered_since),
    )
