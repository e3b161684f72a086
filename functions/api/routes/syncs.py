"""Runs of a connection: start or join one, watch it, look back."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from functions.api.dependencies import DEFAULT_LIMIT, Cursor, Limit, ProviderOf, ServicesOf
from functions.api.models.runs import (
    RunAnswer,
    RunPage,
    StartedRunAnswer,
    StartedSyncsAnswer,
    StartSyncBody,
)
from functions.api.paging import page_answer
from functions.api.security import CallerOf, protected_router
from shared.domain.ids import ConnectionKey, RecordKind, RunId
from shared.sync.connections import existing_connection
from shared.sync.runs import run_of, start_or_join_all

router = protected_router("/v1/connections/{provider}/syncs", tag="syncs")


@router.post("", status_code=HTTPStatus.ACCEPTED)
def start_sync(
    provider: ProviderOf,
    services: ServicesOf,
    caller: CallerOf,
    response: Response,
    body: StartSyncBody | None = None,
) -> StartedSyncsAnswer:
    """Start a full sync, or join the one under way; watch it at the address in Location.

    Each kind has a run of its own; none is started where one of them cannot be.
    """
    connection = existing_connection(services, ConnectionKey(caller.company_id, provider))
    kinds = [RecordKind(kind) for kind in dict.fromkeys((body or StartSyncBody()).kinds)]
    runs = start_or_join_all(services, connection, kinds, caller.person_id)
    response.headers["Location"] = f"/v1/connections/{provider}/syncs/{runs[0].run.run_id}"
    return StartedSyncsAnswer.of_all(
        *(StartedRunAnswer.started(each.run, joined=each.joined) for each in runs)
    )


@router.get("", response_model=RunPage)
def list_syncs(
    provider: ProviderOf,
    services: ServicesOf,
    caller: CallerOf,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Runs of this connection, newest first."""
    key = ConnectionKey(caller.company_id, provider)
    return page_answer(
        lambda rows: services.stores.runs.page(key, rows, cursor),
        limit,
        lambda page: RunPage(
            syncs=[RunAnswer.of(run) for run in page.rows], next_cursor=page.cursor
        ),
    )


@router.get("/{runId}")
def get_sync(
    provider: ProviderOf,
    run_id: Annotated[str, Path(alias="runId")],
    services: ServicesOf,
    caller: CallerOf,
) -> RunAnswer:
    """Progress while it is under way, the summary after."""
    return RunAnswer.of(run_of(services, ConnectionKey(caller.company_id, provider), RunId(run_id)))
