"""The rules of the sweep, as tables: whose turn comes when, and how many have theirs in a minute."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.auth import sweep_rules
from shared.domain.grants import SweepLane, SweepPlace
from tests.support.fake_oauth import FRESHBOOKS, QUICKBOOKS, XERO, oauth_profile
from tests.unit.auth.doubles import START as NOW
from tests.unit.auth.doubles import a_grant, local_vault

IDLE, IN_USE, TIMED = SweepLane.IDLE, SweepLane.IN_USE, SweepLane.TIMED
GRANT = replace(a_grant(local_vault()), rotated_at=NOW)
PROFILE = oauth_profile()


def days(count: float) -> timedelta:
    return timedelta(days=count)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def ago(age: timedelta | None):
    return None if age is None else NOW - age


@pytest.mark.parametrize(
    ("wanted", "ends_in", "lane", "next_in"),
    [
        pytest.param(None, days(100), IDLE, days(7), id="never wanted"),
        pytest.param(hours(3), days(100), IDLE, days(7), id="not wanted for three hours"),
        pytest.param(hours(2.9), days(100), IN_USE, minutes(53), id="wanted lately"),
        pytest.param(None, None, IDLE, days(7), id="a refresh token without an end"),
        pytest.param(None, days(21.1), IDLE, days(7), id="14 days before its end is far"),
        pytest.param(None, days(21), TIMED, days(7), id="or exactly a week away"),
        pytest.param(None, days(20), TIMED, days(6), id="14 days before its end comes sooner"),
        pytest.param(None, days(13), TIMED, days(6), id="7 days before its end is next"),
        pytest.param(None, days(6), TIMED, days(4), id="2 days before its end is next"),
        pytest.param(None, days(2), TIMED, days(1), id="then when half of the rest is over"),
        pytest.param(None, hours(1.5), TIMED, hours(1), id="but in no less than an hour"),
        pytest.param(None, hours(0.5), TIMED, hours(0.5), id="or when it ends"),
        pytest.param(None, hours(-1), TIMED, hours(1), id="it has ended: once more"),
        pytest.param(hours(1), days(6), IN_USE, minutes(53), id="in use comes sooner than any age"),
    ],
)
def test_the_place_of_a_grant_just_renewed(wanted, ends_in, lane, next_in):
    ends_at = None if ends_in is None else NOW + ends_in
    grant = replace(GRANT, wanted_at=ago(wanted), refresh_expires_at=ends_at)

    assert sweep_rules.place_of(grant, PROFILE, NOW) == SweepPlace(lane, NOW + next_in)


@pytest.mark.parametrize(
    ("rules", "cycle"), [(QUICKBOOKS, 53), (XERO, 23), (FRESHBOOKS, 12 * 60 - 7)]
)
def test_a_grant_in_use_has_its_turn_before_hand_outs_would_renew_it(rules, cycle):
    assert sweep_rules.cycle_of(IN_USE, rules) == minutes(cycle)


def test_the_shortest_cycle_is_a_minute():
    """A sandbox may let tokens live for seconds."""
    rules = replace(QUICKBOOKS, access_lifetime=timedelta(seconds=90))

    assert sweep_rules.cycle_of(IN_USE, rules) == minutes(1)


def test_a_grant_that_leaves_use_has_its_weekly_turn_counted_from_its_last_renewal():
    grant = replace(GRANT, rotated_at=NOW - minutes(53), wanted_at=NOW - hours(4))

    assert sweep_rules.place_of(grant, PROFILE, NOW) == SweepPlace(
        IDLE, NOW - minutes(53) + days(7)
    )


def test_a_consent_that_nobody_finished_keeps_the_instant_at_which_it_is_given_up():
    given_up = SweepPlace(TIMED, NOW + minutes(20))
    grant = replace(GRANT, companies=frozenset(), place=given_up)

    assert sweep_rules.place_of(grant, PROFILE, NOW) == given_up
    assert sweep_rules.place_unanswered(grant, NOW, 0.5) == given_up


@pytest.mark.parametrize(
    ("wanted", "noted"), [(None, True), (minutes(59), False), (minutes(60), True)]
)
def test_use_is_noted_once_an_hour(wanted, noted):
    assert sweep_rules.to_be_noted(replace(GRANT, wanted_at=ago(wanted)), NOW) is noted


@pytest.mark.parametrize(
    ("lane", "unanswered", "expected"),
    [
        pytest.param(IDLE, None, SweepPlace(IN_USE, NOW + minutes(53)), id="idle"),
        pytest.param(TIMED, None, SweepPlace(IN_USE, NOW + minutes(53)), id="growing old"),
        pytest.param(TIMED, NOW, SweepPlace(TIMED, NOW + days(1)), id="no answer: it waits on"),
    ],
)
def test_where_a_grant_goes_that_is_wanted(lane, unanswered, expected):
    stands = SweepPlace(lane, NOW + days(1))
    grant = replace(GRANT, place=stands, unanswered_since=unanswered)

    assert sweep_rules.place_when_wanted(grant, PROFILE, NOW) == expected


@pytest.mark.parametrize(
    ("since", "fraction", "pause"),
    [
        (None, 0.5, minutes(1)),
        (0, 0.5, minutes(1)),
        (1, 0.5, minutes(2)),
        (3, 0.5, minutes(4)),
        (31, 0.5, minutes(32)),
        (63, 0.5, minutes(60)),
        (600, 0.5, minutes(60)),
        (3, 0.0, minutes(3)),
        (3, 1.0, minutes(5)),
        pytest.param(-5, 0.5, minutes(1), id="another's clock is ahead"),
    ],
)
def test_the_pause_after_no_answer_doubles_to_an_hour(since, fraction, pause):
    grant = replace(GRANT, unanswered_since=None if since is None else NOW - minutes(since))

    place = sweep_rules.place_unanswered(grant, NOW, fraction)

    assert place == SweepPlace(TIMED, NOW + pause)


def test_no_pause_goes_beyond_the_instant_at_which_people_are_told():
    grant = replace(GRANT, unanswered_since=NOW - minutes(20))
    tell_at = NOW + minutes(10)

    assert sweep_rules.place_unanswered(grant, NOW, 0.5, tell_at=tell_at).at == tell_at
    past = sweep_rules.place_unanswered(grant, NOW, 0.5, tell_at=NOW - minutes(1))
    assert past.at == NOW + minutes(21)


@pytest.mark.parametrize(
    ("count", "cycle", "behind", "fewest", "most", "mean"),
    [
        pytest.param(0, days(7), False, 0, 0, 0, id="nobody"),
        pytest.param(0, days(7), True, 0, 0, 0, id="nobody, and the count was wrong"),
        pytest.param(1, minutes(53), False, 0, 1, 1 / 53, id="one in use"),
        pytest.param(100_000, days(7), False, 9, 10, 9.92, id="100,000 idle"),
        pytest.param(10_000, minutes(53), False, 188, 189, 188.7, id="10,000 in use"),
        pytest.param(1, days(7), True, 1, 1, 1, id="behind: one at least"),
        pytest.param(100_000, days(7), True, 11, 11, 11, id="behind: at most 1.2 of the mean"),
        pytest.param(10_000, minutes(53), True, 216, 217, 217, id="behind: 15 % more"),
    ],
)
def test_turns_of_a_minute(count, cycle, behind, fewest, most, mean):
    """Over a cycle's minutes, wherever they begin."""
    begin = sweep_rules.minute_of(NOW)
    turns = [
        sweep_rules.turns(count, cycle, minute, behind=behind)
        for minute in range(begin, begin + int(cycle / minutes(1)))
    ]

    assert (min(turns), max(turns)) == (fewest, most)
    assert sum(turns) / len(turns) == pytest.approx(mean, rel=0.002)
    assert max(turns) <= sweep_rules.most_turns(count, cycle)
    if not behind:
        assert sum(turns) == count, "each has one turn in a cycle"


@pytest.mark.parametrize(
    ("lane", "cycle", "late", "behind"),
    [
        (IDLE, days(7), hours(8), False),
        (IDLE, days(7), hours(9), True),
        (IN_USE, minutes(53), timedelta(seconds=59), False),
        (IN_USE, minutes(53), timedelta(seconds=61), True),
        (IN_USE, minutes(53), minutes(-10), False),
    ],
)
def test_when_a_ring_is_behind(lane, cycle, late, behind):
    assert sweep_rules.is_behind(NOW - late, lane, cycle, NOW) is behind


@pytest.mark.parametrize(
    ("was_left", "is_left", "told"),
    [
        pytest.param(days(14.5), days(14.5), None, id="not near"),
        pytest.param(days(14), days(14), 14, id="14 days"),
        pytest.param(days(8), days(8), 14, id="told at 14, or late"),
        pytest.param(days(7), days(7), 7, id="7 days"),
        pytest.param(days(2), days(2), 2, id="2 days"),
        pytest.param(days(-1), days(-1), 2, id="over"),
        pytest.param(days(7) - minutes(0.6), days(7) - minutes(0.1), 7, id="counted anew"),
        pytest.param(days(7), days(100), None, id="extended"),
        pytest.param(days(1), days(1.1), None, id="short, but it moves each time"),
        pytest.param(None, days(5), None, id="not known before"),
        pytest.param(days(5), None, None, id="without an end now"),
    ],
)
def test_which_age_is_told(was_left, is_left, told):
    def with_left(left):
        return replace(GRANT, refresh_expires_at=None if left is None else NOW + left)

    age = sweep_rules.age_told(with_left(was_left), with_left(is_left), NOW)

    assert age == (None if told is None else days(told))
