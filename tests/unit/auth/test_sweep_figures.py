"""The sweep over many grants, on a virtual clock: no minute stands out, and nothing is forgotten.

`python -m bench sweep` shows the same for 100,000.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from bench.sweep_world import SweepWorld

pytestmark = pytest.mark.no_cover

GRANTS = 2000
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def test_idle_grants_connected_in_one_hour_are_spread_over_their_week():
    world = SweepWorld(GRANTS)
    world.connect_all(within=HOUR)
    world.run(8 * DAY)

    assert world.refreshes.total() == pytest.approx(GRANTS * 8 / 7, rel=0.01)
    assert world.writes == 3 * world.refreshes.total(), "take the lease, save, give it back"
    assert world.busiest_to_mean(8 * DAY, of=HOUR) <= 1.2
    assert world.oldest() <= 7 * DAY + HOUR


def test_grants_in_use_are_renewed_once_in_53_minutes_and_no_caller_waits_for_it():
    world = SweepWorld(GRANTS, in_use=GRANTS)
    world.connect_all(within=HOUR)
    world.run(HOUR)
    world.reset()
    world.run(6 * HOUR)

    assert world.refreshes.total() == pytest.approx(GRANTS * 6 * 60 / 53, rel=0.02)
    assert world.by_hand_outs == 0
    assert world.busiest_to_mean(6 * HOUR) <= 1.2
    notes = world.writes - 3 * world.refreshes.total()
    assert notes <= 6 * GRANTS, "use is noted once an hour"
