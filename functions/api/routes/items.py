"""BlueClerk's items: put, read, list, archive."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from starlette.responses import Response

from functions.api.dependencies import DEFAULT_LIMIT, Cursor, Limit, ServicesOf
from functions.api.models.items import ItemAnswer, ItemBody, ItemPage
from functions.api.own_records import OwnRecords, RecordId, own_records
from functions.api.paging import page_answer
from functions.api.security import CallerOf, protected_router
from shared.domain.ids import SourceId
from shared.domain.records import Item
from shared.sync.item_rules import read_values
from shared.sync.items import blank_item, currency_of, said_over, usual_currency

router = protected_router("/v1/items", tag="items")

RecordsOf = Annotated[OwnRecords, Depends(own_records)]


@router.put(
    "/{id:path}",
    responses={HTTPStatus.CREATED: {"model": ItemAnswer, "description": "There was none before."}},
)
def put_item(
    item_id: RecordId, body: ItemBody, records: RecordsOf, response: Response
) -> ItemAnswer:
    """Make the item say exactly this. Equal content writes nothing and keeps the version."""
    values = read_values(body.model_dump(by_alias=True, exclude_none=True))

    def wanted(stored: Item | None, source_id: SourceId) -> Item:
        usual = None
        if stored is None and values.currency is None:
            usual = usual_currency(records.services.stores.connections, records.caller.company_id)
        currency = currency_of(values, stored, usual)
        return said_over(blank_item(source_id, currency), values, currency)

    return ItemAnswer.of(records.put(Item, item_id, body.id, wanted, response))


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
def get_item(item_id: RecordId, records: RecordsOf) -> ItemAnswer:
    """One item, archived or not."""
    return ItemAnswer.of(records.get(Item, item_id))


@router.delete("/{id:path}")
def archive_item(item_id: RecordId, records: RecordsOf) -> ItemAnswer:
    """Archive: the item stays, no longer active. Putting it again brings it back."""
    return ItemAnswer.of(records.archive(Item, item_id))
