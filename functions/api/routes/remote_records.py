"""What of the books is not here yet, and bringing it in: customers and items alike."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Path, Query
from starlette.responses import Response

from functions.api.dependencies import DEFAULT_LIMIT, Cursor, Limit, ProviderOf, ServicesOf
from functions.api.models.remote_records import (
    MAX_SEARCH,
    ImportBody,
    ImportResultAnswer,
    ImportResultPage,
    RemoteCustomerPage,
    RemoteImportAnswer,
    RemoteItemPage,
    UnlinkAnswer,
    UnlinkBody,
    UnsyncedAnswer,
)
from functions.api.security import CallerOf, protected_router
from shared.auth.caller import Caller
from shared.domain.errors import RequestInvalid
from shared.domain.ids import ConnectionKey, ProviderName, RecordKind, RemoteId, RunId
from shared.domain.runs import Problem
from shared.sync.review.browse import RowStatus, Shown, Sought, StillListing, browse
from shared.sync.review.results import page_of_results
from shared.sync.review.start import import_all_new, import_of, start_import
from shared.sync.review.unlink import unlink
from shared.sync.review.unsynced import AlertState, Unsynced, ask_unsynced, look_at_unsynced
from shared.sync.services import Services

router = protected_router("/v1/connections/{provider}", tag="review and import")

ASK_AGAIN: Final = "1"
"""Seconds, while the books are being listed."""

Status = Annotated[
    RowStatus | None, Query(description="Only those that are new, matched or imported.")
]
Search = Annotated[
    str, Query(max_length=MAX_SEARCH, description="Text that name, address or e-mail has.")
]
ImportId = Annotated[str, Path(alias="importId")]


@router.post("/customers/unsynced", responses={HTTPStatus.ACCEPTED: {"model": UnsyncedAnswer}})
def count_unsynced_customers(
    provider: ProviderOf, services: ServicesOf, caller: CallerOf, response: Response
) -> UnsyncedAnswer:
    """Have the customers of the books counted: 202 while they are listed, then how many are not here."""
    key = ConnectionKey(caller.company_id, provider)
    return _told(ask_unsynced(services, key, RecordKind.CUSTOMER), response)


@router.get("/customers/unsynced", responses={HTTPStatus.ACCEPTED: {"model": UnsyncedAnswer}})
def get_unsynced_customers(
    provider: ProviderOf, services: ServicesOf, caller: CallerOf, response: Response
) -> UnsyncedAnswer:
    """What came of the last count; asks the provider nothing."""
    key = ConnectionKey(caller.company_id, provider)
    return _told(look_at_unsynced(services, key, RecordKind.CUSTOMER), response)


@router.post("/items/unsynced", responses={HTTPStatus.ACCEPTED: {"model": UnsyncedAnswer}})
def count_unsynced_items(
    provider: ProviderOf, services: ServicesOf, caller: CallerOf, response: Response
) -> UnsyncedAnswer:
    """Have the items of the books counted: 202 while they are listed, then how many are not here."""
    key = ConnectionKey(caller.company_id, provider)
    return _told(ask_unsynced(services, key, RecordKind.ITEM), response)


@router.get("/items/unsynced", responses={HTTPStatus.ACCEPTED: {"model": UnsyncedAnswer}})
def get_unsynced_items(
    provider: ProviderOf, services: ServicesOf, caller: CallerOf, response: Response
) -> UnsyncedAnswer:
    """What came of the last count; asks the provider nothing."""
    key = ConnectionKey(caller.company_id, provider)
    return _told(look_at_unsynced(services, key, RecordKind.ITEM), response)


@router.get("/remote-customers", responses={HTTPStatus.ACCEPTED: {"model": RemoteCustomerPage}})
def list_remote_customers(
    provider: ProviderOf,
    services: ServicesOf,
    caller: CallerOf,
    response: Response,
    status: Status = None,
    search: Search = "",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> RemoteCustomerPage:
    """Customers of the books with what is here of each: 202 while they are listed."""
    key = ConnectionKey(caller.company_id, provider)
    shown = browse(services, key, RecordKind.CUSTOMER, Sought(status, search), limit, cursor)
    if isinstance(shown, StillListing):
        _ask_again(response)
        return RemoteCustomerPage.still_listing(shown.rows)
    return RemoteCustomerPage.of(shown)


@router.get("/remote-items", responses={HTTPStatus.ACCEPTED: {"model": RemoteItemPage}})
def list_remote_items(
    provider: ProviderOf,
    services: ServicesOf,
    caller: CallerOf,
    response: Response,
    status: Status = None,
    search: Search = "",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> RemoteItemPage:
    """Items of the books with what is here of each: 202 while they are listed."""
    key = ConnectionKey(caller.company_id, provider)
    shown: Shown | StillListing = browse(
        services, key, RecordKind.ITEM, Sought(status, search), limit, cursor
    )
    if isinstance(shown, StillListing):
        _ask_again(response)
        return RemoteItemPage.still_listing(shown.rows)
    return RemoteItemPage.of(shown)


@router.post("/remote-customers:import", status_code=HTTPStatus.ACCEPTED)
def import_remote_customers(
    provider: ProviderOf,
    body: ImportBody,
    services: ServicesOf,
    caller: CallerOf,
    response: Response,
) -> RemoteImportAnswer:
    """Bring customers of the books in; watch it at the address in Location."""
    return _import(RecordKind.CUSTOMER, provider, body, services, caller, response)


@router.post("/remote-items:import", status_code=HTTPStatus.ACCEPTED)
def import_remote_items(
    provider: ProviderOf,
    body: ImportBody,
    services: ServicesOf,
    caller: CallerOf,
    response: Response,
) -> RemoteImportAnswer:
    """Bring items of the books in; watch it at the address in Location."""
    return _import(RecordKind.ITEM, provider, body, services, caller, response)


@router.post("/remote-customers:unlink")
def unlink_remote_customers(
    provider: ProviderOf, body: UnlinkBody, services: ServicesOf, caller: CallerOf
) -> UnlinkAnswer:
    """Take wrong matches apart; both records stay as they are."""
    return _unlink(RecordKind.CUSTOMER, provider, body, services, caller)


@router.post("/remote-items:unlink")
def unlink_remote_items(
    provider: ProviderOf, body: UnlinkBody, services: ServicesOf, caller: CallerOf
) -> UnlinkAnswer:
    """Take wrong matches apart; both records stay as they are."""
    return _unlink(RecordKind.ITEM, provider, body, services, caller)


@router.get("/imports/{importId}")
def get_remote_import(
    provider: ProviderOf, import_id: ImportId, services: ServicesOf, caller: CallerOf
) -> RemoteImportAnswer:
    """Progress while it is under way, its end after."""
    key = ConnectionKey(caller.company_id, provider)
    return RemoteImportAnswer.of(import_of(services, key, RunId(import_id)))


@router.get("/imports/{importId}/results")
def list_remote_import_results(
    provider: ProviderOf,
    import_id: ImportId,
    services: ServicesOf,
    caller: CallerOf,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> ImportResultPage:
    """What became of each record, in the order chosen, as far as it is done."""
    key = ConnectionKey(caller.company_id, provider)
    page = page_of_results(services, key, RunId(import_id), limit, cursor)
    return ImportResultPage(
        results=[ImportResultAnswer.of(one) for one in page.rows], next_cursor=page.cursor
    )


def _told(told: Unsynced, response: Response) -> UnsyncedAnswer:
    if told.state is AlertState.LISTING:
        _ask_again(response)
    return UnsyncedAnswer.of(told)


def _ask_again(response: Response) -> None:
    response.status_code = HTTPStatus.ACCEPTED
    response.headers["Retry-After"] = ASK_AGAIN


def _import(
    kind: RecordKind,
    provider: ProviderName,
    body: ImportBody,
    services: Services,
    caller: Caller,
    response: Response,
) -> RemoteImportAnswer:
    key = ConnectionKey(caller.company_id, provider)
    if (body.records is None) == (body.all is None):
        raise RequestInvalid(
            Problem(
                "MISSING",
                "Give either records or all.",
                "Name some records, or say all.",
                "records",
            )
        )
    if body.records is None:
        run = import_all_new(services, key, kind, caller.person_id, later=body.new_from_books)
    elif body.new_from_books is None:
        wanted = [one.wanted() for one in body.records]
        run = start_import(services, key, kind, wanted, caller.person_id)
    else:
        raise RequestInvalid(
            Problem(
                "UNKNOWN_FIELD",
                "What becomes of later ones is chosen with all.",
                "Leave it out, or change it in the connection's settings.",
                "newFromBooks",
            )
        )
    response.headers["Location"] = f"/v1/connections/{provider}/imports/{run.run_id}"
    return RemoteImportAnswer.of(run)


def _unlink(
    kind: RecordKind,
    provider: ProviderName,
    body: UnlinkBody,
    services: Services,
    caller: Caller,
) -> UnlinkAnswer:
    key = ConnectionKey(caller.company_id, provider)
    remote_ids = [RemoteId(one) for one in body.ids]
    return UnlinkAnswer.of(unlink(services, key, kind, remote_ids, caller.person_id))
