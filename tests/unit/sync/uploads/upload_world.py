"""Uploaded files over stores in memory: ask, upload, work, look."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from shared.domain.file_imports import FileFormat, FileImport
from shared.domain.ids import CompanyId, PersonId, RecordKind
from shared.domain.records import Customer, Item
from shared.storage.memory import memory_stores
from shared.storage.memory.files import MemoryFiles, MemoryImportQueue
from shared.storage.paging import every_row
from shared.storage.ports import Stores
from shared.sync.services import Services, Uploads
from shared.sync.uploads.asking import ask_for_upload, existing_import
from shared.sync.uploads.places import key_of
from shared.sync.uploads.working import work_on
from tests.support.effects import VirtualClock
from tests.support.services import COMPANY, build_services

HEADER = "id,name,unit_price,currency\n"
LONG = timedelta(hours=1)


def items_csv(count: int, price: str = "2.50") -> bytes:
    rows = (f"I-{number},Pipe {number},{price},USD\n" for number in range(1, count + 1))
    return (HEADER + "".join(rows)).encode()


@dataclass(frozen=True)
class UploadWorld:
    services: Services
    clock: VirtualClock
    files: MemoryFiles
    queue: MemoryImportQueue

    def ask(
        self,
        content: bytes | None = None,
        *,
        kind: RecordKind = RecordKind.ITEM,
        file_format: FileFormat = FileFormat.CSV,
        company_id: CompanyId = COMPANY,
    ) -> str:
        """A new import, its file uploaded when given."""
        asked = ask_for_upload(
            self.services, company_id, PersonId("office"), kind, file_format, "Prices.csv"
        )
        import_id = asked.job.import_id
        if content is not None:
            self.files.put(key_of(company_id, import_id), content)
        self.clock.sleep(0.001)
        return import_id

    def job(self, import_id: str) -> FileImport:
        return existing_import(self.services, COMPANY, import_id)

    def work(self, import_id: str, seconds: float = 3600.0, **changes: Any) -> str:
        """One worker's slice; `changes` of the services that it is given."""
        services = replace(self.services, **changes)
        until = self.clock.now() + timedelta(seconds=seconds)
        stored = services.stores.file_imports.get(COMPANY, import_id)
        assert stored is not None
        return work_on(services, stored, until)

    def done(self, content: bytes, **asked: Any) -> FileImport:
        import_id = self.ask(content, **asked)
        self.work(import_id)
        return self.job(import_id)

    def key(self, import_id: str) -> str:
        return key_of(COMPANY, import_id)

    def errors(self, import_id: str) -> list[tuple[int, str, str, str]]:
        """Line, field, code and id."""
        store = self.services.stores.file_imports
        rows = every_row(lambda cursor: store.page_problems(COMPANY, import_id, 100, cursor))
        return [(one.line, one.problem.field, one.problem.code, one.source_id) for one in rows]

    def items(self) -> dict[str, Item]:
        return self._records(Item)

    def customers(self) -> dict[str, Customer]:
        return self._records(Customer)

    def _records(self, cls: type[Any]) -> dict[str, Any]:
        records = self.services.stores.records
        rows = every_row(lambda cursor: records.page(COMPANY, cls, 500, cursor))
        return {record.source_id: record for record in rows}


def upload_world(stores: Stores | None = None) -> UploadWorld:
    clock, files, queue = VirtualClock(), MemoryFiles(), MemoryImportQueue()
    services = build_services(clock=clock, stores=stores or memory_stores())
    return UploadWorld(
        replace(services, uploads=lambda: Uploads(files, queue)), clock, files, queue
    )


def counts(job: FileImport) -> tuple[int, int, int, int, int]:
    """Received, created, updated, unchanged, rejected."""
    one = job.counts
    return (one.received, one.created, one.updated, one.unchanged, one.rejected)
