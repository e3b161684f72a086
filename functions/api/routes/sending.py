"""Send selected records now."""

from __future__ import annotations

from http import HTTPStatus

from functions.api.dependencies import ProviderOf, ServicesOf
from functions.api.models.sending import SelectedAnswer, SelectedBody
from functions.api.security import CallerOf, protected_router
from shared.domain.ids import ConnectionKey, RecordKind, SourceId
from shared.sync.automatic.ask import send_selected

router = protected_router("/v1/connections/{provider}", tag="syncs")


@router.post("/items:sync", status_code=HTTPStatus.ACCEPTED)
def sync_selected_items(
    provider: ProviderOf, body: SelectedBody, services: ServicesOf, caller: CallerOf
) -> SelectedAnswer:
    """These items, ahead of all others; at most 100."""
    accepted = send_selected(
        services,
        ConnectionKey(caller.company_id, provider),
        RecordKind.ITEM,
        [SourceId(one) for one in body.ids],
        caller.person_id,
    )
    return SelectedAnswer(accepted=accepted)


@router.post("/customers:sync", status_code=HTTPStatus.ACCEPTED)
def sync_selected_customers(
    provider: ProviderOf, body: SelectedBody, services: ServicesOf, caller: CallerOf
) -> SelectedAnswer:
    """These customers, ahead of all others; at most 100."""
    accepted = send_selected(
        services,
        ConnectionKey(caller.company_id, provider),
        RecordKind.CUSTOMER,
        [SourceId(one) for one in body.ids],
        caller.person_id,
    )
    return SelectedAnswer(accepted=accepted)
