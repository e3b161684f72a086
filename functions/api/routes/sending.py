"""Send selected records now."""

from __future__ import annotations

from http import HTTPStatus

from functions.api.dependencies import ProviderOf, ServicesOf
from functions.api.models.sending import SelectedAnswer, SelectedBody
from functions.api.security import CallerOf, protected_router
from shared.auth.caller import Caller
from shared.domain.ids import ConnectionKey, ProviderName, RecordKind, SourceId
from shared.sync.automatic.ask import send_selected
from shared.sync.services import Services

router = protected_router("/v1/connections/{provider}", tag="syncs")


@router.post("/items:sync", status_code=HTTPStatus.ACCEPTED)
def sync_selected_items(
    provider: ProviderOf, body: SelectedBody, services: ServicesOf, caller: CallerOf
) -> SelectedAnswer:
    """These items, ahead of all others; at most 100."""
    return _sent(RecordKind.ITEM, provider, body, services, caller)


@router.post("/customers:sync", status_code=HTTPStatus.ACCEPTED)
def sync_selected_customers(
    provider: ProviderOf, body: SelectedBody, services: ServicesOf, caller: CallerOf
) -> SelectedAnswer:
    """These customers, ahead of all others; at most 100."""
    return _sent(RecordKind.CUSTOMER, provider, body, services, caller)


def _sent(
    kind: RecordKind,
    provider: ProviderName,
    body: SelectedBody,
    services: Services,
    caller: Caller,
) -> SelectedAnswer:
    key = ConnectionKey(caller.company_id, provider)
    source_ids = [SourceId(one) for one in body.ids]
    return SelectedAnswer(accepted=send_selected(services, key, kind, source_ids, caller.person_id))
