"""What the office is told without having asked."""

from __future__ import annotations

from starlette.responses import Response

from functions.api.dependencies import DEFAULT_LIMIT, Cursor, Limit, ServicesOf
from functions.api.models.notifications import NotificationAnswer, NotificationPage
from functions.api.paging import page_answer
from functions.api.security import CallerOf, protected_router

router = protected_router("/v1/notifications", tag="notifications")


@router.get("", response_model=NotificationPage)
def list_notifications(
    services: ServicesOf, caller: CallerOf, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response:
    """The company's notifications, open ones and closed ones, newest first; kept for a year."""
    return page_answer(
        lambda rows: services.stores.notifications.page(caller.company_id, rows, cursor),
        limit,
        lambda page: NotificationPage(
            notifications=[NotificationAnswer.of(each) for each in page.rows],
            next_cursor=page.cursor,
        ),
    )
