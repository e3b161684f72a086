"""Where payments are booked: methods and deposit accounts of the books, and what the office chose."""

from __future__ import annotations

from functions.api.dependencies import ProviderOf, ServicesOf
from functions.api.models.connections import AccountListAnswer
from functions.api.models.payment_mapping import (
    MethodListAnswer,
    PaymentMappingAnswer,
    PaymentMappingBody,
)
from functions.api.security import CallerOf, protected_router
from shared.domain.ids import ConnectionKey
from shared.sync.connections import existing_connection, usable_connection
from shared.sync.payment_mapping import change_payment_mapping, deposit_accounts, payment_methods

router = protected_router("/v1/connections/{provider}", tag="payment mapping")


@router.get("/payment-methods")
def list_payment_methods(
    provider: ProviderOf, services: ServicesOf, caller: CallerOf
) -> MethodListAnswer:
    """The ways of paying that the books know."""
    connection = usable_connection(services, ConnectionKey(caller.company_id, provider))
    return MethodListAnswer.of(payment_methods(services, connection))


@router.get("/deposit-accounts")
def list_deposit_accounts(
    provider: ProviderOf, services: ServicesOf, caller: CallerOf
) -> AccountListAnswer:
    """The accounts that payments may be deposited to."""
    connection = usable_connection(services, ConnectionKey(caller.company_id, provider))
    return AccountListAnswer.of(deposit_accounts(services, connection))


@router.get("/payment-mapping")
def get_payment_mapping(
    provider: ProviderOf, services: ServicesOf, caller: CallerOf
) -> PaymentMappingAnswer:
    """What the office chose."""
    key = ConnectionKey(caller.company_id, provider)
    return PaymentMappingAnswer.of(existing_connection(services, key))


@router.put("/payment-mapping")
def put_payment_mapping(
    provider: ProviderOf, body: PaymentMappingBody, services: ServicesOf, caller: CallerOf
) -> PaymentMappingAnswer:
    """Have it be exactly this. Payments that are in the books already stay where they are."""
    changed = change_payment_mapping(
        services,
        ConnectionKey(caller.company_id, provider),
        caller.person_id,
        default_deposit_account_id=body.default_deposit_account_id,
        methods=[one.mapping for one in body.methods],
    )
    return PaymentMappingAnswer.of(changed)
