"""Account mapping: which income account and tax code each item has."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from starlette.responses import Response

from functions.api.dependencies import DEFAULT_LIMIT, Cursor, Limit, ProviderOf, ServicesOf
from functions.api.models.account_mapping import (
    AssignBody,
    AssignedAnswer,
    MappingAnswer,
    MappingBody,
    MappingPage,
    TaxCodeListAnswer,
)
from functions.api.paging import page_answer
from functions.api.security import CallerOf, protected_router
from shared.domain.errors import RequestInvalid
from shared.domain.ids import ConnectionKey
from shared.domain.runs import Problem
from shared.sync.account_mapping import (
    assign,
    assign_unmapped,
    mapping_of,
    page_of_mappings,
)
from shared.sync.accounts import tax_codes
from shared.sync.connections import existing_connection, usable_connection
from shared.sync.field_rules import checked_source_id

router = protected_router("/v1/connections/{provider}", tag="account mapping")

ItemId = Annotated[str, Path(alias="itemId", description="Yours. A slash may stand inside.")]


@router.get("/tax-codes")
def list_tax_codes(
    provider: ProviderOf, services: ServicesOf, caller: CallerOf
) -> TaxCodeListAnswer:
    """The tax codes that items may be given."""
    connection = usable_connection(services, ConnectionKey(caller.company_id, provider))
    return TaxCodeListAnswer.of(tax_codes(services, connection))


@router.get("/account-mapping", response_model=MappingPage)
def list_mappings(
    provider: ProviderOf,
    services: ServicesOf,
    caller: CallerOf,
    *,
    unmapped: Annotated[
        bool, Query(description="Only items without an income account of their own.")
    ] = False,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Items in order of id with their accounts. A page may be short though more follow."""
    connection = existing_connection(services, ConnectionKey(caller.company_id, provider))
    return page_answer(
        lambda rows: page_of_mappings(services, connection, rows, cursor, unmapped=unmapped),
        limit,
        lambda page: MappingPage(
            mappings=[MappingAnswer.of(row) for row in page.rows], next_cursor=page.cursor
        ),
    )


@router.get("/account-mapping/{itemId:path}")
def get_mapping(
    provider: ProviderOf, item_id: ItemId, services: ServicesOf, caller: CallerOf
) -> MappingAnswer:
    """What one item is booked to."""
    key = ConnectionKey(caller.company_id, provider)
    return MappingAnswer.of(mapping_of(services, key, checked_source_id(item_id)))


@router.put("/account-mapping/{itemId:path}")
def put_mapping(
    provider: ProviderOf, item_id: ItemId, body: MappingBody, services: ServicesOf, caller: CallerOf
) -> MappingAnswer:
    """Choose for one item; it is sent by itself, unless items are kept back."""
    key, source_id = ConnectionKey(caller.company_id, provider), checked_source_id(item_id)
    assign(services, key, [source_id], body.choice, caller.person_id)
    return MappingAnswer.of(mapping_of(services, key, source_id))


@router.post("/account-mapping:assign")
def assign_mapping(
    provider: ProviderOf, body: AssignBody, services: ServicesOf, caller: CallerOf
) -> AssignedAnswer:
    """Choose for several items, or for all that have none; they are sent as one is."""
    key, choice = ConnectionKey(caller.company_id, provider), body.choice
    if not body.ids and not body.unmapped:
        raise _missing("No item was named.", "Name some ids, or say unmapped.", "ids")
    if body.ids is not None and body.unmapped:
        raise _missing("Both ids and unmapped were given.", "Give one of them.", "unmapped")
    if body.ids:
        ids = [checked_source_id(one) for one in body.ids]
        done = assign(services, key, ids, choice, caller.person_id)
    else:
        done = assign_unmapped(services, key, choice, caller.person_id)
    return AssignedAnswer(assigned=done.items, more=done.more)


def _missing(message: str, action: str, field: str) -> RequestInvalid:
    return RequestInvalid(Problem("MISSING", message, action, field))
