"""Notifications are sent out as they are opened: over SNS, to whoever subscribed to the topic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from shared.domain.effects import Announcer
from shared.domain.errors import RetryLater
from shared.domain.ids import CompanyId, ConnectionKey
from shared.domain.notifications import Notification
from shared.storage.ports import ConnectionStore, NotificationStore, Page


class SnsAnnouncer:
    """The `Announcer` port; the client is made on first use.

    The message is text for an e-mail; codes and ids are attributes, for subscriptions that filter.
    """

    def __init__(
        self, client: Callable[[], Any], topic_arn: str, failed: Callable[[str, str], None]
    ) -> None:
        """`failed` is told the notification's id and the error's class. The client is boto3's of SNS."""
        self._client = client
        self._topic_arn = topic_arn
        self._failed = failed

    def announce(self, notification: Notification) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - with the client

        told = {
            "companyId": notification.company_id,
            "provider": notification.provider,
            "code": notification.problem.code,
            "notificationId": notification.notification_id,
        }
        try:
            client = self._client()
            client.publish(
                TopicArn=self._topic_arn,
                Subject=f"BlueClerk Accounting Sync: {notification.provider}",
                Message=_text(notification),
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in told.items()
                },
            )
        except (BotoCoreError, ClientError) as error:
            self._failed(notification.notification_id, type(error).__name__)


def _text(notification: Notification) -> str:
    problem = notification.problem
    lines = [problem.message, problem.action, "", f"Company: {notification.company_id}"]
    return "\n".join(lines if problem.action else [problem.message, *lines[2:]])


class AnnouncedNotifications:
    """A `NotificationStore` that announces what it opens, unless the connection's office muted it.

    Announced once at most: whoever dies between the two has stored it, and it is listed.
    """

    def __init__(
        self, store: NotificationStore, connections: ConnectionStore, announcer: Announcer
    ) -> None:
        self._store = store
        self._connections = connections
        self._announcer = announcer

    def open(self, notification: Notification) -> bool:
        opened = self._store.open(notification)
        if opened and not self._muted(notification):
            self._announcer.announce(notification)
        return opened

    def _muted(self, notification: Notification) -> bool:
        key = ConnectionKey(notification.company_id, notification.provider)
        with suppress(RetryLater):  # not known: said rather than kept
            connection = self._connections.get(key)
            return connection is not None and not connection.settings.notify
        return False

    def close(self, company_id: CompanyId, cause: str, at: datetime) -> Notification | None:
        return self._store.close(company_id, cause, at)

    def open_causes(self, company_id: CompanyId, prefix: str) -> Sequence[str]:
        return self._store.open_causes(company_id, prefix)

    def page(self, company_id: CompanyId, limit: int, cursor: str | None) -> Page[Notification]:
        return self._store.page(company_id, limit, cursor)


def log_unannounced(notification_id: str, error: str) -> None:
    """An error line: it is listed in the API all the same."""
    from shared.observability import make_logger  # noqa: PLC0415 - not needed unless it fails

    make_logger("announcing").error(
        "not announced", extra={"notification_id": notification_id, "error": error}
    )
