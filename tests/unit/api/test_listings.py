"""Failures and the audit trail."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.ids import (
    CompanyId,
    ConnectionKey,
    PersonId,
    ProviderName,
    RecordKind,
    RunId,
    SourceId,
)
from shared.domain.runs import Failure, Problem
from shared.storage.ports import AuditEntry
from tests.support.api_client import ApiWorld
from tests.support.services import COMPANY

FAILURES = "/v1/failures?provider=quickbooks"
KEY = ConnectionKey(COMPANY, ProviderName("quickbooks"))


def fail(world: ApiWorld, number: int, key: ConnectionKey = KEY, **changes: Any) -> None:
    given: dict[str, Any] = {
        "connection": key,
        "kind": RecordKind.ITEM,
        "source_id": SourceId(f"item-{number}"),
        "cause": "NAME_TOO_LONG",
        "problem": Problem("NAME_TOO_LONG", "The name is too long.", "Shorten it.", "name"),
        "source_version": 3,
        "run_id": RunId("run-1"),
        "at": world.clock.now(),
    }
    world.services.stores.failures.save([Failure(**{**given, **changes})])


def test_a_failure_says_which_record_why_and_what_to_do(world: ApiWorld) -> None:
    fail(world, 1)
    answer = world.call("GET", FAILURES).json()
    assert answer == {
        "failures": [
            {
                "provider": "quickbooks",
                "kind": "item",
                "id": "item-1",
                "cause": "NAME_TOO_LONG",
                "problem": {
                    "code": "NAME_TOO_LONG",
                    "message": "The name is too long.",
                    "action": "Shorten it.",
                    "field": "name",
                },
                "version": 3,
                "runId": "run-1",
                "at": "2026-03-02T09:00:00Z",
            }
        ],
        "nextCursor": None,
    }


def test_failures_come_by_pages_and_by_company_and_kind(world: ApiWorld) -> None:
    for number in range(5):
        fail(world, number)
    fail(world, 7, ConnectionKey(CompanyId("company-2"), KEY.provider))
    fail(world, 8, kind=RecordKind.CUSTOMER)
    first = world.call("GET", f"{FAILURES}&limit=3").json()
    second = world.call("GET", f"{FAILURES}&kind=item&cursor={first['nextCursor']}").json()
    ids = [failure["id"] for failure in first["failures"] + second["failures"]]
    assert ids == [f"item-{number}" for number in range(5)]


def test_an_entry_of_the_audit_trail_says_who_did_what_when(world: ApiWorld) -> None:
    for number, company in enumerate((COMPANY, COMPANY, CompanyId("company-2"))):
        entry = AuditEntry(
            company_id=company,
            at=world.clock.now(),
            entry_id=f"entry-{number}",
            who=PersonId("office"),
            what="connection.connected",
            about={"remote_company_id": "realm-1"},
        )
        world.services.stores.audit.add(entry)
        world.clock.sleep(1)
    answer = world.call("GET", "/v1/audit?limit=1").json()
    assert answer["entries"] == [
        {
            "entryId": "entry-1",
            "at": "2026-03-02T09:00:01Z",
            "who": "office",
            "what": "connection.connected",
            "about": {"remoteCompanyId": "realm-1"},
        }
    ]
    rest = world.call("GET", f"/v1/audit?cursor={answer['nextCursor']}").json()
    assert [entry["entryId"] for entry in rest["entries"]] == ["entry-0"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/failures", "provider"),
        ("/v1/failures?provider=quickbooks&kind=estimate", "kind"),
        ("/v1/failures?provider=quickbooks&limit=0", "limit"),
        ("/v1/failures?provider=quickbooks&cursor=x", "cursor"),
        ("/v1/audit?limit=501", "limit"),
        ("/v1/audit?cursor=x", "cursor"),
        ("/v1/connections/quickbooks/syncs?limit=x", "limit"),
        ("/v1/connections/quickbooks/syncs?cursor=x", "cursor"),
    ],
)
def test_a_bad_parameter_is_named(world: ApiWorld, path: str, field: str) -> None:
    answer = world.call("GET", path)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_failures_of_an_unknown_provider_are_told_with_the_known_ones(world: ApiWorld) -> None:
    answer = world.call("GET", "/v1/failures?provider=sage")
    assert (answer.status_code, answer.json()["code"]) == (404, "UNKNOWN_PROVIDER")
