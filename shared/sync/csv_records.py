"""The records of a CSV text with the lines they stand on, going on after one that is broken."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from typing import Protocol


class Lines(Protocol):
    """Physical lines with their line ends, the first one at place 0."""

    def __getitem__(self, place: int, /) -> str:
        """Raises `IndexError` past the end."""


def _keep(_before: int) -> None:
    """A list holds its lines anyway."""


class CsvRecords(Iterator[tuple[int, list[str] | None]]):
    """Physical line (from 1) where each record begins, and its cells; None for one that is not CSV.

    `done_with` is told before which place no line is asked for again. A quotation mark that is never
    closed swallows what follows it. That shows as a fault of CSV, or, once `width` is set, as a record
    over several lines with another number of cells; reading then goes on with the line after the one
    where the record began. It stays linear: only a line with an odd number of marks swallows others, and
    the next such line ends it. A text longer than 131,072 characters is a fault of CSV too, so that a mark
    never closed swallows no more than that.
    """

    def __init__(self, lines: Lines, done_with: Callable[[int], None] = _keep) -> None:
        self.width: int | None = None
        self._done_with = done_with
        self._feed = _Lines(lines)
        self._reader = csv.reader(self._feed, strict=True)

    def __next__(self) -> tuple[int, list[str] | None]:
        begin = self._feed.position
        self._done_with(begin)
        cells: list[str] | None
        try:
            cells = next(self._reader)
        except csv.Error:
            cells = None
        else:
            several_lines = self._feed.position > begin + 1
            if several_lines and self.width not in {None, len(cells)}:
                cells = None
        if cells is None:
            self._feed.position = begin + 1
        return begin + 1, cells


class _Lines(Iterator[str]):
    """The lines, with a position that can be set back."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self.position = 0

    def __next__(self) -> str:
        try:
            line = self._lines[self.position]
        except IndexError:
            raise StopIteration from None
        self.position += 1
        return line
