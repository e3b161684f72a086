"""The job: read an uploaded file, store its good rows, write down the bad ones.

A file is read twice. The first reading finds what refuses it whole and counts the rows; the second
stores them, `ROWS_AT_ONCE` at a time, and saves the counts after each. Whoever goes on after a dead or
spent worker reads from the beginning too, without storing what is done, to know which ids stood before;
the rows after the last saved count may have been stored already and count as what they were then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from shared.domain.errors import LostLease, RequestInvalid
from shared.domain.file_imports import (
    FileImport,
    FileImportState,
    RowCounts,
    RowProblem,
    StoredFile,
)
from shared.domain.runs import Problem
from shared.storage.file_ports import FileChanged
from shared.storage.ports import AuditEntry
from shared.sync.import_records import (
    ROWS_AT_ONCE,
    ImportResult,
    RowError,
    good_rows,
    store_rows,
)
from shared.sync.services import Services
from shared.sync.uploads.first_lines import CompactFirstLines
from shared.sync.uploads.limits import MAX_ERRORS, MOST_ATTEMPTS
from shared.sync.uploads.places import key_of
from shared.sync.uploads.reading import check, kind_of_import, open_rows

_ROOM_SECONDS = 20.0
"""For the last rows of a slice."""

_CHANGED = Problem(
    "FILE_CHANGED",
    "The file was replaced or removed while it was being imported. What was stored before stays.",
    "Start a new import with the whole file; what is stored already is left as it is.",
)
_STOPPED = Problem(
    "STOPPED_UNEXPECTEDLY",
    "The import stopped unexpectedly several times at the same place. What was stored before stays.",
    "Look at the rows after the last one that was imported, or contact support.",
)


def until_when(services: Services, remaining_seconds: float) -> datetime:
    """The end of this worker's slice."""
    seconds = min(remaining_seconds - _ROOM_SECONDS, services.settings.slice_seconds)
    return services.clock.now() + timedelta(seconds=max(0.0, seconds))


def work_on(services: Services, job: FileImport, until: datetime) -> str:
    """Do what can be done by then. Answers `done`, `failed`, `continued` (by another worker, who was asked
    for), `busy` (another is at it), `taken_over` or `no_file`. Raises `StorageUnavailable`.
    """
    if job.state.ended:
        return str(job.state)
    now = services.clock.now()
    if job.state is FileImportState.RUNNING and not job.silent(
        now, services.settings.abandoned_seconds
    ):
        return "busy"
    try:
        return _Worker(services, job).work(until)
    except LostLease:
        return "taken_over"


class _Worker:
    """Holds the job as it saved it last."""

    def __init__(self, services: Services, job: FileImport) -> None:
        self._services = services
        self._job = job
        self._files = services.uploads().files

    def work(self, until: datetime) -> str:
        again = self._job.state is FileImportState.RUNNING
        stored = self._files.head(key_of(self._job.company_id, self._job.import_id))
        if stored is None and self._job.file is None:
            return "no_file"
        self._save(
            state=FileImportState.RUNNING,
            attempts=self._job.attempts + 1,
            file=self._job.file or stored,
        )
        if self._job.attempts > MOST_ATTEMPTS:
            return self._fail(_STOPPED)
        if stored is None or stored != self._job.file:
            return self._fail(_CHANGED)
        try:
            if self._job.total_rows is None:
                checked = check(self._files, self._job, stored, self._beat)
                self._save(total_rows=checked.rows, ignored_columns=checked.ignored_columns)
            return self._import(stored, until, again=again)
        except RequestInvalid as refused:
            return self._fail(refused.problem)
        except FileChanged:
            return self._fail(_CHANGED)

    def _import(self, stored: StoredFile, until: datetime, *, again: bool) -> str:
        services, job = self._services, self._job
        kind = kind_of_import(services, job)
        file = open_rows(self._files, job, stored, self._beat)
        first_lines = CompactFirstLines()
        left = job.counts.received  # rows that are done: only passed over
        if again:
            services.stores.file_imports.drop_problems_after(
                job.company_id, job.import_id, job.line
            )
        while rows := list(islice(file.rows, min(left, ROWS_AT_ONCE) or ROWS_AT_ONCE)):
            result = ImportResult(errors_shown_at_most=MAX_ERRORS)
            good = good_rows(rows, kind, first_lines, result, has_ids=file.has_ids)
            if left:
                left -= len(rows)
                continue
            store_rows(
                services.stores.records,
                services.clock,
                job.company_id,
                good,
                kind,
                result,
                job.correlation_id,
                again=again,
            )
            again = False
            self._count(result, rows[-1].line)
            if services.clock.now() > until and self._job.counts.received < (job.total_rows or 0):
                return self._hand_on()
        return self._finish()

    def _count(self, result: ImportResult, line: int) -> None:
        """Problems first: whoever goes on after a death in between writes them again or drops them."""
        job = self._job
        listed = _numbered(result.errors)[: MAX_ERRORS - job.errors_listed]
        self._services.stores.file_imports.add_problems(job.company_id, job.import_id, listed)
        counts = job.counts
        self._save(
            counts=RowCounts(
                received=counts.received + result.received,
                created=counts.created + result.created,
                updated=counts.updated + result.updated,
                unchanged=counts.unchanged + result.unchanged,
                rejected=counts.rejected + result.rejected,
            ),
            line=line,
            errors_listed=job.errors_listed + len(listed),
            errors_not_listed=job.errors_not_listed
            + result.errors_not_shown
            + len(result.errors)
            - len(listed),
            attempts=1,
        )

    def _hand_on(self) -> str:
        """Queued first: whoever takes the message finds it free. Lost in between, `start` sends another."""
        self._save(state=FileImportState.QUEUED, attempts=0)
        self._services.uploads().queue.wake(self._job.company_id, self._job.import_id)
        return "continued"

    def _finish(self) -> str:
        """The end's instant is saved first, so that the audit entry is the same one when it comes again."""
        if self._job.ended_at is None:
            self._save(ended_at=self._services.clock.now())
        self._tell_audit(self._job.ended_at or self._services.clock.now())
        self._save(state=FileImportState.DONE)
        return "done"

    def _tell_audit(self, at: datetime) -> None:
        counts = self._job.counts
        if counts.created or counts.updated:
            self._services.stores.audit.add(
                AuditEntry(
                    company_id=self._job.company_id,
                    at=at,
                    entry_id=self._job.import_id,
                    who=self._job.started_by,
                    what=f"{self._job.kind}s.imported",
                    about=_about(counts),
                )
            )

    def _fail(self, problem: Problem) -> str:
        at = self._services.clock.now()
        self._tell_audit(at)
        self._save(state=FileImportState.FAILED, problem=problem, ended_at=at)
        return "failed"

    def _beat(self) -> None:
        beat_at = self._job.beat_at
        seconds = self._services.settings.heartbeat_seconds
        if beat_at is None or (self._services.clock.now() - beat_at).total_seconds() > seconds:
            self._save()

    def _save(self, **changes: Any) -> None:  # noqa: ANN401 - fields of a FileImport
        """Raises `LostLease` where another worker saved it meanwhile."""
        changed = replace(
            self._job, **changes, beat_at=self._services.clock.now(), version=self._job.version + 1
        )
        if not self._services.stores.file_imports.save(changed):
            raise LostLease
        self._job = changed


def _numbered(errors: list[RowError]) -> list[RowProblem]:
    """By line; a row's problems in the order in which they were found."""
    found: list[RowProblem] = []
    for error in sorted(errors, key=lambda one: one.line):
        follows = bool(found) and found[-1].line == error.line
        number = found[-1].number + 1 if follows else 0
        found.append(RowProblem(error.line, number, error.problem, error.source_id))
    return found


def _about(counts: RowCounts) -> Mapping[str, str]:
    return {
        "created": str(counts.created),
        "updated": str(counts.updated),
        "rejected": str(counts.rejected),
    }
