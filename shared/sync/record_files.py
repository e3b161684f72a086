"""Files of records: CSV or JSON lines in, one `FileRow` per row out, with what each row said.

A file is refused whole (`RequestInvalid`) before anything of it is used: when it is no such file, in
another encoding than UTF-8, has no row, too many rows, or lacks a column that is needed. After that a
row that cannot be read is a problem of that row only. Texts keep their bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final

from shared.domain.errors import RequestInvalid, TooLarge
from shared.domain.runs import Problem
from shared.sync.csv_records import CsvRecords
from shared.sync.strict_json import NotJson, parse_json

MAX_ROWS: Final = 100_000
"""Rows of one file, so that what is remembered of them stays below 100 MB."""

_SHOWN_COLUMNS: Final = 20
_SHOWN_COLUMN_LENGTH: Final = 40
_NOT_TEXT: Final = (b"PK\x03\x04", b"%PDF", b"\xd0\xcf\x11\xe0")
"""How spreadsheet workbooks (new and old) and PDF files begin."""

_UNREADABLE_ROW: Final = Problem(
    "MALFORMED_ROW",
    "The row is not CSV: a quotation mark stands where none can, or is never closed.",
    'Write a text with commas or quotation marks as "12"" pipe", marks inside doubled.',
)


@dataclass(frozen=True, slots=True)
class FileShape:
    """What a file of one kind of record looks like.

    `spellings`: column names, lower case and without signs, to fields; one of them is `id`. `needed`:
    fields without which a file is refused, with words for each; of a group (`id`, and what stands for it
    in a file without ids) one is enough. `noun` is plural, `example` a line of JSON.
    """

    noun: str
    spellings: Mapping[str, str]
    needed: Mapping[tuple[str, ...], str]
    example: str

    def field(self, spelling: str) -> str:
        """The field a column name stands for: case, blanks, `_`, `-` and `.` do not matter; else empty."""
        return self.spellings.get("".join(filter(str.isalnum, spelling)).lower(), "")


ITEM_FILE: Final = FileShape(
    noun="items",
    spellings={
        "id": "id",
        "code": "code",
        "sku": "code",
        "resourcecode": "code",
        "name": "name",
        "description": "description",
        "unit": "unit",
        "unitprice": "unitPrice",
        "price": "unitPrice",
        "currency": "currency",
        "active": "active",
    },
    needed={
        ("name",): "column for the name (name)",
        ("unitPrice",): "column for the price (unit_price or price)",
        ("id", "code"): "column that says which item a row is (id, or else code or sku)",
    },
    example='{"id": "1", "name": "Pipe", "unitPrice": "2.50"}',
)

CUSTOMER_FILE: Final = FileShape(
    noun="customers",
    spellings={
        "id": "id",
        "name": "name",
        "email": "email",
        "phone": "phone",
        "addressline1": "addressLine1",
        "address": "addressLine1",
        "city": "city",
        "region": "region",
        "state": "region",
        "postalcode": "postalCode",
        "zip": "postalCode",
        "country": "country",
        "active": "active",
    },
    needed={("name",): "column for the name (name)"},
    example='{"id": "1", "name": "Hill Bakery", "email": "office@hill.example"}',
)


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row: what it said by field, or the `problem` for which it cannot be read.

    `line` is the physical line it starts on, counted from 1.
    """

    line: int
    said: Mapping[str, object]
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class RecordFile:
    """`has_ids`: rows say by an id which record they are."""

    has_ids: bool
    ignored_columns: tuple[str, ...]
    rows: Iterator[FileRow]


def open_csv(body: bytes, shape: FileShape) -> RecordFile:
    """Comma separated, one header line; a cell may be quoted and then hold commas and line ends."""
    lines = list(io.StringIO(_decoded(body), newline=""))
    if sum(1 for _ in islice(CsvRecords(lines), MAX_ROWS + 2)) > MAX_ROWS + 1:
        raise too_many_rows(MAX_ROWS)
    return csv_file(CsvRecords(lines), shape)


def csv_file(records: CsvRecords, shape: FileShape) -> RecordFile:
    """Of records from the first line on. Raises `RequestInvalid` as `open_csv` does, but counts no rows."""
    header = next((cells for _, cells in records if cells is None or any(cells)), [])
    if header is None:
        raise RequestInvalid(
            Problem("NOT_CSV", "The first line of the file is not CSV.", _UNREADABLE_ROW.action)
        )
    if not header:
        raise empty_file(shape)
    columns = _columns(header, shape)
    records.width = len(columns)
    return RecordFile(
        has_ids="id" in columns,
        ignored_columns=_shown(
            [name for name, field in zip(header, columns, strict=True) if not field]
        ),
        rows=_csv_rows(records, columns),
    )


def open_json_lines(body: bytes, shape: FileShape) -> RecordFile:
    """One JSON object a line, empty lines apart. The first object says whether ids identify."""
    lines = list(io.StringIO(_decoded(body), newline=""))
    if sum(1 for line in lines if line.strip()) > MAX_ROWS:
        raise too_many_rows(MAX_ROWS)
    return json_lines_file(lines, shape)


def json_lines_file(lines: Iterable[str], shape: FileShape) -> RecordFile:
    """Raises `RequestInvalid` as `open_json_lines` does, but for the rows' count."""
    written = ((number, line) for number, line in enumerate(lines, start=1) if line.strip())
    beginning = next(written, None)
    if beginning is None:
        raise empty_file(shape)
    try:
        first = parse_json(beginning[1])
    except NotJson as fault:
        raise _not_json_lines(str(fault), shape) from None
    if not isinstance(first, dict):
        raise _not_json_lines("the first line is not an object", shape)
    ignored = [name for name in first if not shape.field(name)]
    return RecordFile(
        has_ids=any(shape.field(name) == "id" for name in first),
        ignored_columns=_shown(ignored),
        rows=(_json_row(number, line, shape) for number, line in chain([beginning], written)),
    )


def refuse_other_kinds(beginning: bytes) -> None:
    """Raises `RequestInvalid` for a file that begins like a workbook, a document or UTF-16."""
    if beginning.startswith(_NOT_TEXT):
        raise RequestInvalid(
            Problem(
                "NOT_TEXT",
                "This is not a text file but a workbook or document.",
                "Save the sheet as CSV (UTF-8) and import that file.",
            )
        )
    if beginning.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _wrong_encoding("The file is in UTF-16.")


def refuse_zero_bytes(part: bytes) -> None:
    if b"\x00" in part:
        raise RequestInvalid(
            Problem("NOT_TEXT", "The file has zero bytes, so it is no text.", "Send a text file.")
        )


def not_utf8(line: int) -> RequestInvalid:
    return _wrong_encoding(f"Line {line} of the file is not UTF-8.")


def _decoded(body: bytes) -> str:
    refuse_other_kinds(body)
    refuse_zero_bytes(body)
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise not_utf8(body.count(b"\n", 0, error.start) + 1) from None


def _csv_rows(
    records: Iterator[tuple[int, list[str] | None]], columns: list[str]
) -> Iterator[FileRow]:
    for line, cells in records:
        if cells is None:
            yield FileRow(line, {}, _UNREADABLE_ROW)
        elif not any(cells):
            continue  # a spreadsheet's empty row
        elif len(cells) != len(columns):
            yield FileRow(
                line,
                {},
                Problem(
                    "WRONG_COLUMN_COUNT",
                    f"The row has {len(cells)} cells, the header line has {len(columns)}.",
                    "Put a text that has commas in quotation marks.",
                ),
            )
        else:
            yield FileRow(
                line,
                {field: cell for field, cell in zip(columns, cells, strict=True) if field},
            )


def _json_row(number: int, line: str, shape: FileShape) -> FileRow:
    try:
        written = parse_json(line)
    except NotJson as fault:
        return FileRow(number, {}, _malformed_line(str(fault)))
    if not isinstance(written, dict):
        return FileRow(number, {}, _malformed_line("it is not an object"))
    said: dict[str, object] = {}
    for name, value in written.items():
        field = shape.field(name)
        if field in said:
            return FileRow(number, {}, _malformed_line(f"it gives {field} twice"))
        if field:
            said[field] = value
    return FileRow(number, said)


def _columns(header: list[str], shape: FileShape) -> list[str]:
    columns = [shape.field(name) for name in header]
    for field in shape.spellings.values():
        if columns.count(field) > 1:
            raise RequestInvalid(
                Problem(
                    "REPEATED_COLUMN",
                    f"Two columns of the file stand for {field}.",
                    "Remove or rename one of them.",
                    field,
                )
            )
    found = ", ".join(_shown(header))
    for fields, words in shape.needed.items():
        if not any(field in columns for field in fields):
            raise _missing_column(fields[0], words, found)
    return columns


def _missing_column(field: str, words: str, found: str) -> RequestInvalid:
    return RequestInvalid(
        Problem(
            "MISSING_COLUMN",
            f"The file has no {words}; its first line reads: {found}.",
            "Name the columns in the first line, separated by commas.",
            field,
        )
    )


def _shown(names: list[str]) -> tuple[str, ...]:
    """Column names for people: the first ones, each cut."""
    cut = [
        name if len(name) <= _SHOWN_COLUMN_LENGTH else name[: _SHOWN_COLUMN_LENGTH - 1] + "…"
        for name in names[:_SHOWN_COLUMNS]
    ]
    return (*cut, "…") if len(names) > _SHOWN_COLUMNS else tuple(cut)


def _malformed_line(why: str) -> Problem:
    return Problem(
        "MALFORMED_ROW", f"The line is not a JSON object: {why}.", "Write one object a line."
    )


def _not_json_lines(why: str, shape: FileShape) -> RequestInvalid:
    return RequestInvalid(
        Problem(
            "NOT_JSON_LINES",
            f"The file is not JSON lines: {why}.",
            f"Write one object a line, such as {shape.example}.",
        )
    )


def _wrong_encoding(sentence: str) -> RequestInvalid:
    return RequestInvalid(
        Problem(
            "WRONG_ENCODING", sentence, 'Save the file as UTF-8 (in a spreadsheet: "CSV UTF-8").'
        )
    )


def empty_file(shape: FileShape) -> RequestInvalid:
    return RequestInvalid(
        Problem("EMPTY_FILE", "The file has no rows.", f"Send a file with {shape.noun}.")
    )


def too_many_rows(most: int) -> TooLarge:
    return TooLarge(
        Problem(
            "TOO_MANY_ROWS",
            f"The file has more than {most:,} rows.",
            "Split it into several files.",
        )
    )
