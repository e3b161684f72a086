"""How a connection comes to say that it must be connected again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.auth.reauth import mark_connection_needs_reauth, reauth_problem
from shared.domain.connections import ConnectionState
from shared.domain.grants import GrantState
from shared.storage.memory import memory_stores
from tests.support.fake_oauth import oauth_profile
from tests.unit.auth.doubles import KEY, START, a_connection, a_grant, local_vault


@pytest.fixture
def stores():
    stores = memory_stores()
    stores.connections.save(a_connection())
    stores.grants.put_new(a_grant(local_vault()))
    return stores


def kill_grant(stores):
    stores.grants.put_new(replace(a_grant(local_vault()), state=GrantState.NEEDS_REAUTH))


def test_the_owners_sentence_is_said_with_the_providers_name():
    problem = reauth_problem(oauth_profile())

    assert problem.code == "UNAUTHORIZED"
    assert problem.message == (
        "Your QuickBooks connection has expired. "
        "Go to Settings → Integrations → Reconnect QuickBooks."
    )
    assert "Reconnect Xero." in reauth_problem(replace(oauth_profile(), label="Xero")).message


def test_the_connection_row_says_so_from_then_on(stores):
    marked = mark_connection_needs_reauth(stores, a_connection())

    assert marked.state is ConnectionState.NEEDS_REAUTH
    assert stores.connections.get(KEY) == marked
    assert marked.version == 2


def test_once_is_enough(stores):
    first = mark_connection_needs_reauth(stores, a_connection())

    assert mark_connection_needs_reauth(stores, a_connection()) == first


def test_a_connection_made_anew_since_is_left_alone(stores):
    """A worker that began before the consent reports what was true then."""
    again = replace(a_connection(), connected_at=START + timedelta(hours=1), version=2)
    stores.connections.save(again)

    assert mark_connection_needs_reauth(stores, a_connection()) == again
    assert stores.connections.get(KEY) == again


def test_unless_its_grant_is_dead_by_now(stores):
    stores.connections.save(
        replace(a_connection(), connected_at=START + timedelta(hours=1), version=2)
    )
    kill_grant(stores)

    marked = mark_connection_needs_reauth(stores, a_connection())

    assert marked.state is ConnectionState.NEEDS_REAUTH


@pytest.mark.parametrize(
    "stored",
    [
        replace(a_connection(ConnectionState.DISCONNECTED), version=2),
        replace(a_connection(), grant_id="another grant", version=2),
    ],
)
def test_a_disconnected_connection_or_one_of_another_grant_is_left_alone(stores, stored):
    stores.connections.save(stored)
    kill_grant(stores)

    assert mark_connection_needs_reauth(stores, a_connection()) == stored
    assert stores.connections.get(KEY) == stored


def test_a_row_that_moves_meanwhile_is_looked_at_again(stores):
    class Moving:
        """Somebody changes a setting between the look and the save."""

        moved = False

        def get(self, key):
            stored = stores.connections.get(key)
            if not self.moved:
                self.moved = True
                stores.connections.save(replace(stored, version=stored.version + 1))
            return stored

        def save(self, connection):
            return stores.connections.save(connection)

    marked = mark_connection_needs_reauth(replace(stores, connections=Moving()), a_connection())

    assert (marked.state, marked.version) == (ConnectionState.NEEDS_REAUTH, 3)
