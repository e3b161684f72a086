"""All rows of a listing that comes in pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from shared.storage.ports import Page

T = TypeVar("T")


def every_row(page_after: Callable[[str | None], Page[T]]) -> Iterator[T]:
    """Page by page, each read when its first row is asked for; `page_after` is given the cursor."""
    cursor: str | None = None
    while True:
        page = page_after(cursor)
        yield from page.rows
        cursor = page.cursor
        if cursor is None:
            return
