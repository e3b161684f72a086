"""Who did what."""

from __future__ import annotations

from starlette.responses import Response

from functions.api.dependencies import DEFAULT_LIMIT, Cursor, Limit, ServicesOf
from functions.api.models.audit import AuditEntryAnswer, AuditPage
from functions.api.paging import page_answer
from functions.api.security import CallerOf, protected_router

router = protected_router("/v1/audit", tag="audit")


@router.get("", response_model=AuditPage)
def list_audit_entries(
    services: ServicesOf, caller: CallerOf, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response:
    """The company's audit trail, newest first; kept for ever."""
    return page_answer(
        lambda rows: services.stores.audit.page(caller.company_id, rows, cursor),
        limit,
        lambda page: AuditPage(
            entries=[AuditEntryAnswer.of(entry) for entry in page.rows], next_cursor=page.cursor
        ),
    )
