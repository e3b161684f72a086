"""A connection's token made fresh on demand: the outcome is data and never the token."""

from __future__ import annotations

import pytest

from shared.auth.on_demand import Freshness, FreshnessEnd, ensure_fresh
from shared.domain.connections import ConnectionState
from shared.domain.ids import CompanyId, ConnectionKey
from tests.support.fake_oauth import Fault
from tests.unit.auth.doubles import KEY, a_connection
from tests.unit.auth.token_world import TokenWorld


def ask(world: TokenWorld, key: ConnectionKey = KEY, after_version: int | None = None) -> Freshness:
    return ensure_fresh(
        world.ports,
        key,
        world.oauth.profile,
        lambda connection: world.tokens(connection=connection),
        after_version=after_version,
    )


def connected(*, left: float, state: ConnectionState = ConnectionState.CONNECTED) -> TokenWorld:
    world = TokenWorld(left=left)
    world.stores.connections.save(a_connection(state))
    return world


@pytest.mark.parametrize(
    ("left", "after_version", "version"), [(3600, None, 1), (60, None, 2), (3600, 1, 2)]
)
def test_a_token_is_renewed_when_it_is_due_or_was_refused(left, after_version, version):
    world = connected(left=left)

    answer = ask(world, after_version=after_version)

    assert answer == Freshness(FreshnessEnd.FRESH, token_version=version)
    assert "access" not in repr(answer)


def test_a_dead_grant_turns_the_connection():
    world = connected(left=-1)
    world.oauth.live = None

    assert ask(world) == Freshness(FreshnessEnd.NEEDS_REAUTH, code="UNAUTHORIZED")
    assert world.stores.connections.get(KEY).state is ConnectionState.NEEDS_REAUTH


def test_a_provider_that_does_not_answer_is_asked_again_later():
    world = connected(left=-1)
    world.oauth.faults.extend([Fault.BROKEN] * 2)

    assert ask(world) == Freshness(FreshnessEnd.RETRY_LATER, retry_after=30)
    assert world.stores.connections.get(KEY).state is ConnectionState.CONNECTED


def test_a_disconnected_or_unknown_connection_has_no_token():
    world = connected(left=3600, state=ConnectionState.DISCONNECTED)

    assert ask(world) == Freshness(FreshnessEnd.STOPPED, code="DISCONNECTED")
    unknown = ConnectionKey(CompanyId("nobody"), KEY.provider)
    assert ask(world, unknown) == Freshness(FreshnessEnd.STOPPED, code="NOT_CONNECTED")
