"""Disconnecting: what ends, what stays, who else uses the grant, and what comes in between."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.connections import ConnectionSettings, ConnectionState
from shared.domain.errors import Conflicting, ProviderUnavailable, RequestInvalid
from shared.domain.grants import GrantState
from tests.support.contested import Contested
from tests.unit.auth.connect_world import (
    OTHER_KEY,
    OTHER_REALM,
    ConnectWorld,
    like_freshbooks,
    like_xero,
)
from tests.unit.auth.doubles import KEY, REALM


@pytest.fixture
def world() -> ConnectWorld:
    return ConnectWorld()


def test_disconnecting_revokes_erases_and_keeps_the_rest(world):
    connection = world.connect()

    ended = world.disconnect()

    assert ended.state is ConnectionState.DISCONNECTED
    assert ended.remote_company == connection.remote_company
    assert world.oauth.withdrawn == [("refresh-11", REALM, True)]
    assert world.grant(connection).state is GrantState.REVOKED
    assert world.grant(connection).sealed_pair == b""
    assert world.audited() == ["connection.connected", "connection.disconnected"]
    with pytest.raises(Exception, match="DISCONNECTED"):
        world.tokens(connection).access_token()


def test_disconnecting_sets_the_remote_company_free(world):
    world.connect()
    world.disconnect()

    assert world.connect(key=OTHER_KEY).state is ConnectionState.CONNECTED


def test_disconnecting_works_though_the_provider_does_not_answer(world):
    connection = world.connect()

    def away():
        raise ProviderUnavailable("timed out")

    world.oauth.on_withdraw = away

    assert world.disconnect().state is ConnectionState.DISCONNECTED
    assert world.grant(connection).state is GrantState.REVOKED


def test_disconnecting_twice_is_as_once(world):
    connection = world.connect()

    ended, grant = world.disconnect(), world.grant(connection)

    assert world.disconnect() == ended
    assert world.grant(connection) == grant
    assert world.oauth.withdrawn == [("refresh-11", REALM, True)]


def test_a_disconnected_connection_can_be_connected_again_with_its_settings(world):
    first = world.connect()
    settings = ConnectionSettings(default_income_account_id="79")
    world.stores.connections.save(replace(first, settings=settings, version=2))
    world.disconnect()

    again = world.connect()

    assert (again.state, again.settings) == (ConnectionState.CONNECTED, settings)
    assert again.grant_id != first.grant_id, "what was retired stays retired"
    assert world.tokens(again).access_token() == ("access-12", 1)
    assert world.audited()[-1] == "connection.reconnected"


def test_there_is_nothing_to_disconnect_where_nothing_was_connected(world):
    with pytest.raises(RequestInvalid) as raised:
        world.disconnect()
    assert (raised.value.problem.code, raised.value.status) == ("NOT_CONNECTED", 404)


def test_a_consent_finished_while_disconnecting_leaves_one_clear_end(world):
    """Its row is connected again when its tokens are gone: then it is disconnected too."""
    first = world.connect()

    def connect_once():
        world.oauth.on_withdraw = lambda: None
        world.connect()

    world.oauth.on_withdraw = connect_once

    world.disconnect()

    stored = world.stores.connections.get(KEY)
    assert stored.state is ConnectionState.DISCONNECTED
    assert world.grant(first).state is GrantState.REVOKED
    assert world.grant(stored).state is GrantState.REVOKED
    assert world.free(REALM)


def test_after_disconnecting_another_remote_company_may_follow_with_settings_of_its_own(world):
    first = world.connect()
    world.stores.connections.save(
        replace(first, settings=ConnectionSettings(default_income_account_id="79"), version=2)
    )
    world.disconnect()

    second = world.connect(OTHER_REALM)

    assert second.remote_company.name == "Beta Books"
    assert second.settings == ConnectionSettings()
    assert second.grant_id != first.grant_id
    assert world.tokens(second).access_token()[1] == 1


def test_an_office_that_comes_back_to_a_company_disconnects_it_only_once(world):
    """A crash after the row was ended: disconnecting again finishes the rest."""
    connection = world.connect()
    world.stores.connections.save(
        replace(connection, state=ConnectionState.DISCONNECTED, version=2)
    )

    world.disconnect()

    assert world.grant(connection).state is GrantState.REVOKED
    assert world.oauth.withdrawn == [("refresh-11", REALM, True)]
    assert world.free(REALM)


def test_of_several_organisations_only_the_connected_one_is_withdrawn():
    """What else the consent covers was never used here; the user may have given it elsewhere."""
    world = like_xero()
    world.ask(REALM, OTHER_REALM)
    connection = world.choose(REALM)

    world.disconnect()

    assert world.oauth.withdrawn == [("refresh-11", REALM, True)]
    assert world.grant(connection).state is GrantState.REVOKED


def test_withdrawing_one_organisation_is_done_with_a_fresh_token():
    world = like_xero()
    world.connect()
    world.clock.advance(3600)

    world.disconnect()

    assert world.oauth.calls == ["refresh-11"]
    assert world.oauth.withdrawn == [("refresh-12", REALM, True)]


def test_a_token_that_cannot_be_made_fresh_stops_no_disconnection():
    world = like_xero()
    connection = world.connect()
    world.clock.advance(3600)
    world.oauth.live = None

    assert world.disconnect().state is ConnectionState.DISCONNECTED
    assert world.grant(connection).state is GrantState.REVOKED


def test_the_first_to_leave_a_shared_grant_leaves_it_to_the_other():
    world = like_freshbooks()
    world.connect()
    other = world.connect(OTHER_REALM, key=OTHER_KEY)

    world.disconnect()

    assert world.oauth.withdrawn == [("refresh-12", REALM, False)]
    assert world.grant(other).state is GrantState.ACTIVE
    assert world.tokens(other).access_token() == ("access-12", 2)
    assert world.free(REALM)

    world.disconnect(OTHER_KEY)

    assert world.oauth.withdrawn[1:] == [("refresh-12", OTHER_REALM, True)]
    assert world.grant(other).state is GrantState.REVOKED


def test_leaving_a_shared_grant_twice_is_as_once():
    world = like_freshbooks()
    world.connect()
    world.connect(OTHER_REALM, key=OTHER_KEY)

    world.disconnect()
    world.disconnect()

    assert world.oauth.withdrawn == [("refresh-12", REALM, False)]


def test_a_remote_company_lost_while_connecting_is_left_to_who_has_it(world):
    """A disconnection released our claim before our row was saved, and another company was quicker."""

    def lost(_connections, connection):
        if connection.state is ConnectionState.CONNECTED:
            stores = world.stores.connections
            stores.release_remote_company(KEY.provider, REALM, KEY.company_id)
            stores.claim_remote_company(KEY.provider, REALM, OTHER_KEY.company_id)

    contested = Contested(world.stores.connections, "save", lost, 1)
    world.ports = replace(world.ports, stores=replace(world.stores, connections=contested))

    with pytest.raises(Conflicting) as raised:
        world.connect()

    stored = world.stores.connections.get(KEY)
    assert raised.value.problem.code == "REMOTE_COMPANY_TAKEN"
    assert stored.state is ConnectionState.DISCONNECTED
    assert world.grant(stored).state is GrantState.REVOKED
    assert world.oauth.withdrawn == [], "that could disconnect the company that has it"


def test_a_grant_lost_while_connecting_ends_as_disconnected(world):
    """A disconnection detached it before our row was saved, and then its process died."""

    def lost(_connections, connection):
        world.stores.grants.detach(connection.grant_id, KEY.company_id)

    contested = Contested(world.stores.connections, "save", lost, 1)
    world.ports = replace(world.ports, stores=replace(world.stores, connections=contested))

    with pytest.raises(Conflicting) as raised:
        world.connect()

    stored = world.stores.connections.get(KEY)
    assert raised.value.problem.code == "CONNECTION_CHANGED"
    assert stored.state is ConnectionState.DISCONNECTED
    assert world.grant(stored).state is GrantState.REVOKED
    assert world.free(REALM)


def test_whoever_finds_a_shared_grant_dead_while_leaving_it_tells_the_others():
    """It has no place in the sweep any more: nobody else would notice before its next use."""
    world = like_freshbooks()
    first = world.connect()
    world.connect(OTHER_REALM, key=OTHER_KEY)
    world.oauth.live = None
    world.clock.advance(13 * 3600)

    world.disconnect()

    assert world.grant(first).state is GrantState.NEEDS_REAUTH
    assert world.stores.connections.get(OTHER_KEY).state is ConnectionState.NEEDS_REAUTH
    [told] = world.stores.notifications.page(OTHER_KEY.company_id, 9, None).rows
    assert told.problem.code == "UNAUTHORIZED"
    assert world.stores.notifications.page(KEY.company_id, 9, None).rows == ()
