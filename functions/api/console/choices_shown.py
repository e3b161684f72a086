"""Lists of the books in a form: accounts, tax codes, ways of paying; or why they cannot be shown.

A page never waits for the provider: without a list of a moment ago it is there at once, and the part that
needs the list comes after, from the same address with `lists=1`. That one waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from functions.api.problems import answer_to
from shared.domain.connections import Connection
from shared.domain.errors import SyncError
from shared.providers.base import RemoteAccount, RemoteTaxCode
from shared.sync.remote_lists import Choices, RemoteRow, T, kept_list, remote_list
from shared.sync.services import Services


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Offered:
    """`unavailable`: why there is no list now; the rest of a form works without it. `asked`: whether the
    provider was; where it is still to be, nothing is known.
    """

    options: list[Option]
    unavailable: str = ""
    asked: bool = True

    @property
    def listed(self) -> bool:
        return self.asked and not self.unavailable

    def knows(self, value: str) -> bool:
        return any(option.value == value for option in self.options)


def rows_of(
    services: Services, connection: Connection, choices: Choices[T], *, ask: bool
) -> Sequence[T] | None:
    """Of the list of a moment ago where there is one; without one None, unless the provider is to be asked.

    Raises as `remote_list` does.
    """
    read = remote_list if ask else kept_list
    listed = read(services, connection, choices)
    return listed.rows if listed else None


def offered_lists(
    services: Services, connection: Connection, *wanted: Choices[RemoteRow], ask: bool
) -> list[Offered]:
    """One for each. Who does not answer, or is not to be asked, is not asked for the next one."""
    offered: list[Offered] = []
    for choices in wanted:
        if offered and not offered[-1].listed:
            offered.append(offered[-1])
        else:
            offered.append(_offered(services, connection, choices, ask=ask))
    return offered


def _offered(
    services: Services, connection: Connection, choices: Choices[RemoteRow], *, ask: bool
) -> Offered:
    try:
        rows = rows_of(services, connection, choices, ask=ask)
    except SyncError as error:
        problem = answer_to(error, services.profile).problem
        return Offered([], f"{problem.message} {problem.action}".strip())
    return Offered([], asked=False) if rows is None else Offered(list(map(option_of, rows)))


def option_of(row: RemoteRow) -> Option:
    """An account with the office's own number, a tax code with what it says of itself."""
    label = row.name
    if isinstance(row, RemoteAccount) and row.number:
        label = f"{row.number} {row.name}"
    elif isinstance(row, RemoteTaxCode) and row.description and row.description != row.name:
        label = f"{row.name}: {row.description}"
    return Option(row.remote_id, label)
