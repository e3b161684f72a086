"""Lists of a connection's books to choose from, asked of the provider at most once a minute."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from shared.auth.reauth import mark_connection_needs_reauth
from shared.domain.connections import Connection
from shared.domain.errors import NeedsReauth, TooLarge
from shared.providers.base import AccountingProvider, RemoteAccount, RemoteMethod, RemoteTaxCode
from shared.sync.services import Services

FRESH: Final = timedelta(seconds=60)

RemoteRow = RemoteAccount | RemoteTaxCode | RemoteMethod
T = TypeVar("T", bound=RemoteRow)
T_co = TypeVar("T_co", bound=RemoteRow, covariant=True)


@dataclass(frozen=True, slots=True)
class RemoteList(Generic[T_co]):
    """`listed_at` is when the provider answered."""

    rows: tuple[T_co, ...]
    listed_at: datetime


@dataclass(frozen=True, slots=True)
class Choices(Generic[T_co]):
    """A list there is: its name in the cache, what a row is, and how the provider is asked."""

    name: str
    row: type[T_co]
    ask: Callable[[AccountingProvider], Sequence[T_co]]


def kept_list(
    services: Services, connection: Connection, choices: Choices[T]
) -> RemoteList[T] | None:
    """From the cache while it is fresh; never asks the provider."""
    kept = services.stores.remote_lists.get(
        connection.key, _name(connection, choices), services.clock.now()
    )
    return None if kept is None else _read(kept, choices.row)


def remote_list(
    services: Services, connection: Connection, choices: Choices[T], *, anew: bool = False
) -> RemoteList[T]:
    """By name; from the cache while it is fresh, unless `anew`.

    Raises what the provider's reads raise; a dead grant is noted on the connection first.
    """
    kept = None if anew else kept_list(services, connection, choices)
    if kept is not None:
        return kept
    now = services.clock.now()
    try:
        rows = choices.ask(services.provider(connection))
    except NeedsReauth:
        mark_connection_needs_reauth(
            services, connection, services.profile(connection.key.provider)
        )
        raise
    listed = RemoteList(tuple(sorted(rows, key=lambda row: (row.name, row.remote_id))), now)
    cache, name = services.stores.remote_lists, _name(connection, choices)
    try:
        cache.put(connection.key, name, _written(listed), now=now, fresh=FRESH)
    except TooLarge:
        return listed  # thousands of them: asked anew each time, which is slow and still right
    return listed


def chosen_row(
    services: Services, connection: Connection, choices: Choices[T], remote_id: str
) -> T | None:
    """The row with this id. A cached list without it is asked anew once: it may be a moment old."""
    for anew in (False, True):
        for row in remote_list(services, connection, choices, anew=anew).rows:
            if row.remote_id == remote_id:
                return row
    return None


def _name(connection: Connection, choices: Choices[RemoteRow]) -> str:
    """A remote id means nothing without its remote company, a list of them neither."""
    return f"{choices.name}/{connection.remote_company.remote_company_id}"


def _written(listed: RemoteList[RemoteRow]) -> str:
    return json.dumps(
        {"listed_at": listed.listed_at.isoformat(), "rows": [asdict(row) for row in listed.rows]}
    )


def _read(text: str, row: type[T]) -> RemoteList[T]:
    kept = json.loads(text)
    return RemoteList(
        tuple(row(**each) for each in kept["rows"]), datetime.fromisoformat(kept["listed_at"])
    )
