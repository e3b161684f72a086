"""Files that are too large for a request: an upload address, and a job to watch."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from functions.api.dependencies import DEFAULT_LIMIT, Cursor, Limit, ServicesOf
from functions.api.models.file_imports import (
    AskedImportAnswer,
    FileImportAnswer,
    FileImportPage,
    RowErrorPage,
    StartImportBody,
    row_error,
)
from functions.api.paging import page_answer
from functions.api.security import CallerOf, protected_router
from shared.domain.file_imports import FileFormat
from shared.domain.ids import RecordKind
from shared.sync.uploads.asking import as_it_stands, ask_for_upload, existing_import, start

router = protected_router("/v1/imports", tag="imports")
ImportId = Annotated[str, Path(alias="id")]


@router.post("", status_code=HTTPStatus.CREATED)
def create_import(
    body: StartImportBody, services: ServicesOf, caller: CallerOf, response: Response
) -> AskedImportAnswer:
    """Answer an address to upload a file of customers or items to, up to 200 MB and a million rows.

    The import begins when the file is there, with the rules and results of the import of a file in the
    body; watch it at the address in Location.
    """
    asked = ask_for_upload(
        services,
        caller.company_id,
        caller.person_id,
        RecordKind(body.kind),
        FileFormat(body.format),
        body.name,
    )
    response.headers["Location"] = f"/v1/imports/{asked.job.import_id}"
    return AskedImportAnswer.asked(asked)


@router.get("", response_model=FileImportPage)
def list_imports(
    services: ServicesOf, caller: CallerOf, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response:
    """Imports of uploaded files, newest first; kept for 90 days."""
    now = services.clock.now()
    return page_answer(
        lambda rows: services.stores.file_imports.page(caller.company_id, rows, cursor),
        limit,
        lambda page: FileImportPage(
            imports=[FileImportAnswer.of(as_it_stands(job, now)) for job in page.rows],
            next_cursor=page.cursor,
        ),
    )


@router.get("/{id}")
def get_import(import_id: ImportId, services: ServicesOf, caller: CallerOf) -> FileImportAnswer:
    """Progress while it is under way, the summary after."""
    return FileImportAnswer.of(existing_import(services, caller.company_id, import_id))


@router.get("/{id}/errors", response_model=RowErrorPage)
def list_import_errors(
    import_id: ImportId,
    services: ServicesOf,
    caller: CallerOf,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """What is wrong with the rejected rows, by line."""
    existing_import(services, caller.company_id, import_id)
    store = services.stores.file_imports
    return page_answer(
        lambda rows: store.page_problems(caller.company_id, import_id, rows, cursor),
        limit,
        lambda page: RowErrorPage(
            errors=[row_error(each) for each in page.rows], next_cursor=page.cursor
        ),
    )


@router.post(
    "/{id}:start",
    status_code=HTTPStatus.ACCEPTED,
    responses={HTTPStatus.CONFLICT: {"description": "There is no file yet."}},
)
def start_import(import_id: ImportId, services: ServicesOf, caller: CallerOf) -> FileImportAnswer:
    """Begin or go on although the store's own note of the file, or a worker, got lost. Safe to repeat."""
    return FileImportAnswer.of(start(services, caller.company_id, import_id))
