"""A link is the stored pair of a source record and its remote twin, with what was true last time."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from shared.domain.ids import CorrelationId, RemoteId, RemoteVersion, RunId, SourceId
from shared.domain.money import canonical_amount

LONG_VALUE = 80
"""Base values longer than this are kept as a digest, so that a link stays within one write unit.

A base is only ever compared, never shown or sent, so a digest serves as well as the text.
"""


class Fields(Protocol):
    """What of a record is kept in step; the provider-neutral shape of both sides, one class per kind."""

    @property
    def name(self) -> str: ...

    @property
    def active(self) -> bool: ...

    def canonical(self) -> dict[str, str]:
        """Field name to comparable text."""

    def remembered(self) -> dict[str, str]:
        """Of an answer: what is not compared, but kept for the next update (`Link.answered`)."""


@dataclass(frozen=True, slots=True)
class ItemFields:
    """The fields of an item as they are kept in step; the provider-neutral shape of both sides."""

    name: str
    description: str
    unit_price: Decimal
    code: str
    income_account_id: str
    active: bool = True

    def canonical(self) -> dict[str, str]:
        """Field name to comparable text."""
        return {
            "name": self.name,
            "description": self.description,
            "unit_price": canonical_amount(self.unit_price),
            "code": self.code,
            "income_account_id": self.income_account_id,
            "active": "true" if self.active else "false",
        }

    def remembered(self) -> dict[str, str]:
        return {}


def base_value(text: str) -> str:
    """What a link keeps of a field's value (see `LONG_VALUE`)."""
    if len(text) <= LONG_VALUE:
        return text
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()[:40]


def base_of(values: Mapping[str, str]) -> dict[str, str]:
    return {name: base_value(text) for name, text in values.items()}


def content_mark(fields: Fields, otherwise: Mapping[str, str] | None = None) -> str:
    """Four characters that tell this content from another; whether it is active does not count.

    `otherwise`: the base values of fields that the books have otherwise.
    """
    texts = base_of({name: text for name, text in fields.canonical().items() if name != "active"})
    texts |= {name: text for name, text in (otherwise or {}).items() if name in texts}
    digest = hashlib.blake2b(json.dumps(texts, sort_keys=True).encode(), digest_size=3).digest()
    return base64.b64encode(digest).decode()


class LinkOrigin(StrEnum):
    """How the pair came to be."""

    CREATED = "created"
    ADOPTED = "adopted"
    IMPORTED = "imported"
    """Made here of what the books had."""


@dataclass(frozen=True, slots=True)
class Link:
    """Exactly one per scope and source id, and exactly one per scope and remote id.

    `base` holds each field as we sent it (for an adopted record: as we would have sent it), `answered`
    only the fields that the provider answered otherwise, and what the next update needs of its answer
    (`Fields.remembered`); so a later edit sends just what was edited.
    `name_key` is the normalised source name from which `remote_name` was chosen: while it is unchanged
    the chosen name stays. `row_version` is for compare-and-set; 0 means not stored yet.
    """

    source_id: SourceId
    remote_id: RemoteId
    remote_version: RemoteVersion
    remote_name: str
    name_key: str
    source_version: int
    mapping_version: str
    base: Mapping[str, str]
    answered: Mapping[str, str] = field(default_factory=dict)
    origin: LinkOrigin = LinkOrigin.CREATED
    differing: tuple[str, ...] = ()
    """Adopted records only: fields whose value in the books was not ours. Shown, not overwritten."""
    run_id: RunId = RunId("")
    correlation_id: CorrelationId = CorrelationId("")
    row_version: int = 0
