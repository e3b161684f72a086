"""Change what the office chose for a connection."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from shared.domain.connections import Connection, PacingMode
from shared.domain.errors import RetryLater
from shared.domain.ids import ConnectionKey, PersonId
from shared.storage.ports import AuditEntry
from shared.sync.accounts import checked_income_account
from shared.sync.connections import existing_connection, usable_connection
from shared.sync.services import Services

_TRIES: Final = 5
_ACCOUNT_FIELD: Final = "defaultIncomeAccountId"


def change_settings(
    services: Services,
    key: ConnectionKey,
    person_id: PersonId,
    *,
    default_income_account_id: str | None = None,
    pacing_mode: PacingMode | None = None,
) -> Connection:
    """Set what is given, leave what is None; the account is looked up in the books first.

    Raises `RequestInvalid` for an account that is not there, `Conflicting` or `NeedsReauth` where the
    connection cannot be used for that, what the provider's reads raise, and `RetryLater` when others
    kept changing the connection.
    """
    for _ in range(_TRIES):
        # Read and checked anew in each round: the connection may have moved to another company.
        if default_income_account_id is None:
            stored = existing_connection(services, key)
            settings = stored.settings
        else:
            stored = usable_connection(services, key)
            checked_income_account(services, stored, default_income_account_id, _ACCOUNT_FIELD)
            settings = replace(stored.settings, default_income_account_id=default_income_account_id)
        if pacing_mode is not None:
            settings = replace(settings, pacing_mode=pacing_mode)
        if settings == stored.settings:
            return stored
        changed = replace(stored, settings=settings, version=stored.version + 1)
        if services.stores.connections.save(changed):
            _note(services, changed, person_id)
            return changed
    raise RetryLater(f"{key.provider}: the connection kept changing", after=1.0)


def _note(services: Services, connection: Connection, person_id: PersonId) -> None:
    services.stores.audit.add(
        AuditEntry(
            company_id=connection.key.company_id,
            at=services.clock.now(),
            entry_id=services.ids.new(),
            who=person_id,
            what="connection.settings_changed",
            about={
                "provider": connection.key.provider,
                "default_income_account_id": connection.settings.default_income_account_id,
                "pacing_mode": connection.settings.pacing_mode,
            },
        )
    )
