"""What the rest of the API asks of an entity, and the writing that all entities share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Protocol

from sandbox.jsontext import JsonObject
from sandbox.quickbooks import refusals
from sandbox.quickbooks.entities.schema import (
    Property,
    applied,
    blank,
    identifier,
    read_properties,
)
from sandbox.quickbooks.records import Record, Table
from sandbox.quickbooks.settings import QuickBooksSettings


class Books(Protocol):
    """The parts of a company that an entity's rules look at."""

    country: str

    def table(self, entity: str) -> Table: ...


class Rules(Protocol):
    """An entity's own rules: complete values in, the values to store out. Raises ``Refusal``."""

    def __call__(
        self,
        books: Books,
        values: JsonObject,
        former: Record | None,
        settings: QuickBooksSettings,
        /,
    ) -> JsonObject: ...


@dataclass(frozen=True)
class EntityKind:
    name: str
    properties: Mapping[str, Property]
    rules: Rules
    writable: bool = True
    name_list: bool = True
    """Name lists cannot be deleted, and parallel writes to them collide."""
    extra_filters: Mapping[str, Property] = field(
        default_factory=lambda: {
            "Id": Property("text", filterable=True),
            "MetaData.CreateTime": Property("text", filterable=True),
            "MetaData.LastUpdatedTime": Property("text", filterable=True),
        }
    )

    @cached_property
    def blank(self) -> JsonObject:
        return blank(self.properties)

    def filter_property(self, path: str) -> tuple[str, Property] | None:
        """A queryable property by its name in any case, with its exact name."""
        wanted = path.lower()
        for known in (self.extra_filters, self.properties):
            for name, rule in known.items():
                if name.lower() == wanted and rule.filterable:
                    return name, rule
        return None


@dataclass(frozen=True)
class Written:
    record: Record
    created: bool
    changed: bool


def create(
    kind: EntityKind, books: Books, body: JsonObject, now: datetime, settings: QuickBooksSettings
) -> Written:
    if identifier(body, "Id"):
        raise refusals.bad_id("Id", identifier(body, "Id"))
    given = read_properties(kind.properties, body, settings)
    values = kind.rules(books, applied(kind.properties, kind.blank, given), None, settings)
    return Written(books.table(kind.name).insert(values, now), created=True, changed=True)


def update(
    kind: EntityKind, books: Books, body: JsonObject, now: datetime, settings: QuickBooksSettings
) -> Written:
    """A full update, which empties what it does not name, or a sparse one."""
    for name in ("Id", "SyncToken"):
        if not identifier(body, name):
            raise refusals.missing(name)
    given = read_properties(kind.properties, body, settings)
    table = books.table(kind.name)
    former = table.get(identifier(body, "Id"))
    if former is None:
        raise refusals.not_found()
    if identifier(body, "SyncToken") != str(former.sync_token):
        raise refusals.stale()
    start = former.values if body.get("sparse") is True else kind.blank
    values = kind.rules(books, applied(kind.properties, start, given), former, settings)
    record = table.replace(former, values, now)
    return Written(record, created=False, changed=record is not former)
