"""Rows under a partition key and a sort key, listed in order of sort key."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

from shared.storage import cursors
from shared.storage.ports import Page

V = TypeVar("V")

Lock = AbstractContextManager[bool]
"""What the stores need of a lock: `with`."""


class _Partition(Generic[V]):
    __slots__ = ("ordered", "rows")

    def __init__(self) -> None:
        self.rows: dict[str, V] = {}
        self.ordered: list[str] | None = []
        """The sort keys in order; None after a change, until somebody lists them."""

    def in_order(self) -> list[str]:
        if self.ordered is None:
            self.ordered = sorted(self.rows)
        return self.ordered


class Table(Generic[V]):
    """A dictionary of dictionaries. Not safe for threads by itself: the stores hold the lock."""

    def __init__(self) -> None:
        self._partitions: dict[str, _Partition[V]] = {}

    def get(self, pk: str, sk: str) -> V | None:
        partition = self._partitions.get(pk)
        return None if partition is None else partition.rows.get(sk)

    def put(self, pk: str, sk: str, row: V) -> None:
        partition = self._partitions.get(pk)
        if partition is None:
            partition = self._partitions[pk] = _Partition()
        if sk not in partition.rows:
            partition.ordered = None
        partition.rows[sk] = row

    def remove(self, pk: str, sk: str) -> V | None:
        partition = self._partitions.get(pk)
        if partition is None or sk not in partition.rows:
            return None
        partition.ordered = None
        return partition.rows.pop(sk)

    def rows(self, pk: str) -> Iterator[V]:
        """All rows of a partition, in order."""
        partition = self._partitions.get(pk)
        if partition is not None:
            for sk in partition.in_order():
                yield partition.rows[sk]

    def items(self, pk: str) -> Iterator[tuple[str, V]]:
        """All sort keys and rows of a partition, in order."""
        partition = self._partitions.get(pk)
        if partition is not None:
            for sk in partition.in_order():
                yield sk, partition.rows[sk]

    def page(
        self, pk: str, limit: int, cursor: str | None, *, newest_first: bool = False
    ) -> Page[V]:
        """Raises `InvalidCursor` for a cursor of another partition, ValueError for a limit below 1."""
        if limit < 1:
            raise ValueError("a page has at least one row")
        after = None if cursor is None else cursors.decode(pk, cursor)[0]
        partition = self._partitions.get(pk)
        if partition is None:
            return Page((), None)
        keys = partition.in_order()
        if newest_first:
            stop = len(keys) if after is None else bisect_left(keys, after)
            start = max(0, stop - limit)
            chosen, more = keys[start:stop][::-1], start > 0
        else:
            start = 0 if after is None else bisect_right(keys, after)
            stop = start + limit
            chosen, more = keys[start:stop], stop < len(keys)
        return Page(
            tuple(partition.rows[sk] for sk in chosen),
            cursors.encode(pk, chosen[-1]) if more else None,
        )
