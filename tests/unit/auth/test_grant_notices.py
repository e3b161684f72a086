"""What an office reads about its grant, and when it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.auth import grant_notices
from shared.auth.disconnect import disconnect
from shared.auth.reauth import mark_connection_needs_reauth, reauth_problem
from shared.domain.grants import SweepLane
from shared.domain.ids import CompanyId, PersonId
from tests.support.fake_oauth import Fault
from tests.unit.auth.doubles import START
from tests.unit.auth.swept_world import SweptWorld

DAY = timedelta(days=1)
FIRST = (
    "Your QuickBooks connection ends on 16 March 2026 (in 14 days) unless it is renewed. "
    "Go to Settings → Integrations → Reconnect QuickBooks."
)


@pytest.fixture
def world() -> SweptWorld:
    """One grant of two companies, whose refresh token ends on 16 March whatever is refreshed."""
    world = SweptWorld()
    ends_at = START + 14 * DAY
    world.add(1, companies=("acme", "beta"), refresh_expires_at=ends_at)

    def same_end() -> None:
        world.oauth.refresh_lifetime = (ends_at - world.clock.now()).total_seconds()

    world.oauth.during = same_end
    return world


def open_now(world: SweptWorld, company: str = "acme") -> list[str]:
    return [each.cause for each in world.told_to(company) if each.closed_at is None]


def pass_days(world: SweptWorld, count: float) -> None:
    for _ in range(round(count * 24)):
        world.sweep()
        world.clock.advance(3600)


def test_an_age_is_told_at_14_7_and_2_days_once_each_the_earlier_one_closed(world):
    said = []
    for _ in range(14 * 24):
        world.sweep()
        said.append(tuple(open_now(world)))
        world.clock.advance(3600)

    assert list(dict.fromkeys(said)) == [
        ("quickbooks#refresh-age#14",),
        ("quickbooks#refresh-age#7",),
        ("quickbooks#refresh-age#2",),
    ]
    assert len(world.told_to("acme")) == len(world.told_to("beta")) == 3
    first, _, last = world.told_to("acme")
    assert first.problem.message == FIRST
    assert first.problem.action == "Reconnect QuickBooks"
    assert "ends on 16 March 2026 (in 2 days)" in last.problem.message


@pytest.mark.parametrize(("late", "left"), [(10, "in 14 days"), (13.5 * 24 * 60, "in 1 day)")])
def test_days_left_are_counted_up(world, late, left):
    world.clock.advance(late * 60)
    world.sweep()

    [told] = world.told_to("acme")
    assert left in told.problem.message


def test_connecting_closes_what_was_said_of_an_outage(world):
    grant_notices.unanswered(world.ports, world.grant(1), START, world.oauth.profile)

    grant_notices.connected(world.ports, world.connection("acme"), world.oauth.profile)

    assert open_now(world) == []
    assert world.told_to("acme")[-1].problem.message == "QuickBooks answers again."


def test_an_expiry_that_moves_closes_what_was_said_of_it_and_goes_back_to_its_ring(world):
    world.sweep()
    assert open_now(world) == ["quickbooks#refresh-age#14"]
    assert world.grant(1).place.lane is SweepLane.TIMED

    world.oauth.during = lambda: None
    world.oauth.refresh_lifetime = None  # the rules' 100 days
    pass_days(world, 8)

    assert open_now(world) == open_now(world, "beta") == []
    assert world.grant(1).place.lane is SweepLane.IDLE
    assert len(world.told_to("acme")) == 1, "extended in silence"


def test_a_token_that_dies_of_age_is_told_as_expired(world):
    pass_days(world, 14)
    world.oauth.others.clear()
    world.oauth.live = None
    pass_days(world, 1)

    assert open_now(world) == ["quickbooks#reauth"]


def test_a_refresh_without_anything_to_tell_costs_the_notifications_nothing(world):
    world.add(2)

    class Untouched:
        def __getattr__(self, name):
            raise AssertionError(f"notifications.{name} was called")

    ports = replace(world.ports, stores=replace(world.stores, notifications=Untouched()))

    grant_notices.renewed(ports, world.grant(2), world.grant(2), world.oauth.profile)


def test_connecting_again_closes_all_and_says_so_once(world):
    pass_days(world, 8)
    connection = world.connection("acme")
    mark_connection_needs_reauth(world.ports, connection, world.oauth.profile)
    assert open_now(world) == ["quickbooks#reauth"]

    for _ in range(2):
        grant_notices.connected(world.ports, connection, world.oauth.profile)

    assert open_now(world) == []
    expired, recovery = world.told_to("acme")[-2:]
    assert recovery.recovery_of == expired.notification_id
    assert recovery.problem.message == "QuickBooks is connected again."
    assert recovery.closed_at == recovery.opened_at, "it needs nobody"
    assert len(open_now(world, "beta")) == 1, "the other company has its own"
    grant_notices.connected(world.ports, world.connection("beta"), world.oauth.profile)
    assert open_now(world, "beta") == []


def test_a_grant_found_dead_after_an_outage_is_told_as_expired_alone(world):
    """The provider has answered; and nothing goes by itself any more."""
    world.oauth.faults.extend([Fault.BROKEN] * 1000)
    world.sweep_minutes(40)
    assert open_now(world) == ["quickbooks#outage"]

    world.oauth.faults.clear()
    world.oauth.others.clear()
    world.sweep_minutes(90)

    assert open_now(world) == ["quickbooks#reauth"]


def test_disconnecting_closes_all_and_says_nothing(world):
    pass_days(world, 8)
    connection = world.connection("acme")
    mark_connection_needs_reauth(world.ports, connection, world.oauth.profile)
    said = {company: len(world.told_to(company)) for company in ("acme", "beta")}
    assert open_now(world, "beta") == ["quickbooks#refresh-age#7"]

    for company, count in said.items():
        key = world.connection(company).key
        disconnect(world.ports, world.oauth, key, PersonId("ada"))
        assert open_now(world, company) == []
        assert len(world.told_to(company)) == count


def test_the_next_end_is_told_again(world):
    profile = world.oauth.profile
    acme = CompanyId("acme")
    connection = world.connection("acme")
    for _ in range(3):
        assert grant_notices.expired(world.ports, acme, profile, reauth_problem(profile))
        grant_notices.connected(world.ports, connection, profile)

    assert len(world.told_to("acme")) == 6
