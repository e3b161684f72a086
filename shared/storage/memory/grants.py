"""`GrantStore` and `ConsentStore` in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from shared.domain.grants import Grant, GrantState, Lease
from shared.domain.ids import GrantId
from shared.storage.keys import NEVER
from shared.storage.memory.table import Lock
from shared.storage.ports import ConsentRequest


class MemoryGrants:
    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._grants: dict[GrantId, Grant] = {}

    def get(self, grant_id: GrantId) -> Grant | None:
        with self._lock:
            return self._grants.get(grant_id)

    def put_new(self, grant: Grant) -> None:
        with self._lock:
            self._grants[grant.grant_id] = grant

    def take_lease(
        self, grant_id: GrantId, owner: str, *, now: datetime, expires_at: datetime
    ) -> Lease | None:
        with self._lock:
            grant = self._grants.get(grant_id)
            if grant is None or (grant.lease is not None and grant.lease.expires_at > now):
                return None
            lease = Lease(owner, expires_at, (grant.lease.fence if grant.lease else 0) + 1)
            self._grants[grant_id] = replace(grant, lease=lease)
            return lease

    def release_lease(self, grant_id: GrantId, lease: Lease) -> None:
        """A released lease stays in the grant, expired: owner and fence tell who had it last."""
        with self._lock:
            grant = self._grants.get(grant_id)
            if (
                grant is not None
                and grant.lease is not None
                and (grant.lease.owner, grant.lease.fence) == (lease.owner, lease.fence)
            ):
                self._grants[grant_id] = replace(
                    grant, lease=replace(grant.lease, expires_at=NEVER)
                )

    def save_pair(self, grant: Grant, *, expected_token_version: int) -> bool:
        with self._lock:
            stored = self._grants.get(grant.grant_id)
            if stored is None or stored.token_version != expected_token_version:
                return False
            self._grants[grant.grant_id] = replace(
                stored,
                sealed_pair=grant.sealed_pair,
                token_version=expected_token_version + 1,
                access_expires_at=grant.access_expires_at,
                refresh_expires_at=grant.refresh_expires_at,
                sealed_former_pair=grant.sealed_former_pair,
                rotated_at=grant.rotated_at,
                state=GrantState.ACTIVE,
            )
            return True

    def mark_needs_reauth(
        self, grant_id: GrantId, *, expected_token_version: int, fence: int
    ) -> bool:
        with self._lock:
            stored = self._grants.get(grant_id)
            if (
                stored is None
                or stored.token_version != expected_token_version
                or stored.lease is None
                or stored.lease.fence != fence
            ):
                return False
            self._grants[grant_id] = replace(stored, state=GrantState.NEEDS_REAUTH)
            return True


class MemoryConsents:
    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._requests: dict[str, ConsentRequest] = {}

    def put(self, request: ConsentRequest) -> None:
        with self._lock:
            self._requests[request.state] = request

    def take(self, state: str) -> ConsentRequest | None:
        with self._lock:
            return self._requests.pop(state, None)
