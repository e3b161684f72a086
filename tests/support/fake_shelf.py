"""The item list of the fake books: names, versions and activity as QuickBooks keeps them.

Names are unique by case fold among active items; an item made inactive is renamed with " (deleted)"
and does not get its name back by itself; a write quotes the version it read; an inactive item can be
written only to make it active (docs/providers/quickbooks.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from shared.domain.ids import RemoteId, RemoteVersion, RequestKey, SourceId
from shared.domain.item_plan import ItemKey
from shared.domain.links import ItemFields
from shared.domain.names import fits, name_key
from shared.domain.outcomes import Done, EntryOutcome, EntryRefused, NameTaken, Stale
from shared.domain.runs import Problem, PushAction
from shared.providers.base import ProviderProfile, RemoteRecord


@dataclass(frozen=True, slots=True)
class Effect:
    """One write that took place. `source_id` is who asked for it: the books themselves never see it.

    `late`: after the call had been given up.
    """

    at: datetime
    request_key: RequestKey
    action: PushAction
    source_id: SourceId
    remote_id: RemoteId
    fields: ItemFields
    late: bool = False


class Shelf:
    """Items of one remote company. Everything here is instant and never fails."""

    def __init__(
        self,
        profile: ProviderProfile,
        refuses: Callable[[ItemFields], Problem | None],
        *,
        tells_name_owner: bool,
    ) -> None:
        self._profile = profile
        self._refuses = refuses
        self._tells_name_owner = tells_name_owner
        self._items: dict[RemoteId, RemoteRecord] = {}
        self._active: dict[str, RemoteId] = {}
        self._last_id = 0
        self.effects: list[Effect] = []

    def __iter__(self) -> Iterator[RemoteRecord]:
        """All items, inactive ones included, oldest first."""
        return iter(self._items.values())

    def get(self, remote_id: RemoteId) -> RemoteRecord | None:
        return self._items.get(remote_id)

    def active(self) -> list[RemoteRecord]:
        return [row for row in self._items.values() if row.fields.active]

    def named(self, name: str) -> list[RemoteRecord]:
        """Active ones whose unique field is this, without regard to case."""
        wanted = name_key(name)
        if self._profile.item_names.unique:
            remote_id = self._active.get(wanted)
            return [self._items[remote_id]] if remote_id is not None else []
        return [row for row in self.active() if name_key(self._key_of(row.fields)) == wanted]

    def put(self, fields: ItemFields, *, linkable: bool = True) -> RemoteRecord:
        """An item that a person made in the books. Raises `ValueError` for a name that is taken."""
        if fields.active and self._owner_of(fields) is not None:
            raise ValueError(f"the books have an item {self._key_of(fields)!r} already")
        self._last_id += 1
        row = RemoteRecord(RemoteId(str(self._last_id)), RemoteVersion("0"), fields, linkable)
        self._store(row)
        return row

    def change(self, remote_id: RemoteId, **fields: Any) -> RemoteRecord:
        """A person edits an item in the books. Raises `KeyError`, `ValueError` for a taken name."""
        row = self._items[remote_id]
        wanted = replace(row.fields, **fields)
        if wanted.active and self._owner_of(wanted) not in (None, remote_id):
            raise ValueError(f"the books have an item {self._key_of(wanted)!r} already")
        return self._rewrite(row, wanted)

    def write(
        self,
        entry: Mapping[str, Any],
        at: datetime,
        request_key: RequestKey,
        *,
        late: bool = False,
    ) -> EntryOutcome:
        """Carry out one entry of a request as `fake_books` wrote it."""
        action = PushAction(entry["action"])
        found = None
        if action is PushAction.CREATE:
            fields = fields_of(entry["fields"])
        else:
            found = self._items.get(RemoteId(entry["remote_id"]))
            if found is None or found.remote_version != entry["remote_version"]:
                return Stale()
            fields = fields_of({**found.fields.canonical(), **entry["fields"]})
            if not found.fields.active and not fields.active:
                return Stale()
        refused = self._refused(found, fields)
        if refused is not None:
            return refused
        row = self.put(fields) if found is None else self._rewrite(found, fields)
        self.effects.append(
            Effect(
                at,
                request_key,
                action,
                SourceId(entry["source_id"]),
                row.remote_id,
                row.fields,
                late,
            )
        )
        return Done(row.remote_id, row.remote_version, row.fields)

    def _refused(self, found: RemoteRecord | None, fields: ItemFields) -> EntryOutcome | None:
        if not fields.active:
            return None
        problem = self._problem(fields)
        if problem is not None:
            return EntryRefused(problem, problem.code)
        owner = self._owner_of(fields)
        if owner is None or (found is not None and owner == found.remote_id):
            return None
        return NameTaken(owner if self._tells_name_owner else None)

    def _problem(self, fields: ItemFields) -> Problem | None:
        if not fits(self._key_of(fields), self._profile.item_names):
            return Problem("NAME_NOT_ALLOWED", "The books do not take this name.", "", "name")
        return self._refuses(fields)

    def _rewrite(self, row: RemoteRecord, fields: ItemFields) -> RemoteRecord:
        if row.fields.active and not fields.active:
            fields = replace(fields, name=self._free_deleted_name(fields.name))
        version = RemoteVersion(str(int(row.remote_version) + 1))
        written = replace(row, remote_version=version, fields=fields)
        if row.fields.active:
            self._active.pop(name_key(self._key_of(row.fields)), None)
        self._store(written)
        return written

    def _store(self, row: RemoteRecord) -> None:
        self._items[row.remote_id] = row
        key = self._key_of(row.fields)
        if row.fields.active and key:
            self._active[name_key(key)] = row.remote_id

    def _free_deleted_name(self, name: str) -> str:
        names = {row.fields.name for row in self._items.values() if not row.fields.active}
        candidate, number = f"{name} (deleted)", 1
        while candidate in names:
            candidate, number = f"{name} (deleted {number})", number + 1
        return candidate

    def _owner_of(self, fields: ItemFields) -> RemoteId | None:
        """Who has the unique field's value among active items; None also where it need not be unique."""
        if not self._profile.item_names.unique:
            return None
        return self._active.get(name_key(self._key_of(fields)))

    def _key_of(self, fields: ItemFields) -> str:
        return fields.code if self._profile.item_key is ItemKey.CODE else fields.name


def fields_of(texts: Mapping[str, str]) -> ItemFields:
    """The inverse of `ItemFields.canonical`."""
    return ItemFields(
        name=texts["name"],
        description=texts["description"],
        unit_price=Decimal(texts["unit_price"]),
        code=texts["code"],
        income_account_id=texts["income_account_id"],
        active=texts["active"] == "true",
    )
