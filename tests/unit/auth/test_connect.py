"""Connecting, connecting again, and every way in which it is refused."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.auth.connect import begin_consent
from shared.domain.connections import ConnectionSettings, ConnectionState
from shared.domain.errors import (
    Conflicting,
    ProviderContractBroken,
    ProviderUnavailable,
    RequestInvalid,
    RetryLater,
)
from shared.domain.grants import GrantState
from shared.domain.ids import CompanyId, ConnectionKey, PersonId, ProviderName
from tests.support.contested import Contested
from tests.support.fake_oauth import oauth_profile
from tests.unit.auth.connect_world import ADA, CALLBACK, OTHER_KEY, OTHER_REALM, ConnectWorld
from tests.unit.auth.doubles import KEY, REALM


@pytest.fixture
def world() -> ConnectWorld:
    return ConnectWorld()


def refusal(world: ConnectWorld, parameters: dict[str, str], **session) -> RequestInvalid:
    """How finishing is refused; and that it stored nothing."""
    before = world.stores.connections.get(KEY)
    with pytest.raises(RequestInvalid) as raised:
        world.finish(parameters, **session)
    assert world.stores.connections.get(KEY) == before
    return raised.value


def code_of(refused: RequestInvalid) -> str:
    return refused.problem.code


def test_a_consent_makes_a_connected_connection_whose_token_works(world):
    connection = world.connect()

    assert connection == world.stores.connections.get(KEY)
    assert connection.state is ConnectionState.CONNECTED
    assert connection.remote_company.name == "Acme Books"
    assert connection.remote_company.home_currency == "USD"
    assert connection.connected_at == world.clock.now()
    assert world.tokens(connection).access_token() == ("access-11", 1)
    assert world.audited() == ["connection.connected"]


def test_the_exchange_gets_what_the_consent_began_with(world):
    world.finish(world.agree(world.begin(), extra="kept"))

    assert world.oauth.exchanges == [
        {
            "code": "code-1",
            "redirect_uri": CALLBACK,
            "code_verifier": "",
            "realmId": "realm-1",
            "extra": "kept",
        }
    ]


def test_a_state_is_long_and_new_each_time(world):
    first, second = world.begin(), world.begin()

    assert first != second
    assert len(first) >= 43


def test_pkce_is_used_where_the_provider_takes_it():
    world = ConnectWorld(oauth_profile(uses_pkce=True))
    url = begin_consent(world.ports, world.oauth, KEY, ADA, redirect_uri=CALLBACK)
    asked = parse_qs(urlsplit(url).query)

    world.finish(world.agree(asked["state"][0]))

    verifier = world.oauth.exchanges[0]["code_verifier"]
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    assert asked["code_challenge"] == [digest.rstrip(b"=").decode()]
    assert len(verifier) >= 43
    assert verifier != asked["state"][0]


def test_the_person_comes_back_to_where_they_began(world):
    state = world.begin(return_to="/console/connections?tab=1")

    assert world.finish(world.agree(state)).return_to == "/console/connections?tab=1"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example", "//evil.example", "/\\evil.example", "console", "/a\nb", "/a b", "/é"],
)
def test_only_a_path_of_our_own_may_be_come_back_to(world, elsewhere):
    with pytest.raises(RequestInvalid) as raised:
        world.begin(return_to=elsewhere)
    assert (code_of(raised.value), raised.value.problem.field) == ("INVALID_RETURN_TO", "returnTo")


def test_a_state_works_once(world):
    parameters = world.agree(world.begin())
    world.finish(parameters)

    again = world.agree(parameters["state"], code="code-2")

    assert code_of(refusal(world, again)) == "CONSENT_UNKNOWN"
    assert len(world.oauth.exchanges) == 1


@pytest.mark.parametrize("state", ["forged", ""])
def test_a_forged_state_is_refused_before_the_code_is_used(world, state):
    world.begin()

    assert code_of(refusal(world, world.agree(state))) == "CONSENT_UNKNOWN"
    assert world.oauth.exchanges == []


def test_a_callback_without_state_is_refused(world):
    assert code_of(refusal(world, {"code": "code-1"})) == "CONSENT_UNKNOWN"


@pytest.mark.parametrize(("seconds", "works"), [(599, True), (600, False)])
def test_a_consent_takes_ten_minutes_at_most(world, seconds, works):
    parameters = world.agree(world.begin())
    world.clock.advance(seconds)

    if works:
        assert world.finish(parameters).connection.version == 1
    else:
        assert code_of(refusal(world, parameters)) == "CONSENT_EXPIRED"


@pytest.mark.parametrize(
    "session",
    [
        {"person_id": PersonId("eve"), "company_id": KEY.company_id},
        {"person_id": ADA, "company_id": CompanyId("beta")},
    ],
)
def test_a_foreign_person_or_company_cannot_finish_and_uses_the_state_up(world, session):
    parameters = world.agree(world.begin())

    assert code_of(refusal(world, parameters, **session)) == "CONSENT_FOREIGN"
    assert code_of(refusal(world, parameters)) == "CONSENT_UNKNOWN"


def test_a_consent_of_the_console_ends_in_its_session_or_nowhere(world):
    link = world.agree(world.begin(needs_session=True))
    assert code_of(refusal(world, link)) == "CONSENT_FOREIGN"

    again = world.agree(world.begin(needs_session=True))
    assert world.finish(again, KEY.company_id, ADA).connection.version == 1


def test_the_person_who_began_can_finish(world):
    parameters = world.agree(world.begin())

    assert world.finish(parameters, KEY.company_id, ADA).connection.version == 1


def test_a_state_of_another_provider_is_refused(world):
    state = world.begin(ConnectionKey(KEY.company_id, ProviderName("xero")))

    assert code_of(refusal(world, world.agree(state))) == "CONSENT_UNKNOWN"


@pytest.mark.parametrize(
    ("parameters", "code", "shown"),
    [
        ({"error": "access_denied"}, "CONSENT_DENIED", "QuickBooks was not allowed to connect"),
        ({"error": "invalid_scope"}, "CONSENT_REFUSED", "(invalid_scope)"),
        ({"error": "<script>alert(1)"}, "CONSENT_REFUSED", "QuickBooks refused to connect."),
        ({}, "CONSENT_INCOMPLETE", "no authorization code"),
        ({"code": ""}, "CONSENT_INCOMPLETE", "no authorization code"),
    ],
)
def test_a_callback_that_says_no_is_told_plainly(world, parameters, code, shown):
    refused = refusal(world, {"state": world.begin()} | parameters)

    assert code_of(refused) == code
    assert shown in refused.problem.message
    assert "script" not in refused.problem.message
    assert world.oauth.exchanges == []


def test_a_code_that_the_provider_refuses_changes_nothing(world):
    parameters = world.agree(world.begin()) | {"code": "used before"}

    assert code_of(refusal(world, parameters)) == "CODE_REFUSED"
    assert world.audited() == []


def test_a_token_that_is_not_for_that_company_is_found_out(world):
    """The callback's parameters come through the browser: the company is read with the token."""
    world.companies.refuses_token = True

    assert code_of(refusal(world, world.agree(world.begin()))) == "CONSENT_REFUSED"
    assert world.free(REALM)


def test_a_provider_that_answers_for_another_company_is_drift(world):
    world.companies.answers_for = OTHER_REALM

    with pytest.raises(ProviderContractBroken):
        world.finish(world.agree(world.begin()))
    assert world.stores.connections.get(KEY) is None


def test_a_first_consent_needs_the_provider_to_answer(world):
    world.companies.failure = ProviderUnavailable("timed out")
    parameters = world.agree(world.begin())

    with pytest.raises(RetryLater):
        world.finish(parameters)
    assert world.stores.connections.get(KEY) is None
    assert world.free(REALM)


def test_a_consent_that_names_no_company_is_refused(world):
    parameters = world.agree(world.begin())
    world.oauth.codes["code-1"] = ()

    assert code_of(refusal(world, parameters)) == "CONSENT_INCOMPLETE"


def test_of_several_companies_the_connected_one_is_meant(world):
    world.connect()

    assert world.connect(OTHER_REALM, REALM).remote_company.remote_company_id == REALM


def test_a_remote_company_serves_one_company_only(world):
    world.connect(key=OTHER_KEY)

    refused = refusal(world, world.agree(world.begin()))

    assert isinstance(refused, Conflicting)
    assert code_of(refused) == "REMOTE_COMPANY_TAKEN"
    assert "beta" not in refused.problem.message
    other = world.stores.connections.get(OTHER_KEY)
    assert world.tokens(other).access_token()[1] == 1
    assert world.oauth.withdrawn == [], "that could disconnect the company that has it"
    assert world.stores.choices.get(KEY) is None


def test_connecting_again_keeps_settings_and_raises_the_version(world):
    first = world.connect()
    settings = ConnectionSettings(default_income_account_id="79")
    world.stores.connections.save(
        replace(first, settings=settings, state=ConnectionState.NEEDS_REAUTH, version=2)
    )
    world.stores.grants.put_new(
        replace(world.grant(first), state=GrantState.NEEDS_REAUTH, token_version=5)
    )
    world.clock.advance(3600)

    again = world.connect()

    assert (again.state, again.settings) == (ConnectionState.CONNECTED, settings)
    assert again.grant_id == first.grant_id
    assert again.connected_at > first.connected_at
    assert world.grant(again).token_version == 6
    assert world.grant(again).state is GrantState.ACTIVE
    assert world.audited() == ["connection.connected", "connection.reconnected"]


def test_a_worker_that_began_before_goes_on_with_the_new_pair(world):
    before = world.connect()
    worker = world.tokens(before)
    token, version = worker.access_token()

    world.connect()

    renewed, later = worker.renew(after_version=version)
    assert (renewed, later) == ("access-12", 2)
    assert renewed != token
    assert world.oauth.calls == []


def test_a_refresh_under_way_does_not_undo_a_consent(world):
    """It began with the pair that the consent replaced, and its provider kills the older one."""
    before = world.connect()
    world.clock.advance(3590)
    world.oauth.during = world.connect

    token, version = world.tokens(before).access_token()

    assert (token, version) == ("access-12", 2)
    assert world.grant(before).state is GrantState.ACTIVE
    assert world.stores.connections.get(KEY).state is ConnectionState.CONNECTED


def test_a_refresh_that_was_first_is_followed_by_the_next_version(world):
    before = world.connect()

    def refreshed_meanwhile():
        assert world.stores.grants.save_pair(world.grant(before), expected_token_version=1)

    world.companies.look = refreshed_meanwhile

    again = world.connect()

    assert world.grant(again).token_version == 3
    assert world.tokens(again).access_token() == ("access-12", 3)


def test_a_refresh_saved_between_look_and_save_is_followed_too(world):
    before = world.connect()
    refreshed = replace(world.grant(before), sealed_pair=b"another")

    def another_saves_first(grants, *_):
        assert grants.save_pair(refreshed, expected_token_version=1)

    contested = Contested(world.stores.grants, "save_pair", another_saves_first, 1)
    world.ports = replace(world.ports, stores=replace(world.stores, grants=contested))

    again = world.connect()

    assert again.grant_id == before.grant_id
    assert world.tokens(again).access_token() == ("access-12", 3)


def test_connecting_again_does_not_wait_for_what_is_known(world):
    """The old pair may be dead by now; the name of the company is no reason to lose the new one."""
    first = world.connect()
    world.companies.failure = ProviderUnavailable("timed out")

    again = world.connect()

    assert again.remote_company == first.remote_company
    assert world.grant(again).token_version == 2


def test_another_company_connected_since_the_consent_was_looked_at_is_not_replaced(world):
    def somebody_is_quicker():
        world.companies.look = lambda: None
        world.connect(OTHER_REALM)

    parameters = world.agree(world.begin(), code="code-9")
    world.companies.look = somebody_is_quicker

    with pytest.raises(Conflicting) as raised:
        world.finish(parameters)

    assert code_of(raised.value) == "CONNECTION_CHANGED"
    stored = world.stores.connections.get(KEY)
    assert stored.remote_company.remote_company_id == OTHER_REALM
    assert world.tokens(stored).access_token()[1] == 1
    assert world.free(REALM)


def test_a_row_that_changes_while_the_consent_is_stored_is_not_overwritten(world):
    first = world.connect()

    class Busy:
        """Somebody saves a setting between our look and our save, once."""

        def __init__(self) -> None:
            self.saves = 0

        def __getattr__(self, name):
            return getattr(world.stores.connections, name)

        def save(self, connection):
            self.saves += 1
            if self.saves == 1:
                stored = world.stores.connections.get(KEY)
                settings = ConnectionSettings(default_income_account_id="80")
                world.stores.connections.save(
                    replace(stored, settings=settings, version=stored.version + 1)
                )
            return world.stores.connections.save(connection)

    world.ports = replace(world.ports, stores=replace(world.stores, connections=Busy()))

    again = world.connect()

    assert again.settings.default_income_account_id == "80"
    assert again.version == first.version + 2
    assert world.tokens(again).access_token()[0] == "access-12"
