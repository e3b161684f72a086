"""What connecting and tokens ask of storage; `ports` says what holds of every store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.domain.connections import PendingChoice
from shared.domain.grants import Grant, Lease, SweepLane, SweepPlace
from shared.domain.ids import CompanyId, ConnectionKey, GrantId, PersonId, ProviderName


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """What an authorize URL's one-time state stands for. `code_verifier` only where PKCE is used.

    `needs_session`: begun in a browser that is signed in to the console, so it ends there or nowhere.
    """

    state: str
    connection: ConnectionKey
    person_id: PersonId
    redirect_uri: str
    expires_at: datetime
    code_verifier: str = ""
    return_to: str = ""
    needs_session: bool = False


class ConsentStore(Protocol):
    def put(self, request: ConsentRequest) -> None: ...

    def take(self, state: str) -> ConsentRequest | None:
        """Read and remove in one atomic step: a state works once. Expiry is the caller's to compare."""


class ChoiceStore(Protocol):
    """At most one pending choice per connection."""

    def put(self, choice: PendingChoice) -> PendingChoice | None:
        """Replaces what is pending, and answers it."""

    def get(self, key: ConnectionKey) -> PendingChoice | None:
        """Expiry is the caller's to compare."""

    def take(self, key: ConnectionKey, choice_id: str) -> bool:
        """Remove it if it is that one still: a choice is decided once. Atomic."""


@dataclass(frozen=True, slots=True)
class Session:
    """A person's stay at the console, for one company. `session_id` is the secret of their browser.

    `locale` and `zoneinfo` as the issuer says them (OpenID Connect Core, 5.1); empty where it does not.
    """

    session_id: str
    company_id: CompanyId
    company_name: str
    person_id: PersonId
    name: str
    roles: frozenset[str]
    expires_at: datetime
    locale: str = ""
    zoneinfo: str = ""


class SessionStore(Protocol):
    def put(self, session: Session) -> None: ...

    def get(self, session_id: str) -> Session | None:
        """Expiry is the caller's to compare."""

    def remove(self, session_id: str) -> None:
        """Signed out; nothing happens where there is none."""


class GrantStore(Protocol):
    """Token pairs, the lease on renewing them, and their places in the sweep. `sealed_*` is opaque here."""

    def get(self, grant_id: GrantId) -> Grant | None: ...

    def put_new(self, grant: Grant) -> None:
        """A consent given: stores the grant, replacing one of the same id whatever its version.

        The stored token version must be higher than any before under this id; the caller sees to it.
        """

    def take_lease(
        self, grant_id: GrantId, owner: str, *, now: datetime, expires_at: datetime
    ) -> Lease | None:
        """The lease with the next fence, if none is running at `now`; else None. Atomic."""

    def release_lease(self, grant_id: GrantId, lease: Lease) -> None:
        """Only if it is still this owner's and fence's; the fence stays."""

    def save_pair(self, grant: Grant, *, expected_token_version: int) -> bool:
        """Save pair, expiries, companies covered, place and token version (expected + 1), state active.

        `unanswered_since` is cleared; `companies` and `wanted_at` stay as stored. On the condition
        that the stored token version is the expected one, whoever holds the lease: a late save still
        wins while the version is unmoved, because it holds the only live pair.
        """

    def mark_needs_reauth(
        self, grant_id: GrantId, *, expected_token_version: int, fence: int
    ) -> bool:
        """On the condition that version and lease fence are unmoved. Does not move the version.

        Such a grant has no place in the sweep any more.
        """

    def set_place(
        self,
        grant_id: GrantId,
        place: SweepPlace | None,
        *,
        expected_token_version: int,
        wanted_at: datetime | None = None,
        unanswered_since: datetime | None = None,
    ) -> bool:
        """Another place in the sweep, and the two instants where given (None leaves them as they are).

        On the condition that the grant is active and its version unmoved.
        """

    def attach(self, grant_id: GrantId, company_id: CompanyId) -> bool:
        """One more company uses it. On the condition that it is there and not revoked."""

    def detach(self, grant_id: GrantId, company_id: CompanyId) -> frozenset[CompanyId]:
        """That company uses it no more; answers who still does."""

    def retire(self, grant_id: GrantId) -> bool:
        """Revoked, pair and place erased, version moved: on the condition that no company is attached."""

    def next_in_sweep(
        self, provider: ProviderName, lane: SweepLane, limit: int, *, until: datetime | None = None
    ) -> Sequence[tuple[GrantId, datetime]]:
        """The grants of a lane with the earliest places, and those; places after `until` are left out.

        Eventually consistent: read the grant before acting on it.
        """

    def count_in_sweep(self, provider: ProviderName, lane: SweepLane) -> int:
        """How many grants stand in a lane. Reads each key of it; eventually consistent."""

    def claim_user(
        self, provider: ProviderName, user_id: str, grant_id: GrantId, *, instead_of: GrantId | None
    ) -> GrantId:
        """Which grant holds the one token chain of a provider's user: this one, if none did before
        or `instead_of` did; else the one that does. Atomic.
        """

    def of_user(self, provider: ProviderName, user_id: str) -> GrantId | None: ...
