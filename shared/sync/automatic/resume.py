"""Something opened the road again: look at the connection now instead of at its next time."""

from __future__ import annotations

from dataclasses import replace

from shared.domain.due import AutomaticState
from shared.domain.ids import ConnectionKey
from shared.sync.automatic.gate import (
    AUTOMATIC_KINDS,
    change_state,
    goes_by_itself,
)
from shared.sync.services import Services


def resume(services: Services, key: ConnectionKey) -> None:
    """After connecting again, deciding the imports or another mapping: what waits goes at once, and the
    schedule compares records with links within a minute.
    """
    connection = services.stores.connections.get(key)
    if connection is None or not goes_by_itself(connection):
        return
    now = services.clock.now()

    def opened(state: AutomaticState) -> AutomaticState:
        kept = {k: at for k, at in state.kept_back_at.items() if connection.keeps_back(k)}
        return replace(state, compare_at=now, circuit=None, kept_back_at=kept)

    change_state(services, key, opened)
    for kind in AUTOMATIC_KINDS:
        services.wake_ups.wake(key, kind)
