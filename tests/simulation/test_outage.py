"""Ten minutes without the provider, 2,000 changes: none lost, doubled, refused or dead, and few calls."""

from __future__ import annotations

import pytest

from shared.sync.automatic.gate import PROBE_INTERVAL
from tests.simulation.outage import CHANGES, OUTAGE, simulate_outage

pytestmark = pytest.mark.no_cover

PROBES = OUTAGE / PROBE_INTERVAL.total_seconds() + 1
CALLS_OF_A_PROBE = 2
"""On average: the probe's first call, and now and then its repeat or the reading back."""


@pytest.mark.parametrize("hangs", [False, True], ids=["fails at once", "hangs"])
@pytest.mark.parametrize("seed", range(3))
def test_after_an_outage_everything_is_there_once_with_its_latest_values(
    seed: int, *, hangs: bool
) -> None:
    outcome = simulate_outage(seed, hangs=hangs)
    assert outcome.wrong == ()
    assert outcome.recovered_after is not None, "within three minutes"
    assert outcome.dead_letters == 0
    assert 0 < outcome.calls.total() <= PROBES * CALLS_OF_A_PROBE < CHANGES / 20
