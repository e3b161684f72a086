"""The lines of a stored file, read block by block and forgotten when they are done with."""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Iterator
from typing import Final

from shared.domain.errors import RequestInvalid
from shared.domain.runs import Problem
from shared.storage.file_ports import FileStore
from shared.sync.record_files import not_utf8, refuse_other_kinds, refuse_zero_bytes
from shared.sync.uploads.limits import MAX_LINE

BLOCK: Final = 1_048_576
"""Bytes asked of the store at once: what is held of a file at any time is a few times this."""


def blocks_of(files: FileStore, key: str, version: str) -> Iterator[bytes]:
    """The whole file. Raises `FileChanged` as soon as it is another one."""
    offset = 0
    while block := files.read(key, version, offset, BLOCK):
        yield block
        offset += len(block)


class FileLines(Iterator[str]):
    """Physical lines with their ends (LF, CRLF or CR), as an iterator, or by place for `CsvRecords`.

    Raises `RequestInvalid` at a line that is not UTF-8 or is longer than `MAX_LINE`, and for a file that
    is no text.
    """

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._held: deque[bytes] = deque()
        self._first = 0
        """Place of the first line held."""
        self._rest: bytes | None = None
        """The last line so far, which may go on in the next block; None: not begun."""
        self._ended = False

    def __next__(self) -> str:
        place = self._first
        try:
            return self[place]
        except IndexError:
            raise StopIteration from None
        finally:
            self.forget_before(place + 1)

    def __getitem__(self, place: int) -> str:
        while place >= self._first + len(self._held) and not self._ended:
            self._read_on()
        line = self._held[place - self._first]
        try:
            return line.decode()
        except UnicodeDecodeError:
            raise not_utf8(place + 1) from None

    def forget_before(self, place: int) -> None:
        while self._first < place and self._held:
            self._held.popleft()
            self._first += 1

    def _read_on(self) -> None:
        block = next(self._blocks, b"")
        if self._rest is None:
            refuse_other_kinds(block)
            block = block.removeprefix(codecs.BOM_UTF8)
        refuse_zero_bytes(block)
        lines = ((self._rest or b"") + block).splitlines(keepends=True)
        self._ended = not block
        # The last one is held back even behind its end: a \r may be half of one.
        self._rest = lines.pop() if lines and not self._ended else b""
        self._held.extend(lines)
        if len(self._rest) > MAX_LINE or any(len(line) > MAX_LINE for line in lines):
            raise _line_too_long()


def _line_too_long() -> RequestInvalid:
    return RequestInvalid(
        Problem(
            "LINE_TOO_LONG",
            f"A line of the file is longer than {MAX_LINE:,} bytes.",
            "Write one record a line.",
        )
    )
