"""QuickBooks' profile as far as the engine cares, with small knobs."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from shared.domain.customer_plan import CustomerRules
from shared.domain.ids import ProviderName
from shared.domain.invoice_rules import InvoiceRules
from shared.domain.names import NameRules
from shared.domain.totals import TotalRules
from shared.providers.base import Limits, ProviderProfile, TokenRules


def fake_profile(
    *, batch_size: int = 5, in_flight: int = 10, page_size: int = 1000, unique_names: bool = True
) -> ProviderProfile:
    """Small batches, no limits of rate."""
    return ProviderProfile(
        name=ProviderName("quickbooks"),
        label="QuickBooks",
        batch_size=batch_size,
        honours_request_key=True,
        max_request_key=36,
        item_names=NameRules(100, frozenset(':\t\n"'), unique_names),
        max_item_name=100,
        customers=CustomerRules(
            names=NameRules(100, frozenset(":\t\n"), unique_names),
            max_email=100,
            email_holds=("@", "."),
            max_phone=30,
            max_line1=60,
            max_city=30,
            max_region=30,
            max_postal_code=30,
            max_country=30,
        ),
        invoices=InvoiceRules(
            numbers=NameRules(21, frozenset("\t\n"), unique_names),
            max_lines=750,
            max_line_description=4000,
            max_memo=1000,
            max_amount=Decimal(99999999999),
            max_payment_number=21,
            max_note=4000,
            totals=TotalRules(),
            marks_tax_in=frozenset({"US"}),
            request_limit=timedelta(seconds=120),
        ),
        max_description=4000,
        max_code=100,
        max_unit_price="99999999999",
        unit_price_decimals=7,
        has_income_accounts=True,
        limits=Limits(
            in_flight=in_flight,
            per_second=None,
            per_minute={},
            all_per_minute=None,
            throttle_pause=60.0,
            ramp=(1, 4, in_flight),
        ),
        tokens=TokenRules(
            access_lifetime=timedelta(hours=1),
            refresh_ahead=timedelta(minutes=10),
            former_honoured=timedelta(0),
            idle_lifetime=timedelta(days=100),
            lost_answer_may_repeat=True,
        ),
        uses_pkce=False,
        shares_grants=False,
        page_size=page_size,
    )
