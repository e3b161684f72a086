"""A grant is one consent of one provider user to one app: the token pair and who may renew it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.domain.ids import CompanyId, GrantId, ProviderName, RemoteCompanyId


class GrantState(StrEnum):
    ACTIVE = "active"
    NEEDS_REAUTH = "needs_reauth"
    REVOKED = "revoked"


class SweepLane(StrEnum):
    """How the sweep comes to a grant; see `shared.auth.sweep_rules`."""

    IN_USE = "in_use"
    """In turn, earliest place first, before its access token lapses."""
    IDLE = "idle"
    """In turn, about once a week, so that the refresh token never dies of age."""
    TIMED = "timed"
    """Not before its place: growing old, lately without an answer, or of a consent nobody finished."""


@dataclass(frozen=True, slots=True)
class SweepPlace:
    """Where a grant stands in the sweep: its lane, and the instant by which its turn should come."""

    lane: SweepLane
    at: datetime


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The clear pair: lives in memory only, never stored, logged or put in an exception."""

    access_token: str
    refresh_token: str

    def __repr__(self) -> str:
        return "TokenPair(<sealed>)"


@dataclass(frozen=True, slots=True)
class Lease:
    """A lock that expires. `fence` grows with each holder, and the protected write checks it."""

    owner: str
    expires_at: datetime
    fence: int


@dataclass(frozen=True, slots=True)
class Grant:
    """As stored: the pair is sealed, everything else is in the clear.

    `token_version` counts pairs: it moves when a new pair is saved and never otherwise. `lease` is
    the last lease taken, running or not. `remote_company_ids` are the companies the consent covers,
    `companies` the BlueClerk companies whose connection to the provider is over this grant. A grant
    with no `place` is never swept.
    """

    grant_id: GrantId
    provider: ProviderName
    remote_company_ids: tuple[RemoteCompanyId, ...]
    sealed_pair: bytes
    token_version: int
    access_expires_at: datetime
    refresh_expires_at: datetime | None
    state: GrantState = GrantState.ACTIVE
    lease: Lease | None = None
    sealed_former_pair: bytes | None = None
    """Only for providers that still honour the former refresh token for a while."""
    rotated_at: datetime | None = None
    companies: frozenset[CompanyId] = frozenset()
    place: SweepPlace | None = None
    wanted_at: datetime | None = None
    """When a caller last wanted its token, by the hour or so."""
    unanswered_since: datetime | None = None
    """Since when every refresh of it has been without an answer."""
