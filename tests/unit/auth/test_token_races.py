"""What must hold for the hand-out whoever goes first, stalls, dies or loses its storage."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.auth import grant_rules
from shared.auth.keeper import TokenKeeper
from shared.auth.tokens import GrantTokens
from shared.domain.errors import NeedsReauth, RetryLater
from shared.domain.grants import GrantState
from shared.storage.memory import memory_stores
from shared.system import SystemChance, SystemClock, UuidIds
from tests.support.fake_oauth import FRESHBOOKS, QUICKBOOKS, XERO, FakeOAuth, Fault, oauth_profile
from tests.unit.auth.doubles import (
    GRANT,
    START,
    CountingIds,
    Half,
    a_connection,
    a_grant,
    local_vault,
)
from tests.unit.auth.interleaving import ActorClock, Interleaving, Killed

CALL_DEADLINE = 20.0


def test_64_callers_at_once_cost_one_refresh():
    """Real threads in eight containers, real time."""
    clock = SystemClock()
    vault = local_vault()
    grants = memory_stores().grants
    grants.put_new(a_grant(vault, now=clock.now(), life=timedelta(seconds=-1)))
    oauth = FakeOAuth(oauth_profile(), clock, seconds=0.05)
    keepers = [
        TokenKeeper(
            grants=grants,
            vault=vault,
            clock=clock,
            ids=UuidIds(),
            chance=SystemChance(),
            call_deadline=CALL_DEADLINE,
        )
        for _ in range(8)
    ]
    together = threading.Barrier(64)
    answers = []

    def call(number: int) -> None:
        together.wait()
        source = GrantTokens(keepers[number % 8], a_connection(), oauth)
        answers.append(source.access_token() if number % 2 else source.renew(after_version=1))

    threads = [threading.Thread(target=call, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [("access-2", 2)] * 64
    assert oauth.calls == ["refresh-1"]


class Watched:
    """Grants and provider as the actors see them: every call is a step, every act is checked."""

    def __init__(self, interleaving, grants, oauth, vault) -> None:
        self._interleaving = interleaving
        self._grants = grants
        self._oauth = oauth
        self._vault = vault
        self.profile = oauth.profile
        self.asking = {}
        """Actor to the refresh token it asks with, and when its lease ends."""
        self.saved = {"access-1"}
        oauth.during = interleaving.step
        oauth.after = interleaving.step

    def _store(self, method, *args, **kwargs):
        self._interleaving.step(at_store=True)
        return method(*args, **kwargs)

    def get(self, grant_id):
        return self._store(self._grants.get, grant_id)

    def take_lease(self, *args, **kwargs):
        lease = self._store(self._grants.take_lease, *args, **kwargs)
        self._interleaving.step(at_store=True)
        return lease

    def release_lease(self, *args):
        self._store(self._grants.release_lease, *args)
        self.asking.pop(self._interleaving.running, None)
        self._interleaving.step(at_store=True)

    def save_pair(self, grant, *, expected_token_version):
        self._interleaving.step(at_store=True)
        before = self._grants.get(GRANT)
        saved = self._grants.save_pair(grant, expected_token_version=expected_token_version)
        if saved:
            after = self._grants.get(GRANT)
            assert after.token_version == before.token_version + 1
            assert self._serial(after) > self._serial(before), "an older pair over a newer one"
            self.saved.add(self._vault.open(after.sealed_pair, GRANT).access_token)
        self._interleaving.step(at_store=True)
        return saved

    def set_place(self, *args, **kwargs):
        return self._store(self._grants.set_place, *args, **kwargs)

    def mark_needs_reauth(self, *args, **kwargs):
        self._interleaving.step(at_store=True)
        marked = self._grants.mark_needs_reauth(*args, **kwargs)
        if marked:
            stored = self._vault.open(self._grants.get(GRANT).sealed_pair, GRANT)
            assert not self._oauth.accepts(stored.refresh_token), "a live grant declared dead"
            now = self._interleaving.now
            for actor, (_, ends_at) in self.asking.items():
                mine = actor is self._interleaving.running
                assert mine or actor.killed or now >= ends_at, "somebody may yet save"
        self._interleaving.step(at_store=True)
        return marked

    def refresh(self, refresh_token, now):
        # No step before this: no lease can stop who stalls between looking at the clock and sending.
        me = self._interleaving.running
        for actor, (token, ends_at) in self.asking.items():
            if actor is not me and token == refresh_token and not actor.killed:
                # Clocks may be apart by so much; a lease outlasts its call by more (SAVE_MARGIN).
                over = ends_at - grant_rules.CLOCK_SKEW
                assert self._interleaving.now >= over, "two refreshes of one version"
        # By the holder's own clock, which is what its lease was reckoned by.
        self.asking[me] = (refresh_token, self._grants.get(GRANT).lease.expires_at - me.skew)
        return self._oauth.refresh(refresh_token, now)

    def _serial(self, grant) -> int:
        return int(self._vault.open(grant.sealed_pair, GRANT).access_token.removeprefix("access-"))


class RacingWorld:
    def __init__(self, script, rules, *, rotates, faults, oauth_faults, callers, skews):
        self.race = Interleaving(script, faults=faults)
        clock = ActorClock(self.race)
        vault = local_vault()
        self.grants = memory_stores().grants
        self.grants.put_new(a_grant(vault, now=START, life=timedelta(seconds=-1)))
        self.oauth = FakeOAuth(oauth_profile(rules), clock, rotates=rotates)
        self.oauth.faults.extend(oauth_faults)
        self.watched = Watched(self.race, self.grants, self.oauth, vault)
        ids = CountingIds()
        for number in range(callers):
            keeper = TokenKeeper(
                grants=self.watched,
                vault=vault,
                clock=clock,
                ids=ids,
                chance=Half(),
                call_deadline=CALL_DEADLINE,
            )
            source = GrantTokens(keeper, a_connection(), self.watched)
            ask = (
                source.access_token
                if number % 2
                else lambda source=source: source.renew(after_version=1)
            )
            self.race.add(f"caller-{number}", ask, timedelta(seconds=skews[number]))

    def run(self) -> None:
        self.race.run()
        for actor in self.race.actors:
            if isinstance(actor.result, BaseException):
                expected = Killed if actor.killed else (RetryLater, NeedsReauth)
                if not isinstance(actor.result, expected):
                    raise actor.result
            else:
                assert actor.result[0] in self.watched.saved, "used before it was saved"


SCRIPTS = st.binary(min_size=100, max_size=300)
CALLERS = st.integers(2, 5)
SKEWS = st.lists(st.integers(-4, 4), min_size=5, max_size=5)
FAULTS = st.lists(st.sampled_from([None, *Fault]), max_size=4)


@settings(max_examples=150, deadline=None)
@given(
    script=SCRIPTS,
    rules=st.sampled_from([QUICKBOOKS, XERO, FRESHBOOKS]),
    rotates=st.booleans(),
    oauth_faults=FAULTS,
    callers=CALLERS,
    skews=SKEWS,
)
def test_whatever_stalls_dies_or_fails(script, rules, rotates, oauth_faults, callers, skews):
    """Never two refreshes of a version while its holder lives, never an older pair over a newer one,
    never a live grant declared dead, never a token in use that was not saved.
    """
    world = RacingWorld(
        script,
        rules,
        rotates=rotates or rules is FRESHBOOKS,
        faults=True,
        oauth_faults=oauth_faults,
        callers=callers,
        skews=skews,
    )

    world.run()


@settings(max_examples=60, deadline=None)
@given(script=SCRIPTS, rules=st.sampled_from([QUICKBOOKS, XERO, FRESHBOOKS]), skews=SKEWS)
def test_where_nothing_fails_any_order_costs_one_refresh(script, rules, skews):
    world = RacingWorld(
        script,
        rules,
        rotates=True,
        faults=False,
        oauth_faults=[],
        callers=5,
        skews=skews,
    )

    world.run()

    assert [actor.result for actor in world.race.actors] == [("access-2", 2)] * 5
    assert world.oauth.calls == ["refresh-1"]


@pytest.mark.parametrize("rules", [QUICKBOOKS, XERO, FRESHBOOKS])
@settings(max_examples=40, deadline=None)
@given(script=SCRIPTS, skews=SKEWS)
def test_a_consent_withdrawn_at_the_provider_ends_the_same_way_for_everybody(rules, script, skews):
    world = RacingWorld(
        script,
        rules,
        rotates=True,
        faults=False,
        oauth_faults=[],
        callers=4,
        skews=skews,
    )
    world.oauth.live = None

    world.run()

    assert all(isinstance(actor.result, NeedsReauth) for actor in world.race.actors)
    assert world.grants.get(GRANT).state is GrantState.NEEDS_REAUTH
    assert len(world.oauth.calls) == 1
