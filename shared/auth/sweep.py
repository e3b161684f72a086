"""The sweep: each minute, for one provider, the grants whose turn it is are renewed.

Whose turn it is say the rules of `sweep_rules`; how one is renewed is `Renewal`'s, under the same lease
as every hand-out. What is found out on the way is told: a grant that is dead, growing old, or whose
provider does not answer (`grant_notices`, `reauth`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.auth import grant_notices, grant_rules, sweep_rules
from shared.auth.abandoned import STRAY_AFTER, drop_abandoned, leave_strays
from shared.auth.connect_ports import ConnectPorts
from shared.auth.keeper import TokenKeeper
from shared.auth.reauth import mark_companies_need_reauth
from shared.auth.renewal import Renewal
from shared.domain.effects import InFlight
from shared.domain.errors import (
    ConnectionStopped,
    NeedsReauth,
    ProviderUnavailable,
    RetryLater,
    StorageUnavailable,
    SyncError,
)
from shared.domain.grants import Grant, GrantState, SweepLane, SweepPlace
from shared.domain.ids import GrantId, ProviderName
from shared.providers.base import ProviderOAuth

IN_FLIGHT = 8
PROBES = 5
"""So many are asked side by side until one is answered; if none is, the provider is left in peace."""

LONGEST = timedelta(seconds=50)
"""How long one sweep begins renewals: then the next minute's sweep is about to begin."""

_SPARE = timedelta(seconds=10)
_MOST_TIMED = 500
_COUNT_KEPT = {SweepLane.IN_USE: timedelta(minutes=2), SweepLane.IDLE: timedelta(minutes=10)}
_BROKEN_PAUSE = timedelta(days=1)
_TELL_PAUSE = 1.0


class Swept(StrEnum):
    """What became of one turn."""

    RENEWED = "renewed"
    UNANSWERED = "unanswered"
    DEAD = "dead"
    MOVED_TO_IDLE = "movedToIdle"
    ABANDONED = "abandoned"
    """A consent that nobody finished, or a grant that no connection is over, was taken back."""
    BROKEN = "broken"
    """Its sealed pair does not open: looked at again in a day, so that it stops nobody else's turn."""
    SKIPPED = "skipped"
    """Somebody else is renewing it, or it has moved since it was listed, or storage does not answer."""
    LEFT = "left"
    """For another minute: no time left, or the provider does not answer."""


class Sweep:
    """Made once per container.

    `ports` and `keeper` are over the same stores. `outage_notice`: how long a provider must have been
    without an answer before people are told.
    """

    def __init__(
        self,
        *,
        ports: ConnectPorts,
        keeper: TokenKeeper,
        oauth: Callable[[ProviderName], ProviderOAuth],
        in_flight: InFlight,
        outage_notice: timedelta,
    ) -> None:
        self._ports = ports
        self._keeper = keeper
        self._oauth = oauth
        self._in_flight = in_flight
        self._outage_notice = outage_notice
        self._counted: dict[tuple[ProviderName, SweepLane], tuple[int, datetime]] = {}

    def run(self, provider: ProviderName, until: datetime) -> Mapping[str, int]:
        """One minute's turns of one provider: how many ended in which `Swept`.

        `until`: when whoever calls is ended. A renewal needs as long as its lease, so none begins
        later than that before; one that is cut off may cost the connection.
        Raises `StorageUnavailable` when not even the turns can be listed.
        """
        now = self._keeper.clock.now()
        lease = self._keeper.call_deadline + grant_rules.SAVE_MARGIN
        ends = min(now + LONGEST, until - lease - _SPARE)
        minute = _Minute(
            self._ports, self._keeper, self._oauth(provider), ends, self._outage_notice
        )
        ended: Counter[Swept] = Counter()

        def settle(swept: list[tuple[_Turn, Swept]]) -> None:
            for _, each in swept:
                ended[each] += 1
                minute.note(each)

        self._in_flight.map_in_flight(
            self._turns(provider, now),
            minute.take,
            may_start=minute.may_start,
            settle=settle,
            idle=lambda: None,
            look_ahead=1,
        )
        return {str(each): ended[each] for each in Swept}

    def _turns(self, provider: ProviderName, now: datetime) -> Iterator[_Turn]:
        """The rings first: what lately had no answer must not keep the others from their turns."""
        for lane in (SweepLane.IN_USE, SweepLane.IDLE):
            cycle = sweep_rules.cycle_of(lane, self._oauth(provider).profile.tokens)
            count = self._count(provider, lane, now)
            minute = sweep_rules.minute_of(now)
            most = sweep_rules.most_turns(count, cycle)
            rows = self._keeper.grants.next_in_sweep(provider, lane, most)
            behind = bool(rows) and sweep_rules.is_behind(rows[0][1], lane, cycle, now)
            turns = sweep_rules.turns(count, cycle, minute, behind=behind)
            for grant_id, at in rows[:turns]:
                yield _Turn(grant_id, SweepPlace(lane, at))
        due = self._keeper.grants.next_in_sweep(provider, SweepLane.TIMED, _MOST_TIMED, until=now)
        for grant_id, at in due:
            yield _Turn(grant_id, SweepPlace(SweepLane.TIMED, at))

    def _count(self, provider: ProviderName, lane: SweepLane, now: datetime) -> int:
        kept = self._counted.get((provider, lane))
        if kept is None or not timedelta(0) <= now - kept[1] < _COUNT_KEPT[lane]:
            kept = self._keeper.grants.count_in_sweep(provider, lane), now
            self._counted[provider, lane] = kept
        return kept[0]


@dataclass(frozen=True, slots=True)
class _Turn:
    """A grant, and its place as the index had it: the grant itself may have moved on."""

    grant_id: GrantId
    place: SweepPlace


class _Minute:
    """One provider's turns of one minute. `take` runs side by side, all else on one thread."""

    def __init__(
        self,
        ports: ConnectPorts,
        keeper: TokenKeeper,
        oauth: ProviderOAuth,
        ends: datetime,
        outage_notice: timedelta,
    ) -> None:
        self._ports = ports
        self._keeper = keeper
        self._oauth = oauth
        self._profile = oauth.profile
        self._ends = ends
        self._outage_notice = outage_notice
        self._answered = False
        self._unanswered = 0

    @property
    def _outage(self) -> bool:
        return not self._answered and self._unanswered >= PROBES

    def may_start(self, in_flight: int) -> float:
        return 0.0 if in_flight < (IN_FLIGHT if self._answered else PROBES) else float("inf")

    def note(self, ended: Swept) -> None:
        self._answered |= ended in (Swept.RENEWED, Swept.DEAD)
        self._unanswered += ended is Swept.UNANSWERED

    def take(self, turn: _Turn) -> Swept:
        """One turn, to its end. Raises only what is an error of ours."""
        if self._keeper.clock.now() >= self._ends:
            return Swept.LEFT
        try:
            grant = self._keeper.grants.get(turn.grant_id)
            if grant is None or grant.state is not GrantState.ACTIVE or grant.place != turn.place:
                return Swept.SKIPPED
            return self._put_off(grant) if self._outage else self._turn(grant, turn.place.lane)
        except RetryLater:  # storage: nothing is lost, the next minute comes here again
            return Swept.SKIPPED

    def _put_off(self, grant: Grant) -> Swept:
        """The provider answers nobody at the moment: a grant that had no answer before waits on."""
        if grant.unanswered_since is not None:
            self._still_unanswered(grant, grant.unanswered_since)
        return Swept.LEFT

    def _turn(self, grant: Grant, lane: SweepLane) -> Swept:
        now = self._keeper.clock.now()
        if lane is SweepLane.TIMED and not grant.companies:
            drop_abandoned(self._ports, self._oauth, grant)
            return Swept.ABANDONED
        if lane is SweepLane.IN_USE and not sweep_rules.wanted(grant, now):
            self._move(grant, sweep_rules.place_of(grant, self._profile, now))
            return Swept.MOVED_TO_IDLE
        if lane is SweepLane.IDLE and self._left_behind(grant, now):
            return Swept.ABANDONED
        return self._renew(grant)

    def _left_behind(self, grant: Grant, now: datetime) -> bool:
        """Whether no connection is over it any more: a crash left it, and it is retired now."""
        recent = grant.rotated_at is None or now - grant.rotated_at < STRAY_AFTER
        if recent or not leave_strays(self._ports, self._oauth, grant):
            return False
        left = self._keeper.grants.get(grant.grant_id)
        return left is None or left.state is not GrantState.ACTIVE

    def _renew(self, grant: Grant) -> Swept:
        try:
            renewal = Renewal(self._keeper, grant.grant_id, self._oauth)
            renewed = renewal.attempt(grant, refused_version=grant.token_version)
        except ProviderUnavailable:
            if grant.unanswered_since is not None:  # else the renewal has written it down
                self._still_unanswered(grant, grant.unanswered_since)
            return Swept.UNANSWERED
        except NeedsReauth:
            self._tell_dead(grant)
            return Swept.DEAD
        except (RetryLater, ConnectionStopped):
            return Swept.SKIPPED
        except SyncError:
            at = self._keeper.clock.now() + _BROKEN_PAUSE
            self._move(grant, SweepPlace(SweepLane.TIMED, at))
            return Swept.BROKEN
        return Swept.RENEWED if renewed is not None else Swept.SKIPPED

    def _tell_dead(self, grant: Grant) -> None:
        """Tried until the minute is over: no sweep comes here again, it has lost its place."""
        while True:
            try:
                return mark_companies_need_reauth(self._ports, grant, self._profile)
            except StorageUnavailable:
                if self._keeper.clock.now() >= self._ends:
                    raise
            self._keeper.sleep_about(_TELL_PAUSE)

    def _still_unanswered(self, grant: Grant, since: datetime) -> None:
        now, tell_at = self._keeper.clock.now(), since + self._outage_notice
        fraction = self._keeper.chance.fraction()
        place = sweep_rules.place_unanswered(grant, now, fraction, tell_at=tell_at)
        if self._move(grant, place) and now >= tell_at:
            grant_notices.unanswered(self._ports, grant, since, self._profile)

    def _move(self, grant: Grant, place: SweepPlace | None) -> bool:
        """False where it was renewed, or ended, since it was read."""
        return self._keeper.grants.set_place(
            grant.grant_id, place, expected_token_version=grant.token_version
        )
