"""Wake-ups whose worker crashed each time: the company is told, and they are counted."""

from __future__ import annotations

from collections.abc import Sequence

from shared.domain.metrics import Metric
from shared.domain.wake_up import Task, WakeUp
from shared.sync.failure_notices import tell_stopped
from shared.sync.services import Services


def report(services: Services, bodies: Sequence[str]) -> dict[str, int]:
    """How many were told of, and how many are strange: not of our making, or of no connection.

    The work itself lies in due rows: nothing is lost with the message. The notification ends with the
    next run of that kind. Raises `StorageUnavailable`.
    """
    told = strange = 0
    services.metrics.add(Metric.DEAD_LETTERS, len(bodies))
    for body in bodies:
        try:
            wake_up = WakeUp.read(body)
        except ValueError:
            strange += 1
            continue
        if services.stores.connections.get(wake_up.connection) is None:
            strange += 1
            continue
        if wake_up.task is Task.LIST:
            continue  # whoever looks is told that it did not come, and asks again
        tell_stopped(services, wake_up.connection, wake_up.kind)
        told += 1
    return {"told": told, "strange": strange}
