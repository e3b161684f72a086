"""`GrantStore`, `ConsentStore` and `ChoiceStore` in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from shared.domain.connections import PendingChoice
from shared.domain.grants import Grant, GrantState, Lease, SweepLane, SweepPlace
from shared.domain.ids import CompanyId, ConnectionKey, GrantId, ProviderName
from shared.storage.auth_ports import ConsentRequest
from shared.storage.keys import NEVER
from shared.storage.memory.lanes import Lanes
from shared.storage.memory.table import Lock


class MemoryGrants:
    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._grants: dict[GrantId, Grant] = {}
        self._users: dict[tuple[ProviderName, str], GrantId] = {}
        self._lanes = Lanes()

    def get(self, grant_id: GrantId) -> Grant | None:
        with self._lock:
            return self._grants.get(grant_id)

    def put_new(self, grant: Grant) -> None:
        with self._lock:
            self._store(grant)

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
            renewed = replace(
                stored,
                remote_company_ids=grant.remote_company_ids,
                sealed_pair=grant.sealed_pair,
                token_version=expected_token_version + 1,
                access_expires_at=grant.access_expires_at,
                refresh_expires_at=grant.refresh_expires_at,
                sealed_former_pair=grant.sealed_former_pair,
                rotated_at=grant.rotated_at,
                state=GrantState.ACTIVE,
                place=grant.place,
                unanswered_since=None,
            )
            self._store(renewed)
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
            self._store(replace(stored, state=GrantState.NEEDS_REAUTH, place=None))
            return True

    def set_place(
        self,
        grant_id: GrantId,
        place: SweepPlace | None,
        *,
        expected_token_version: int,
        wanted_at: datetime | None = None,
        unanswered_since: datetime | None = None,
    ) -> bool:
        with self._lock:
            stored = self._grants.get(grant_id)
            if (
                stored is None
                or stored.token_version != expected_token_version
                or stored.state is not GrantState.ACTIVE
            ):
                return False
            self._store(
                replace(
                    stored,
                    place=place,
                    wanted_at=wanted_at or stored.wanted_at,
                    unanswered_since=unanswered_since or stored.unanswered_since,
                )
            )
            return True

    def attach(self, grant_id: GrantId, company_id: CompanyId) -> bool:
        with self._lock:
            stored = self._grants.get(grant_id)
            if stored is None or stored.state is GrantState.REVOKED:
                return False
            self._store(replace(stored, companies=stored.companies | {company_id}))
            return True

    def detach(self, grant_id: GrantId, company_id: CompanyId) -> frozenset[CompanyId]:
        with self._lock:
            stored = self._grants.get(grant_id)
            if stored is None:
                return frozenset()
            left = stored.companies - {company_id}
            self._store(replace(stored, companies=left))
            return left

    def retire(self, grant_id: GrantId) -> bool:
        with self._lock:
            stored = self._grants.get(grant_id)
            if stored is None or stored.companies or stored.state is GrantState.REVOKED:
                return False
            self._store(
                replace(
                    stored,
                    state=GrantState.REVOKED,
                    token_version=stored.token_version + 1,
                    sealed_pair=b"",
                    sealed_former_pair=None,
                    place=None,
                )
            )
            return True

    def next_in_sweep(
        self, provider: ProviderName, lane: SweepLane, limit: int, *, until: datetime | None = None
    ) -> Sequence[tuple[GrantId, datetime]]:
        with self._lock:
            return self._lanes.first(provider, lane, limit, until)

    def count_in_sweep(self, provider: ProviderName, lane: SweepLane) -> int:
        with self._lock:
            return self._lanes.count(provider, lane)

    def claim_user(
        self, provider: ProviderName, user_id: str, grant_id: GrantId, *, instead_of: GrantId | None
    ) -> GrantId:
        with self._lock:
            standing = self._users.get((provider, user_id))
            if standing is not None and standing != instead_of:
                return standing
            self._users[provider, user_id] = grant_id
            return grant_id

    def of_user(self, provider: ProviderName, user_id: str) -> GrantId | None:
        with self._lock:
            return self._users.get((provider, user_id))

    def _store(self, grant: Grant) -> None:
        former = self._grants.get(grant.grant_id)
        self._grants[grant.grant_id] = grant
        self._lanes.move(grant, former.place if former else None)


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


class MemoryChoices:
    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._choices: dict[ConnectionKey, PendingChoice] = {}

    def put(self, choice: PendingChoice) -> PendingChoice | None:
        with self._lock:
            replaced = self._choices.get(choice.connection)
            self._choices[choice.connection] = choice
            return replaced

    def get(self, key: ConnectionKey) -> PendingChoice | None:
        with self._lock:
            return self._choices.get(key)

    def take(self, key: ConnectionKey, choice_id: str) -> bool:
        with self._lock:
            choice = self._choices.get(key)
            if choice is None or choice.choice_id != choice_id:
                return False
            del self._choices[key]
            return True
