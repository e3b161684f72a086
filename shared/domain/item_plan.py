"""Pure: what an item is in the books. `ItemTerms` is what the engine is given of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from enum import StrEnum
from typing import Final

from shared.domain.ids import RecordKind
from shared.domain.links import ItemFields
from shared.domain.names import NameRules, plain_name
from shared.domain.record_plan import PlainTerms, cut
from shared.domain.records import Item
from shared.domain.runs import Problem

ACCOUNT_FIELD: Final = "incomeAccountId"
"""The field that refusals over an item's account name."""

ACCOUNT_MISSING: Final = Problem(
    "ACCOUNT_MAPPING_MISSING",
    "No income account is chosen for this item.",
    "Choose an income account in Settings → Integrations → Account Mapping.",
    ACCOUNT_FIELD,
)


class ItemKey(StrEnum):
    """The remote field that the chosen name goes into, and by which a record is found again."""

    NAME = "name"
    CODE = "code"
    """Where codes, not names, must be unique (Xero): our code, or our name where we have none."""


@dataclass(frozen=True, slots=True)
class ItemRules:
    """What the provider can take of an item; from its profile."""

    names: NameRules
    max_name: int
    max_description: int
    max_code: int
    max_unit_price: Decimal
    unit_price_decimals: int
    provider_label: str
    key: ItemKey = ItemKey.NAME
    needs_income_account: bool = False

    def name_of(self, item: Item) -> str:
        """The text that its remote name is chosen from."""
        return item.code or item.name if self.key is ItemKey.CODE else item.name

    def remote_name_of(self, fields: ItemFields) -> str:
        """The remote name in a remote record's fields."""
        return fields.code if self.key is ItemKey.CODE else fields.name


@dataclass(frozen=True, slots=True)
class MappedItem(Item):
    """An item with an income account of its own, as the engine reads it; never stored as such."""

    income_account_id: str = ""


def with_account(item: Item, income_account_id: str) -> MappedItem:
    said = {field.name: getattr(item, field.name) for field in fields(Item)}
    return MappedItem(**said, income_account_id=income_account_id)


@dataclass(frozen=True, slots=True)
class ItemMapping:
    """Where the connection books items. `income_account_id` is the default, empty where none is chosen."""

    income_account_id: str
    home_currency: str
    company_name: str

    def account_of(self, item: Item) -> str:
        """The item's own account, else the default; empty where there is neither."""
        own = item.income_account_id if isinstance(item, MappedItem) else ""
        return own or self.income_account_id


def refusal_before_push(item: Item, mapping: ItemMapping, rules: ItemRules) -> Problem | None:
    """Why this item cannot go at all, told without asking the provider; None when it can."""
    if rules.needs_income_account and not mapping.account_of(item):
        return ACCOUNT_MISSING
    if item.unit_price.currency != mapping.home_currency:
        return Problem(
            "CURRENCY_DIFFERS",
            f"This item is priced in {item.unit_price.currency}, but {mapping.company_name} keeps its "
            f"{rules.provider_label} books in {mapping.home_currency}.",
            f"Give the item a price in {mapping.home_currency}.",
            "currency",
        )
    amount = item.unit_price.amount
    if amount > rules.max_unit_price:
        return Problem(
            "PRICE_TOO_HIGH",
            f"{rules.provider_label} takes prices up to {rules.max_unit_price}.",
            "Lower the item's price.",
            "unitPrice",
        )
    exponent = amount.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > rules.unit_price_decimals:
        return Problem(
            "PRICE_TOO_FINE",
            f"{rules.provider_label} takes prices with up to {rules.unit_price_decimals} decimals.",
            "Round the item's price.",
            "unitPrice",
        )
    return None


def desired_fields(
    item: Item, remote_name: str, mapping: ItemMapping, rules: ItemRules
) -> ItemFields:
    """What the books should say. A name that is not carried whole is kept in the description."""
    name = remote_name if rules.key is ItemKey.NAME else cut(plain_name(item.name), rules.max_name)
    code = remote_name if rules.key is ItemKey.CODE else item.code
    description = item.description
    if name != plain_name(item.name):
        description = f"{item.name.strip()}\n{description}".rstrip("\n")
    return ItemFields(
        name=name,
        description=cut(description, rules.max_description),
        unit_price=item.unit_price.amount,
        code=cut(code, rules.max_code),
        income_account_id=mapping.account_of(item),
        active=item.active,
    )


@dataclass(frozen=True, slots=True)
class ItemTerms(PlainTerms):
    """`record_plan.Terms` of a connection's items."""

    rules: ItemRules
    mapping: ItemMapping

    @property
    def kind(self) -> RecordKind:
        return RecordKind.ITEM

    @property
    def noun(self) -> str:
        return "item"

    @property
    def label(self) -> str:
        return self.rules.provider_label

    @property
    def names(self) -> NameRules:
        return self.rules.names

    def name_of(self, record: Item) -> str:
        return self.rules.name_of(record)

    def called(self, record: Item, remote_name: str) -> Item:
        if self.rules.key is ItemKey.CODE:
            return replace(record, code=remote_name)
        return replace(record, name=remote_name)

    def remote_name_of(self, fields: ItemFields) -> str:
        return self.rules.remote_name_of(fields)

    def refusal(self, record: Item) -> Problem | None:
        return refusal_before_push(record, self.mapping, self.rules)

    def desired(self, record: Item, remote_name: str) -> ItemFields:
        return desired_fields(record, remote_name, self.mapping, self.rules)

    def mapping_version(self, record: Item) -> str:
        """The account that is sent: so that a mapping moves exactly the items that it is for."""
        return self.mapping.account_of(record)

    def email_key_of(self, either: Item | ItemFields) -> str:  # noqa: ARG002 - items have none
        return ""

    def choice(self, record: Item, remotes: Sequence[ItemFields]) -> int | None:
        """The one with our code before any other."""
        coded = (
            n for n, remote in enumerate(remotes) if record.code and record.code == remote.code
        )
        return next(coded, 0)
