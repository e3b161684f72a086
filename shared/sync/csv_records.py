"""The records of a CSV text with the lines they stand on, going on after one that is broken."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence


def csv_records(lines: Sequence[str]) -> Iterator[tuple[int, list[str] | None]]:
    """Physical line (from 1) where each record begins, and its cells; None for one that is not CSV.

    `lines` keep their line ends. A quotation mark that is never closed swallows what follows it, so
    after a fault reading goes on with the line after the one where the record began. That stays
    linear: only a line with an odd number of marks swallows others, and the next such line ends it.
    """
    feed = _Lines(lines)
    reader = csv.reader(feed, strict=True)
    while True:
        begin = feed.position
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            feed.position = begin + 1
            yield begin + 1, None
            continue
        yield begin + 1, cells


class _Lines:
    """The lines, with a position that can be set back."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self.position = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self.position >= len(self._lines):
            raise StopIteration
        self.position += 1
        return self._lines[self.position - 1]
