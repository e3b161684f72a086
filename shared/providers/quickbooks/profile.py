"""What QuickBooks Online can do, as data. Sections are those of quickbooks.md, marks as there."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Final

from shared.domain.customer_plan import CustomerRules
from shared.domain.ids import ProviderName
from shared.domain.invoice_rules import InvoiceRules
from shared.domain.names import NameRules
from shared.domain.totals import TotalRules
from shared.providers.base import CallClass, Limits, ProviderProfile, TokenRules

NAME: Final = ProviderName("quickbooks")

LIMITS: Final = Limits(
    # 3: 10 a second per company and app; in 2016 worded as 10 at the same time: both are held.
    in_flight=10,
    per_second=10,
    # 3: 40 batch calls a minute per company and app; 500 requests a minute per company.
    per_minute={CallClass.BATCH: 40, CallClass.SINGLE: 500, CallClass.READ: 500},
    # 3: 800 a minute for batches and the rest together. Whether a batch counts as one of the 500 as
    # well is [uncertain], so everything together stays within the 500.
    all_per_minute=500,
    throttle_pause=60.0,  # 3: a 429 means to wait 60 s [verified: D-limits]
    ramp=(1, 4, 10),
)

TOKENS: Final = TokenRules(
    access_lifetime=timedelta(hours=1),  # 1.4, expires_in 3600 [verified: R-pl]
    refresh_ahead=timedelta(minutes=5),  # 1.4 [verified: R-pl]
    former_honoured=timedelta(0),  # 1.4: sources conflict, assumed dead at once [uncertain]
    idle_lifetime=timedelta(days=100),  # 1.4 [verified: D-faq]
    # 1.5: the value may not have changed; only an invalid_grant to the repeat means it is lost
    # [uncertain: inference].
    lost_answer_may_repeat=True,
)

PROFILE: Final = ProviderProfile(
    name=NAME,
    label="QuickBooks",
    batch_size=30,  # 3 [verified: D-limits, M-fin batch.md]; 31 were refused in DotNET-SDK#358
    honours_request_key=True,  # 2.4 [verified: B-reqid; uncertain: for how long]
    max_request_key=36,  # 2.4: with bIds of at most 10 in a batch [verified: B-reqid]
    item_names=NameRules(
        max_length=100,  # 6.2 [verified: M-fin item.md]
        # 6.2: the colon by analogy with FullyQualifiedName, tab and newline as for customers (6.1)
        # [uncertain]. The double quote is let through: PHP-SDK#397 queries an item by such a name.
        forbidden=frozenset(":\t\n\r"),
        unique=True,  # 6.2 [verified: M-fin item.md; uncertain: per category or company]
    ),
    max_item_name=100,
    customers=CustomerRules(
        names=NameRules(
            max_length=500,  # 6.1, DisplayName [verified: M-qbo customer.md, mirror]
            forbidden=frozenset(":\t\n\r"),  # 6.1 [same]; the carriage return as for items
            unique=True,  # 6.1: over customers, vendors and employees [verified: T-qbo 6240]
        ),
        max_email=100,  # 6.1 [verified: M-qbo customer.md, mirror]
        email_holds=("@", "."),  # 6.1 [same]
        max_phone=30,  # 6.1 [same]
        # Not in quickbooks.md: lengths of BillAddr as Intuit's reference states them [uncertain].
        max_line1=500,
        max_city=255,
        max_region=255,
        max_postal_code=30,
        max_country=255,
    ),
    invoices=InvoiceRules(
        numbers=NameRules(
            max_length=21,  # 6.4, DocNumber [verified: R-xsd]
            forbidden=frozenset("\t\n\r"),
            # 6.4: only where the company warns on duplicates; a number that is taken is looked into
            # either way [verified: DotNET-SDK#175, D-errors].
            unique=True,
        ),
        max_lines=750,  # 3 [verified: M-fin invoice.md, mirror]
        max_line_description=4000,  # as of an item (6.2) [uncertain for lines]
        max_memo=1000,  # 6.4, CustomerMemo [uncertain: 1000]
        max_amount=Decimal(99999999999),  # 6.2, of a unit price [verified]; of a total [uncertain]
        # 6.5, PaymentRefNum: cut there [verified: Intuit's page as mcp-server PR#76 quotes it].
        max_payment_number=21,
        # 6.5, PrivateNote [verified: M-fin payment.md, mirror]; our reference and a blank come first.
        max_note=4000,
        totals=TotalRules(),  # 8: "round tax on the whole" [verified: quickbooks-ruby#547]
        marks_tax_in=frozenset({"US"}),  # 6.6: TAX or NON [verified: B-ast17, D-ust]
        request_limit=timedelta(seconds=120),  # 3: then it times out [verified: D-limits]
    ),
    max_description=4000,  # 6.2 [verified: M-fin item.md]
    max_code=100,  # 6.2, Sku [verified: M-fin item.md]
    max_unit_price="99999999999",  # 6.2 [verified: M-fin item.md]
    # Not in quickbooks.md. A connector's help page says that unit prices hold seven decimals
    # [uncertain: help.breadwinner.com 44001664304]; what is rounded shows in the answer and is kept.
    unit_price_decimals=7,
    has_income_accounts=True,  # 6.2, IncomeAccountRef; 6.3
    limits=LIMITS,
    tokens=TOKENS,
    uses_pkce=False,  # 1.2 [uncertain: absence of evidence]
    shares_grants=False,  # 1.2: one consent covers one company [verified: D-oauth]
    page_size=1000,  # 3 and 5.1 [verified: D-query]
)
