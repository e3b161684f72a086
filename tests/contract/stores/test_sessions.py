"""What every `SessionStore` promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.ids import CompanyId, PersonId
from shared.storage.auth_ports import Session
from shared.storage.ports import Stores
from tests.contract.stores.builders import NOW

SESSION = Session(
    session_id="s" * 43,
    company_id=CompanyId("hill"),
    company_name='Hill "é" Plumbing',
    person_id=PersonId("auth0|ann#1"),
    name="Ann Field",
    roles=frozenset({"read", "write"}),
    expires_at=NOW + timedelta(hours=8),
    locale="en-AU",
    zoneinfo="Australia/Sydney",
)


def test_a_session_is_as_it_was_put(stores: Stores) -> None:
    stores.sessions.put(SESSION)
    assert stores.sessions.get(SESSION.session_id) == SESSION


def test_one_without_roles_and_with_nothing_said_of_its_place(stores: Stores) -> None:
    bare = replace(SESSION, roles=frozenset(), locale="", zoneinfo="")
    stores.sessions.put(bare)
    assert stores.sessions.get(bare.session_id) == bare


def test_expiry_is_the_callers_to_compare(stores: Stores) -> None:
    old = replace(SESSION, expires_at=NOW - timedelta(days=400))
    stores.sessions.put(old)
    assert stores.sessions.get(old.session_id) == old


def test_a_removed_one_is_gone_and_may_be_removed_again(stores: Stores) -> None:
    stores.sessions.put(SESSION)
    other = replace(SESSION, session_id="t" * 43)
    stores.sessions.put(other)
    stores.sessions.remove(SESSION.session_id)
    stores.sessions.remove(SESSION.session_id)
    assert stores.sessions.get(SESSION.session_id) is None
    assert stores.sessions.get(other.session_id) == other


@pytest.mark.parametrize("session_id", ["", "unknown", "x" * 5000, "\ud800", "#"])
def test_an_unknown_id_stands_for_nobody(stores: Stores, session_id: str) -> None:
    stores.sessions.put(SESSION)
    assert stores.sessions.get(session_id) is None
