"""All rows of a listing that comes in pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

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


MOST_PAGES: Final = 20
"""Pages that one look for matching rows reads."""


def matching_rows(
    page_after: Callable[[str | None], Page[T]],
    matches: Callable[[T], bool],
    enough: int,
    cursor: str | None,
) -> Page[T]:
    """The next rows that match, in whole pages of the listing: `enough` or some more, fewer at the end or
    where matches are rare (then its cursor leads on, maybe from no row at all).
    """
    found: list[T] = []
    for _ in range(MOST_PAGES):
        page = page_after(cursor)
        found += filter(matches, page.rows)
        cursor = page.cursor
        if cursor is None or len(found) >= enough:
            break
    return Page(tuple(found), cursor)
