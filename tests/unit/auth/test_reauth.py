"""How a connection comes to say that it must be connected again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from shared.auth.reauth import mark_connection_needs_reauth, reauth_problem
from shared.domain.connections import ConnectionState
from shared.domain.errors import StorageUnavailable
from shared.domain.grants import GrantState
from shared.domain.ids import CompanyId, ConnectionKey
from shared.storage.memory import memory_stores
from shared.storage.ports import Stores
from tests.support.fake_oauth import oauth_profile
from tests.unit.auth.doubles import (
    GRANT,
    KEY,
    START,
    CountingIds,
    ManualClock,
    a_connection,
    a_grant,
    local_vault,
)


@pytest.fixture
def stores():
    stores = memory_stores()
    stores.connections.save(a_connection())
    stores.grants.put_new(a_grant(local_vault()))
    return stores


@dataclass(frozen=True)
class Ports:
    stores: Stores
    clock: ManualClock = field(default_factory=ManualClock)
    ids: CountingIds = field(default_factory=CountingIds)


def mark(stores, connection=None):
    return mark_connection_needs_reauth(
        Ports(stores), connection or a_connection(), oauth_profile()
    )


def told(stores, company_id=KEY.company_id):
    page = stores.notifications.page(company_id, 100, None)
    return [(each.problem.message, each.problem.action, each.closed_at) for each in page.rows]


def kill_grant(stores, **changes):
    dead = replace(a_grant(local_vault()), state=GrantState.NEEDS_REAUTH, **changes)
    stores.grants.put_new(dead)


def test_the_owners_sentence_is_said_with_the_providers_name():
    problem = reauth_problem(oauth_profile())

    assert problem.code == "UNAUTHORIZED"
    assert problem.message == (
        "Your QuickBooks connection has expired. "
        "Go to Settings → Integrations → Reconnect QuickBooks."
    )
    assert "Reconnect Xero." in reauth_problem(replace(oauth_profile(), label="Xero")).message


SENTENCE = reauth_problem(oauth_profile()).message
OPEN = (SENTENCE, "Reconnect QuickBooks", None)


def test_the_connection_row_says_so_from_then_on_and_the_office_is_told(stores):
    marked = mark(stores)

    assert marked.state is ConnectionState.NEEDS_REAUTH
    assert stores.connections.get(KEY) == marked
    assert marked.version == 2
    assert told(stores) == [OPEN]


def test_once_is_enough(stores):
    first = mark(stores)

    assert mark(stores) == first
    assert len(told(stores)) == 1


def test_the_office_is_told_before_the_row_is_turned(stores):
    """Whoever dies in between leaves a row that the next one who notices turns."""

    class Dying:
        def get(self, key):
            return stores.connections.get(key)

        def save(self, connection):
            raise StorageUnavailable("no answer")

    with pytest.raises(StorageUnavailable):
        mark(replace(stores, connections=Dying()))
    assert told(stores) == [OPEN]

    mark(stores)
    assert told(stores) == [OPEN]
    assert stores.connections.get(KEY).state is ConnectionState.NEEDS_REAUTH


def test_every_company_of_a_dead_grant_is_turned_and_told_at_once(stores):
    """But not one that has moved to another grant, nor any while the grant lives."""
    beta, gamma = CompanyId("beta"), CompanyId("gamma")
    for company, grant_id in ((beta, GRANT), (gamma, "another grant")):
        key = ConnectionKey(company, KEY.provider)
        stores.connections.save(replace(a_connection(), key=key, grant_id=grant_id))
        stores.grants.attach(GRANT, company)
    mark(stores)
    assert told(stores, beta) == [], "the grant lives"

    kill_grant(stores, companies=frozenset({KEY.company_id, beta, gamma}))
    mark(stores)

    assert told(stores, beta) == [OPEN]
    assert told(stores, gamma) == []
    states = {
        company: stores.connections.get(ConnectionKey(company, KEY.provider)).state
        for company in (beta, gamma)
    }
    assert states == {beta: ConnectionState.NEEDS_REAUTH, gamma: ConnectionState.CONNECTED}


def test_what_was_told_is_taken_back_where_a_consent_comes_in_between(stores):
    class Reconnecting:
        """The office reconnects between the notification and the row."""

        def get(self, key):
            return stores.connections.get(key)

        def save(self, connection):
            again = replace(a_connection(), connected_at=START + timedelta(hours=1), version=2)
            stores.connections.save(again)
            return stores.connections.save(connection)

    marked = mark(replace(stores, connections=Reconnecting()))

    assert marked.state is ConnectionState.CONNECTED
    assert [closed for _, _, closed in told(stores)] == [START]


def test_a_connection_made_anew_since_is_left_alone(stores):
    """A worker that began before the consent reports what was true then."""
    again = replace(a_connection(), connected_at=START + timedelta(hours=1), version=2)
    stores.connections.save(again)

    assert mark(stores) == again
    assert stores.connections.get(KEY) == again


def test_unless_its_grant_is_dead_by_now(stores):
    stores.connections.save(
        replace(a_connection(), connected_at=START + timedelta(hours=1), version=2)
    )
    kill_grant(stores)

    marked = mark(stores)

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

    assert mark(stores) == stored
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

    marked = mark(replace(stores, connections=Moving()))

    assert (marked.state, marked.version) == (ConnectionState.NEEDS_REAUTH, 3)
