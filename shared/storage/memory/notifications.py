"""`NotificationStore` in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from shared.domain.ids import CompanyId
from shared.domain.notifications import Notification
from shared.storage.keys import instant, join
from shared.storage.memory.table import Lock, Table
from shared.storage.ports import Page


class MemoryNotifications:
    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._listed: Table[Notification] = Table()
        self._open: dict[tuple[CompanyId, str], Notification] = {}

    def open(self, notification: Notification) -> bool:
        key = (notification.company_id, notification.cause)
        with self._lock:
            if key in self._open:
                return False
            self._open[key] = notification
            self._list(notification)
            return True

    def close(self, company_id: CompanyId, cause: str, at: datetime) -> Notification | None:
        with self._lock:
            standing = self._open.pop((company_id, cause), None)
            if standing is None:
                return None
            closed = replace(standing, closed_at=at)
            self._list(closed)
            return closed

    def open_causes(self, company_id: CompanyId, prefix: str) -> Sequence[str]:
        with self._lock:
            return [
                cause
                for company, cause in sorted(self._open)
                if company == company_id and cause.startswith(prefix)
            ]

    def page(self, company_id: CompanyId, limit: int, cursor: str | None) -> Page[Notification]:
        with self._lock:
            return self._listed.page(_pk(company_id), limit, cursor, newest_first=True)

    def _list(self, one: Notification) -> None:
        self._listed.put(
            _pk(one.company_id), f"{instant(one.opened_at)}#{one.notification_id}", one
        )


def _pk(company_id: CompanyId) -> str:
    return join("notification", company_id)
