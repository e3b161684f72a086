"""A stored file as rows. What refuses a file whole is found by reading it once before anything is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from shared.domain.errors import TooLarge
from shared.domain.file_imports import FileFormat, FileImport, StoredFile
from shared.domain.ids import RecordKind
from shared.domain.runs import Problem
from shared.storage.file_ports import FileStore
from shared.sync.csv_records import CsvRecords
from shared.sync.import_records import Importable, importable_customers, importable_items
from shared.sync.items import usual_currency
from shared.sync.record_files import (
    CUSTOMER_FILE,
    ITEM_FILE,
    RecordFile,
    csv_file,
    empty_file,
    json_lines_file,
    too_many_rows,
)
from shared.sync.services import Services
from shared.sync.uploads.limits import MAX_BYTES, MAX_ROWS
from shared.sync.uploads.lines import FileLines, blocks_of
from shared.sync.uploads.places import key_of

SHAPES: Final = {RecordKind.CUSTOMER: CUSTOMER_FILE, RecordKind.ITEM: ITEM_FILE}


@dataclass(frozen=True, slots=True)
class Checked:
    rows: int
    ignored_columns: tuple[str, ...]


def kind_of_import(services: Services, job: FileImport) -> Importable[Any]:
    if job.kind is RecordKind.CUSTOMER:
        return importable_customers()
    return importable_items(usual_currency(services.stores.connections, job.company_id))


def open_rows(
    files: FileStore, job: FileImport, stored: StoredFile, beat: Callable[[], None]
) -> RecordFile:
    """From the first row on; `beat` is called with each block. Raises `RequestInvalid`, `FileChanged`."""

    def blocks() -> Iterator[bytes]:
        for block in blocks_of(files, key_of(job.company_id, job.import_id), stored.version):
            beat()
            yield block

    lines = FileLines(blocks())
    if job.format is FileFormat.CSV:
        return csv_file(CsvRecords(lines, lines.forget_before), SHAPES[job.kind])
    return json_lines_file(lines, SHAPES[job.kind])


def check(
    files: FileStore, job: FileImport, stored: StoredFile, beat: Callable[[], None]
) -> Checked:
    """Read it to its end. Raises `RequestInvalid` for what refuses it whole, `FileChanged`."""
    if stored.size > MAX_BYTES:
        raise TooLarge(
            Problem(
                "FILE_TOO_LARGE",
                f"The file is larger than {MAX_BYTES // 1_000_000} MB.",
                "Split it into several files.",
            )
        )
    if stored.size == 0:
        raise empty_file(SHAPES[job.kind])
    file = open_rows(files, job, stored, beat)
    count = 0
    for _ in file.rows:
        count += 1
        if count > MAX_ROWS:
            raise too_many_rows(MAX_ROWS)
    return Checked(count, file.ignored_columns)
