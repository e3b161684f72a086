"""Pure: what one item needs, given its link and the rules. The engine streams a catalogue through it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from shared.domain.ids import RemoteId, RemoteVersion, RunId
from shared.domain.links import ItemFields, Link, LinkOrigin, base_of, base_value
from shared.domain.names import NameRules, fits, name_key, plain_name
from shared.domain.records import Item
from shared.domain.runs import Problem

NAME_FIELD = "name"
ACTIVE_FIELD = "active"


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

    def name_of(self, item: Item) -> str:
        """The text that its remote name is chosen from."""
        return item.code or item.name if self.key is ItemKey.CODE else item.name

    def remote_name_of(self, fields: ItemFields) -> str:
        """The remote name in a remote record's fields."""
        return fields.code if self.key is ItemKey.CODE else fields.name


@dataclass(frozen=True, slots=True)
class ItemMapping:
    """Where the connection books items. `version` changes whenever what is sent would change."""

    income_account_id: str
    home_currency: str
    company_name: str

    @property
    def version(self) -> str:
        return self.income_account_id


def refusal_before_push(item: Item, mapping: ItemMapping, rules: ItemRules) -> Problem | None:
    """Why this item cannot go at all, told without asking the provider; None when it can."""
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


def kept_name(item: Item, link: Link, rules: ItemRules) -> str | None:
    """The remote name that a linked item keeps; None when its own name changed and one must be chosen.

    A link that holds the plain name follows changes that do not change the key ("pipe" to "Pipe").
    """
    name = rules.name_of(item)
    key = name_key(name)
    if key != link.name_key:
        return None
    plain = plain_name(name)
    if name_key(link.remote_name) == key and fits(plain, rules.names):
        return plain
    return link.remote_name


def desired_fields(
    item: Item, remote_name: str, mapping: ItemMapping, rules: ItemRules
) -> ItemFields:
    """What the books should say. A name that is not carried whole is kept in the description."""
    name = remote_name if rules.key is ItemKey.NAME else _cut(plain_name(item.name), rules.max_name)
    code = remote_name if rules.key is ItemKey.CODE else item.code
    description = item.description
    if name != plain_name(item.name):
        description = f"{item.name.strip()}\n{description}".rstrip("\n")
    return ItemFields(
        name=name,
        description=_cut(description, rules.max_description),
        unit_price=item.unit_price.amount,
        code=_cut(code, rules.max_code),
        income_account_id=mapping.income_account_id,
        active=item.active,
    )


def at_rest(item: Item, link: Link) -> bool:
    """Archived on both sides. Providers take no edit of an inactive record, so it waits, and goes with
    the reactivation: the base is not moved meanwhile.
    """
    return not item.active and link.base.get(ACTIVE_FIELD) == "false"


def changed_fields(desired: ItemFields, link: Link) -> frozenset[str]:
    """The fields that differ from what was last sent; only these go, so others' edits survive."""
    wanted = base_of(desired.canonical())
    changed = {name for name, value in wanted.items() if link.base.get(name) != value}
    if ACTIVE_FIELD in changed and desired.active:
        changed.add(NAME_FIELD)  # providers rename what is made inactive and do not rename it back
    return frozenset(changed)


def differing_fields(desired: ItemFields, remote: ItemFields) -> tuple[str, ...]:
    """Fields in which the books are not what we would send, in a fixed order; the name by its key."""
    ours, theirs = desired.canonical(), remote.canonical()
    return tuple(
        name
        for name in sorted(ours)
        if (
            name_key(ours[name]) != name_key(theirs[name])
            if name == NAME_FIELD
            else ours[name] != theirs[name]
        )
    )


def answered_otherwise(sent: ItemFields, answered: ItemFields) -> dict[str, str]:
    """Per field what the provider made of it, where that is not what we sent."""
    if sent == answered:
        return {}
    ours, theirs = sent.canonical(), answered.canonical()
    return {name: base_value(theirs[name]) for name in ours if ours[name] != theirs[name]}


def changed_in_books(link: Link, changed: frozenset[str], remote: ItemFields) -> tuple[str, ...]:
    """Of the fields we want to change, those that somebody else changed meanwhile."""
    theirs: Mapping[str, str] = base_of(remote.canonical())
    return tuple(
        sorted(
            name
            for name in changed
            if theirs[name] not in (link.base.get(name), link.answered.get(name))
        )
    )


def linked_after_write(
    link: Link | None,
    *,
    item: Item,
    sent: ItemFields,
    answered: ItemFields,
    remote_id: RemoteId,
    remote_version: RemoteVersion,
    mapping: ItemMapping,
    rules: ItemRules,
    run_id: RunId,
    origin: LinkOrigin = LinkOrigin.CREATED,
    differing: tuple[str, ...] = (),
) -> Link:
    """The link to store after a write (or a read back) showed the record in the books."""
    return Link(
        source_id=item.source_id,
        remote_id=remote_id,
        remote_version=remote_version,
        remote_name=rules.remote_name_of(sent),
        name_key=name_key(rules.name_of(item)),
        source_version=item.version,
        mapping_version=mapping.version,
        base=base_of(sent.canonical()),
        answered=answered_otherwise(sent, answered),
        origin=origin,
        differing=differing,
        run_id=run_id,
        correlation_id=item.correlation_id,
        row_version=(link.row_version if link else 0) + 1,
    )


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
