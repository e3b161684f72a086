"""Consents that a person decides on: which organisation, another company, and nothing of either."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.connections import ConnectionSettings, ConnectionState, OfferedCompany
from shared.domain.errors import Conflicting, NotFound, ProviderUnavailable, RequestInvalid
from shared.domain.grants import GrantState, SweepLane, SweepPlace
from shared.domain.ids import PersonId, RemoteCompanyId
from tests.support.contested import Contested
from tests.unit.auth.connect_world import (
    OTHER_KEY,
    OTHER_REALM,
    THIRD_REALM,
    ConnectWorld,
    like_freshbooks,
    like_xero,
)
from tests.unit.auth.doubles import KEY, REALM

TWENTY_MINUTES = 20 * 60.0


@pytest.fixture
def xero() -> ConnectWorld:
    return like_xero()


@pytest.fixture
def world() -> ConnectWorld:
    """Like QuickBooks: a consent covers one company and does not tell its name."""
    return ConnectWorld()


def differing(world: ConnectWorld, *covered: RemoteCompanyId) -> RequestInvalid:
    """A consent for another company than the connected one; how it is told."""
    with pytest.raises(Conflicting) as raised:
        world.finish(world.agree(world.begin(), *(covered or (OTHER_REALM,))))
    return raised.value


def refused(world: ConnectWorld, *args, **options) -> str:
    """The code with which a decision is refused, the connection staying as it was."""
    before = world.stores.connections.get(KEY)
    with pytest.raises(RequestInvalid) as raised:
        world.choose(*args, **options)
    assert world.stores.connections.get(KEY) == before
    return raised.value.problem.code


class TestChoosing:
    def test_several_organisations_are_offered_and_nothing_is_connected(self, xero):
        state = xero.begin(return_to="/settings")
        finished = xero.finish(xero.agree(state, REALM, OTHER_REALM))

        assert (finished.connection, finished.return_to) == (None, "/settings")
        assert xero.stores.connections.get(KEY) is None
        assert xero.stores.choices.get(KEY).return_to == "/settings"
        assert xero.waiting().offered == (
            OfferedCompany(REALM, "Acme Books"),
            OfferedCompany(OTHER_REALM, "Beta Books"),
        )
        assert xero.waiting().connected == ""
        assert xero.waiting().expires_at == xero.clock.now() + timedelta(minutes=20)
        assert xero.free(REALM)
        assert xero.free(OTHER_REALM)

    def test_the_grant_of_a_choice_is_nobodys_until_the_sweep_may_drop_it(self, xero):
        grant = xero.grant(xero.ask(REALM, OTHER_REALM))

        assert grant.companies == frozenset()
        assert grant.place == SweepPlace(SweepLane.TIMED, xero.waiting().expires_at)

    def test_the_chosen_one_is_connected_and_its_token_works(self, xero):
        choice = xero.ask(REALM, OTHER_REALM)

        connection = xero.choose(OTHER_REALM, person_id=PersonId("bob"))

        assert connection == xero.stores.connections.get(KEY)
        assert connection.state is ConnectionState.CONNECTED
        assert connection.remote_company.name == "Beta Books"
        assert connection.grant_id == choice.grant_id
        assert xero.tokens(connection).access_token() == ("access-11", 1)
        assert xero.grant(connection).companies == {KEY.company_id}
        assert xero.grant(connection).place.lane is not SweepLane.TIMED
        assert not xero.free(OTHER_REALM)
        assert xero.free(REALM)
        assert xero.waiting() is None
        (entry,) = xero.stores.audit.page(KEY.company_id, 10, None).rows
        assert (entry.what, entry.who) == ("connection.chosen", "bob")
        assert entry.about["remote_company_id"] == OTHER_REALM

    def test_a_choice_is_decided_once(self, xero):
        xero.ask(REALM, OTHER_REALM)
        xero.choose(REALM)

        with pytest.raises(NotFound) as raised:
            xero.choose(OTHER_REALM)
        assert raised.value.problem.code == "NO_CHOICE"

    def test_of_two_who_choose_at_the_same_moment_one_is_told(self, xero):
        choice = xero.ask(REALM, OTHER_REALM)
        lost = Contested(
            xero.stores.choices, "take", lambda store, *_: store.take(KEY, choice.choice_id), 1
        )
        xero.ports = replace(xero.ports, stores=replace(xero.stores, choices=lost))

        assert refused(xero, REALM) == "NO_CHOICE"
        assert xero.free(REALM)

    def test_what_was_not_offered_cannot_be_chosen(self, xero):
        xero.ask(REALM, OTHER_REALM)

        assert refused(xero, THIRD_REALM) == "NOT_OFFERED"
        assert xero.choose(REALM).version == 1, "the choice waits on"

    def test_another_company_has_no_part_in_it(self, xero):
        xero.ask(REALM, OTHER_REALM)

        assert xero.waiting(OTHER_KEY) is None
        with pytest.raises(NotFound):
            xero.choose(REALM, key=OTHER_KEY)
        with pytest.raises(NotFound):
            xero.cancel(OTHER_KEY)
        assert xero.waiting() is not None

    def test_it_waits_twenty_minutes_and_not_longer(self, xero):
        xero.ask(REALM, OTHER_REALM)
        xero.clock.advance(TWENTY_MINUTES - 1)
        assert xero.waiting() is not None
        xero.clock.advance(1)

        assert xero.waiting() is None
        assert refused(xero, REALM) == "CHOICE_EXPIRED"

    def test_a_grant_that_the_sweep_dropped_first_is_not_brought_back(self, xero):
        choice = xero.ask(REALM, OTHER_REALM)
        swept = Contested(
            xero.stores.grants, "attach", lambda store, *_: store.retire(choice.grant_id), 1
        )
        xero.ports = replace(xero.ports, stores=replace(xero.stores, grants=swept))

        assert refused(xero, REALM) == "CHOICE_EXPIRED"
        assert xero.free(REALM)

    def test_a_choice_that_fails_does_not_free_what_a_consent_connects_meanwhile(self, xero):
        """Its claim is released just when the consent has claimed it and saved its row."""
        choice = xero.ask(REALM, OTHER_REALM)
        ports = xero.ports

        def connect(_connections, *_):
            xero.ports, choosing = ports, xero.ports
            xero.connect()
            xero.ports = choosing

        swept = Contested(
            xero.stores.grants, "attach", lambda store, *_: store.retire(choice.grant_id), 1
        )
        released = Contested(xero.stores.connections, "release_remote_company", connect, 1)
        xero.ports = replace(ports, stores=replace(xero.stores, grants=swept, connections=released))

        with pytest.raises(Conflicting):
            xero.choose(REALM)

        assert xero.stores.connections.get(KEY).state is ConnectionState.CONNECTED
        assert not xero.free(REALM)

    def test_the_company_is_looked_at_with_the_token_before_it_is_connected(self, xero):
        choice = xero.ask(REALM, OTHER_REALM)
        xero.companies.refuses_token = True
        xero.oauth.live = None

        assert refused(xero, REALM) == "CONSENT_REFUSED"
        assert xero.grant(choice).state is GrantState.REVOKED
        assert xero.waiting() is None

    def test_a_provider_that_does_not_answer_leaves_the_choice_open(self, xero):
        xero.ask(REALM, OTHER_REALM)
        xero.companies.failure = ProviderUnavailable("timed out")
        with pytest.raises(ProviderUnavailable):
            xero.choose(REALM)
        xero.companies.failure = None

        assert xero.choose(REALM).state is ConnectionState.CONNECTED

    def test_the_connected_one_is_meant_where_the_consent_covers_it(self, xero):
        first = xero.connect()

        again = xero.connect(OTHER_REALM, REALM)

        assert again.remote_company == first.remote_company
        assert xero.waiting() is None

    def test_after_disconnecting_the_person_is_asked_again(self, xero):
        xero.connect()
        xero.disconnect()

        assert len(xero.ask(REALM, OTHER_REALM).offered) == 2


class TestTaken:
    def test_it_is_shown_as_taken_and_cannot_be_chosen(self, xero):
        xero.connect(key=OTHER_KEY)
        xero.ask(REALM, OTHER_REALM)

        assert xero.waiting().taken == {REALM}
        assert refused(xero, REALM) == "REMOTE_COMPANY_TAKEN"
        assert xero.choose(OTHER_REALM).remote_company.name == "Beta Books"

    def test_a_claim_of_its_own_that_a_crash_left_is_no_hindrance(self, xero):
        xero.stores.connections.claim_remote_company(KEY.provider, REALM, KEY.company_id)
        xero.ask(REALM, OTHER_REALM)

        assert xero.waiting().taken == set()
        assert xero.choose(REALM).remote_company.name == "Acme Books"

    def test_where_all_are_taken_nothing_is_stored(self, xero):
        xero.connect(key=OTHER_KEY)
        taken = xero.stores.connections.claim_remote_company
        taken(KEY.provider, OTHER_REALM, OTHER_KEY.company_id)

        assert differing(xero, REALM, OTHER_REALM).problem.code == "REMOTE_COMPANY_TAKEN"
        assert xero.stores.choices.get(KEY) is None

    def test_a_taken_one_is_no_way_to_start_afresh(self, world):
        world.connect()
        world.connect(OTHER_REALM, key=OTHER_KEY)

        told = differing(world)

        assert told.problem.code == "REMOTE_COMPANY_TAKEN"
        assert "beta" not in told.problem.message
        assert world.stores.choices.get(KEY) is None
        assert world.oauth.withdrawn == []


class TestAnotherCompany:
    def test_it_is_refused_with_both_names_and_both_ways_out(self, world):
        first = world.connect()
        grant = world.grant(first)

        told = differing(world)

        assert told.problem.code == "REMOTE_COMPANY_DIFFERS"
        assert '"Acme Books"' in told.problem.message
        assert '"Beta Books"' in told.problem.message
        assert "Cancel" in told.problem.action
        assert "start afresh" in told.problem.action
        assert world.stores.connections.get(KEY) == first
        assert world.grant(first) == grant
        assert world.free(OTHER_REALM)
        assert world.waiting().connected == "Acme Books"
        assert world.waiting().offered == (OfferedCompany(OTHER_REALM, "Beta Books"),)

    def test_cancelling_leaves_the_connection_exactly_as_it_was(self, world):
        first = world.connect()
        differing(world)
        choice = world.stores.choices.get(KEY)

        world.cancel()

        assert world.stores.connections.get(KEY) == first
        assert world.oauth.withdrawn == [("refresh-12", OTHER_REALM, True)]
        assert world.grant(choice).state is GrantState.REVOKED
        assert world.waiting() is None
        world.clock.advance(3600)
        assert world.tokens(first).access_token()[1] == 2, "its own chain is alive"
        assert world.audited() == ["connection.connected", "connection.choice_cancelled"]
        with pytest.raises(NotFound):
            world.cancel()

    def test_starting_afresh_must_be_said(self, world):
        world.connect()
        differing(world)

        assert refused(world, OTHER_REALM) == "REMOTE_COMPANY_DIFFERS"
        assert world.waiting() is not None

    def test_starting_afresh_replaces_the_connection(self, world):
        first = world.connect()
        settings = ConnectionSettings(default_income_account_id="79")
        world.stores.connections.save(replace(first, settings=settings, version=2))
        differing(world)

        second = world.choose(OTHER_REALM, start_afresh=True)

        assert second.remote_company.name == "Beta Books"
        assert second.settings == ConnectionSettings()
        assert world.tokens(second).access_token() == ("access-12", 1)
        assert world.grant(first).state is GrantState.REVOKED
        assert world.oauth.withdrawn == [("refresh-11", REALM, True)]
        assert world.free(REALM)
        assert not world.free(OTHER_REALM)
        (entry, *_) = world.stores.audit.page(KEY.company_id, 10, None).rows
        assert entry.what == "connection.started_afresh"
        assert entry.about["instead_of"] == REALM

    def test_a_connection_to_be_reconnected_is_not_replaced_without_a_word(self, world):
        first = world.connect()
        world.stores.connections.save(replace(first, state=ConnectionState.NEEDS_REAUTH, version=2))

        assert differing(world).problem.code == "REMOTE_COMPANY_DIFFERS"

    def test_a_settings_change_meanwhile_does_not_stop_it(self, world):
        first = world.connect()
        differing(world)
        world.stores.connections.save(replace(first, version=2))

        assert world.choose(OTHER_REALM, start_afresh=True).version == 3

    def test_what_was_meant_to_be_replaced_is_gone_so_the_choice_is_a_plain_one(self, world):
        world.connect()
        differing(world)
        world.disconnect()

        assert world.waiting().connected == ""
        assert world.choose(OTHER_REALM).remote_company.name == "Beta Books"

    def test_several_others_are_named_and_one_of_them_may_be_started_with(self, xero):
        xero.connect()

        told = differing(xero, OTHER_REALM, THIRD_REALM)

        assert '"Beta Books", "Gamma Books"' in told.problem.message
        assert refused(xero, THIRD_REALM) == "REMOTE_COMPANY_DIFFERS"
        assert xero.choose(THIRD_REALM, start_afresh=True).remote_company.name == "Gamma Books"

    def test_a_forged_callback_is_found_out_before_anything_is_offered(self, world):
        """And so does not tell whether somebody is connected to that company."""
        world.connect()
        world.connect(OTHER_REALM, key=OTHER_KEY)
        world.companies.refuses_token = True
        with pytest.raises(RequestInvalid) as raised:
            world.finish(world.agree(world.begin(), OTHER_REALM))

        assert raised.value.problem.code == "CONSENT_REFUSED"
        assert world.stores.choices.get(KEY) is None


class TestDropping:
    def test_a_new_choice_drops_the_one_before(self, xero):
        former = xero.ask(REALM, OTHER_REALM)
        latter = xero.ask(OTHER_REALM, THIRD_REALM)

        assert xero.grant(former).state is GrantState.REVOKED
        assert xero.grant(latter).state is GrantState.ACTIVE
        assert xero.oauth.withdrawn == [("refresh-11", REALM, True)], "the new one needs the other"

    def test_a_second_consent_for_the_same_company_does_not_disconnect_the_app(self, world):
        """QuickBooks takes a revoked token for the end of all access to its company."""
        world.connect()
        differing(world)
        differing(world)

        assert world.oauth.withdrawn == []
        assert world.choose(OTHER_REALM, start_afresh=True).state is ConnectionState.CONNECTED

    def test_access_that_a_blueclerk_company_has_come_to_use_is_left(self, world):
        world.connect()
        differing(world)
        choice = world.stores.choices.get(KEY)
        other = world.connect(OTHER_REALM, key=OTHER_KEY)

        world.cancel()

        assert world.oauth.withdrawn == []
        assert world.grant(choice).state is GrantState.REVOKED
        assert world.grant(other).state is GrantState.ACTIVE

    def test_a_consent_that_needs_no_decision_overrules_the_one_that_does(self, world):
        first = world.connect()
        differing(world)
        choice = world.stores.choices.get(KEY)

        again = world.connect()

        assert again.grant_id == first.grant_id
        assert world.waiting() is None
        assert world.grant(choice).state is GrantState.REVOKED

    def test_a_provider_that_does_not_answer_stops_no_cancelling(self, world):
        world.connect()
        differing(world)

        def away():
            raise ProviderUnavailable("timed out")

        world.oauth.on_withdraw = away
        world.cancel()

        assert world.waiting() is None

    def test_an_expired_choice_can_be_cancelled_too(self, world):
        world.connect()
        differing(world)
        choice = world.stores.choices.get(KEY)
        world.clock.advance(TWENTY_MINUTES)

        world.cancel()

        assert world.grant(choice).state is GrantState.REVOKED


def test_a_shared_grant_found_dead_by_a_choice_is_told_to_who_uses_it():
    world = like_freshbooks()
    world.connect()
    world.ask(OTHER_REALM, THIRD_REALM, key=OTHER_KEY)
    stored = world.grant(world.stores.connections.get(KEY))
    world.stores.grants.put_new(replace(stored, access_expires_at=world.clock.now()))
    world.oauth.live = None

    with pytest.raises(RequestInvalid) as raised:
        world.choose(OTHER_REALM, key=OTHER_KEY)

    assert raised.value.problem.code == "CONSENT_REFUSED"
    assert world.stores.connections.get(KEY).state is ConnectionState.NEEDS_REAUTH
    [told] = world.stores.notifications.page(KEY.company_id, 9, None).rows
    assert told.problem.code == "UNAUTHORIZED"


def test_a_choice_whose_consent_is_gone_is_said_so_once_and_waits_no_more():
    """The same user's choice in another company was cancelled, and with it the chain that both had."""
    world = like_freshbooks()
    world.ask(REALM, OTHER_REALM)
    world.ask(OTHER_REALM, THIRD_REALM, key=OTHER_KEY)
    world.cancel()

    with pytest.raises(Conflicting) as raised:
        world.choose(OTHER_REALM, key=OTHER_KEY)

    assert raised.value.problem.code == "CONNECTION_CHANGED"
    assert world.waiting(OTHER_KEY) is None
