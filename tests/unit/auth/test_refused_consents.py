"""Consents that are refused, case by case: what the person is told, and that nothing is stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from shared.domain.errors import RequestInvalid
from shared.domain.ids import CompanyId, PersonId
from tests.support.dumps import changed, rows_of
from tests.unit.auth.connect_world import ADA, OTHER_REALM, ConnectWorld


@dataclass(frozen=True)
class Refusal:
    """What comes to the callback, how it is refused, and whether that used the state up."""

    callback: Callable[[ConnectWorld], dict[str, str]]
    code: str
    message: str
    uses_state: bool = True
    company_id: CompanyId | None = None
    person_id: PersonId | None = None


def replayed(world: ConnectWorld) -> dict[str, str]:
    state = world.begin()
    world.finish(world.agree(state))
    return world.agree(state, code="code-2")


def expired(world: ConnectWorld) -> dict[str, str]:
    parameters = world.agree(world.begin())
    world.clock.advance(601)
    return parameters


def code_used_twice(world: ConnectWorld) -> dict[str, str]:
    world.connect()
    return {"state": world.begin(), "code": "code-1", "realmId": "realm-1"}


def forged_realm(world: ConnectWorld) -> dict[str, str]:
    """The browser says another company than the one that the person chose: its token is not for it."""
    world.companies.refuses_token = True
    return world.agree(world.begin(), OTHER_REALM, realmId=OTHER_REALM)


USED = "This link was used already or is not ours."
FOREIGN = "Somebody else began to connect with this link."
REFUSALS = {
    "forged state": Refusal(lambda world: world.agree("forged"), "CONSENT_UNKNOWN", USED, uses_state=False),
    "replayed state": Refusal(replayed, "CONSENT_UNKNOWN", USED, uses_state=False),
    "expired state": Refusal(expired, "CONSENT_EXPIRED", "Connecting took longer than 10 minutes."),
    "state of another person": Refusal(
        lambda world: world.agree(world.begin()), "CONSENT_FOREIGN", FOREIGN, person_id=PersonId("eve")
    ),
    "state of another company": Refusal(
        lambda world: world.agree(world.begin()),
        "CONSENT_FOREIGN",
        FOREIGN,
        company_id=CompanyId("beta"),
        person_id=ADA,
    ),
    "the person said no": Refusal(
        lambda world: {"state": world.begin(), "error": "access_denied"},
        "CONSENT_DENIED",
        "QuickBooks was not allowed to connect; nothing changed.",
    ),
    "the provider said no": Refusal(
        lambda world: {"state": world.begin(), "error": "invalid_scope"},
        "CONSENT_REFUSED",
        "QuickBooks refused to connect (invalid_scope).",
    ),
    "no code": Refusal(
        lambda world: {"state": world.begin()},
        "CONSENT_INCOMPLETE",
        "QuickBooks sent no authorization code.",
    ),
    # the adapter's own words, here the fake's; see tests/unit/providers/quickbooks/test_oauth.py
    "a code used twice": Refusal(code_used_twice, "CODE_REFUSED", "The code was refused."),
    "forged realm": Refusal(
        forged_realm,
        "CONSENT_REFUSED",
        "QuickBooks does not accept the authorisation it has just given.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS.values(), ids=REFUSALS)
def test_a_consent_that_is_refused_leaves_nothing_but_the_end_of_its_state(case: Refusal) -> None:
    world = ConnectWorld()
    parameters = case.callback(world)
    before = rows_of(world.stores)

    with pytest.raises(RequestInvalid) as raised:
        world.finish(parameters, case.company_id, case.person_id)

    problem = raised.value.problem
    assert (problem.code, problem.message) == (case.code, case.message)
    used = {f"consents._requests {parameters['state']!r}"} if case.uses_state else set()
    assert changed(before, rows_of(world.stores)) == used
