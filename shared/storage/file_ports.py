"""Ports of uploaded files and of the jobs that import them. See `shared.storage.ports` for the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from shared.domain.errors import SyncError
from shared.domain.file_imports import FileImport, RowProblem, StoredFile
from shared.domain.ids import CompanyId

if TYPE_CHECKING:
    from shared.storage.ports import Page


class FileChanged(SyncError):
    """The file is not the one that was asked for any more: replaced, or gone."""


@dataclass(frozen=True, slots=True)
class UploadForm:
    """An HTML form to be sent as multipart/form-data: the fields in this order, then `file`, last."""

    url: str
    fields: Mapping[str, str]


class FileStore(Protocol):
    """Uploaded files by key. A key is never another company's: see `shared.sync.uploads.places`.

    Raises `StorageUnavailable` when the store cannot be reached.
    """

    def upload_form(self, key: str, *, most_bytes: int, seconds: int) -> UploadForm:
        """Lets whoever has it store files under this key, each at most so large, for so long."""

    def head(self, key: str) -> StoredFile | None: ...

    def read(self, key: str, version: str, offset: int, length: int) -> bytes:
        """The bytes from `offset` on, at most `length`; none at the end and after it.

        Raises `FileChanged` unless the file has this version.
        """


class FileImportStore(Protocol):
    """Jobs of uploaded files, kept for 90 days, and what is wrong with their rows."""

    def get(self, company_id: CompanyId, import_id: str) -> FileImport | None: ...

    def save(self, job: FileImport) -> bool:
        """On the condition that the stored version is `job.version - 1` (1: that there is none)."""

    def page(self, company_id: CompanyId, limit: int, cursor: str | None) -> Page[FileImport]:
        """Newest first: ids sort by time (see `shared.sync.uploads.asking`)."""

    def add_problems(
        self, company_id: CompanyId, import_id: str, problems: Sequence[RowProblem]
    ) -> None:
        """The same line and number again replaces. Not atomic together."""

    def drop_problems_after(self, company_id: CompanyId, import_id: str, line: int) -> None:
        """Those of later lines: what a worker wrote that died before its counts were saved."""

    def page_problems(
        self, company_id: CompanyId, import_id: str, limit: int, cursor: str | None
    ) -> Page[RowProblem]:
        """By line, then number."""


class ImportQueue(Protocol):
    def wake(self, company_id: CompanyId, import_id: str) -> None:
        """Have a worker look at that import. Raises `RetryLater` when it cannot be sent now."""
