"""Opening a notification once per cause, and saying that its cause is over."""

from __future__ import annotations

from typing import Protocol

from shared.domain.effects import Clock, Ids
from shared.domain.ids import CompanyId, ProviderName
from shared.domain.notifications import Notification
from shared.domain.runs import Problem
from shared.storage.ports import Stores


class NoticePorts(Protocol):
    """Part of `ConnectPorts` and of `shared.sync.services.Services`."""

    @property
    def stores(self) -> Stores: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def ids(self) -> Ids: ...


def open_notice(
    ports: NoticePorts,
    company_id: CompanyId,
    provider: ProviderName,
    cause: str,
    problem: Problem,
    *,
    recovery_of: str = "",
) -> bool:
    """False where one of that cause is open. One that says that a cause is over is stored closed."""
    now = ports.clock.now()
    return ports.stores.notifications.open(
        Notification(
            company_id=company_id,
            notification_id=ports.ids.new(),
            provider=provider,
            cause=cause,
            problem=problem,
            opened_at=now,
            closed_at=now if recovery_of else None,
            recovery_of=recovery_of,
        )
    )


def close_notice(ports: NoticePorts, company_id: CompanyId, cause: str) -> Notification | None:
    return ports.stores.notifications.close(company_id, cause, ports.clock.now())


def end_notice(
    ports: NoticePorts,
    company_id: CompanyId,
    provider: ProviderName,
    cause: str,
    recovery_cause: str,
    recovery: Problem,
) -> None:
    """Close it, and say so where there was anything to close.

    The recovery has a cause of its own, `recovery_cause` and the id of the closed one, so that no other
    recovery stands in its way.
    """
    closed = close_notice(ports, company_id, cause)
    if closed is not None:
        over = closed.notification_id
        open_notice(
            ports, company_id, provider, f"{recovery_cause}#{over}", recovery, recovery_of=over
        )
