"""Brings a catalogue in through the API, in pieces that fit its limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.api import SuiteApi
from local.price_book import csv_bytes
from local.trouble import LaunchFailed

IMPORT = "/v1/items:import"
LARGEST_PIECE = 3_500_000  # of the API's 4 MB
_COUNTS = ("received", "created", "updated", "unchanged", "rejected")


@dataclass(frozen=True, slots=True)
class Imported:
    """Sums over the pieces; `errors` as the API answers them, with lines counted from the file's top."""

    received: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    errors: tuple[dict[str, Any], ...]


def catalogue(path: Path | None) -> bytes:
    """The file, or the demo price book. Raises `LaunchFailed` where it cannot be read."""
    if path is None:
        return csv_bytes()
    try:
        return path.read_bytes()
    except OSError as error:
        raise LaunchFailed(f"CATALOG={path} cannot be read: {error.strerror}") from None


def import_items(api: SuiteApi, content: bytes, largest: int = LARGEST_PIECE) -> Imported:
    totals = dict.fromkeys(_COUNTS, 0)
    errors: list[dict[str, Any]] = []
    for lines_before, piece in pieces(content, largest):
        answer = api.post_csv(IMPORT, piece)
        for name in _COUNTS:
            totals[name] += answer[name]
        errors += [{**one, "line": one["line"] + lines_before} for one in answer["errors"]]
    return Imported(**totals, errors=tuple(errors))


def pieces(content: bytes, largest: int) -> Iterator[tuple[int, bytes]]:
    """Whole rows below the header, repeated in each piece; with the lines to add to one of its lines.

    Bytes stay as they are. A row may hold line ends inside quotes; a row larger than a piece goes alone.
    """
    records = _records(content)
    header = next(records, b"")
    piece, lines_before, lines = [header], 0, 0
    size = len(header)
    for record in records:
        if size + len(record) > largest and len(piece) > 1:
            yield lines_before, b"".join(piece)
            piece, size = [header], len(header)
            lines_before = lines
        piece.append(record)
        size += len(record)
        lines += record.count(b"\n")
    yield lines_before, b"".join(piece)


def _records(content: bytes) -> Iterator[bytes]:
    """Rows with their line ends: a line end counts where the quotes before it are paired."""
    record, quotes = [], 0
    for line in content.splitlines(keepends=True):
        record.append(line)
        quotes += line.count(b'"')
        if quotes % 2 == 0:
            yield b"".join(record)
            record, quotes = [], 0
    if record:
        yield b"".join(record)
