"""Change what the office chose for a connection."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, Final

from shared.auth.audit import write_down
from shared.domain.connections import Connection, NewFromBooks, PacingMode
from shared.domain.errors import RetryLater
from shared.domain.ids import ConnectionKey, PersonId, RecordKind
from shared.sync.accounts import checked_income_account, checked_tax_code
from shared.sync.automatic.resume import resume
from shared.sync.connections import existing_connection, usable_connection
from shared.sync.services import Services

_TRIES: Final = 5
_ACCOUNT_FIELD: Final = "defaultIncomeAccountId"
_TAX_CODE_FIELD: Final = "defaultTaxCodeId"


def change_settings(
    services: Services,
    key: ConnectionKey,
    person_id: PersonId,
    *,
    default_income_account_id: str | None = None,
    default_tax_code_id: str | None = None,
    invoices_from: date | None = None,
    pacing_mode: PacingMode | None = None,
    notify: bool | None = None,
    new_from_books: NewFromBooks | None = None,
    by_itself: frozenset[RecordKind] | None = None,
) -> Connection:
    """Set what is given, leave what is None; account and tax code are looked up in the books first.

    What another account, tax code or go-live date is for goes to the books by itself, and what waits of a
    kind that is kept back no longer. Raises
    `RequestInvalid` for what is not there, `Conflicting` or `NeedsReauth` where the connection cannot be
    used for that, what the provider's reads raise, and `RetryLater` when others kept changing the
    connection.
    """
    for _ in range(_TRIES):
        # Read and checked anew in each round: the connection may have moved to another company.
        asks_the_books = (default_income_account_id, default_tax_code_id) != (None, None)
        stored = (usable_connection if asks_the_books else existing_connection)(services, key)
        settings = stored.settings
        if default_income_account_id is not None:
            checked_income_account(services, stored, default_income_account_id, _ACCOUNT_FIELD)
            settings = replace(settings, default_income_account_id=default_income_account_id)
        if default_tax_code_id is not None:
            checked_tax_code(services, stored, default_tax_code_id, _TAX_CODE_FIELD)
            settings = replace(settings, default_tax_code_id=default_tax_code_id)
        plain: dict[str, Any] = {
            "invoices_from": invoices_from,
            "pacing_mode": pacing_mode,
            "notify": notify,
            "new_from_books": new_from_books,
            "by_itself": by_itself,
        }
        given = {name: value for name, value in plain.items() if value is not None}
        settings = replace(settings, **given)
        changed = replace(stored, settings=settings, version=stored.version + 1)
        if settings == stored.settings:
            changed = stored
        elif services.stores.connections.save(changed):
            _note(services, changed, person_id)
        else:
            continue
        opens = (default_income_account_id, default_tax_code_id, invoices_from, by_itself)
        if any(one is not None for one in opens):
            # For the same value too: an earlier try may have died before this.
            resume(services, key)
        return changed
    raise RetryLater(f"{key.provider}: the connection kept changing", after=1.0)


def _note(services: Services, connection: Connection, person_id: PersonId) -> None:
    settings = connection.settings
    write_down(
        services,
        connection.key,
        person_id,
        "connection.settings_changed",
        default_income_account_id=settings.default_income_account_id,
        default_tax_code_id=settings.default_tax_code_id,
        invoices_from=settings.invoices_from.isoformat() if settings.invoices_from else "",
        pacing_mode=settings.pacing_mode,
        notify="on" if settings.notify else "off",
        new_from_books=settings.new_from_books,
        by_itself=", ".join(kind for kind in RecordKind if kind in settings.by_itself) or "nothing",
    )
