"""All rows of stores in memory, as texts that can be compared and searched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from shared.storage.memory.table import Table
from shared.storage.ports import Stores


def rows_of(stores: Stores) -> dict[str, str]:
    """Row by place; a place is named by store, table and key, so that it can be searched for an id."""
    return {
        place: row
        for store in fields(stores)
        if store.name != "linked_records"  # it writes into two others
        for name, held in vars(getattr(stores, store.name)).items()
        if name != "_lock"
        for place, row in _rows(f"{store.name}.{name}", held)
    }


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """The places of rows that came, went or are not what they were."""
    return {place for place in before | after if before.get(place) != after.get(place)}


def _rows(place: str, held: Any) -> Iterator[tuple[str, str]]:
    if isinstance(held, Table):
        for pk, partition in held._partitions.items():
            yield from _rows(f"{place} {pk}", partition.rows)
    elif isinstance(held, dict):
        for key, row in held.items():
            if isinstance(row, list):  # an index: each entry is a row of its own
                yield from ((f"{place} {key!r} {entry!r}", "") for entry in row)
            else:
                yield f"{place} {key!r}", repr(row)
    else:
        for name, inner in vars(held).items():
            yield from _rows(f"{place}.{name}", inner)
