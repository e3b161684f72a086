"""Notifications go out as they are opened, and never in the way of the work."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from shared.announcing import AnnouncedNotifications, SnsAnnouncer
from shared.domain.connections import ConnectionSettings
from shared.domain.errors import StorageUnavailable
from shared.domain.ids import ProviderName
from shared.domain.notifications import Notification
from shared.domain.runs import Problem
from tests.support.effects import VirtualClock
from tests.support.fake_books import FakeBooks
from tests.support.metrics import RecordingAnnouncer
from tests.support.services import COMPANY, build_services, connect

NOW = datetime(2026, 3, 2, tzinfo=UTC)
NOTIFICATION = Notification(
    COMPANY,
    "n-1",
    ProviderName("quickbooks"),
    "quickbooks#reauth",
    Problem("UNAUTHORIZED", "It has expired.", "Reconnect QuickBooks"),
    NOW,
)


class Sns:
    """What we use of boto3's client."""

    def __init__(self, error: Exception | None = None) -> None:
        self.published: list[dict[str, Any]] = []
        self._error = error

    def publish(self, **arguments: Any) -> None:
        if self._error is not None:
            raise self._error
        self.published.append(arguments)


class Installation:
    def __init__(self, **settings: Any) -> None:
        clock = VirtualClock()
        books = FakeBooks(clock=clock)
        self.services = build_services(books=books, clock=clock)
        self.connection = connect(self.services, books, settings=ConnectionSettings(**settings))
        self.announcer = RecordingAnnouncer()
        stores = self.services.stores
        self.store = AnnouncedNotifications(
            stores.notifications, stores.connections, self.announcer
        )


def test_what_is_opened_is_announced_and_what_is_open_already_is_not() -> None:
    made = Installation()
    assert made.store.open(NOTIFICATION)
    assert not made.store.open(replace(NOTIFICATION, notification_id="n-2"))
    assert made.announcer.announced == [NOTIFICATION]


def test_a_muted_one_is_listed_only() -> None:
    made = Installation(notify=False)
    assert made.store.open(NOTIFICATION)
    assert made.announcer.announced == []
    assert made.store.page(COMPANY, 10, None).rows == (NOTIFICATION,)


def test_whether_it_is_muted_is_not_known_then_it_is_said() -> None:
    class Away:
        def get(self, key: object) -> Any:
            raise StorageUnavailable("away")

    made = Installation(notify=False)
    announcer = RecordingAnnouncer()
    connections: Any = Away()
    store = AnnouncedNotifications(made.services.stores.notifications, connections, announcer)
    assert store.open(NOTIFICATION)
    assert announcer.announced == [NOTIFICATION]


def test_the_rest_is_the_stores() -> None:
    made = Installation()
    made.store.open(NOTIFICATION)
    assert made.store.open_causes(COMPANY, "quick") == ["quickbooks#reauth"]
    closed = made.store.close(COMPANY, "quickbooks#reauth", NOW)
    assert closed == replace(NOTIFICATION, closed_at=NOW)


def test_the_message_is_for_people_and_its_attributes_for_filters() -> None:
    sns, failed = Sns(), list[tuple[str, str]]()
    announcer = SnsAnnouncer(lambda: sns, "the-topic", lambda *told: failed.append(told))
    announcer.announce(NOTIFICATION)
    announcer.announce(replace(NOTIFICATION, problem=Problem("OVER", "It is over.")))
    [first, second] = sns.published
    assert first["TopicArn"] == "the-topic"
    assert first["Message"] == "It has expired.\nReconnect QuickBooks\n\nCompany: company-1"
    assert second["Message"] == "It is over.\n\nCompany: company-1"
    assert len(first["Subject"]) <= 100
    assert {name: one["StringValue"] for name, one in first["MessageAttributes"].items()} == {
        "companyId": COMPANY,
        "provider": "quickbooks",
        "code": "UNAUTHORIZED",
        "notificationId": "n-1",
    }
    assert failed == []


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "Throttling"}}, "Publish"),
        EndpointConnectionError(endpoint_url="https://sns.example"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_cannot_be_published_is_told_and_stops_nothing(error: Exception) -> None:
    failed: list[tuple[str, str]] = []
    announcer = SnsAnnouncer(lambda: Sns(error), "t", lambda *told: failed.append(told))
    announcer.announce(NOTIFICATION)
    assert failed == [("n-1", type(error).__name__)]
