"""The steps after connecting: done or skipped is remembered, and opens the automatic road."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Final

from shared.auth.audit import write_down
from shared.domain.connections import Connection, Setup
from shared.domain.errors import RetryLater
from shared.domain.ids import ConnectionKey, PersonId
from shared.sync.automatic.resume import resume
from shared.sync.connections import existing_connection
from shared.sync.services import Services

_TRIES: Final = 5


def decide_steps(
    services: Services, key: ConnectionKey, person_id: PersonId, **steps: object
) -> Connection:
    """Set the given steps (fields of `Setup`), leave the others.

    Once both imports are decided, changes go to the books by themselves. Raises `Conflicting` where
    nothing is connected, and `RetryLater` when others kept changing the connection.
    """
    for _ in range(_TRIES):
        stored = existing_connection(services, key)
        setup: Setup = replace(stored.setup, **steps)  # type: ignore[arg-type]  # the API names the fields
        changed = replace(stored, setup=setup, version=stored.version + 1)
        if setup == stored.setup:
            changed = stored
        elif services.stores.connections.save(changed):
            write_down(services, key, person_id, "connection.setup_changed", **asdict(setup))
        else:
            continue
        if setup.decided:
            # Where it was so already, too: an earlier try may have died before this.
            resume(services, key)
        return changed
    raise RetryLater(f"{key.provider}: the connection kept changing", after=1.0)
