"""BlueClerk's items: put, read, list, archive."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import Path
from starlette.responses import Response

from functions.api.dependencies import (
    DEFAULT_LIMIT,
    CorrelationOf,
    Cursor,
    Limit,
    ServicesOf,
)
from functions.api.models.items import ItemAnswer, ItemBody, ItemPage
from functions.api.paging import page_answer
from functions.api.security import CallerOf, protected_router
from shared.domain.errors import RequestInvalid
from shared.domain.records import Item
from shared.domain.runs import Problem
from shared.sync import records
from shared.sync.item_rules import checked_source_id, read_values

router = protected_router("/v1/items", tag="items")

ItemId = Annotated[
    str,
    Path(
        alias="id",
        description="Yours, at most 128 bytes of printable text. A slash may stand inside.",
    ),
]


@router.put(
    "/{id:path}",
    responses={HTTPStatus.CREATED: {"model": ItemAnswer, "description": "There was none before."}},
)
def put_item(
    item_id: ItemId,
    body: ItemBody,
    services: ServicesOf,
    caller: CallerOf,
    correlation_id: CorrelationOf,
    response: Response,
) -> ItemAnswer:
    """Make the item say exactly this. Equal content writes nothing and keeps the version."""
    source_id = checked_source_id(item_id)
    if body.id not in {None, source_id}:
        raise RequestInvalid(
            Problem(
                "ID_DIFFERS",
                "The body names another id than the address.",
                "Leave the id out of the body.",
                "id",
            )
        )
    connections = services.stores.connections
    saved = records.put_item(
        services.stores.records,
        services.clock,
        caller.company_id,
        source_id,
        read_values(body.model_dump(by_alias=True, exclude_none=True)),
        default_currency=lambda: records.usual_currency_or_refuse(connections, caller.company_id),
        correlation_id=correlation_id,
    )
    if saved.outcome is records.SaveOutcome.CREATED:
        response.status_code = HTTPStatus.CREATED
        response.headers["Location"] = f"/v1/items/{quote(source_id, safe='')}"
    return ItemAnswer.of(saved.item)


@router.get("", response_model=ItemPage)
def list_items(
    services: ServicesOf, caller: CallerOf, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response:
    """Items in order of id, archived ones included. A page may be shorter than its limit."""
    return page_answer(
        lambda rows: services.stores.records.page(caller.company_id, Item, rows, cursor),
        limit,
        lambda page: ItemPage(
            items=[ItemAnswer.of(item) for item in page.rows], next_cursor=page.cursor
        ),
    )


@router.get("/{id:path}")
def get_item(item_id: ItemId, services: ServicesOf, caller: CallerOf) -> ItemAnswer:
    """One item, archived or not."""
    source_id = checked_source_id(item_id)
    return ItemAnswer.of(records.get_item(services.stores.records, caller.company_id, source_id))


@router.delete("/{id:path}")
def archive_item(
    item_id: ItemId, services: ServicesOf, caller: CallerOf, correlation_id: CorrelationOf
) -> ItemAnswer:
    """Archive: the item stays, no longer active. Putting it again brings it back."""
    saved = records.archive_item(
        services.stores.records,
        services.clock,
        caller.company_id,
        checked_source_id(item_id),
        correlation_id=correlation_id,
    )
    return ItemAnswer.of(saved.item)
