"""The income accounts of a connection's books, asked of the provider at most once a minute."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.auth.reauth import mark_connection_needs_reauth
from shared.domain.connections import Connection
from shared.domain.errors import NeedsReauth, RequestInvalid, TooLarge
from shared.domain.ids import RemoteId
from shared.domain.runs import Problem
from shared.providers.base import RemoteAccount
from shared.sync.services import Services

FRESH: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class AccountList:
    """`listed_at` is when the provider answered."""

    accounts: tuple[RemoteAccount, ...]
    listed_at: datetime


def income_accounts(
    services: Services, connection: Connection, *, anew: bool = False
) -> AccountList:
    """The accounts items may be booked to, by name; from the cache while it is fresh, unless `anew`.

    Raises what the provider's reads raise; a dead grant is noted on the connection first.
    """
    now = services.clock.now()
    cache = services.stores.remote_lists
    # A remote id means nothing without its remote company, a list of them neither.
    name = f"income-accounts/{connection.remote_company.remote_company_id}"
    kept = None if anew else cache.get(connection.key, name, now)
    if kept is not None:
        return _read(kept)
    try:
        rows = services.provider(connection).income_accounts()
    except NeedsReauth:
        mark_connection_needs_reauth(
            services, connection, services.profile(connection.key.provider)
        )
        raise
    listed = AccountList(tuple(sorted(rows, key=lambda row: (row.name, row.remote_id))), now)
    try:
        cache.put(connection.key, name, _written(listed), now=now, fresh=FRESH)
    except TooLarge:
        return listed  # thousands of accounts: asked anew each time, which is slow and still right
    return listed


def checked_income_account(
    services: Services, connection: Connection, account_id: str, field: str
) -> RemoteAccount:
    """The account with this id. Raises `RequestInvalid` naming the field where there is none.

    A cached list without it is asked anew once: the account may have been made a moment ago.
    """
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
    for anew in (False, True):
        for account in income_accounts(services, connection, anew=anew).accounts:
            if account.remote_id == account_id:
                return account
    raise RequestInvalid(
        Problem(
            "UNKNOWN_ACCOUNT",
            f"{profile.label} has no active income account with this id.",
            "Choose one of the connection's accounts.",
            field,
        )
    )


def _written(listed: AccountList) -> str:
    return json.dumps(
        {
            "listed_at": listed.listed_at.isoformat(),
            "accounts": [asdict(account) for account in listed.accounts],
        }
    )


def _read(text: str) -> AccountList:
    kept = json.loads(text)
    return AccountList(
        tuple(
            RemoteAccount(
                remote_id=RemoteId(row["remote_id"]),
                name=row["name"],
                number=row["number"],
                type_name=row["type_name"],
                currency=row["currency"],
            )
            for row in kept["accounts"]
        ),
        datetime.fromisoformat(kept["listed_at"]),
    )
