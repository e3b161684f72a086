"""A row of Account Mapping, and the accounts and tax codes that there are to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from functions.api.console.choices_shown import Option, option_of, rows_of
from functions.api.console.words import Words
from functions.api.problems import answer_to
from shared.domain.connections import Connection, ConnectionSettings
from shared.domain.errors import (
    ConnectionStopped,
    NeedsReauth,
    ProviderContractBroken,
    ProviderTrouble,
)
from shared.domain.runs import Problem
from shared.providers.base import RemoteAccount
from shared.sync.account_mapping import MappedRow
from shared.sync.accounts import INCOME_ACCOUNTS, TAX_CODES
from shared.sync.connections import required_usable
from shared.sync.services import Services

_MARKUP = 42
"""Bytes of an option beside its texts."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a column offers. `usual`: what counts for an item without one of its own; empty: nothing does."""

    offered: tuple[Option, ...] = ()
    usual: str = ""

    def has(self, remote_id: str) -> bool:
        return any(one.value == remote_id for one in self.offered)

    @property
    def size(self) -> int:
        """Bytes that each select of it takes."""
        return sum(_MARKUP + len(one.value) + len(one.label.encode()) for one in self.offered)


@dataclass(frozen=True, slots=True)
class Offer:
    """`trouble`: why there is nothing to choose from; `reconnect`: whether reconnecting helps. `asked`:
    whether the provider was; where it is still to be, nothing is known.
    """

    accounts: Selection = field(default_factory=Selection)
    tax_codes: Selection = field(default_factory=Selection)
    trouble: Problem | None = None
    reconnect: bool = False
    asked: bool = True


@dataclass(frozen=True, slots=True)
class MappingRow:
    """`account` and `tax_code` are the item's own; empty where it has none. `usual_*`: whether a default
    counts for it then.
    """

    item_id: str
    name: str
    facts: tuple[str, ...]
    active: bool
    account: str
    tax_code: str
    usual_account: bool
    usual_tax_code: bool
    ticked: bool

    @classmethod
    def of(cls, row: MappedRow, words: Words, ticks: frozenset[str]) -> MappingRow:
        item = row.item
        return cls(
            item_id=item.source_id,
            name=item.name,
            facts=tuple(one for one in (item.code, words.money(item.unit_price)) if one),
            active=item.active,
            account=row.mapping.income_account_id,
            tax_code=row.mapping.tax_code_id,
            usual_account=bool(row.defaults.default_income_account_id),
            usual_tax_code=bool(row.defaults.default_tax_code_id),
            ticked=item.source_id in ticks,
        )


def offer_of(services: Services, connection: Connection, *, ask: bool) -> Offer:
    """From the cached lists; where it may be asked, at most one call to the provider each. Where it does
    not answer, why.
    """
    profile, settings = services.profile(connection.key.provider), connection.settings
    try:
        usable = required_usable(connection)
        accounts: Sequence[RemoteAccount] | None = ()
        if profile.has_income_accounts:
            accounts = rows_of(services, usable, INCOME_ACCOUNTS, ask=ask)
        codes = None if accounts is None else rows_of(services, usable, TAX_CODES, ask=ask)
    except (NeedsReauth, ProviderTrouble, ProviderContractBroken, ConnectionStopped) as error:
        problem = answer_to(error, services.profile).problem
        return Offer(trouble=problem, reconnect=isinstance(error, NeedsReauth))
    if accounts is None or codes is None:
        return Offer(asked=False)
    return _offer(accounts, [Option(one.remote_id, one.name) for one in codes], settings)


def _offer(
    accounts: Sequence[RemoteAccount], codes: Sequence[Option], settings: ConnectionSettings
) -> Offer:
    of_accounts = [option_of(one) for one in accounts]
    return Offer(
        Selection(tuple(of_accounts), _usual(of_accounts, settings.default_income_account_id)),
        Selection(tuple(codes), _usual(codes, settings.default_tax_code_id)),
    )


def _usual(offered: Sequence[Option], remote_id: str) -> str:
    """By name. A default that the books no longer list still counts until they refuse it."""
    if not remote_id:
        return ""
    return next((one.label for one in offered if one.value == remote_id), remote_id)
