"""Who did what to a connection, written down for ever."""

from __future__ import annotations

from shared.auth.notices import NoticePorts
from shared.domain.ids import ConnectionKey, PersonId
from shared.storage.ports import AuditEntry


def write_down(
    ports: NoticePorts, key: ConnectionKey, person_id: PersonId, what: str, **about: str
) -> None:
    """`what` is a code such as `connection.connected`; `about` says no customer data."""
    ports.stores.audit.add(
        AuditEntry(
            company_id=key.company_id,
            at=ports.clock.now(),
            entry_id=ports.ids.new(),
            who=person_id,
            what=what,
            about={"provider": key.provider, **about},
        )
    )
