"""`FileStore` and `FileImportStore` in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from shared.domain.file_imports import FileImport, RowProblem, StoredFile
from shared.domain.ids import CompanyId
from shared.storage.file_ports import FileChanged, UploadForm
from shared.storage.keys import file_import_pk as job_pk
from shared.storage.keys import file_problem_pk as problem_pk
from shared.storage.keys import problem_key, require_next_version
from shared.storage.memory.table import Lock, Table
from shared.storage.ports import Page


class MemoryFiles:
    """`put` is what sending an upload form does."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}
        self.longest_read = 0
        """Bytes of the largest single read."""

    def upload_form(self, key: str, *, most_bytes: int, seconds: int) -> UploadForm:
        fields = {"key": key, "most-bytes": str(most_bytes), "seconds": str(seconds)}
        return UploadForm("https://files.example/", fields)

    def put(self, key: str, content: bytes) -> None:
        self._files[key] = content

    def remove(self, key: str) -> None:
        del self._files[key]

    def head(self, key: str) -> StoredFile | None:
        content = self._files.get(key)
        return None if content is None else StoredFile(len(content), _version(content))

    def read(self, key: str, version: str, offset: int, length: int) -> bytes:
        content = self._files.get(key)
        if content is None or _version(content) != version:
            raise FileChanged
        self.longest_read = max(self.longest_read, length)
        return content[offset : offset + length]


class MemoryImportQueue:
    """Keeps whom it was to wake."""

    def __init__(self) -> None:
        self.woken: list[tuple[CompanyId, str]] = []

    def wake(self, company_id: CompanyId, import_id: str) -> None:
        self.woken.append((company_id, import_id))


class MemoryFileImports:
    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._jobs: Table[FileImport] = Table()
        self._problems: Table[RowProblem] = Table()

    def get(self, company_id: CompanyId, import_id: str) -> FileImport | None:
        with self._lock:
            return self._jobs.get(job_pk(company_id), import_id)

    def save(self, job: FileImport) -> bool:
        require_next_version(job.version)
        pk = job_pk(job.company_id)
        with self._lock:
            stored = self._jobs.get(pk, job.import_id)
            if (stored.version if stored else 0) != job.version - 1:
                return False
            self._jobs.put(pk, job.import_id, job)
            return True

    def page(self, company_id: CompanyId, limit: int, cursor: str | None) -> Page[FileImport]:
        with self._lock:
            return self._jobs.page(job_pk(company_id), limit, cursor, newest_first=True)

    def add_problems(
        self, company_id: CompanyId, import_id: str, problems: Sequence[RowProblem]
    ) -> None:
        pk = problem_pk(company_id, import_id)
        with self._lock:
            for one in problems:
                self._problems.put(pk, problem_key(one.line, one.number), one)

    def drop_problems_after(self, company_id: CompanyId, import_id: str, line: int) -> None:
        pk = problem_pk(company_id, import_id)
        with self._lock:
            for one in list(self._problems.rows(pk)):
                if one.line > line:
                    self._problems.remove(pk, problem_key(one.line, one.number))

    def page_problems(
        self, company_id: CompanyId, import_id: str, limit: int, cursor: str | None
    ) -> Page[RowProblem]:
        with self._lock:
            return self._problems.page(problem_pk(company_id, import_id), limit, cursor)


def _version(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()
