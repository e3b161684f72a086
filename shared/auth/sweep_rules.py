"""Pure rules of the sweep: whose turn comes when, and how many have theirs in a minute.

The sweep is a ring, not a list of what is due (docs/adr/0016): each minute, per provider and lane, so
many grants with the earliest places are renewed that every one has its turn once a cycle. So no minute
differs from another, whatever time the grants were connected at.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.domain.grants import Grant, SweepLane, SweepPlace
from shared.providers.base import ProviderProfile, TokenRules

IDLE_CYCLE = timedelta(days=7)

MARGIN = timedelta(minutes=2)
"""How long before hand-outs would renew a token themselves its turn comes."""

SHORTEST_CYCLE = timedelta(minutes=1)

WANTED_FOR = timedelta(hours=3)
"""Until how long after it was last wanted a grant counts as in use."""

NOTE_EVERY = timedelta(hours=1)
"""How often it is noted that a grant is wanted: so a grant in use costs one write an hour."""

AGES = (timedelta(days=14), timedelta(days=7), timedelta(days=2))
"""How long before its refresh token ends people are told, once each."""

_SHORTEST_LOOK = timedelta(hours=1)
_LONGEST_BACKOFF = timedelta(hours=1)
_FIRST_BACKOFF = timedelta(minutes=1)
_EXPIRY_MOVED = timedelta(minutes=1)
"""An expiry that is counted from each answer moves by the time between two answers; this is noise."""


def cycle_of(lane: SweepLane, rules: TokenRules) -> timedelta:
    """How long one round of a ring takes. TIMED is no ring and has none."""
    if lane is SweepLane.IN_USE:
        return max(rules.access_lifetime - rules.refresh_ahead - MARGIN, SHORTEST_CYCLE)
    return IDLE_CYCLE


def wanted(grant: Grant, now: datetime) -> bool:
    return grant.wanted_at is not None and now - grant.wanted_at < WANTED_FOR


def to_be_noted(grant: Grant, now: datetime) -> bool:
    """Whether a hand-out of its token at `now` is to be written down."""
    return grant.wanted_at is None or now - grant.wanted_at >= NOTE_EVERY


def place_of(grant: Grant, profile: ProviderProfile, now: datetime) -> SweepPlace:
    """The place of a grant whose pair is about to be saved (or moves to the idle ring).

    Counted from when its pair was asked for (`rotated_at`). A grant that is not in use comes earlier
    than its weekly turn where its refresh token's age is to be looked at before: when 14, 7 and 2
    days of life are left, then each time half of the rest is over, last when it ends. A consent that
    nobody has finished keeps the instant at which it is given up.
    """
    if not grant.companies and grant.place and grant.place.lane is SweepLane.TIMED:
        return grant.place
    since = grant.rotated_at or now
    if wanted(grant, now):
        return SweepPlace(SweepLane.IN_USE, since + cycle_of(SweepLane.IN_USE, profile.tokens))
    weekly = since + IDLE_CYCLE
    if grant.refresh_expires_at is not None:
        look = _next_look(grant.refresh_expires_at, now)
        if look <= weekly:
            return SweepPlace(SweepLane.TIMED, look)
    return SweepPlace(SweepLane.IDLE, weekly)


def place_when_wanted(grant: Grant, profile: ProviderProfile, now: datetime) -> SweepPlace:
    """Where a grant goes because somebody wants its token: one without an answer keeps its pause."""
    if grant.unanswered_since is not None and grant.place is not None:
        return grant.place
    since = grant.rotated_at or now
    return SweepPlace(SweepLane.IN_USE, since + cycle_of(SweepLane.IN_USE, profile.tokens))


def place_unanswered(
    grant: Grant, now: datetime, fraction: float, *, tell_at: datetime | None = None
) -> SweepPlace | None:
    """After a refresh without an answer, the first one or another.

    Again in 1, 2, 4 minutes and so on, an hour at most, each a quarter shorter to a quarter longer by
    `fraction` (0 to 1): the pauses add up to the time gone, so no count of tries is kept. None goes
    beyond `tell_at`, when people are to be told. A grant that no company uses stays where it is:
    timed, it would be taken for an abandoned consent.
    """
    if not grant.companies:
        return grant.place
    gone = now - grant.unanswered_since if grant.unanswered_since else timedelta(0)
    pause = min(max(gone, timedelta(0)) + _FIRST_BACKOFF, _LONGEST_BACKOFF)
    at = now + pause * (0.75 + fraction / 2)
    if tell_at is not None and now < tell_at < at:
        at = tell_at
    return SweepPlace(SweepLane.TIMED, at)


def turns(count: int, cycle: timedelta, minute: int, *, behind: bool) -> int:
    """How many of a ring of `count` grants have their turn in this minute (since the epoch).

    Over a cycle's minutes they add up to `count`, spread evenly. `behind`: 15 % more, at most 1.2 of
    the mean where that is a whole turn, and one at least.
    """
    seconds = int(cycle.total_seconds())

    def in_minute(pace: int) -> int:
        """By the ring's pace in seconds of cycle per minute: 60 is even."""
        return (minute + 1) * count * pace // seconds - minute * count * pace // seconds

    even = in_minute(60)
    if not behind or not count:
        return even
    return min(max(1, in_minute(69)), max(1, even, count * 72 // seconds))


def most_turns(count: int, cycle: timedelta) -> int:
    """At least what `turns` ever answers for that ring."""
    return count * 72 // int(cycle.total_seconds()) + 1


def is_behind(head: datetime, lane: SweepLane, cycle: timedelta, now: datetime) -> bool:
    """Whether the earliest place of a ring is later than a twentieth of its cycle.

    In use the margin is short: half of it, so that no hand-out has to renew a token itself.
    """
    return now - head > (MARGIN / 2 if lane is SweepLane.IN_USE else cycle / 20)


def minute_of(now: datetime) -> int:
    return int(now.timestamp()) // 60


def age_told(before: Grant, after: Grant, now: datetime) -> timedelta | None:
    """Which of `AGES` is to be told after a renewal: the last one passed, if the expiry did not move."""
    was, is_now = before.refresh_expires_at, after.refresh_expires_at
    if was is None or is_now is None or is_now > was + _EXPIRY_MOVED:
        return None
    return next((age for age in reversed(AGES) if is_now - age <= now), None)


def _next_look(expires_at: datetime, now: datetime) -> datetime:
    for age in AGES:
        if expires_at - age > now:
            return expires_at - age
    left = expires_at - now
    look = now + max(left / 2, _SHORTEST_LOOK)
    return look if left <= timedelta(0) else min(look, expires_at)
