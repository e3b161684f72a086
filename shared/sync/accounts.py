"""What items may be booked to: the income accounts and tax codes of a connection's books."""

from __future__ import annotations

from typing import Final

from shared.domain.connections import Connection
from shared.domain.errors import RequestInvalid
from shared.domain.runs import Problem
from shared.providers.base import RemoteAccount, RemoteTaxCode
from shared.sync.remote_lists import Choices, RemoteList, chosen_row, remote_list
from shared.sync.services import Services

INCOME_ACCOUNTS: Final = Choices(
    "income-accounts", RemoteAccount, lambda books: books.income_accounts()
)
TAX_CODES: Final = Choices("tax-codes", RemoteTaxCode, lambda books: books.tax_codes())


def income_accounts(services: Services, connection: Connection) -> RemoteList[RemoteAccount]:
    """Raises as `remote_list` does."""
    return remote_list(services, connection, INCOME_ACCOUNTS)


def tax_codes(services: Services, connection: Connection) -> RemoteList[RemoteTaxCode]:
    """Raises as `remote_list` does; empty where the provider has none."""
    return remote_list(services, connection, TAX_CODES)


def checked_income_account(
    services: Services, connection: Connection, account_id: str, field: str
) -> RemoteAccount:
    """The account with this id. Raises `RequestInvalid` naming the field where there is none."""
    profile = services.profile(connection.key.provider)
    if not profile.has_income_accounts:
        raise RequestInvalid(
            Problem(
                "NO_INCOME_ACCOUNTS",
                f"{profile.label} has no income account to choose for items.",
                "Leave this setting out.",
                field,
            )
        )
    account = chosen_row(services, connection, INCOME_ACCOUNTS, account_id)
    if account is None:
        raise RequestInvalid(
            Problem(
                "UNKNOWN_ACCOUNT",
                f"{profile.label} has no active income account with this id.",
                "Choose one of the connection's accounts.",
                field,
            )
        )
    return account


def checked_tax_code(
    services: Services, connection: Connection, tax_code_id: str, field: str
) -> RemoteTaxCode:
    """The tax code with this id. Raises `RequestInvalid` naming the field where there is none."""
    tax_code = chosen_row(services, connection, TAX_CODES, tax_code_id)
    if tax_code is None:
        label = services.profile(connection.key.provider).label
        raise RequestInvalid(
            Problem(
                "UNKNOWN_TAX_CODE",
                f"{label} has no active tax code with this id.",
                "Choose one of the connection's tax codes.",
                field,
            )
        )
    return tax_code
