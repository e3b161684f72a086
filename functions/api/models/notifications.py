"""Notifications over the API."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from functions.api.models.base import AnswerModel, NextCursor
from shared.domain.notifications import Notification


class NotificationAnswer(AnswerModel):
    """Something the office is told without having asked."""

    id: str
    provider: str
    code: str = Field(examples=["UNAUTHORIZED"])
    message: str
    action: str = Field(description="What to do about it; empty where there is nothing to do.")
    opened_at: datetime
    closed_at: datetime | None = Field(description="When the cause was over; null while it is not.")
    recovery_of: str | None = Field(
        description="The id of the notification whose cause this one says is over."
    )

    @classmethod
    def of(cls, notification: Notification) -> NotificationAnswer:
        return cls(
            id=notification.notification_id,
            provider=notification.provider,
            code=notification.problem.code,
            message=notification.problem.message,
            action=notification.problem.action,
            opened_at=notification.opened_at,
            closed_at=notification.closed_at,
            recovery_of=notification.recovery_of or None,
        )


class NotificationPage(AnswerModel):
    """Notifications, newest first."""

    notifications: list[NotificationAnswer]
    next_cursor: NextCursor
