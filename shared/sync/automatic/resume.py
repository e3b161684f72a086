"""Something opened the road again: look at the connection now instead of at its next time."""

from __future__ import annotations

from dataclasses import replace

from shared.domain.ids import ConnectionKey
from shared.sync.automatic.gate import AUTOMATIC_KINDS, change_state, goes_by_itself
from shared.sync.services import Services


def resume(services: Services, key: ConnectionKey) -> None:
    """After connecting again, deciding the imports or another mapping: what waits goes at once, and the
    schedule compares records with links within a minute.
    """
    if not goes_by_itself(services.stores.connections.get(key)):
        return
    now = services.clock.now()
    change_state(services, key, lambda state: replace(state, compare_at=now, circuit=None))
    for kind in AUTOMATIC_KINDS:
        services.wake_ups.wake(key, kind)
