"""BlueClerk's customers: put, read, list, archive."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from starlette.responses import Response

from functions.api.dependencies import DEFAULT_LIMIT, Cursor, Limit, ServicesOf
from functions.api.models.customers import CustomerAnswer, CustomerBody, CustomerPage
from functions.api.own_records import OwnRecords, RecordId, own_records
from functions.api.paging import page_answer
from functions.api.security import CallerOf, protected_router
from shared.domain.ids import SourceId
from shared.domain.records import Customer
from shared.sync.customer_rules import read_values
from shared.sync.customers import blank_customer, said_over

router = protected_router("/v1/customers", tag="customers")

RecordsOf = Annotated[OwnRecords, Depends(own_records)]


@router.put(
    "/{id:path}",
    responses={
        HTTPStatus.CREATED: {"model": CustomerAnswer, "description": "There was none before."}
    },
)
def put_customer(
    customer_id: RecordId, body: CustomerBody, records: RecordsOf, response: Response
) -> CustomerAnswer:
    """Make the customer say exactly this. Equal content writes nothing and keeps the version."""
    values = read_values(body.model_dump(by_alias=True, exclude_none=True))

    def wanted(_stored: Customer | None, source_id: SourceId) -> Customer:
        return said_over(blank_customer(source_id), values)

    return CustomerAnswer.of(records.put(Customer, customer_id, body.id, wanted, response))


@router.get("", response_model=CustomerPage)
def list_customers(
    services: ServicesOf, caller: CallerOf, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response:
    """Customers in order of id, archived ones included. A page may be shorter than its limit."""
    return page_answer(
        lambda rows: services.stores.records.page(caller.company_id, Customer, rows, cursor),
        limit,
        lambda page: CustomerPage(
            customers=[CustomerAnswer.of(customer) for customer in page.rows],
            next_cursor=page.cursor,
        ),
    )


@router.get("/{id:path}")
def get_customer(customer_id: RecordId, records: RecordsOf) -> CustomerAnswer:
    """One customer, archived or not."""
    return CustomerAnswer.of(records.get(Customer, customer_id))


@router.delete("/{id:path}")
def archive_customer(customer_id: RecordId, records: RecordsOf) -> CustomerAnswer:
    """Archive: the customer stays, no longer active. Putting it again brings it back."""
    return CustomerAnswer.of(records.archive(Customer, customer_id))
