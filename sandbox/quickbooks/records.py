"""The rows of one entity in one company, found by id and by name."""

import zlib
from dataclasses import dataclass
from datetime import datetime

from sandbox.jsontext import Json, JsonObject, Raw, as_list, as_object, dumps
from sandbox.quickbooks.envelopes import stamp


@dataclass(frozen=True)
class Record:
    """One version of one object. ``values`` are its writable and computed properties, empty ones left out."""

    id: str
    sync_token: int
    created: datetime
    updated: datetime
    values: JsonObject
    wire: Raw

    @property
    def active(self) -> bool:
        return self.values.get("Active") is not False

    @property
    def name(self) -> str:
        return name_in(self.values)

    @property
    def shuffled_position(self) -> int:
        """A place in a sequence that is stable but follows nothing: none is promised without ORDERBY."""
        return zlib.crc32(self.id.encode())

    def property(self, path: str) -> Json:
        """The value at ``Name`` or ``MetaData.LastUpdatedTime``; a reference gives its ``value``,
        a group its only text.
        """
        if path == "Id":
            return self.id
        if path == "MetaData.CreateTime":
            return stamp(self.created)
        if path == "MetaData.LastUpdatedTime":
            return stamp(self.updated)
        value = self.values.get(path)
        if isinstance(value, dict):
            return value.get("value", value.get("Address"))
        return value


def name_in(values: JsonObject) -> str:
    """The name by which an object stands in its list: people and firms have a ``DisplayName``."""
    return str(values.get("DisplayName", values.get("Name", "")))


def label_in(values: JsonObject) -> str:
    """What a person would call the object: its name, an invoice's number, a payment's reference number."""
    return name_in(values) or str(values.get("DocNumber") or values.get("PaymentRefNum") or "")


def reference_in(values: JsonObject, name: str) -> str:
    """The ``value`` of a reference; empty when there is none."""
    reference = values.get(name)
    return str(reference["value"]) if isinstance(reference, dict) else ""


class Ids:
    """Numbers handed out in order and never again. Transactions of all kinds share one sequence."""

    def __init__(self) -> None:
        self.last = 0

    def next(self) -> str:
        return str(self.last + 1)

    def took(self, row_id: str) -> None:
        self.last = max(self.last, number_of(row_id))


_NAME = ""


class Table:
    """Rows of one entity, found by id, by name, and by each of the ``indexed`` properties."""

    def __init__(self, entity: str, indexed: tuple[str, ...] = (), ids: Ids | None = None) -> None:
        self.entity = entity
        self._rows: dict[str, Record] = {}
        self._indexes: dict[str, dict[str, dict[str, None]]] = {
            path: {} for path in (_NAME, *indexed)
        }
        self._ids = ids or Ids()

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self) -> list[Record]:
        return list(self._rows.values())

    def get(self, row_id: str) -> Record | None:
        return self._rows.get(row_id)

    def named(self, name: str) -> list[Record]:
        """The rows with this name, whatever its case."""
        return self._found(_NAME, name)

    def found(self, path: str, value: str) -> list[Record] | None:
        """The rows with this value, whatever its case; None for a property without an index."""
        return self._found(path, value) if path in self._indexes else None

    def insert(self, values: JsonObject, now: datetime, row_id: str | None = None) -> Record:
        if row_id is None:
            row_id = self._ids.next()
        self._ids.took(row_id)
        return self._keep(row_id, 0, now, now, values)

    def replace(self, former: Record, values: JsonObject, now: datetime) -> Record:
        """The next version, or ``former`` itself when nothing differs: no new SyncToken then."""
        if values == former.values:
            return former
        return self._keep(former.id, former.sync_token + 1, former.created, now, values)

    def remove(self, record: Record) -> None:
        """For good: the id is not given out again."""
        self._forget(self._rows.pop(record.id))

    def _found(self, path: str, value: str) -> list[Record]:
        return [self._rows[row_id] for row_id in self._indexes[path].get(value.casefold(), ())]

    def _keep(
        self, row_id: str, sync_token: int, created: datetime, updated: datetime, values: JsonObject
    ) -> Record:
        former = self._rows.get(row_id)
        if former is not None:
            self._forget(former)
        wire = Raw(dumps(_rendered(row_id, sync_token, created, updated, values)))
        record = Record(row_id, sync_token, created, updated, values, wire)
        self._rows[row_id] = record
        for path, index in self._indexes.items():
            index.setdefault(_key(record, path), {})[row_id] = None
        return record

    def _forget(self, record: Record) -> None:
        for path, index in self._indexes.items():
            key = _key(record, path)
            del index[key][record.id]
            if not index[key]:
                del index[key]

    def dump(self) -> Json:
        return [
            {
                "id": row.id,
                "syncToken": row.sync_token,
                "created": row.created.isoformat(),
                "updated": row.updated.isoformat(),
                "values": row.values,
            }
            for row in self._rows.values()
        ]

    def load(self, rows: Json) -> None:
        for one in as_list(rows):
            row = as_object(one)
            row_id, token = str(row["id"]), int(str(row["syncToken"]))
            created, updated = (
                datetime.fromisoformat(str(row[key])) for key in ("created", "updated")
            )
            self._keep(row_id, token, created, updated, as_object(row["values"]))
            self._ids.took(row_id)


def number_of(row_id: str) -> int:
    """0 for the few ids that are words (tax codes)."""
    return int(row_id) if row_id.isdigit() else 0


def _key(record: Record, path: str) -> str:
    if path == _NAME:
        return record.name.casefold()
    value = record.property(path)
    return "" if value is None else str(value).casefold()


def _rendered(
    row_id: str, sync_token: int, created: datetime, updated: datetime, values: JsonObject
) -> JsonObject:
    """Values whose names begin with an underscore are the sandbox's own and are not shown."""
    return {name: value for name, value in values.items() if name[0] != "_"} | {
        "domain": "QBO",
        "sparse": False,
        "Id": row_id,
        "SyncToken": str(sync_token),
        "MetaData": {"CreateTime": stamp(created), "LastUpdatedTime": stamp(updated)},
    }
