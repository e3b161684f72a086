"""A notification: what the office is told without having asked, once per cause."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.domain.ids import CompanyId, ProviderName
from shared.domain.runs import Problem


@dataclass(frozen=True, slots=True)
class Notification:
    """`cause` names what it is about within its company: while one is open no second one is stored.

    `problem` is a sentence for a person and the action to take. `closed_at` is when the cause was
    over. `recovery_of` is the id of the notification whose cause this one says is over, else empty.
    """

    company_id: CompanyId
    notification_id: str
    provider: ProviderName
    cause: str
    problem: Problem
    opened_at: datetime
    closed_at: datetime | None = None
    recovery_of: str = ""
