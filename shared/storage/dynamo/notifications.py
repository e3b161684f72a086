"""`NotificationStore` over the sync-state table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain.ids import CompanyId, ProviderName
from shared.domain.notifications import Notification
from shared.domain.runs import Problem
from shared.storage.dynamo.bulk import BulkRows, equal_to
from shared.storage.dynamo.client import Refused
from shared.storage.dynamo.models import NotificationRow, OpenNotificationRow
from shared.storage.dynamo.single import SingleRows
from shared.storage.keys import instant, join, read_instant
from shared.storage.ports import Page

_KEPT = timedelta(days=400)


class DynamoNotifications:
    def __init__(self, table_name: str, rows: SingleRows, bulk: BulkRows) -> None:
        self._name = table_name
        self._rows = rows
        self._bulk = bulk

    def open(self, notification: Notification) -> bool:
        row = _row(notification)
        pointer = OpenNotificationRow(
            pk=_open_pk(notification.company_id),
            sk=notification.cause,
            listed=row.sk,
            expires_at=row.expires_at,
        )
        free = OpenNotificationRow.pk.does_not_exist()
        try:
            self._rows.transact(
                [
                    {"Put": self._rows.put_action(pointer, free)},
                    {"Put": self._rows.put_action(row)},
                ]
            )
        except Refused:
            return False
        return True

    def close(self, company_id: CompanyId, cause: str, at: datetime) -> Notification | None:
        pointer = self._rows.get(OpenNotificationRow, _open_pk(company_id), cause)
        if pointer is None:
            return None
        listed = OpenNotificationRow.listed == pointer.listed
        row = self._rows.get(NotificationRow, _pk(company_id), pointer.listed)
        if row is None:
            self._rows.delete(_open_pk(company_id), cause, listed)
            return None
        closed = replace(_parse(row), closed_at=at)
        try:
            self._rows.transact(
                [
                    {"Delete": self._rows.delete_action(_open_pk(company_id), cause, listed)},
                    {"Put": self._rows.put_action(_row(closed))},
                ]
            )
        except Refused:
            return None
        return closed

    def open_causes(self, company_id: CompanyId, prefix: str) -> Sequence[str]:
        begins = {"AttributeValueList": [{"S": prefix}], "ComparisonOperator": "BEGINS_WITH"}
        arguments = {
            "TableName": self._name,
            "KeyConditions": {"pk": equal_to(_open_pk(company_id)), "sk": begins},
            "AttributesToGet": ["sk"],
            "ConsistentRead": True,
        }
        return [raw["sk"]["S"] for raw in self._bulk.query(arguments)]

    def page(self, company_id: CompanyId, limit: int, cursor: str | None) -> Page[Notification]:
        return self._bulk.page(
            self._name,
            _pk(company_id),
            limit,
            cursor,
            lambda raw: _parse(NotificationRow.from_raw_data(raw)),
            newest_first=True,
        )


def _pk(company_id: CompanyId) -> str:
    return join("notification", company_id)


def _open_pk(company_id: CompanyId) -> str:
    return join("notification-open", company_id)


def _row(notification: Notification) -> NotificationRow:
    problem = notification.problem
    return NotificationRow(
        pk=_pk(notification.company_id),
        sk=f"{instant(notification.opened_at)}#{notification.notification_id}",
        expires_at=int((notification.opened_at + _KEPT).timestamp()),
        company_id=notification.company_id,
        notification_id=notification.notification_id,
        provider=notification.provider,
        cause=notification.cause,
        problem=[problem.code, problem.message, problem.action, problem.field],
        opened_at=instant(notification.opened_at),
        closed_at=instant(notification.closed_at) if notification.closed_at else None,
        recovery_of=notification.recovery_of,
    )


def _parse(row: NotificationRow) -> Notification:
    return Notification(
        company_id=CompanyId(row.company_id),
        notification_id=row.notification_id,
        provider=ProviderName(row.provider),
        cause=row.cause,
        problem=Problem(*row.problem),
        opened_at=read_instant(row.opened_at),
        closed_at=read_instant(row.closed_at) if row.closed_at else None,
        recovery_of=row.recovery_of,
    )
