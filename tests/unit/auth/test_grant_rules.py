"""The pure rules: until when an earlier holder of the lease may yet save."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.auth.grant_rules import COOLDOWN_OWNER, earlier_holder_until
from shared.domain.grants import Lease
from tests.unit.auth.doubles import START as TAKEN_AT

MINE = Lease("mine", TAKEN_AT + timedelta(seconds=50), fence=4)
LONG_AGO = TAKEN_AT - timedelta(days=365)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


@pytest.mark.parametrize(
    ("earlier", "waits"),
    [
        pytest.param(Lease("a", TAKEN_AT - seconds(3), 3), 7, id="lapsed just now"),
        pytest.param(Lease("a", TAKEN_AT - seconds(60), 3), -50, id="lapsed a minute ago"),
        pytest.param(Lease("a", LONG_AGO, 3), None, id="released"),
        pytest.param(Lease(COOLDOWN_OWNER, TAKEN_AT - seconds(1), 3), 0, id="nobody worked"),
        pytest.param(Lease("a", TAKEN_AT + seconds(1), 3), 10, id="released after our look"),
        pytest.param(Lease("a", LONG_AGO, 2), 10, id="somebody unseen held it in between"),
        pytest.param(None, 10, id="three unseen"),
    ],
)
def test_an_earlier_holder_may_save_until_its_lease_and_the_skew_are_over(earlier, waits):
    until = earlier_holder_until(earlier, MINE, TAKEN_AT)

    assert until <= TAKEN_AT if waits is None else until == TAKEN_AT + seconds(waits)


def test_the_first_holder_of_all_waits_for_nobody():
    first = Lease("mine", MINE.expires_at, fence=1)

    assert earlier_holder_until(None, first, TAKEN_AT) == TAKEN_AT
