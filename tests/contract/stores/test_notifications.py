"""What every `NotificationStore` promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from shared.domain.notifications import Notification
from shared.domain.runs import Problem
from shared.storage.ports import Stores
from tests.contract.stores.builders import COMPANY, NOW, OTHER_COMPANY, QUICKBOOKS

HOUR = timedelta(hours=1)


def notification(
    number: int = 1, cause: str = "quickbooks#reauth", **changes: object
) -> Notification:
    one = Notification(
        company_id=COMPANY,
        notification_id=f"n-{number}",
        provider=QUICKBOOKS,
        cause=cause,
        problem=Problem("UNAUTHORIZED", "It has expired: “é”.", "Reconnect QuickBooks", "state"),
        opened_at=NOW + number * HOUR,
    )
    return replace(one, **changes)  # type: ignore[arg-type]  # a test's own spelling


def listed(stores: Stores) -> list[Notification]:
    return list(stores.notifications.page(COMPANY, 100, None).rows)


def test_one_of_a_cause_is_open_at_a_time(stores: Stores) -> None:
    assert stores.notifications.open(notification(1))
    assert not stores.notifications.open(notification(2))
    assert stores.notifications.open(notification(3, cause="another"))
    assert listed(stores) == [notification(3, cause="another"), notification(1)]


def test_closing_answers_it_and_makes_room_for_the_next(stores: Stores) -> None:
    stores.notifications.open(notification(1))
    closed = notification(1, closed_at=NOW + 5 * HOUR)
    close = stores.notifications.close
    assert close(COMPANY, "quickbooks#reauth", NOW + 5 * HOUR) == closed
    assert close(COMPANY, "quickbooks#reauth", NOW + 6 * HOUR) is None
    assert listed(stores) == [closed]
    again = notification(2, recovery_of="n-1")
    assert stores.notifications.open(again)
    assert listed(stores) == [again, closed]


def test_open_causes_are_those_of_the_company_that_begin_so(stores: Stores) -> None:
    for number, cause in enumerate(("q#failure#item#B", "q#failure#item#A", "q#reauth")):
        stores.notifications.open(notification(number, cause))
    theirs = notification(8, "q#failure#item#C", company_id=OTHER_COMPANY)
    stores.notifications.open(theirs)
    stores.notifications.open(notification(9, "q#failure#item#D"))
    stores.notifications.close(COMPANY, "q#failure#item#D", NOW)
    expected = ["q#failure#item#A", "q#failure#item#B"]
    assert stores.notifications.open_causes(COMPANY, "q#failure#item#") == expected


def test_nothing_open_is_nothing_closed(stores: Stores) -> None:
    assert stores.notifications.close(COMPANY, "quickbooks#reauth", NOW) is None


def test_a_company_has_its_own(stores: Stores) -> None:
    stores.notifications.open(notification(1))
    theirs = notification(2, company_id=OTHER_COMPANY)
    assert stores.notifications.open(theirs)
    assert stores.notifications.close(OTHER_COMPANY, "quickbooks#reauth", NOW) is not None
    assert listed(stores) == [notification(1)]


def test_pages_are_newest_first(stores: Stores) -> None:
    all_of_them = [notification(number, cause=f"cause {number}") for number in range(5)]
    for one in all_of_them:
        stores.notifications.open(one)
    first = stores.notifications.page(COMPANY, 3, None)
    rest = stores.notifications.page(COMPANY, 3, first.cursor)
    assert [*first.rows, *rest.rows] == all_of_them[::-1]
    assert rest.cursor is None
