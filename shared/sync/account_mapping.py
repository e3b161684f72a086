"""Choose the income account and the tax code of items; what is chosen goes to the books by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from shared import correlation
from shared.auth.audit import write_down
from shared.domain.account_mapping import AccountMapping
from shared.domain.connections import Connection, ConnectionSettings
from shared.domain.errors import NotFound, RequestInvalid, RetryLater
from shared.domain.ids import ConnectionKey, CorrelationId, PersonId, RecordKind, SourceId
from shared.domain.records import Item
from shared.domain.runs import Problem
from shared.storage.ports import Page
from shared.sync.accounts import checked_income_account, checked_tax_code
from shared.sync.automatic.gate import goes_by_itself
from shared.sync.automatic.kept_back import remember
from shared.sync.automatic.relay import make_due
from shared.sync.automatic.resume import resume
from shared.sync.connections import existing_connection, usable_connection
from shared.sync.engine.terms import scope_of
from shared.sync.services import Services

MOST_IDS: Final = 1000
"""Items named in one call."""
MOST_UNMAPPED: Final = 5000
"""Items that one call maps where it is asked for all unmapped ones: some seconds of work."""
_AT_ONCE: Final = 500
_PAGES_LOOKED_AT: Final = 20
_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """What is chosen for items. None: left as it is; empty: none of its own, the default counts."""

    income_account_id: str | None = None
    tax_code_id: str | None = None

    @property
    def is_nothing(self) -> bool:
        return (self.income_account_id, self.tax_code_id) == (None, None)

    def over(self, mapping: AccountMapping) -> AccountMapping:
        return replace(
            mapping,
            income_account_id=_said(self.income_account_id, mapping.income_account_id),
            tax_code_id=_said(self.tax_code_id, mapping.tax_code_id),
        )

    def under(self, mapping: AccountMapping) -> AccountMapping:
        """Only what is not chosen yet."""
        return replace(
            mapping,
            income_account_id=mapping.income_account_id or self.income_account_id or "",
            tax_code_id=mapping.tax_code_id or self.tax_code_id or "",
        )


@dataclass(frozen=True, slots=True)
class MappedRow:
    """An item, what was chosen for it, and what counts where nothing was."""

    item: Item
    mapping: AccountMapping
    defaults: ConnectionSettings


@dataclass(frozen=True, slots=True)
class Assigned:
    """`items` were mapped; `more`: others are left, to be mapped by another call."""

    items: int
    more: bool = False


def mapping_of(services: Services, key: ConnectionKey, source_id: SourceId) -> MappedRow:
    """Raises `NotFound` for an item there is not, `Conflicting` where nothing is connected."""
    connection = existing_connection(services, key)
    (row,) = _rows(services, connection, _items(services, key, [source_id]))
    return row


def page_of_mappings(
    services: Services,
    connection: Connection,
    limit: int,
    cursor: str | None,
    *,
    unmapped: bool = False,
) -> Page[MappedRow]:
    """Items in order of source id; `unmapped`: only those without an account of their own, and then a
    page may be short, or empty though more follow. Raises `InvalidCursor`.
    """
    found: list[MappedRow] = []
    for _ in range(_PAGES_LOOKED_AT):
        page = services.stores.records.page(connection.key.company_id, Item, limit, cursor)
        rows = _rows(services, connection, page.rows)
        found = [row for row in rows if not (unmapped and row.mapping.income_account_id)]
        cursor = page.cursor
        if cursor is None or found:
            break
    return Page(tuple(found), cursor)


def assign(
    services: Services,
    key: ConnectionKey,
    source_ids: Sequence[SourceId],
    choice: Choice,
    person_id: PersonId,
) -> Assigned:
    """Map these items, and send those that this moves.

    Raises `RequestInvalid` (no item or too many, nothing chosen, what is not there), `NotFound` for an
    item there is not, both before anything is changed, what reading the books raises, and `RetryLater`
    when others kept mapping the same items; then some may be mapped, and doing it again is safe.
    """
    if choice.is_nothing:
        raise _nothing_chosen()
    if not source_ids:
        raise RequestInvalid(
            Problem("NONE_SELECTED", "No item was selected.", "Select some.", "ids")
        )
    if len(source_ids) > MOST_IDS:
        raise RequestInvalid(
            Problem(
                "TOO_MANY_SELECTED",
                f"At most {MOST_IDS} items can be mapped at once; {len(source_ids)} were named.",
                "Name fewer, or map all unmapped items.",
                "ids",
            )
        )
    connection = _checked_connection(services, key, choice)
    items = _items(services, key, list(dict.fromkeys(source_ids)))
    _save(services, connection, items, choice.over)
    _resume_invoices(services, connection, choice)
    _note(services, connection, person_id, choice, len(items))
    return Assigned(len(items))


def assign_unmapped(
    services: Services,
    key: ConnectionKey,
    choice: Choice,
    person_id: PersonId,
    *,
    most: int = MOST_UNMAPPED,
) -> Assigned:
    """Give each item that has no account (tax code) of its own this one; nothing chosen is overwritten.

    At most so many items. Raises as `assign` does.
    """
    if not (choice.income_account_id or choice.tax_code_id):
        raise _nothing_chosen()
    connection = _checked_connection(services, key, choice)
    lacking = _lacking(services, connection, choice)
    done = 0
    while some := list(islice(lacking, min(_AT_ONCE, most - done))):
        _save(services, connection, some, choice.under)
        done += len(some)
    _resume_invoices(services, connection, choice)
    _note(services, connection, person_id, choice, done)
    return Assigned(done, more=next(lacking, None) is not None)


def _lacking(services: Services, connection: Connection, choice: Choice) -> Iterator[Item]:
    cursor: str | None = None
    while True:
        page = services.stores.records.page(connection.key.company_id, Item, _AT_ONCE, cursor)
        for row in _rows(services, connection, page.rows):
            if choice.under(row.mapping) != row.mapping:
                yield row.item
        cursor = page.cursor
        if cursor is None:
            return


def _save(
    services: Services,
    connection: Connection,
    items: Sequence[Item],
    chosen: Callable[[AccountMapping], AccountMapping],
) -> None:
    """Store what is chosen over what is stored, then have the items looked at, or kept back."""
    scope = scope_of(RecordKind.ITEM, connection)
    cause = correlation.current() or CorrelationId("")
    left: Mapping[SourceId, Item] = {item.source_id: item for item in items}
    for _ in range(_TRIES):
        changed = [
            replace(wanted, row_version=wanted.row_version + 1, correlation_id=cause)
            for row in _rows(services, connection, list(left.values()))
            if (wanted := chosen(row.mapping)) != row.mapping
        ]
        lost = services.stores.mappings.save_mappings(scope, changed)
        if not lost:
            break
        left = {source_id: left[source_id] for source_id in lost}
    else:
        raise RetryLater(f"{connection.key.provider}: the mappings kept changing", after=1.0)
    if not goes_by_itself(connection):
        return
    if connection.keeps_back(RecordKind.ITEM):
        remember(services, connection.key, RecordKind.ITEM)
    else:
        # Also those that were mapped so before: whoever did that may have died before this.
        versions = [(item.source_id, item.version) for item in items]
        make_due(services, connection.key, RecordKind.ITEM, versions)


def _resume_invoices(services: Services, connection: Connection, choice: Choice) -> None:
    """A tax code is of the invoices that name the item: the comparison finds them."""
    if choice.tax_code_id is not None:
        resume(services, connection.key)


def _rows(services: Services, connection: Connection, items: Sequence[Item]) -> list[MappedRow]:
    scope = scope_of(RecordKind.ITEM, connection)
    ids = [item.source_id for item in items]
    found = services.stores.mappings.get_mappings(scope, ids) if ids else {}
    return [
        MappedRow(
            item, found.get(item.source_id) or AccountMapping(item.source_id), connection.settings
        )
        for item in items
    ]


def _items(services: Services, key: ConnectionKey, source_ids: Sequence[SourceId]) -> list[Item]:
    found = services.stores.records.get_many(key.company_id, Item, source_ids)
    missing = next((source_id for source_id in source_ids if source_id not in found), None)
    if missing is not None:
        raise NotFound(
            Problem("ITEM_NOT_FOUND", f"There is no item with the id {missing}.", "Check the id.")
        )
    return [found[source_id] for source_id in source_ids]


def _checked_connection(services: Services, key: ConnectionKey, choice: Choice) -> Connection:
    connection = usable_connection(services, key)
    if choice.income_account_id:
        checked_income_account(services, connection, choice.income_account_id, "incomeAccountId")
    if choice.tax_code_id:
        checked_tax_code(services, connection, choice.tax_code_id, "taxCodeId")
    return connection


def _nothing_chosen() -> RequestInvalid:
    return RequestInvalid(
        Problem(
            "MISSING",
            "Neither an income account nor a tax code was given.",
            "Give at least one.",
            "incomeAccountId",
        )
    )


def _said(said: str | None, stored: str) -> str:
    return stored if said is None else said


def _note(
    services: Services, connection: Connection, person_id: PersonId, choice: Choice, count: int
) -> None:
    about = {"count": str(count)}
    if choice.income_account_id is not None:
        about["income_account_id"] = choice.income_account_id
    if choice.tax_code_id is not None:
        about["tax_code_id"] = choice.tax_code_id
    write_down(services, connection.key, person_id, "items.mapped", **about)
