"""Where money received is booked: a way of paying to the provider's method and deposit account."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from shared.auth.audit import write_down
from shared.domain.connections import Connection
from shared.domain.errors import Conflicting, RequestInvalid, RetryLater
from shared.domain.ids import ConnectionKey, PersonId
from shared.domain.invoices import MAX_METHOD
from shared.domain.runs import Problem
from shared.providers.base import RemoteAccount, RemoteMethod
from shared.sync.connections import usable_connection
from shared.sync.remote_lists import Choices, RemoteList, chosen_row, remote_list
from shared.sync.services import Services

MOST_METHODS: Final = 50
_TRIES: Final = 5
PAYMENT_METHODS: Final = Choices(
    "payment-methods", RemoteMethod, lambda books: books.payment_methods()
)
DEPOSIT_ACCOUNTS: Final = Choices(
    "deposit-accounts", RemoteAccount, lambda books: books.deposit_accounts()
)


CHANGED: Final = Problem(
    "PAYMENT_MAPPING_CHANGED",
    "Somebody has changed the ways of paying since you opened this page.",
    "Save again to have them be as you see them here, or look at what is stored now.",
)


@dataclass(frozen=True, slots=True)
class MethodMapping:
    """`method` is the office's own word; either id may be empty: none is chosen."""

    method: str
    method_id: str = ""
    deposit_account_id: str = ""


def mark_of(connection: Connection) -> str:
    """Tells this mapping from any other one: what a person saw is remembered by it."""
    settings = connection.settings
    text = json.dumps([settings.default_deposit_account_id, settings.payment_methods])
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def payment_methods(services: Services, connection: Connection) -> RemoteList[RemoteMethod]:
    """Raises as `remote_list` does; empty where the provider has none."""
    return remote_list(services, connection, PAYMENT_METHODS)


def deposit_accounts(services: Services, connection: Connection) -> RemoteList[RemoteAccount]:
    """Raises as `remote_list` does; empty where the provider has none."""
    return remote_list(services, connection, DEPOSIT_ACCOUNTS)


def change_payment_mapping(
    services: Services,
    key: ConnectionKey,
    person_id: PersonId,
    *,
    default_deposit_account_id: str,
    methods: Sequence[MethodMapping],
    seen: str = "",
) -> Connection:
    """Have it be exactly this; what is posted already stays where it is.

    `seen`: the `mark_of` what it replaces, where a person saw that; raises `Conflicting` where it has
    become another one since. Raises `RequestInvalid` naming the field for what is not in the books or
    said twice, and otherwise as `connection_settings.change_settings` does.
    """
    _require_distinct(methods)
    for _ in range(_TRIES):
        connection = usable_connection(services, key)
        if seen and seen != mark_of(connection):
            raise Conflicting(CHANGED)
        _require_known(services, connection, default_deposit_account_id, methods)
        settings = replace(
            connection.settings,
            default_deposit_account_id=default_deposit_account_id,
            payment_methods=tuple(
                (_word(one.method), one.method_id, one.deposit_account_id) for one in methods
            ),
        )
        if settings == connection.settings:
            return connection
        changed = replace(connection, settings=settings, version=connection.version + 1)
        if services.stores.connections.save(changed):
            write_down(services, key, person_id, "payments.mapped", methods=str(len(methods)))
            return changed
    raise RetryLater(f"{key.provider}: the connection kept changing", after=1.0)


def _word(method: str) -> str:
    return method.strip().casefold()


def _require_distinct(methods: Sequence[MethodMapping]) -> None:
    if len(methods) > MOST_METHODS:
        raise _invalid(
            "TOO_MANY", f"At most {MOST_METHODS} ways of paying are possible.", "methods"
        )
    seen: set[str] = set()
    for place, one in enumerate(methods):
        field, word = f"methods[{place}].method", _word(one.method)
        if not word or len(word) > MAX_METHOD:
            raise _invalid("EMPTY", f"A way of paying has 1 to {MAX_METHOD} characters.", field)
        if word in seen:
            raise _invalid("REPEATED", f"“{one.method}” is there twice.", field)
        seen.add(word)


def _require_known(
    services: Services,
    connection: Connection,
    default_deposit_account_id: str,
    methods: Sequence[MethodMapping],
) -> None:
    _require_account(services, connection, default_deposit_account_id, "defaultDepositAccountId")
    for place, one in enumerate(methods):
        field = f"methods[{place}]"
        _require_account(services, connection, one.deposit_account_id, f"{field}.depositAccountId")
        if (
            one.method_id
            and chosen_row(services, connection, PAYMENT_METHODS, one.method_id) is None
        ):
            label = services.profile(connection.key.provider).label
            message = f"{label} has no active payment method with this id."
            raise _invalid("UNKNOWN_PAYMENT_METHOD", message, f"{field}.methodId")


def _require_account(
    services: Services, connection: Connection, account_id: str, field: str
) -> None:
    if account_id and chosen_row(services, connection, DEPOSIT_ACCOUNTS, account_id) is None:
        label = services.profile(connection.key.provider).label
        message = f"{label} has no active account with this id that payments may be deposited to."
        raise _invalid("UNKNOWN_ACCOUNT", message, field)


def _invalid(code: str, message: str, field: str) -> RequestInvalid:
    return RequestInvalid(Problem(code, message, "Choose another one.", field))
