"""What a company has chosen about its books. Control changes it; the README's table says what each does."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from sandbox import options
from sandbox.jsontext import JsonObject


@dataclass(frozen=True)
class CompanyPreferences:
    """``sales_tax_rate`` is in percent; dates are ``YYYY-MM-DD`` or empty."""

    custom_txn_numbers: bool = False
    duplicate_doc_numbers: Literal["refuse", "allow"] = "refuse"
    allow_discount: bool = True
    default_discount_account: str = ""
    default_terms_days: int = 30
    using_sales_tax: bool = True
    partner_tax_enabled: bool = True
    sales_tax_rate: Decimal = Decimal(0)
    multi_currency_enabled: bool = False
    exchange_rate: Decimal = Decimal("1.25")
    books_closed_until: str = ""
    books_closed_password: bool = False


def shown(preferences: CompanyPreferences, currency: str, country: str, account: str) -> JsonObject:
    """The content of ``Preferences``; ``account`` is the one that discounts go to."""
    tax: JsonObject = {"UsingSalesTax": preferences.using_sales_tax}
    if country == "US" and preferences.partner_tax_enabled:
        tax["PartnerTaxEnabled"] = True
    sales: JsonObject = {
        "CustomTxnNumbers": preferences.custom_txn_numbers,
        "AllowDiscount": preferences.allow_discount,
        "AllowDeposit": False,
        "AllowEstimates": True,
        "AllowServiceDate": False,
        "AllowShipping": False,
        "UsingPriceLevels": False,
    }
    if preferences.allow_discount:
        sales["DefaultDiscountAccount"] = account
    return {
        "AccountingInfoPrefs": {
            "UseAccountNumbers": False,
            "BookCloseDate": preferences.books_closed_until,
        },
        "ProductAndServicesPrefs": {"ForSales": True, "ForPurchase": True},
        "SalesFormsPrefs": sales,
        "TaxPrefs": tax,
        "CurrencyPrefs": {
            "MultiCurrencyEnabled": preferences.multi_currency_enabled,
            "HomeCurrency": {"value": currency},
        },
    }


def described(preferences: CompanyPreferences) -> JsonObject:
    return options.need_object(options.described(preferences))
