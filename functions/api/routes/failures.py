"""What could not be synced."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Query
from starlette.responses import Response

from functions.api.dependencies import DEFAULT_LIMIT, Cursor, Limit, ServicesOf, known_provider
from functions.api.models.failures import (
    CauseAnswer,
    CauseList,
    FailureAnswer,
    FailurePage,
    RetriedAnswer,
    RetryBody,
)
from functions.api.models.runs import SyncKind
from functions.api.paging import page_answer
from functions.api.security import CallerOf, protected_router
from shared.domain.ids import ConnectionKey, ProviderName, RecordKind, SourceId
from shared.sync.automatic.ask import retry
from shared.sync.engine.failures import failures_by_cause, stored_failures

router = protected_router("/v1", tag="failures")


async def _asked_provider(
    provider: Annotated[str, Query(examples=["quickbooks"])],
) -> ProviderName:
    return known_provider(provider)


@router.get("/failures", response_model=FailurePage)
def list_failures(
    provider: Annotated[ProviderName, Depends(_asked_provider)],
    services: ServicesOf,
    caller: CallerOf,
    kind: Annotated[SyncKind, Query()] = "item",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Records of one kind that a provider does not have as they are, and why."""
    key = ConnectionKey(caller.company_id, provider)
    return page_answer(
        lambda rows: services.stores.failures.page(key, RecordKind(kind), rows, cursor),
        limit,
        lambda page: FailurePage(
            failures=[FailureAnswer.of(failure) for failure in page.rows], next_cursor=page.cursor
        ),
    )


@router.get("/failures/causes")
def list_causes(
    provider: Annotated[ProviderName, Depends(_asked_provider)],
    services: ServicesOf,
    caller: CallerOf,
    kind: Annotated[SyncKind, Query()] = "item",
) -> CauseList:
    """One line per cause, with what to do about it."""
    key = ConnectionKey(caller.company_id, provider)
    causes = failures_by_cause(stored_failures(services.stores, key, RecordKind(kind)))
    return CauseList(causes=[CauseAnswer.of(cause) for cause in causes])


@router.post("/failures:retry", status_code=HTTPStatus.ACCEPTED)
def retry_failures(body: RetryBody, services: ServicesOf, caller: CallerOf) -> RetriedAnswer:
    """Try again what was refused: some records, one cause, or all of a kind."""
    return RetriedAnswer(
        retried=retry(
            services,
            ConnectionKey(caller.company_id, known_provider(body.provider)),
            RecordKind(body.kind),
            caller.person_id,
            source_ids=None if body.ids is None else [SourceId(one) for one in body.ids],
            cause=body.cause,
        )
    )
