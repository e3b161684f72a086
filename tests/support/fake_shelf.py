"""A list of the fake books, of one kind of record: names, versions and activity as QuickBooks keeps them.

Names are unique by case fold among active records; one made inactive is renamed with " (deleted)"
and does not get its name back by itself; a write quotes the version it read; an inactive one can be
written only to make it active (docs/providers/quickbooks.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shared.domain.ids import RecordKind, RemoteId, RemoteVersion, RequestKey, SourceId
from shared.domain.names import fits, name_key
from shared.domain.outcomes import Done, EntryOutcome, EntryRefused, NameTaken, Stale
from shared.domain.runs import Problem, PushAction
from shared.providers.base import RemoteRecord
from tests.support.fake_shapes import Shape


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
    fields: Any
    late: bool = False
    kind: RecordKind = RecordKind.ITEM


class Shelf:
    """Records of one kind of one remote company. Everything here is instant and never fails.

    `elsewhere`: keys of names that records of other kinds have, and that are taken for that. `closed`:
    every change is answered as stale, with this to be said where nobody else made one.
    """

    def __init__(
        self,
        shape: Shape,
        refuses: Callable[[Any], Problem | None],
        effects: list[Effect],
        *,
        tells_name_owner: bool,
    ) -> None:
        self.shape = shape
        self._refuses = refuses
        self._tells_name_owner = tells_name_owner
        self._rows: dict[RemoteId, RemoteRecord] = {}
        self._active: dict[str, RemoteId] = {}
        self._last_id = 0
        self._effects = effects
        self.elsewhere: dict[str, RemoteId] = {}
        self.closed: Problem | None = None
        self.changes = 0

    def __iter__(self) -> Iterator[RemoteRecord]:
        """All of them, inactive ones included, oldest first."""
        return iter(self._rows.values())

    def get(self, remote_id: RemoteId) -> RemoteRecord | None:
        return self._rows.get(remote_id)

    def active(self) -> list[RemoteRecord]:
        return [row for row in self._rows.values() if row.fields.active]

    def named(self, name: str) -> list[RemoteRecord]:
        """Active ones whose unique field is this, without regard to case."""
        wanted = name_key(name)
        if self.shape.names.unique:
            remote_id = self._active.get(wanted)
            return [self._rows[remote_id]] if remote_id is not None else []
        return [row for row in self.active() if name_key(self.shape.key_of(row.fields)) == wanted]

    def put(self, fields: Any, *, linkable: bool = True) -> RemoteRecord:
        """A record that a person made in the books. Raises `ValueError` for a name that is taken."""
        if fields.active and self._owner_of(fields) is not None:
            raise ValueError(
                f"the books have a {self.shape.kind} {self.shape.key_of(fields)!r} already"
            )
        self._last_id += 1
        fields = self.shape.reckoned(fields)
        row = RemoteRecord(RemoteId(str(self._last_id)), RemoteVersion("0"), fields, linkable)
        self._store(row)
        return row

    def change(self, remote_id: RemoteId, **fields: Any) -> RemoteRecord:
        """A person edits a record in the books. Raises `KeyError`, `ValueError` for a taken name."""
        row = self._rows[remote_id]
        wanted = replace(row.fields, **fields)
        if wanted.active and self._owner_of(wanted) not in (None, remote_id):
            raise ValueError(
                f"the books have a {self.shape.kind} {self.shape.key_of(wanted)!r} already"
            )
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
            fields = self.shape.fields_of(entry["fields"])
        else:
            found = self._rows.get(RemoteId(entry["remote_id"]))
            if found is None or found.remote_version != entry["remote_version"] or self.closed:
                return Stale(self.closed)
            fields = self._changed(action, found.fields, entry["fields"])
            if not found.fields.active and not fields.active:
                return Stale()
        refused = self._refused(found, fields)
        if refused is not None:
            return refused
        row = self.put(fields) if found is None else self._rewrite(found, fields)
        self._effects.append(
            Effect(
                at,
                request_key,
                action,
                SourceId(entry["source_id"]),
                row.remote_id,
                row.fields,
                late,
                self.shape.kind,
            )
        )
        return Done(row.remote_id, row.remote_version, row.fields)

    def _changed(self, action: PushAction, before: Any, texts: Mapping[str, str]) -> Any:
        if action is PushAction.VOID:
            return replace(before, active=False)
        if not before.active and self.shape.voids:
            return before
        # What is not compared is not written by an update and stays.
        return replace(
            self.shape.fields_of({**before.canonical(), **texts}),
            **({"reference": before.reference} if self.shape.voids else {}),
        )

    def _refused(self, found: RemoteRecord | None, fields: Any) -> EntryOutcome | None:
        if not fields.active:
            return None
        problem = self._problem(fields)
        if problem is not None:
            return EntryRefused(problem, problem.code)
        owner = self._owner_of(fields)
        if owner is None or (found is not None and owner == found.remote_id):
            return None
        return NameTaken(owner if self._tells_name_owner else None)

    def _problem(self, fields: Any) -> Problem | None:
        if not fits(self.shape.key_of(fields), self.shape.names):
            return Problem("NAME_NOT_ALLOWED", "The books do not take this name.", "", "name")
        return self._refuses(fields)

    def _rewrite(self, row: RemoteRecord, fields: Any) -> RemoteRecord:
        fields = self.shape.reckoned(fields)
        if row.fields.active and not fields.active and not self.shape.voids:
            fields = replace(fields, name=self._free_deleted_name(fields.name))
        version = RemoteVersion(str(int(row.remote_version) + 1))
        written = replace(row, remote_version=version, fields=fields)
        if row.fields.active:
            self._active.pop(name_key(self.shape.key_of(row.fields)), None)
        self._store(written)
        return written

    def _store(self, row: RemoteRecord) -> None:
        self.changes += 1
        self._rows[row.remote_id] = row
        key = self.shape.key_of(row.fields)
        if (row.fields.active or self.shape.voids) and key:
            self._active[name_key(key)] = row.remote_id

    def _free_deleted_name(self, name: str) -> str:
        names = {row.fields.name for row in self._rows.values() if not row.fields.active}
        candidate, number = f"{name} (deleted)", 1
        while candidate in names:
            candidate, number = f"{name} (deleted {number})", number + 1
        return candidate

    def _owner_of(self, fields: Any) -> RemoteId | None:
        """Who has the unique field's value among active ones; None also where it need not be unique."""
        if not self.shape.names.unique:
            return None
        key = name_key(self.shape.key_of(fields))
        return self._active.get(key) or self.elsewhere.get(key)
