"""Lists of the books in a form: accounts, tax codes, ways of paying; or why they cannot be shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from functions.api.problems import answer_to
from shared.domain.connections import Connection
from shared.domain.errors import SyncError
from shared.providers.base import RemoteAccount, RemoteMethod, RemoteTaxCode
from shared.sync.accounts import income_accounts, tax_codes
from shared.sync.payment_mapping import deposit_accounts, payment_methods
from shared.sync.remote_lists import RemoteList
from shared.sync.services import Services


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Offered:
    """`unavailable`: why there is no list now; the rest of a form works without it."""

    options: list[Option]
    unavailable: str = ""

    def knows(self, value: str) -> bool:
        return any(option.value == value for option in self.options)


def offered_accounts(services: Services, connection: Connection) -> Offered:
    return _offered(services, lambda: income_accounts(services, connection))


def offered_tax_codes(services: Services, connection: Connection) -> Offered:
    return _offered(services, lambda: tax_codes(services, connection))


def offered_methods(services: Services, connection: Connection) -> Offered:
    return _offered(services, lambda: payment_methods(services, connection))


def offered_deposits(services: Services, connection: Connection) -> Offered:
    return _offered(services, lambda: deposit_accounts(services, connection))


def _offered(
    services: Services,
    ask: Callable[
        [], RemoteList[RemoteAccount] | RemoteList[RemoteTaxCode] | RemoteList[RemoteMethod]
    ],
) -> Offered:
    """From the list of a moment ago where there is one."""
    try:
        listed = ask()
    except SyncError as error:
        problem = answer_to(error, services.profile).problem
        return Offered([], f"{problem.message} {problem.action}".strip())
    return Offered([option_of(row) for row in listed.rows])


def option_of(row: RemoteAccount | RemoteTaxCode | RemoteMethod) -> Option:
    """An account with the office's own number, a tax code with what it says of itself."""
    label = row.name
    if isinstance(row, RemoteAccount) and row.number:
        label = f"{row.number} {row.name}"
    elif isinstance(row, RemoteTaxCode) and row.description and row.description != row.name:
        label = f"{row.name}: {row.description}"
    return Option(row.remote_id, label)
