"""A provider that keeps one chain of tokens per user and app: each consent kills the pair before it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.connections import ConnectionState
from shared.domain.errors import Conflicting, ProviderUnavailable
from shared.domain.grants import GrantState, SweepLane
from tests.support.contested import Contested
from tests.unit.auth.connect_world import (
    OTHER_KEY,
    OTHER_REALM,
    THIRD_REALM,
    ConnectWorld,
    like_freshbooks,
)
from tests.unit.auth.doubles import KEY, REALM


@pytest.fixture
def world() -> ConnectWorld:
    return like_freshbooks()


def works(world: ConnectWorld, key=KEY) -> bool:
    """Whether the connection's token can be renewed at the provider."""
    world.clock.advance(13 * 3600)
    return world.tokens(world.stores.connections.get(key)).access_token()[1] > 0


def test_two_companies_of_one_user_share_the_grant_and_both_work(world):
    first = world.connect()
    second = world.connect(OTHER_REALM, key=OTHER_KEY)

    assert second.grant_id == first.grant_id
    assert world.grant(second).companies == {KEY.company_id, OTHER_KEY.company_id}
    assert world.grant(second).remote_company_ids == (REALM, OTHER_REALM)
    assert works(world)
    assert works(world, OTHER_KEY)


def test_another_user_has_a_grant_of_their_own(world):
    first = world.connect()
    world.oauth.user_id = "erin"

    assert world.connect(OTHER_REALM, key=OTHER_KEY).grant_id != first.grant_id


@pytest.mark.parametrize("broken", ["taken", "unanswered", "refused"])
def test_a_refused_consent_does_not_kill_the_users_other_connections(world, broken):
    world.connect()
    if broken == "unanswered":
        world.companies.failure = ProviderUnavailable("timed out")
    if broken == "refused":
        world.companies.refuses_token = True
    covered = REALM if broken == "taken" else OTHER_REALM

    with pytest.raises(Exception, match=r"TAKEN|timed out|REFUSED"):
        world.finish(world.agree(world.begin(OTHER_KEY), covered))

    assert world.stores.connections.get(OTHER_KEY) is None
    assert works(world)


def test_a_cancelled_choice_does_not_kill_them_either(world):
    world.connect()
    world.ask(OTHER_REALM, THIRD_REALM, key=OTHER_KEY)

    world.cancel(OTHER_KEY)

    assert world.oauth.withdrawn == []
    assert works(world)


def test_starting_afresh_over_the_same_chain_keeps_it(world):
    first = world.connect()
    with pytest.raises(Conflicting):
        world.finish(world.agree(world.begin(), OTHER_REALM))

    second = world.choose(OTHER_REALM, start_afresh=True)

    assert second.grant_id == first.grant_id
    assert world.grant(second).companies == {KEY.company_id}
    assert world.oauth.withdrawn == [("refresh-12", REALM, False)]
    assert world.free(REALM)
    assert works(world)


def test_a_choice_that_nobody_made_is_for_the_sweep(world):
    grant = world.grant(world.ask(REALM, OTHER_REALM))

    assert grant.companies == frozenset()
    assert grant.place.lane is SweepLane.TIMED
    assert grant.place.at == world.waiting().expires_at


def test_cancelling_the_only_use_of_a_chain_ends_it(world):
    choice = world.ask(REALM, OTHER_REALM)

    world.cancel()

    assert world.grant(choice).state is GrantState.REVOKED
    assert world.oauth.withdrawn == [
        ("refresh-11", REALM, False),
        ("refresh-11", OTHER_REALM, True),
    ]
    assert world.connect().grant_id != choice.grant_id, "what was retired stays retired"


def test_a_dead_chain_brought_back_by_one_company_is_alive_for_the_other(world):
    first = world.connect()
    world.connect(OTHER_REALM, key=OTHER_KEY)
    world.stores.grants.put_new(replace(world.grant(first), state=GrantState.NEEDS_REAUTH))
    for key in (KEY, OTHER_KEY):
        stored = world.stores.connections.get(key)
        world.stores.connections.save(
            replace(stored, state=ConnectionState.NEEDS_REAUTH, version=stored.version + 1)
        )
    world.clock.advance(60)

    world.connect(OTHER_REALM, key=OTHER_KEY)

    revived = world.stores.connections.get(KEY)
    assert revived.state is ConnectionState.CONNECTED
    assert revived.connected_at == world.clock.now(), "so that old news is known as such"
    assert works(world)


def test_a_pair_asked_for_later_is_not_overwritten_by_one_that_came_before(world):
    """Of two consents at once the one stored already was asked for after ours was answered."""
    first = world.connect()
    later = replace(world.grant(first), rotated_at=world.clock.now() + timedelta(seconds=1))
    world.stores.grants.put_new(later)

    with pytest.raises(Conflicting) as raised:
        world.finish(world.agree(world.begin(OTHER_KEY), OTHER_REALM))

    assert raised.value.problem.code == "CONSENT_OVERTAKEN"
    assert world.grant(first) == later


def test_a_refresh_saved_meanwhile_is_followed_by_the_next_version(world):
    """It had its answer before our exchange, which would have killed its token."""
    first = world.connect()

    def refreshed(grants, *_):
        grants.save_pair(world.grant(first), expected_token_version=1)

    world.ports = replace(
        world.ports,
        stores=replace(
            world.stores, grants=Contested(world.stores.grants, "save_pair", refreshed, 1)
        ),
    )

    second = world.connect(OTHER_REALM, key=OTHER_KEY)

    assert world.tokens(second).access_token() == ("access-12", 3)
    assert works(world)


def test_of_two_first_consents_at_once_one_grant_comes(world):
    """Who loses the user to another consent puts the pair into that one's grant."""
    winner = []

    def another_is_first(*_):
        winner.append(like_another_container(world).connect(OTHER_REALM, key=OTHER_KEY))

    world.ports = replace(
        world.ports,
        stores=replace(
            world.stores,
            grants=Contested(world.stores.grants, "claim_user", another_is_first, 1),
        ),
    )
    world.oauth.codes["code-2"] = (OTHER_REALM,)
    ours = world.connect()

    assert ours.grant_id == winner[0].grant_id
    assert world.grant(ours).companies == {KEY.company_id, OTHER_KEY.company_id}
    waiting = world.stores.grants.count_in_sweep(KEY.provider, SweepLane.TIMED)
    assert waiting == 0, "what lost is not left for the sweep to take back"


def like_another_container(world: ConnectWorld) -> ConnectWorld:
    """The same stores and provider, nobody in between."""
    other = like_freshbooks()
    other.stores, other.vault, other.clock = world.stores, world.vault, world.clock
    other.oauth = world.oauth
    other.ports = replace(
        other.ports, stores=world.stores, vault=world.vault, clock=world.clock, ids=world.ports.ids
    )
    return other


def test_a_chain_that_its_last_company_left_meanwhile_is_said_so(world):
    """Nobody waited twenty minutes for a decision here."""
    world.connect()

    def left() -> None:
        world.companies.look = lambda: None
        world.disconnect()

    world.companies.look = left
    with pytest.raises(Conflicting) as raised:
        world.finish(world.agree(world.begin(OTHER_KEY), OTHER_REALM))

    assert raised.value.problem.code == "CONNECTION_CHANGED"
    assert world.free(OTHER_REALM)
