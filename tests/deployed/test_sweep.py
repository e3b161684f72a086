"""The sweep on the deployed stack, its role's policy enforced: what it renews, and what it tells."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.stack import Stack
from shared.domain.connections import Connection
from shared.domain.grants import Grant, SweepLane, SweepPlace
from shared.domain.ids import CompanyId, ConnectionKey, ProviderName
from shared.storage.dynamo.client import client_config
from shared.storage.dynamo.stores import dynamo_stores
from shared.storage.dynamo.tables import TableNames
from shared.storage.ports import Stores
from shared.system import SystemChance, SystemClock
from tests.support.deployed.company import Company, until
from tests.support.deployed.functions import REFRESH_TOKEN, SWEEP_RULE, Functions

pytestmark = pytest.mark.deployed

SWEEP = {"sweep": "quickbooks"}
SENTENCE = (
    "Your QuickBooks connection has expired. Go to Settings → Integrations → Reconnect QuickBooks."
)


@pytest.fixture(scope="module")
def stores(stack: Stack) -> Stores:
    """The stack's own tables."""
    client = stack.aws.session.client(
        "dynamodb", endpoint_url=stack.aws.endpoint_url, config=client_config()
    )
    names = TableNames(
        **{
            name: stack.deployed.resources[table]
            for name, table in (
                ("records", "RecordsTable"),
                ("sync_state", "SyncStateTable"),
                ("grants", "GrantsTable"),
            )
        }
    )
    return dynamo_stores(names, client, clock=SystemClock(), chance=SystemChance())


def connection_of(stores: Stores, company: Company) -> Connection:
    key = ConnectionKey(CompanyId(company.company_id), ProviderName("quickbooks"))
    connection = stores.connections.get(key)
    assert connection is not None
    return connection


def grant_of(stores: Stores, company: Company) -> Grant:
    grant = stores.grants.get(connection_of(stores, company).grant_id)
    assert grant is not None
    return grant


def its_time_comes(stores: Stores, company: Company) -> None:
    """The pause after no answer is over too."""
    grant = grant_of(stores, company)
    if grant.lease is not None:
        stores.grants.release_lease(grant.grant_id, grant.lease)
    place = SweepPlace(SweepLane.TIMED, datetime.now(UTC) - timedelta(minutes=1))
    moved = stores.grants.set_place(
        grant.grant_id, place, expected_token_version=grant.token_version
    )
    assert moved


def notifications(company: Company) -> list[dict[str, Any]]:
    """Newest first."""
    page: list[dict[str, Any]] = company.api.get("/v1/notifications")["notifications"]
    return page


@pytest.fixture
def due(stores: Stores, new_company: Callable[[], Company]) -> Company:
    """A connected company whose grant's time has come, and nobody else's."""
    company = new_company()
    company.connect()
    its_time_comes(stores, company)
    return company


def test_a_sweep_renews_a_grant_whose_time_has_come(
    stores: Stores, due: Company, functions: Functions
) -> None:
    before = grant_of(stores, due)

    answer = functions.invoke(REFRESH_TOKEN, SWEEP)

    assert answer["renewed"] >= 1
    assert {type(count) for count in answer.values()} == {int}, "counts and nothing else"
    after = grant_of(stores, due)
    assert after.token_version == before.token_version + 1
    assert after.place is not None
    assert after.place.at > datetime.now(UTC) + timedelta(minutes=50)
    assert notifications(due) == []


def test_a_consent_revoked_turns_the_connection_red_and_is_told_once(
    stores: Stores, due: Company, functions: Functions
) -> None:
    due.control.post("/grants/revoke", {"realm": due.realm})

    assert functions.invoke(REFRESH_TOKEN, SWEEP)["dead"] >= 1
    functions.invoke(REFRESH_TOKEN, SWEEP)

    assert due.connection()["health"]["colour"] == "red"
    [told] = notifications(due)
    assert (told["code"], told["message"]) == ("UNAUTHORIZED", SENTENCE)
    assert (told["action"], told["closedAt"]) == ("Reconnect QuickBooks", None)

    due.connect()
    assert due.connection()["health"]["colour"] != "red"
    recovery, closed = notifications(due)
    assert closed["id"] == told["id"]
    assert closed["closedAt"] is not None
    assert recovery["recoveryOf"] == told["id"]


def test_a_provider_that_does_not_answer_is_told_late_and_so_is_its_end(
    stores: Stores, due: Company, functions: Functions
) -> None:
    """The setting here: a second."""
    with functions.settings(REFRESH_TOKEN, OUTAGE_NOTICE_SECONDS="1"):
        due.control.fault("html500", kind="token", repeats=True)
        assert functions.invoke(REFRESH_TOKEN, SWEEP)["unanswered"] >= 1
        assert notifications(due) == []

        time.sleep(1.1)  # that second, however quick the machine is
        its_time_comes(stores, due)
        assert functions.invoke(REFRESH_TOKEN, SWEEP)["unanswered"] >= 1
        [told] = notifications(due)
        assert told["code"] == "PROVIDER_OUTAGE"
        assert due.connection()["state"] == "connected"

        due.control.delete("/faults")
        its_time_comes(stores, due)
        assert functions.invoke(REFRESH_TOKEN, SWEEP)["renewed"] >= 1
    recovery, closed = notifications(due)
    assert (recovery["code"], recovery["recoveryOf"]) == ("PROVIDER_ANSWERS_AGAIN", closed["id"])
    assert grant_of(stores, due).unanswered_since is None


def test_the_schedule_of_every_minute_sweeps(
    stores: Stores, due: Company, functions: Functions
) -> None:
    """It is held since the stack started: mostly its minute is over, and it ticks at once."""
    assert functions.schedule(SWEEP_RULE) == "rate(1 minute)"
    before = grant_of(stores, due).token_version
    with functions.ticking(SWEEP_RULE):
        until(lambda: grant_of(stores, due).token_version > before, "the schedule", 75)
