"""The index over the places of the sweep, in memory."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from datetime import datetime

from shared.domain.grants import Grant, SweepLane, SweepPlace
from shared.domain.ids import GrantId, ProviderName

_AFTER_ALL = GrantId("\U0010ffff")


class Lanes:
    """Per provider and lane the places in order. Not safe for threads by itself."""

    def __init__(self) -> None:
        self._places: defaultdict[
            tuple[ProviderName, SweepLane], list[tuple[datetime, GrantId]]
        ] = defaultdict(list)

    def move(self, grant: Grant, former: SweepPlace | None) -> None:
        if former is not None:
            places = self._places[grant.provider, former.lane]
            del places[bisect_left(places, (former.at, grant.grant_id))]
        if grant.place is not None:
            insort(self._places[grant.provider, grant.place.lane], (grant.place.at, grant.grant_id))

    def first(
        self, provider: ProviderName, lane: SweepLane, limit: int, until: datetime | None
    ) -> list[tuple[GrantId, datetime]]:
        places = self._places[provider, lane]
        end = len(places) if until is None else bisect_right(places, (until, _AFTER_ALL))
        return [(grant_id, at) for at, grant_id in places[: min(limit, end)]]

    def count(self, provider: ProviderName, lane: SweepLane) -> int:
        return len(self._places[provider, lane])
