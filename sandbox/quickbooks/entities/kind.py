"""What the rest of the API asks of an entity, and the writing that all entities share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Protocol

from sandbox.journal import Change
from sandbox.jsontext import JsonObject, Raw, dumps
from sandbox.quickbooks import refusals
from sandbox.quickbooks.entities.schema import (
    Property,
    applied,
    blank,
    identifier,
    read_properties,
)
from sandbox.quickbooks.preferences import CompanyPreferences
from sandbox.quickbooks.records import Record, Table
from sandbox.quickbooks.settings import QuickBooksSettings


class Books(Protocol):
    """The parts of a company that an entity's rules look at."""

    country: str
    currency: str
    preferences: CompanyPreferences

    def table(self, entity: str) -> Table: ...

    def next_document_number(self) -> str: ...


@dataclass(frozen=True)
class Context:
    """What surrounds one write: the books, the switches, the moment, and what the request lets through.

    ``options`` are the words of ``include`` and ``optionsData``, in lower case. ``sparse`` is for updates.
    """

    books: Books
    settings: QuickBooksSettings
    now: datetime
    options: frozenset[str] = frozenset()
    sparse: bool = False


class Rules(Protocol):
    """An entity's own rules: complete values in, the values to store out. Raises ``Refusal``."""

    def __call__(
        self, context: Context, values: JsonObject, former: Record | None, /
    ) -> JsonObject: ...


@dataclass(frozen=True)
class Transaction:
    """What transactions have beyond name lists: they can be voided and deleted, and they move others.

    ``voided`` gives the values of the voided record and ``check_delete`` passes; both raise ``Refusal``.
    ``settle`` is called once a write is stored, with the record before (None: created) and after (None:
    deleted): it changes the records linked to it and never fails.
    """

    voided: Callable[[Context, Record], JsonObject]
    check_delete: Callable[[Context, Record], None]
    settle: Callable[[Context, Record | None, Record | None], None]


@dataclass(frozen=True)
class EntityKind:
    name: str
    properties: Mapping[str, Property]
    rules: Rules
    writable: bool = True
    name_list: bool = True
    """Name lists cannot be deleted, and parallel writes to them collide."""
    transaction: Transaction | None = None
    indexed: tuple[str, ...] = ()
    """Properties by which queries find rows without looking at all of them."""
    summed: tuple[str, ...] = ()
    """Amounts that control adds up."""
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
    """What a write answers with, and what it did: None when it changed nothing."""

    wire: Raw
    change: Change | None


def create(kind: EntityKind, context: Context, body: JsonObject) -> Written:
    if identifier(body, "Id"):
        raise refusals.bad_id("Id", identifier(body, "Id"))
    given = read_properties(kind.properties, body, context.settings)
    values = kind.rules(context, applied(kind.properties, kind.blank, given), None)
    record = context.books.table(kind.name).insert(values, context.now)
    if kind.transaction is not None:
        kind.transaction.settle(context, None, record)
    return Written(record.wire, "created")


def update(kind: EntityKind, context: Context, body: JsonObject) -> Written:
    """A full update, which empties what it does not name, or a sparse one."""
    given = read_properties(kind.properties, body, context.settings)
    former = _current(kind, context, body)
    context = replace(context, sparse=body.get("sparse") is True)
    start = former.values if context.sparse else kind.blank
    values = kind.rules(context, applied(kind.properties, start, given), former)
    return _replaced(kind, context, former, values, "updated")


def void(kind: EntityKind, context: Context, body: JsonObject) -> Written:
    """Amounts to nothing, the record stays. What else the body says is not looked at."""
    if kind.transaction is None:
        raise refusals.unsupported(f"void {kind.name}")
    former = _current(kind, context, body)
    return _replaced(kind, context, former, kind.transaction.voided(context, former), "voided")


def delete(kind: EntityKind, context: Context, body: JsonObject) -> Written:
    if kind.transaction is None:
        raise refusals.unsupported(f"delete {kind.name}")
    former = _current(kind, context, body)
    kind.transaction.check_delete(context, former)
    context.books.table(kind.name).remove(former)
    kind.transaction.settle(context, former, None)
    gone: JsonObject = {"domain": "QBO", "status": "Deleted", "Id": former.id}
    return Written(Raw(dumps(gone)), "deleted")


def _current(kind: EntityKind, context: Context, body: JsonObject) -> Record:
    """The record that the body's ``Id`` and ``SyncToken`` name. Raises ``Refusal`` 2020, 610 and 5010."""
    for name in ("Id", "SyncToken"):
        if not identifier(body, name):
            raise refusals.missing(name)
    record = context.books.table(kind.name).get(identifier(body, "Id"))
    if record is None:
        raise refusals.not_found()
    if identifier(body, "SyncToken") != str(record.sync_token):
        raise refusals.stale()
    return record


def _replaced(
    kind: EntityKind, context: Context, former: Record, values: JsonObject, change: Change
) -> Written:
    record = context.books.table(kind.name).replace(former, values, context.now)
    if record is former:
        return Written(record.wire, None)
    if kind.transaction is not None:
        kind.transaction.settle(context, former, record)
    return Written(record.wire, change)
