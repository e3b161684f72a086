"""What syncing a kind of record of a connection is measured by: terms, scope and the names of requests."""

from __future__ import annotations

import hashlib
from decimal import Decimal

from shared.domain.connections import Connection
from shared.domain.customer_plan import CustomerTerms
from shared.domain.ids import LinkScope, RecordKind, RequestKey, RunId
from shared.domain.invoice_plan import InvoiceTerms
from shared.domain.item_plan import ItemMapping, ItemRules, ItemTerms
from shared.domain.record_plan import Terms
from shared.providers.base import ProviderProfile


def terms_of(kind: RecordKind, connection: Connection, profile: ProviderProfile) -> Terms:
    """Raises `ValueError` for a kind that the engine does not push."""
    if kind is RecordKind.ITEM:
        return ItemTerms(item_rules(profile), item_mapping(connection))
    if kind is RecordKind.CUSTOMER:
        return CustomerTerms(profile.customers, profile.label)
    if kind is RecordKind.INVOICE:
        return InvoiceTerms(
            profile.invoices,
            profile.label,
            country=connection.remote_company.country,
            default_tax_code_id=connection.settings.default_tax_code_id,
            invoices_from=connection.settings.invoices_from,
        )
    raise ValueError(f"{kind} is not pushed by the engine")


def scope_of(kind: RecordKind, connection: Connection) -> LinkScope:
    return LinkScope(connection.key, connection.remote_company.remote_company_id, kind)


def item_rules(profile: ProviderProfile) -> ItemRules:
    return ItemRules(
        names=profile.item_names,
        max_name=profile.max_item_name,
        max_description=profile.max_description,
        max_code=profile.max_code,
        max_unit_price=Decimal(profile.max_unit_price),
        unit_price_decimals=profile.unit_price_decimals,
        provider_label=profile.label,
        key=profile.item_key,
        needs_income_account=profile.has_income_accounts,
    )


def item_mapping(connection: Connection) -> ItemMapping:
    return ItemMapping(
        income_account_id=connection.settings.default_income_account_id,
        home_currency=connection.remote_company.home_currency,
        company_name=connection.remote_company.name,
    )


def request_key(
    connection: Connection,
    run_id: RunId,
    plan_attempt: int,
    number: int,
    generation: int,
    content: str = "",
) -> RequestKey:
    """32 hexadecimal characters; the remote company is in it, because some providers scope by app.

    `content` says what goes under the key where that is not stored before another could make it.
    """
    remote_company_id = connection.remote_company.remote_company_id
    text = f"{remote_company_id}/{run_id}/{plan_attempt}/{number}/{generation}{content}"
    return RequestKey(hashlib.blake2b(text.encode(), digest_size=16).hexdigest())
