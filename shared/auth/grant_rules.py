"""Pure rules of the hand-out: is a pair fresh, has it life left, may a refusal be believed."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.domain.connections import Connection, ConnectionState
from shared.domain.errors import ConnectionStopped, NeedsReauth
from shared.domain.grants import Grant, GrantState, Lease, TokenPair
from shared.domain.runs import Problem
from shared.providers.base import IssuedTokens, ProviderProfile, TokenRules

CLOCK_SKEW = timedelta(seconds=10)
"""How far the clocks of two containers may be apart; AWS keeps them within milliseconds."""

SAVE_MARGIN = timedelta(seconds=30)
"""What a lease outlasts its call by: reading and unsealing before it, saving after it, skew."""

USABLE_LIFE = timedelta(seconds=30)
"""The least remaining life with which an access token is still handed out when it cannot be renewed."""

COOLDOWN = timedelta(seconds=30)
"""The pause after a refresh that brought no answer, for all containers together."""

COOLDOWN_OWNER = "cooldown"
"""Owner of a lease that nobody works under: it stands in the row so that no one calls meanwhile."""


def fresh_until(grant: Grant, rules: TokenRules) -> datetime:
    """Until when the access token is used without a thought of renewal.

    At least for half its life: a provider (or a sandbox) whose tokens live shorter than
    `refresh_ahead` would otherwise be asked at every call.
    """
    ahead = rules.refresh_ahead + CLOCK_SKEW
    if grant.rotated_at is not None:
        ahead = min(ahead, (grant.access_expires_at - grant.rotated_at) / 2)
    return grant.access_expires_at - ahead


def usable(grant: Grant, now: datetime) -> bool:
    """Whether the access token still has some life, though it should be renewed."""
    return now + USABLE_LIFE < grant.access_expires_at


def running(lease: Lease | None, now: datetime) -> bool:
    return lease is not None and lease.expires_at > now


def earlier_holder_until(earlier: Lease | None, mine: Lease, taken_at: datetime) -> datetime:
    """Until when an earlier holder of the lease may yet save a pair, so that a refusal is not final.

    `earlier` is the lease as read before taking `mine`. Its time was over when mine was taken, by our
    clock; by the holder's own it may not be. (A released one has long expired.) Where fences show
    that somebody held it in between, unseen, all that is known is that it was over at `taken_at`.
    """
    if mine.fence > (earlier.fence if earlier else 0) + 1:
        return taken_at + CLOCK_SKEW
    if earlier is None or earlier.owner == COOLDOWN_OWNER:
        return taken_at
    return min(earlier.expires_at, taken_at) + CLOCK_SKEW


def former_is_honoured(grant: Grant, now: datetime, rules: TokenRules) -> bool:
    """Whether the pair before the stored one may still be refreshed."""
    if grant.sealed_former_pair is None or grant.rotated_at is None:
        return False
    return now < grant.rotated_at + rules.former_honoured


def next_expiries(
    tokens: IssuedTokens, asked_at: datetime, rules: TokenRules
) -> tuple[datetime, datetime | None]:
    """When the access and the refresh token end, counted from before they were asked for."""
    access = asked_at + timedelta(seconds=tokens.access_lifetime)
    if tokens.refresh_lifetime is not None:
        return access, asked_at + timedelta(seconds=tokens.refresh_lifetime)
    return access, asked_at + rules.idle_lifetime if rules.idle_lifetime is not None else None


def pair_of(tokens: IssuedTokens) -> TokenPair:
    return TokenPair(access_token=tokens.access_token, refresh_token=tokens.refresh_token)


def live(grant: Grant | None, profile: ProviderProfile) -> Grant:
    """The grant, if its pair may be renewed. Raises `NeedsReauth`, or `ConnectionStopped` (DISCONNECTED)."""
    if grant is not None and grant.state is GrantState.REVOKED:
        raise _disconnected(profile)
    if grant is None or grant.state is GrantState.NEEDS_REAUTH:
        raise NeedsReauth(profile.name)
    return grant


def check_connected(connection: Connection, profile: ProviderProfile) -> None:
    """Raises `ConnectionStopped` with code DISCONNECTED."""
    if connection.state is ConnectionState.DISCONNECTED:
        raise _disconnected(profile)


def check_covered(grant: Grant, connection: Connection, profile: ProviderProfile) -> None:
    """Whether the grant's tokens may be handed out for this connection.

    Raises `ConnectionStopped` with code REMOTE_COMPANY_NOT_COVERED.
    """
    covered = connection.remote_company.remote_company_id in grant.remote_company_ids
    if grant.provider != connection.key.provider or not covered:
        raise ConnectionStopped(
            Problem(
                "REMOTE_COMPANY_NOT_COVERED",
                f"The {profile.label} authorisation does not cover the connected company.",
                f"Go to Settings → Integrations → Reconnect {profile.label}.",
            )
        )


def _disconnected(profile: ProviderProfile) -> ConnectionStopped:
    return ConnectionStopped(
        Problem(
            "DISCONNECTED",
            f"{profile.label} is disconnected.",
            f"Go to Settings → Integrations → Connect {profile.label}.",
        )
    )
