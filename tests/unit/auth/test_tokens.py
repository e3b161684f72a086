"""The hand-out of access tokens, rule by rule."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.auth import grant_notices
from shared.auth.grant_rules import COOLDOWN_OWNER
from shared.domain.connections import ConnectionState
from shared.domain.errors import (
    ConnectionStopped,
    NeedsReauth,
    ProviderUnavailable,
    RetryLater,
    StorageUnavailable,
)
from shared.domain.grants import GrantState, SweepLane, SweepPlace
from shared.domain.ids import ProviderName, RemoteCompanyId
from tests.support.fake_oauth import FRESHBOOKS, QUICKBOOKS, XERO, Fault
from tests.unit.auth.doubles import GRANT, START, a_connection, a_grant
from tests.unit.auth.token_world import TokenWorld


def test_a_fresh_token_is_used_without_asking_the_provider():
    world = TokenWorld(left=3600)

    assert world.tokens().access_token() == ("access-1", 1)
    assert world.oauth.calls == []


@pytest.mark.parametrize(("left", "asks"), [(311, 0), (309, 1), (45, 1), (-3600, 1)])
def test_a_token_within_five_minutes_and_the_clock_skew_of_its_end_is_renewed(left, asks):
    world = TokenWorld(left=left)

    world.tokens().access_token()

    assert len(world.oauth.calls) == asks


def test_a_renewed_pair_is_stored_before_it_is_used():
    world = TokenWorld(left=60)

    token, version = world.tokens().access_token()

    assert (token, version) == ("access-2", 2)
    assert (world.stored.token_version, world.stored_pair.access_token) == (2, "access-2")
    assert world.stored_pair.refresh_token == world.oauth.live


def test_expiries_count_from_before_the_provider_was_asked():
    world = TokenWorld(left=60)
    asked_at = world.clock.now()
    world.oauth.seconds = 12.0
    world.oauth.refresh_lifetime = 8_726_400

    world.tokens().access_token()

    assert world.stored.access_expires_at == asked_at + timedelta(hours=1)
    assert world.stored.refresh_expires_at == asked_at + timedelta(days=101)


@pytest.mark.parametrize(("rules", "days"), [(QUICKBOOKS, 100), (XERO, 60), (FRESHBOOKS, None)])
def test_a_refresh_token_whose_life_is_not_told_lives_as_long_as_the_rules_say(rules, days):
    world = TokenWorld(rules, left=60)
    asked_at = world.clock.now()

    world.tokens().access_token()

    expected = None if days is None else asked_at + timedelta(days=days)
    assert world.stored.refresh_expires_at == expected


def test_tokens_that_live_shorter_than_the_usual_lead_are_not_renewed_at_every_call():
    world = TokenWorld(left=-1)
    world.oauth.access_lifetime = 120
    tokens = world.tokens()
    tokens.access_token()

    world.clock.advance(55)
    tokens.access_token()
    assert len(world.oauth.calls) == 1

    world.clock.advance(10)
    tokens.access_token()
    assert len(world.oauth.calls) == 2


def test_the_lease_outlasts_the_total_deadline_of_the_call_and_is_given_back():
    world = TokenWorld(left=60)
    leases = []
    world.oauth.during = lambda: leases.append(world.stored.lease)
    asked_at = world.clock.now()

    world.tokens().access_token()

    assert leases[0].expires_at >= asked_at + timedelta(seconds=20 + 10)
    assert world.stored.lease.expires_at < world.clock.now()
    assert world.stored.lease.fence == 1


def test_whoever_loses_the_lease_waits_and_uses_the_winners_pair():
    world = TokenWorld(left=-1)
    lease = world.take_lease()

    def winner_saves():
        if len(world.clock.slept) == 3:
            world.save_as_another()
            world.grants.release_lease(GRANT, lease)

    world.clock.on_sleep = winner_saves

    assert world.tokens().access_token() == ("access-9", 2)
    assert world.oauth.calls == []


def test_a_lease_whose_holder_died_is_taken_over_once_it_has_lapsed():
    world = TokenWorld(left=-1)
    lease = world.take_lease("died", seconds=50)

    token, _ = world.tokens().access_token()

    assert token == "access-2"
    assert world.clock.now() >= lease.expires_at
    assert world.oauth.calls == ["refresh-1"]


def test_while_another_renews_a_token_with_life_left_is_used_after_a_polite_wait():
    world = TokenWorld(left=120)
    world.take_lease(seconds=50)

    assert world.tokens().access_token() == ("access-1", 1)
    assert 5 <= sum(world.clock.slept) < 10


def test_whoever_was_answered_401_waits_for_a_slow_refresh_of_another():
    world = TokenWorld(left=3600)
    world.take_lease(seconds=50)

    def winner_saves_late():
        if sum(world.clock.slept) >= 15 and world.stored.token_version == 1:
            world.save_as_another()

    world.clock.on_sleep = winner_saves_late

    assert world.tokens().renew(after_version=1) == ("access-9", 2)


def test_a_caller_of_little_patience_is_told_to_come_again():
    world = TokenWorld(left=10)
    world.take_lease(seconds=50)

    with pytest.raises(RetryLater):
        world.tokens(patience=2).access_token()
    assert sum(world.clock.slept) < 5


def test_whoever_never_gets_the_lease_gives_up_after_its_patience():
    world = TokenWorld(left=-1)
    world.grants.refuses_leases = True

    with pytest.raises(RetryLater):
        world.tokens(patience=20).access_token()
    assert 20 <= sum(world.clock.slept) < 23


def test_somebody_who_renewed_between_the_look_and_the_lease_is_noticed():
    world = TokenWorld(left=-1)
    world.grants.on_lease = world.save_as_another

    assert world.tokens().access_token() == ("access-9", 2)
    assert world.oauth.calls == []


def test_a_lease_that_is_half_over_when_the_call_would_begin_is_not_used():
    """A worker that was stalled between lease and call must not call beyond its lease."""
    world = TokenWorld(left=-1)
    stalls = [45.0, 0.0]
    world.vault.on_sealer = lambda: world.clock.advance(stalls.pop(0))

    world.tokens().access_token()

    assert stalls == []
    assert world.oauth.calls == ["refresh-1"]
    assert world.stored.lease.fence == 2


def test_a_late_save_wins_while_the_version_is_unmoved():
    """The holder stalled for so long that another took over, was refused and gave the grant up."""
    world = TokenWorld(FRESHBOOKS, left=-1)

    def stalled():
        world.clock.advance(100)
        with pytest.raises(NeedsReauth):
            world.tokens().access_token()
        assert world.stored.state is GrantState.NEEDS_REAUTH

    world.oauth.after = stalled

    assert world.tokens().access_token() == ("access-2", 2)
    assert world.stored.state is GrantState.ACTIVE
    assert world.stored_pair.refresh_token == world.oauth.live


def test_a_pair_that_comes_too_late_gives_way_to_the_one_stored_meanwhile():
    world = TokenWorld(left=-1)
    world.oauth.during = world.save_as_another

    assert world.tokens().access_token() == ("access-9", 2)
    assert world.stored_pair.access_token == "access-9"


def test_a_refusal_is_final_when_nothing_moved():
    world = TokenWorld(left=-1)
    world.oauth.live = None

    with pytest.raises(NeedsReauth):
        world.tokens().access_token()

    assert world.stored.state is GrantState.NEEDS_REAUTH
    assert world.stored.token_version == 1
    assert world.oauth.calls == ["refresh-1"]
    assert sum(world.clock.slept) < 1, "nobody else held the lease: no reason to wait"


def test_a_grant_that_needs_reauthorising_costs_no_call():
    world = TokenWorld(left=-1)
    world.oauth.live = None
    with pytest.raises(NeedsReauth):
        world.tokens().access_token()

    with pytest.raises(NeedsReauth):
        world.tokens().access_token()
    with pytest.raises(NeedsReauth):
        world.tokens().renew(after_version=1)
    assert len(world.oauth.calls) == 1


def test_a_refusal_says_nothing_when_the_version_moved_meanwhile():
    world = TokenWorld(left=-1)
    world.oauth.live = "another"
    world.oauth.during = world.save_as_another

    assert world.tokens().access_token() == ("access-9", 2)
    assert world.stored.state is GrantState.ACTIVE


@pytest.mark.parametrize("owner", ["earlier", COOLDOWN_OWNER])
def test_a_refusal_waits_for_an_earlier_holder_who_may_yet_save(owner):
    """The earlier holder's lease lapsed just now, by our clock: by its own it may have a moment left."""
    world = TokenWorld(FRESHBOOKS, left=-1)
    world.take_lease(owner, seconds=1)
    world.clock.advance(1.5)
    world.oauth.live = "with the earlier holder"

    def earlier_holder_saves():
        if world.clock.slept[-1] == 1.0 and world.stored.token_version == 1:
            world.save_as_another()

    world.clock.on_sleep = earlier_holder_saves
    tokens = world.tokens()

    if owner == COOLDOWN_OWNER:
        with pytest.raises(NeedsReauth):
            tokens.access_token()
    else:
        assert tokens.access_token() == ("access-9", 2)
        assert world.stored.state is GrantState.ACTIVE
        assert sum(world.clock.slept) < 2


def test_a_refresh_without_an_answer_is_sent_again_once_where_that_is_allowed():
    world = TokenWorld(QUICKBOOKS, left=-1)
    world.oauth.rotates = False
    world.oauth.faults.extend([Fault.LOST])

    assert world.tokens().access_token() == ("access-3", 2)
    assert world.oauth.calls == ["refresh-1", "refresh-1"]


def test_a_refresh_is_not_sent_again_when_somebody_saved_a_pair_meanwhile():
    world = TokenWorld(QUICKBOOKS, left=-1)
    world.oauth.faults.append(Fault.BROKEN)

    def saved_during_the_pause():
        if len(world.clock.slept) == 2:
            world.save_as_another()

    world.clock.on_sleep = saved_during_the_pause

    assert world.tokens().access_token() == ("access-9", 2)
    assert world.oauth.calls == ["refresh-1"]


def test_a_refresh_is_not_sent_again_when_its_answer_could_come_after_the_lease():
    world = TokenWorld(QUICKBOOKS, left=-1)
    world.oauth.faults.append(Fault.BROKEN)
    world.oauth.seconds = 19.8

    with pytest.raises(ProviderUnavailable):
        world.tokens().access_token()
    assert world.oauth.calls == ["refresh-1"]


def test_two_refreshes_without_an_answer_are_enough_for_once():
    world = TokenWorld(QUICKBOOKS, left=-1)
    world.oauth.faults.extend([Fault.BROKEN] * 5)

    with pytest.raises(ProviderUnavailable) as raised:
        world.tokens().access_token()

    assert len(world.oauth.calls) == 2
    assert raised.value.after == 30
    assert world.stored.state is GrantState.ACTIVE


def test_a_lost_answer_is_not_repeated_where_a_token_works_once_only():
    world = TokenWorld(FRESHBOOKS, left=-1)
    world.oauth.faults.append(Fault.LOST)

    with pytest.raises(ProviderUnavailable):
        world.tokens().access_token()

    assert world.oauth.calls == ["refresh-1"]
    assert world.stored.state is GrantState.ACTIVE


def test_what_never_reached_the_provider_is_sent_again_anywhere():
    world = TokenWorld(FRESHBOOKS, left=-1)
    world.oauth.faults.append(Fault.UNREACHABLE)

    assert world.tokens().access_token() == ("access-2", 2)


def test_a_lost_answer_is_cured_by_the_replaced_token_within_its_grace():
    world = TokenWorld(XERO, left=-1)
    world.oauth.faults.append(Fault.LOST)

    assert world.tokens().access_token() == ("access-3", 2)


def test_a_lost_answer_is_cured_after_the_cooldown_too_while_the_grace_lasts():
    world = TokenWorld(XERO, left=-1)
    world.oauth.faults.extend([Fault.LOST, Fault.BROKEN])
    with pytest.raises(ProviderUnavailable):
        world.tokens().access_token()

    world.clock.advance(10 * 60)

    assert world.tokens().access_token()[1] == 2


def test_the_former_pair_is_tried_when_the_stored_one_is_refused_within_the_grace():
    world = TokenWorld(XERO, left=-1)
    world.tokens().access_token()
    world.oauth.live, world.oauth.former = "lost", "refresh-1"

    token, version = world.tokens().renew(after_version=2)

    assert version == 3
    assert world.oauth.calls[1:] == ["refresh-2", "refresh-1"]
    assert world.stored_pair.access_token == token


def test_a_former_pair_past_its_grace_is_not_tried():
    world = TokenWorld(XERO, left=-1)
    world.tokens().access_token()
    world.oauth.live = None
    world.clock.advance(31 * 60)

    with pytest.raises(NeedsReauth):
        world.tokens().renew(after_version=2)
    assert world.oauth.calls[1:] == ["refresh-2"]


def test_after_a_lost_answer_only_a_refusal_says_that_the_grant_is_dead():
    world = TokenWorld(FRESHBOOKS, left=-1)
    world.oauth.faults.append(Fault.LOST)
    with pytest.raises(ProviderUnavailable):
        world.tokens().access_token()

    world.clock.advance(31)

    with pytest.raises(NeedsReauth):
        world.tokens().access_token()


def test_an_unanswered_refresh_leaves_a_token_with_life_in_use():
    world = TokenWorld(left=120)
    world.oauth.faults.extend([Fault.BROKEN] * 5)

    assert world.tokens().access_token() == ("access-1", 1)


def test_a_token_with_half_a_minute_left_is_not_handed_out():
    world = TokenWorld(left=31)
    world.oauth.faults.extend([Fault.BROKEN] * 5)
    world.clock.advance(2)

    with pytest.raises(ProviderUnavailable):
        world.tokens().access_token()


def test_a_token_that_ended_while_the_provider_was_silent_is_not_handed_out():
    world = TokenWorld(left=60)
    world.oauth.seconds = 18
    world.oauth.faults.extend([Fault.BROKEN] * 2)

    with pytest.raises(ProviderUnavailable):
        world.tokens().access_token()
    assert len(world.oauth.calls) == 2


def test_after_an_unanswered_refresh_every_container_pauses():
    world = TokenWorld(left=-1)
    world.oauth.faults.extend([Fault.BROKEN] * 2)
    with pytest.raises(ProviderUnavailable):
        world.tokens().access_token()
    made = len(world.oauth.calls)

    with pytest.raises(RetryLater) as raised:
        world.tokens().access_token()
    assert len(world.oauth.calls) == made
    assert 0 < raised.value.after <= 30

    world.clock.advance(raised.value.after + 1)
    assert world.tokens().access_token()[1] == 2


def test_a_401_to_an_old_version_is_answered_with_the_stored_one():
    world = TokenWorld()
    world.save_as_another()

    assert world.tokens().renew(after_version=1) == ("access-9", 2)
    assert world.oauth.calls == []


def test_a_401_to_the_stored_version_renews_it_although_it_looks_fresh():
    world = TokenWorld(left=3600)
    tokens = world.tokens()
    assert tokens.access_token() == ("access-1", 1)

    assert tokens.renew(after_version=1) == ("access-2", 2)
    assert tokens.access_token() == ("access-2", 2)


def test_a_token_answered_with_401_is_never_handed_out_for_want_of_a_better():
    world = TokenWorld(left=3600)
    world.oauth.faults.extend([Fault.BROKEN] * 9)

    for _ in range(2):
        with pytest.raises(RetryLater):
            world.tokens().renew(after_version=1)
    assert len(world.oauth.calls) == 2, "the cooldown holds for the second caller"


def test_ten_answers_of_401_to_one_version_cost_one_refresh():
    world = TokenWorld()
    tokens = world.tokens()

    answers = {tokens.renew(after_version=1) for _ in range(10)}

    assert answers == {("access-2", 2)}
    assert len(world.oauth.calls) == 1


@pytest.mark.parametrize(
    ("connection", "code"),
    [
        (a_connection(remote_company_id=RemoteCompanyId("realm-2")), "REMOTE_COMPANY_NOT_COVERED"),
        (a_connection(ConnectionState.DISCONNECTED), "DISCONNECTED"),
        (
            replace(a_connection(), key=replace(a_connection().key, provider=ProviderName("xero"))),
            "REMOTE_COMPANY_NOT_COVERED",
        ),
    ],
)
def test_no_token_for_a_company_the_grant_does_not_cover_or_after_a_disconnection(connection, code):
    world = TokenWorld(left=-1)
    tokens = world.tokens(connection=connection)

    for ask in (tokens.access_token, lambda: tokens.renew(after_version=1)):
        with pytest.raises(ConnectionStopped) as raised:
            ask()
        assert raised.value.problem.code == code
    assert world.oauth.calls == []


def test_a_revoked_grant_stops_whoever_still_works_with_it():
    world = TokenWorld()
    world.grants.put_new(replace(world.stored, state=GrantState.REVOKED, token_version=2))

    with pytest.raises(ConnectionStopped):
        world.tokens().access_token()


def test_a_grant_that_is_not_there_needs_a_person():
    world = TokenWorld()
    connection = replace(a_connection(), grant_id="gone")

    with pytest.raises(NeedsReauth):
        world.tokens(connection=connection).access_token()


def test_a_session_notices_within_seconds_that_its_grant_is_gone():
    world = TokenWorld()
    tokens = world.tokens()
    tokens.access_token()
    world.grants.put_new(replace(world.stored, state=GrantState.REVOKED, token_version=2))

    world.clock.advance(11)

    with pytest.raises(ConnectionStopped):
        tokens.access_token()


def test_a_batch_of_calls_costs_one_look_at_the_grant():
    world = TokenWorld()
    tokens = world.tokens()

    for _ in range(20):
        tokens.access_token()
        world.clock.advance(0.4)

    assert world.grants.reads == 1


def test_a_token_is_not_held_beyond_its_freshness():
    world = TokenWorld(left=310)
    tokens = world.tokens()
    world.clock.instant -= timedelta(seconds=1)
    assert tokens.access_token() == ("access-1", 1)

    world.clock.advance(4)

    assert tokens.access_token() == ("access-2", 2)


def test_a_later_version_that_is_about_to_end_is_renewed_for_a_401_too():
    world = TokenWorld()
    world.save_as_another()
    world.oauth.live = "refresh-9"
    world.clock.advance(3590)

    assert world.tokens().renew(after_version=1)[1] == 3


def test_a_save_that_fails_is_tried_again_while_nobody_else_may_call():
    world = TokenWorld(left=-1)
    world.grants.before = 3

    assert world.tokens().access_token() == ("access-2", 2)
    assert world.oauth.calls == ["refresh-1"]


def test_a_save_that_happened_though_its_answer_was_lost_is_ours():
    world = TokenWorld(left=-1)
    world.grants.after = 1

    assert world.tokens().access_token() == ("access-2", 2)
    assert world.oauth.calls == ["refresh-1"]


def test_a_pair_that_storage_would_not_take_is_saved_by_the_next_hand_out():
    world = TokenWorld(FRESHBOOKS, left=-1)
    keeper = world.container()
    world.grants.before = 10**6
    with pytest.raises(StorageUnavailable):
        world.tokens(keeper=keeper).access_token()
    assert world.stored.token_version == 1

    world.grants.before = 0

    assert world.tokens(keeper=keeper).access_token() == ("access-2", 2)
    assert world.oauth.calls == ["refresh-1"]
    assert keeper.unsaved == {}


def test_an_unsaved_pair_brings_back_a_grant_that_another_container_gave_up():
    world = TokenWorld(FRESHBOOKS, left=-1)
    keeper = world.container()
    world.grants.before = 10**6
    with pytest.raises(StorageUnavailable):
        world.tokens(keeper=keeper).access_token()
    world.grants.before = 0
    world.clock.advance(120)
    with pytest.raises(NeedsReauth):
        world.tokens().access_token()

    assert world.tokens(keeper=keeper).access_token() == ("access-2", 2)
    assert world.stored.state is GrantState.ACTIVE


def test_the_provider_is_not_asked_while_a_new_pair_could_not_be_sealed():
    world = TokenWorld(left=120)

    def no_data_key():
        raise StorageUnavailable("the key service does not answer")

    world.vault.on_sealer = no_data_key

    assert world.tokens().access_token() == ("access-1", 1)
    assert world.oauth.calls == []
    world.clock.advance(110)
    with pytest.raises(StorageUnavailable):
        world.tokens().access_token()
    assert world.stored.lease.expires_at < world.clock.now()


def test_opened_pairs_are_kept_per_version():
    world = TokenWorld()
    keeper = world.container()

    for _ in range(3):
        assert world.tokens(keeper=keeper).access_token() == ("access-1", 1)
    world.save_as_another()
    assert world.tokens(keeper=keeper).access_token() == ("access-9", 2)

    assert world.vault.openings == 2


def test_an_opened_pair_is_not_mistaken_for_another_blob_of_the_same_version():
    world = TokenWorld()
    keeper = world.container()
    world.tokens(keeper=keeper).access_token()
    world.grants.put_new(a_grant(world.vault, serial=7))

    assert world.tokens(keeper=keeper).access_token() == ("access-7", 1)


def test_importing_the_hand_out_costs_no_heavy_library():
    """Every sync handler imports it; most of its calls need none of them."""
    script = (
        "import sys, shared.auth.tokens, shared.auth.reauth, shared.auth.connect;"
        "heavy = {'authlib', 'joserfc', 'cryptography', 'boto3', 'botocore', 'httpx2'};"
        "print(sorted(heavy & {name.split('.')[0] for name in sys.modules}))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "[]"


def test_a_hand_out_notes_that_its_grant_is_in_use_about_once_an_hour():
    world = TokenWorld(left=3600)

    for _ in range(50):
        world.tokens().access_token()
        world.clock.advance(60)

    assert world.grants.places == 1
    assert world.stored.wanted_at == START
    assert world.stored.place == SweepPlace(SweepLane.IN_USE, START + timedelta(minutes=53))
    world.clock.advance(600)
    world.tokens().access_token()
    assert world.grants.places == 2


def test_the_threads_of_one_session_note_it_once():
    world = TokenWorld(left=3600)
    tokens = world.tokens()
    world.grants.refuses_places = True

    for _ in range(3):
        tokens.access_token()
        world.clock.advance(11)

    assert world.grants.places == 1


def test_a_note_that_fails_fails_no_hand_out():
    world = TokenWorld(left=3600)
    world.grants.refuses_places = True

    assert world.tokens().access_token() == ("access-1", 1)


def test_looking_at_a_company_for_a_choice_is_no_use_of_its_grant():
    """Else a consent that nobody finishes would be renewed for ever."""
    world = TokenWorld(left=3600)
    world.stores.grants.put_new(replace(world.stored, companies=frozenset()))

    world.tokens().access_token()

    assert world.grants.places == 0


def test_a_grant_renewed_by_anyone_has_its_turn_a_week_later():
    world = TokenWorld(left=60)
    world.grants.refuses_places = True  # no note of the use

    world.tokens().access_token()

    assert world.stored.place == SweepPlace(SweepLane.IDLE, START + timedelta(days=7))


def test_the_first_refresh_without_an_answer_writes_down_since_when():
    world = TokenWorld(left=-1)
    world.oauth.faults.extend([Fault.BROKEN] * 4)
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            world.tokens().access_token()
        world.clock.advance(31)

    assert START <= world.stored.unanswered_since < START + timedelta(seconds=5)
    assert world.stored.place.lane is SweepLane.TIMED
    assert world.grants.places == 1

    world.tokens().access_token()
    assert world.stored.unanswered_since is None


def test_the_end_of_an_outage_is_told_whoever_finds_it():
    world = TokenWorld(left=-1)
    grant = replace(world.stored, unanswered_since=START)
    world.stores.grants.put_new(grant)
    grant_notices.unanswered(world.ports, grant, START, world.oauth.profile)

    world.tokens().access_token()

    assert [(each.problem.code, bool(each.recovery_of)) for each in world.told] == [
        ("PROVIDER_OUTAGE", False),
        ("PROVIDER_ANSWERS_AGAIN", True),
    ]
    assert world.told[0].closed_at is not None


def test_the_end_of_an_outage_is_told_though_the_answer_to_the_save_was_lost():
    world = TokenWorld(left=-1)
    grant = replace(world.stored, unanswered_since=START)
    world.stores.grants.put_new(grant)
    grant_notices.unanswered(world.ports, grant, START, world.oauth.profile)
    world.grants.after = 1

    assert world.tokens().access_token() == ("access-2", 2)
    assert [each.problem.code for each in world.told] == [
        "PROVIDER_OUTAGE",
        "PROVIDER_ANSWERS_AGAIN",
    ]


def test_what_cannot_be_told_fails_no_hand_out():
    world = TokenWorld(left=-1)
    world.stores.grants.put_new(replace(world.stored, unanswered_since=START))

    class Refusing:
        def close(self, *_args):
            raise StorageUnavailable("no answer")

    world.ports = replace(world.ports, stores=replace(world.stores, notifications=Refusing()))

    assert world.tokens().access_token() == ("access-2", 2)


def test_a_pair_renewed_by_a_consent_to_other_companies_is_not_handed_out():
    """The look before the renewal saw the company covered; the pair saved meanwhile does not."""
    world = TokenWorld(left=-1)
    other = replace(
        a_grant(world.vault, now=world.clock.now(), serial=9),
        remote_company_ids=(RemoteCompanyId("realm-2"),),
    )
    world.grants.on_lease = lambda: world.stores.grants.save_pair(other, expected_token_version=1)

    with pytest.raises(ConnectionStopped) as stopped:
        world.tokens().access_token()
    assert stopped.value.problem.code == "REMOTE_COMPANY_NOT_COVERED"
