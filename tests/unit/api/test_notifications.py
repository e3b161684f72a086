"""What the office is told without having asked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.domain.ids import CompanyId, ProviderName
from shared.domain.notifications import Notification
from shared.domain.runs import Problem
from tests.support.api_client import OTHER_COMPANY, ApiWorld
from tests.support.services import COMPANY

NOTIFICATIONS = "/v1/notifications"


def tell(world: ApiWorld, number: int, company_id: CompanyId = COMPANY, recovery: str = "") -> None:
    world.services.stores.notifications.open(
        Notification(
            company_id=company_id,
            notification_id=f"n-{number}",
            provider=ProviderName("quickbooks"),
            cause=f"quickbooks#{number}",
            problem=Problem("UNAUTHORIZED", "It has expired.", "Reconnect QuickBooks"),
            opened_at=world.clock.now() + timedelta(minutes=number),
            recovery_of=recovery,
        )
    )


def test_a_notification_says_what_why_since_when_and_what_it_answers(world: ApiWorld) -> None:
    tell(world, 1)
    world.services.stores.notifications.close(COMPANY, "quickbooks#1", world.clock.now())
    tell(world, 2, recovery="n-1")

    answer = world.call("GET", NOTIFICATIONS, who="clerk").json()

    assert answer == {
        "notifications": [
            {
                "id": "n-2",
                "provider": "quickbooks",
                "code": "UNAUTHORIZED",
                "message": "It has expired.",
                "action": "Reconnect QuickBooks",
                "openedAt": "2026-03-02T09:02:00Z",
                "closedAt": None,
                "recoveryOf": "n-1",
            },
            {
                "id": "n-1",
                "provider": "quickbooks",
                "code": "UNAUTHORIZED",
                "message": "It has expired.",
                "action": "Reconnect QuickBooks",
                "openedAt": "2026-03-02T09:01:00Z",
                "closedAt": "2026-03-02T09:00:00Z",
                "recoveryOf": None,
            },
        ],
        "nextCursor": None,
    }


def test_they_come_by_pages_newest_first_and_a_companys_own_only(world: ApiWorld) -> None:
    for number in range(5):
        tell(world, number)
    tell(world, 7, OTHER_COMPANY)

    first = world.call("GET", f"{NOTIFICATIONS}?limit=3").json()
    rest = world.call("GET", f"{NOTIFICATIONS}?cursor={first['nextCursor']}").json()

    ids = [each["id"] for each in first["notifications"] + rest["notifications"]]
    assert ids == ["n-4", "n-3", "n-2", "n-1", "n-0"]
    assert rest["nextCursor"] is None


@pytest.mark.parametrize(("query", "field"), [("limit=501", "limit"), ("cursor=x", "cursor")])
def test_a_bad_parameter_is_named(world: ApiWorld, query: str, field: str) -> None:
    answer = world.call("GET", f"{NOTIFICATIONS}?{query}")
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_who_may_not_read_is_refused(world: ApiWorld) -> None:
    assert world.call("GET", NOTIFICATIONS, who="nobody").status_code == 403
