"""The sweep, one minute after the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from shared.auth.sweep import IN_FLIGHT, PROBES
from shared.domain.connections import ConnectionState
from shared.domain.errors import StorageUnavailable
from shared.domain.grants import GrantState, SweepLane, SweepPlace
from shared.domain.ids import CompanyId, GrantId, RemoteCompanyId
from tests.support.fake_oauth import Fault
from tests.unit.auth.doubles import PROVIDER, START
from tests.unit.auth.swept_world import SweptWorld

IDLE, IN_USE, TIMED = SweepLane.IDLE, SweepLane.IN_USE, SweepLane.TIMED
WEEK = timedelta(days=7)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def world() -> SweptWorld:
    return SweptWorld()


def down(world: SweptWorld, calls: int = 1000) -> None:
    world.oauth.faults.extend([Fault.BROKEN] * calls)


def test_a_grant_whose_time_has_come_is_renewed_and_goes_to_its_ring(world):
    world.add(1)
    world.add(2, at=MINUTE)

    assert world.sweep() == {"renewed": 1}
    assert world.grant(1).token_version == 2
    assert world.grant(1).place == SweepPlace(IDLE, world.clock.now() + WEEK)
    assert world.grant(2).token_version == 1


def test_in_a_ring_nobody_waits_for_its_time_but_for_its_turn(world):
    """Ten thousand and eighty grants in a week of minutes: one a minute, the earliest place first."""
    world.add(1, IDLE, at=WEEK)
    world.add(2, IDLE, at=WEEK - MINUTE)
    world.container_of_sweeps._counted[world.oauth.profile.name, IDLE] = (10_080, world.clock.now())

    assert world.sweep() == {"renewed": 1}
    assert world.grant(2).token_version == 2
    assert world.grant(1).token_version == 1


def test_a_ring_that_is_behind_catches_up(world):
    world.add(1, IDLE, at=-timedelta(hours=9))

    assert world.sweep() == {"renewed": 1}


def test_grants_in_use_are_renewed_before_they_lapse_and_no_caller_waits(world):
    """Two hours of a caller every ten minutes."""
    world.add(1, IDLE, at=WEEK)
    tokens = world.tokens(connection=world.connection("company-1"))
    renewals_by_callers = 0
    for minute in range(120):
        if minute % 10 == 0:
            before = len(world.oauth.calls)
            tokens.access_token()
            renewals_by_callers += len(world.oauth.calls) - before
        world.sweep_minutes(1)

    assert renewals_by_callers == 0
    assert 2 <= len(world.oauth.calls) <= 3
    assert world.grant(1).place.lane is IN_USE


def test_a_grant_not_wanted_for_three_hours_goes_idle_without_a_refresh(world):
    world.add(1, IN_USE, at=-timedelta(minutes=2), wanted_at=world.clock.now() - 3 * 60 * MINUTE)
    rotated_at = world.grant(1).rotated_at

    assert world.sweep() == {"movedToIdle": 1}
    assert world.oauth.calls == []
    assert world.grant(1).place == SweepPlace(IDLE, rotated_at + WEEK)


@pytest.mark.parametrize("owner", ["another", "cooldown"])
def test_a_grant_whose_lease_somebody_holds_is_skipped(world, owner):
    grant_id = world.add(1)
    now = world.clock.now()
    world.grants.take_lease(grant_id, owner, now=now, expires_at=now + MINUTE)

    assert world.sweep() == {"skipped": 1}
    assert world.oauth.calls == []


def test_a_grant_that_moved_since_it_was_listed_is_skipped(world):
    """The index lags, and another sweep may have been here."""
    world.add(1)
    moved = replace(world.grant(1), place=SweepPlace(IDLE, world.clock.now() + WEEK))
    listed = world.stores.grants.next_in_sweep(moved.provider, TIMED, 9)
    world.stores.grants.put_new(moved)
    world.grants.next_in_sweep = lambda _provider, lane, _limit, **_: (
        listed if lane is TIMED else []
    )

    assert world.sweep() == {"skipped": 1}
    assert world.oauth.calls == []


def test_a_consent_that_nobody_finished_is_taken_back(world):
    grant_id = world.add(1, companies=())

    assert world.sweep() == {"abandoned": 1}
    assert world.stores.grants.get(grant_id).state is GrantState.REVOKED
    assert world.oauth.calls == []


def test_a_sealed_pair_that_does_not_open_stops_nobody_elses_turn(world):
    world.add(1, at=-MINUTE, sealed_pair=b"\x01\x00\x00" + bytes(40))
    world.add(2)

    assert world.sweep() == {"broken": 1, "renewed": 1}
    assert world.grant(1).place == SweepPlace(TIMED, world.clock.now() + timedelta(days=1))
    assert world.sweep() == {}


@pytest.mark.parametrize("method", ["get", "take_lease"])
def test_storage_that_does_not_answer_is_no_crash(world, method):
    world.add(1)

    def refuse(*_args, **_kwargs):
        raise StorageUnavailable("no answer")

    setattr(world.grants, method, refuse)

    assert world.sweep() == {"skipped": 1}


# No answer.


def test_a_refresh_without_an_answer_is_tried_again_after_1_2_4_minutes_and_so_on(world):
    world.add(1)
    down(world)
    first = world.clock.now()
    asked = []
    for _ in range(5 * 60 * 12):
        before = len(world.oauth.calls)
        world.sweep()
        if len(world.oauth.calls) > before:
            asked.append((world.clock.now() - first) / MINUTE)
        world.clock.advance(5)

    assert world.grant(1).unanswered_since is not None
    pauses = [round(later - earlier) for earlier, later in pairwise(asked)]
    assert pauses[:4] == [1, 2, 4, 8]
    assert max(pauses) == 60, "an hour at most"


def test_callers_who_get_no_answer_do_not_keep_the_sweep_from_its_own_tries(world):
    """Each hand-out finds the same outage; only the first one writes."""
    world.add(1, access_expires_at=world.clock.now())
    down(world)
    tokens = world.tokens(connection=world.connection("company-1"))
    swept = []
    for _ in range(40):
        with pytest.raises(Exception, match="quickbooks"):
            tokens.access_token()
        world.clock.advance(31)
        swept.append(world.sweep())
        world.clock.advance(31)

    assert {"unanswered": 1} in swept
    assert [each.cause for each in world.told_to("company-1")] == ["quickbooks#outage"]


def test_where_nobody_is_answered_the_rest_of_the_minute_is_left(world):
    for number in range(30):
        world.add(number)
    down(world)

    assert world.sweep() == {"unanswered": PROBES, "left": 30 - PROBES}


def test_one_answer_shows_that_the_provider_is_there(world):
    for number in range(30):
        world.add(number)
    down(world, calls=2 * (PROBES - 1))
    world.oauth.faults.append(None)
    down(world, calls=2 * 3)

    assert world.sweep() == {"unanswered": PROBES + 2, "renewed": 30 - PROBES - 2}


def test_in_an_outage_those_that_wait_already_are_put_off_without_being_asked(world):
    since = world.clock.now() - timedelta(hours=1)
    for number in range(30):
        world.add(number, unanswered_since=since)
    down(world)

    assert world.sweep() == {"unanswered": PROBES, "left": 30 - PROBES}
    assert len(world.oauth.calls) == 2 * PROBES, "each asked twice, as the rules have it"
    assert {world.grant(number).place.at > world.clock.now() for number in range(30)} == {True}
    assert {len(world.told_to(f"company-{number}")) for number in range(30)} == {1}


def test_an_outage_is_told_after_half_an_hour_once_and_so_is_its_end(world):
    world.add(1, companies=("acme", "beta"))
    down(world)
    world.sweep_minutes(30)
    assert world.told_to("acme") == []

    world.sweep_minutes(2)
    assert len(world.told_to("acme")) == 1

    world.sweep_minutes(300)
    for company in ("acme", "beta"):
        [told] = world.told_to(company)
        assert told.problem.message == (
            "QuickBooks has not answered since 09:00 UTC; "
            "nothing is lost, changes wait and go by themselves."
        )
        assert told.closed_at is None
    assert world.connection("acme").state is ConnectionState.CONNECTED

    world.oauth.faults.clear()
    world.sweep_minutes(90)
    for company in ("acme", "beta"):
        told, over = world.told_to(company)
        assert told.closed_at is not None
        assert over.recovery_of == told.notification_id
        assert over.problem.message == "QuickBooks answers again."
    assert world.grant(1).unanswered_since is None
    assert world.grant(1).place.lane is IDLE


def test_an_outage_that_ended_meanwhile_is_not_told(world):
    """A caller was answered between the sweep's own try and its note of it."""
    since = world.clock.now() - timedelta(hours=1)
    grant_id = world.add(1, unanswered_since=since)
    down(world)
    note_place = world.grants.set_place

    def renewed_first(*args, **named):
        renewed = replace(world.grant(1), place=SweepPlace(IDLE, world.clock.now() + WEEK))
        world.stores.grants.save_pair(renewed, expected_token_version=1)
        return note_place(*args, **named)

    world.grants.set_place = renewed_first

    assert world.sweep() == {"unanswered": 1}
    assert world.stores.grants.get(grant_id).unanswered_since is None
    assert world.told_to("company-1") == []


# The end of a grant.


def test_a_dead_grant_turns_every_connection_over_it_and_tells_each_once(world):
    world.add(1, companies=("acme", "beta"))
    world.oauth.others.clear()

    assert world.sweep() == {"dead": 1}
    for company in ("acme", "beta"):
        assert world.connection(company).state is ConnectionState.NEEDS_REAUTH
        [told] = world.told_to(company)
        assert told.problem.message == (
            "Your QuickBooks connection has expired. "
            "Go to Settings → Integrations → Reconnect QuickBooks."
        )
        assert told.problem.action == "Reconnect QuickBooks"
    assert world.grant(1).place is None
    assert world.sweep_minutes(3) == [{}] * 3


def test_a_dead_grant_is_told_of_though_storage_fails_at_first(world):
    """Nobody comes to it again: it has lost its place."""
    world.add(1, companies=("acme", "beta"))
    world.oauth.others.clear()
    notifications = world.stores.notifications

    class FailingTwice:
        failures = 2

        def open(self, notification):
            if self.failures:
                self.failures -= 1
                raise StorageUnavailable("no answer")
            return notifications.open(notification)

        def close(self, *what):
            return notifications.close(*what)

    world.ports = replace(
        world.ports, stores=replace(world.ports.stores, notifications=FailingTwice())
    )
    world.container_of_sweeps = world.new_sweep()

    assert world.sweep() == {"dead": 1}
    for company in ("acme", "beta"):
        assert world.connection(company).state is ConnectionState.NEEDS_REAUTH
        assert len(world.told_to(company)) == 1


def test_telling_of_a_dead_grant_is_given_up_when_the_time_is_over(world):
    world.add(1)
    world.oauth.others.clear()

    class Refusing:
        def open(self, _):
            raise StorageUnavailable("no answer")

    world.ports = replace(world.ports, stores=replace(world.ports.stores, notifications=Refusing()))
    world.container_of_sweeps = world.new_sweep()
    began = world.clock.now()

    assert world.sweep() == {"skipped": 1}
    assert timedelta(seconds=50) <= world.clock.now() - began < timedelta(seconds=60)


# The time there is.


def test_nothing_is_begun_that_could_be_cut_off(world):
    """A refresh cut off in the middle may cost the connection: its lease and ten seconds are kept."""
    for number in range(5):
        world.add(number)
    world.oauth.seconds = 20.0

    assert world.sweep(until=timedelta(seconds=60)) == {"left": 5}
    assert world.sweep(until=timedelta(seconds=61)) == {"renewed": 1, "left": 4}


def test_a_sweep_leaves_the_next_minute_to_the_next_sweep(world):
    for number in range(20):
        world.add(number)
    world.oauth.seconds = 10.0

    assert world.sweep(until=timedelta(minutes=15)) == {"renewed": 5, "left": 15}


def test_at_most_eight_are_in_flight_and_five_until_one_was_answered(world):
    asked = []
    plain = world.container_of_sweeps._in_flight

    class Watching:
        def map_in_flight(self, tasks, work, *, may_start, **others):
            def watched(in_flight):
                pause = may_start(in_flight)
                asked.append((in_flight, pause))
                return pause

            plain.map_in_flight(tasks, work, may_start=watched, **others)

    world.container_of_sweeps._in_flight = Watching()
    for number in range(40):
        world.add(number)
    world.sweep()

    allowed = [in_flight for in_flight, pause in asked if pause == 0.0]
    assert max(allowed[: PROBES + 1]) == PROBES - 1
    assert max(allowed) == IN_FLIGHT - 1


# Counting.


def test_rings_are_counted_now_and_then_only(world):
    """Every two minutes the one in use, every ten the idle one."""
    world.sweep_minutes(10)

    assert world.grants.counts == 5 + 1


def test_an_unanswered_grant_of_no_company_is_not_taken_for_an_abandoned_consent(world):
    """One connected before it was kept which companies use a grant."""
    world.add(1, IDLE, at=-timedelta(days=1), companies=())
    down(world)
    world.sweep()
    world.oauth.faults.clear()
    world.clock.advance(60)

    assert world.sweep() == {"renewed": 1}
    assert world.stores.grants.get(GrantId("grant-1")).state is GrantState.ACTIVE


class TestLeftBehind:
    """By a crash between two writes; a week later nothing of it is left."""

    def test_a_grant_that_no_row_is_over_is_withdrawn_and_its_claim_free(self, world):
        world.add(1, IDLE, at=-timedelta(days=1), rotated_at=START - timedelta(days=7))
        row = world.connection("company-1")
        over_another = replace(row, grant_id=GrantId("grant-2"), version=2)
        over_another = replace(
            over_another,
            remote_company=replace(
                row.remote_company, remote_company_id=RemoteCompanyId("another")
            ),
        )
        assert world.stores.connections.save(over_another)
        claim = world.stores.connections.claim_remote_company
        claim(PROVIDER, RemoteCompanyId("realm-of-company-1"), CompanyId("company-1"))

        assert world.sweep() == {"abandoned": 1}
        assert world.grant(1).state is GrantState.REVOKED
        assert world.oauth.withdrawn
        assert claim(PROVIDER, RemoteCompanyId("realm-of-company-1"), CompanyId("b")) == "b"
        assert world.connection("company-1") == over_another

    def test_who_still_uses_a_shared_grant_keeps_it(self, world):
        world.oauth.profile = replace(world.oauth.profile, shares_grants=True)
        world.ports = replace(
            world.ports, token_source=lambda connection: world.tokens(connection=connection)
        )
        world.container_of_sweeps = world.new_sweep()
        world.add(
            1,
            IDLE,
            at=-timedelta(days=1),
            companies=("a", "b"),
            rotated_at=START - timedelta(days=7),
        )
        gone = replace(world.connection("a"), state=ConnectionState.DISCONNECTED, version=2)
        assert world.stores.connections.save(gone)

        assert world.sweep() == {"renewed": 1}
        assert world.grant(1).companies == {"b"}

    def test_a_consent_that_is_being_connected_is_left_alone(self, world):
        """Its pair is a moment old, and its row is about to come."""
        world.add(1, IDLE, at=-timedelta(days=1), rotated_at=START)
        gone = replace(world.connection("company-1"), state=ConnectionState.DISCONNECTED, version=2)
        assert world.stores.connections.save(gone)

        assert world.sweep() == {"renewed": 1}
        assert world.grant(1).companies == {"company-1"}
