"""The steps after connecting: done or skipped is remembered, and opens the automatic road."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from shared.domain.connections import Connection, Setup
from shared.domain.errors import RetryLater
from shared.domain.ids import ConnectionKey, PersonId
from shared.storage.ports import AuditEntry
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
        if setup == stored.setup:
            if setup.decided:  # asked again: the first time may have ended before this
                resume(services, key)
            return stored
        changed = replace(stored, setup=setup, version=stored.version + 1)
        if services.stores.connections.save(changed):
            _note(services, changed, person_id)
            if setup.decided:
                resume(services, key)
            return changed
    raise RetryLater(f"{key.provider}: the connection kept changing", after=1.0)


def _note(services: Services, connection: Connection, person_id: PersonId) -> None:
    setup = connection.setup
    services.stores.audit.add(
        AuditEntry(
            company_id=connection.key.company_id,
            at=services.clock.now(),
            entry_id=services.ids.new(),
            who=person_id,
            what="connection.setup_changed",
            about={
                "provider": connection.key.provider,
                "import_customers": setup.import_customers,
                "import_items": setup.import_items,
                "map_items": setup.map_items,
            },
        )
    )
