"""Imports of files as people see them: ask for an upload address, start, look."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.domain.errors import Conflicting, NotFound, RequestInvalid
from shared.domain.file_imports import FileFormat, FileImport, FileImportState
from shared.domain.ids import CompanyId, PersonId, RecordKind
from shared.domain.runs import Problem
from shared.storage.file_ports import UploadForm
from shared.sync.services import Services
from shared.sync.uploads.limits import MAX_BYTES, UPLOAD_SECONDS
from shared.sync.uploads.places import key_of

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class AskedImport:
    job: FileImport
    form: UploadForm


def ask_for_upload(
    services: Services,
    company_id: CompanyId,
    person_id: PersonId,
    kind: RecordKind,
    file_format: FileFormat,
    name: str,
) -> AskedImport:
    """A new import that waits for its file. Raises `RequestInvalid` for a name that is none."""
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise RequestInvalid(
            Problem(
                "BAD_NAME",
                f"The name of the file is longer than {LONGEST_NAME} characters or not printable.",
                "Give a short name, or none.",
                "name",
            )
        )
    now = services.clock.now()
    job = FileImport(
        company_id=company_id,
        import_id=_id_by_time(now, services.ids.new()),
        kind=kind,
        format=file_format,
        name=name,
        started_by=person_id,
        created_at=now,
        upload_until=now + timedelta(seconds=UPLOAD_SECONDS),
    )
    form = services.uploads().files.upload_form(
        key_of(company_id, job.import_id), most_bytes=MAX_BYTES, seconds=UPLOAD_SECONDS
    )
    services.stores.file_imports.save(job)
    return AskedImport(job, form)


def existing_import(services: Services, company_id: CompanyId, import_id: str) -> FileImport:
    """As it stands now. Raises `NotFound`, for an import of another company too."""
    job = services.stores.file_imports.get(company_id, import_id)
    if job is None:
        raise NotFound(
            Problem(
                "IMPORT_NOT_FOUND", "There is no such import.", "See the list of imports.", "id"
            )
        )
    return as_it_stands(job, services.clock.now())


def as_it_stands(job: FileImport, now: datetime) -> FileImport:
    """One whose file never came is failed, though nobody was there to write that down."""
    if not job.upload_never_came(now):
        return job
    problem = Problem(
        "UPLOAD_NEVER_CAME",
        "No file was uploaded while its address was valid.",
        "Start a new import and upload the file at once.",
    )
    return replace(job, state=FileImportState.FAILED, problem=problem, ended_at=job.upload_until)


def start(services: Services, company_id: CompanyId, import_id: str) -> FileImport:
    """Have a worker look at it: for when the store's own note got lost, or a worker did. Safe to repeat.

    Raises `NotFound`, and `Conflicting` while there is no file; `RetryLater`.
    """
    job = existing_import(services, company_id, import_id)
    uploads, now = services.uploads(), services.clock.now()
    if job.state is FileImportState.WAITING:
        if uploads.files.head(key_of(company_id, import_id)) is None:
            raise Conflicting(
                Problem(
                    "NOT_UPLOADED",
                    "The file is not there yet.",
                    "Send it to the upload address, then start the import.",
                )
            )
        queued = replace(job, state=FileImportState.QUEUED, beat_at=now, version=job.version + 1)
        if services.stores.file_imports.save(queued):
            job = queued
        else:  # a worker was quicker
            job = existing_import(services, company_id, import_id)
    if job.state is FileImportState.QUEUED or job.silent(now, services.settings.abandoned_seconds):
        uploads.queue.wake(company_id, import_id)
    return job


def _id_by_time(now: datetime, chosen: str) -> str:
    """32 hexadecimal characters that sort by time and that nobody guesses."""
    return f"{int(now.timestamp() * 1000):012x}{chosen[-20:]}"
