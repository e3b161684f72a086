"""What the contract asks of the place an adapter is tested against: the books as a person sees them.

Another provider gives its own `Desk` and inherits `ProviderContract` (contract.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Protocol

from shared.domain.ids import RecordKind, RemoteCompanyId, RemoteId
from shared.domain.links import Fields
from shared.providers.base import AccountingProvider


class Trouble(Enum):
    """What can go wrong with one call, in the words of the outcomes it must lead to."""

    SERVER_ERROR = auto()
    GATEWAY_TIMEOUT = auto()
    PAGE_INSTEAD_OF_DATA = auto()
    CUT_OFF = auto()
    EMPTY = auto()
    HUGE = auto()
    NO_ANSWER = auto()
    REDIRECT = auto()
    THROTTLED = auto()
    THROTTLED_UNUSUALLY = auto()
    WHOLE_REFUSED = auto()
    COMPANY_REFUSED = auto()
    TOKEN_REFUSED = auto()
    ACCESS_LOST = auto()


@dataclass
class Booked:
    remote_id: RemoteId
    name: str
    active: bool


@dataclass
class Issued:
    """The access tokens that were handed out, newest last: none of them may show in a message."""

    access_tokens: list[str] = field(default_factory=list)
    renewals: int = 0
    dead: bool = False


class Desk(Protocol):
    """The books of one company, and the kind of record that is looked at. Everything takes effect at once.

    `plain_field` is one that takes any number as its value; `other_value` sets another one,
    `empty_values` empties those that may be, `bad_value` is refused for itself.
    """

    kind: RecordKind
    names_are_unique: bool
    plain_field: str
    other_value: dict[str, Any]
    empty_values: dict[str, Any]
    bad_value: dict[str, Any]
    company: RemoteCompanyId
    company_name: str
    home_currency: str
    issued: Issued

    def open(self, *, deadline: float = 10.0) -> AccountingProvider:
        """The adapter, with a token source that renews for real."""

    def plant(self, *names: str, sellable: bool = True) -> list[RemoteId]:
        """Records made by a person; not `sellable`: a category and the like."""

    def edit(self, remote_id: RemoteId, *, active: bool | None = None, plain: str = "") -> None:
        """A person changes a record; `plain` is for the `plain_field`."""

    def records(self) -> list[Booked]: ...

    def fields(self, name: str, plain: str) -> Fields:
        """A record with a value in every field."""

    def trouble(self, trouble: Trouble, *, writes: bool, times: int) -> None:
        """The next `times` calls of the kind go wrong."""

    def drop_entries(self, *positions: int) -> None:
        """The next batch answer lacks these entries (from 1), though they were written."""

    def shuffle_entries(self) -> None:
        """The next batch answer has its entries in another order."""

    def refuse_entry(self, name: str, *, passing: bool) -> None:
        """A record of this name is refused in the next batch; `passing`: as busy."""

    def trickle(self, seconds: float, *, writes: bool) -> None:
        """The next answer comes byte by byte over so many seconds."""

    def expire_access(self) -> None: ...

    def withdraw(self) -> None:
        """A person ends the connection at the provider."""

    def writes_seen(self) -> int:
        """Write requests that reached the provider."""

    def account_id(self) -> str:
        """An income account that items may be booked to."""
