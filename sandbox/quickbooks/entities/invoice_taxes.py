"""The tax of an invoice: by the company's rate in the US, by the lines' tax codes elsewhere.

Tax is rounded once for each rate, on the sum of what it is taken from, never line by line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sandbox.jsontext import Json, JsonObject
from sandbox.quickbooks import refusals
from sandbox.quickbooks.entities.invoice_lines import Lines, SalesLine
from sandbox.quickbooks.entities.kind import Context
from sandbox.quickbooks.entities.tax_codes import sales_rate_ids
from sandbox.quickbooks.entities.transactions import customer_of, unchanged
from sandbox.quickbooks.money import amount_in, number, rounded
from sandbox.quickbooks.records import Record, reference_in

TAX_GIVEN = "_TaxGiven"
_CALCULATIONS = ("TaxExcluded", "TaxInclusive", "NotApplicable")
_HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Taxes:
    """``detail`` is ``TxnTaxDetail``; ``on_top`` is False where the lines' amounts hold the tax already."""

    total: Decimal
    detail: JsonObject
    on_top: bool = True
    given: bool = False


def taxes_of(
    context: Context, values: JsonObject, former: Record | None, lines: Lines, currency: str
) -> Taxes:
    """Raises ``Refusal`` 2020, 2170, 2500, 6000 and 6100."""
    if context.books.country == "US":
        return _in_the_us(context, values, former, lines, currency)
    return _elsewhere(context, values, lines, currency)


def _in_the_us(
    context: Context, values: JsonObject, former: Record | None, lines: Lines, currency: str
) -> Taxes:
    """Automated sales tax keeps a total that the client gives; without it a code of the whole decides."""
    for line in lines.sales:
        if line.tax_code not in ("TAX", "NON"):
            raise refusals.bad_us_tax_code(line.tax_code)
    preferences = context.books.preferences
    detail = values.get("TxnTaxDetail")
    detail = detail if isinstance(detail, dict) else {}
    code: JsonObject = {}
    if preferences.partner_tax_enabled:
        # A kept detail is what the server reckoned last, unless a client had given it then.
        said = not unchanged(values, former, "TxnTaxDetail") or (
            former is not None and former.values.get(TAX_GIVEN) is True
        )
        if said and "TotalTax" in detail:
            total = rounded(amount_in(detail, "TotalTax"), currency)
            return Taxes(total, {"TotalTax": total}, given=True)
        rates = {"": preferences.sales_tax_rate}
    else:
        code_id = reference_in(detail, "TxnTaxCodeRef")
        rates = _rates(context, code_id) if code_id else {}
        code = {"TxnTaxCodeRef": {"value": code_id}} if code_id else {}
    if customer_of(context, values).values.get("Taxable") is False:
        rates = {}
    taxable = [line for line in lines.sales if line.tax_code == "TAX"]
    base = sum((line.amount for line in taxable), Decimal(0)) * _left(values, lines)
    per_rate = {rate_id: (percent, base) for rate_id, percent in rates.items() if taxable}
    return _summed(per_rate, currency, code)


def _elsewhere(context: Context, values: JsonObject, lines: Lines, currency: str) -> Taxes:
    calculation = str(values.get("GlobalTaxCalculation", ""))
    if not calculation:
        raise refusals.missing("GlobalTaxCalculation")
    if calculation not in _CALCULATIONS:
        raise refusals.bad_enum("GlobalTaxCalculation", calculation)
    if calculation == "NotApplicable":
        return Taxes(Decimal(0), {"TotalTax": rounded(Decimal(0), currency)})
    gross = calculation == "TaxInclusive" and context.settings.tax_inclusive_lines == "gross"
    left = _left(values, lines)
    per_rate: dict[str, tuple[Decimal, Decimal]] = {}
    said = Decimal(0)
    for line in lines.sales:
        rates = _line_rates(context, line)
        if calculation == "TaxInclusive" and not gross and line.inclusive:
            said += (line.inclusive - line.amount) * left
            continue
        for rate_id, percent in rates.items():
            base = line.amount * left
            if gross:
                base = base * _HUNDRED / (_HUNDRED + sum(rates.values()))
            per_rate[rate_id] = (percent, per_rate.get(rate_id, (percent, Decimal(0)))[1] + base)
    return _summed(per_rate, currency, {}, said=said, on_top=not gross)


def _line_rates(context: Context, line: SalesLine) -> dict[str, Decimal]:
    if not line.tax_code:
        if context.settings.require_line_tax_code:
            raise refusals.business_rule(
                "Business Validation Error: Make sure all your transactions have a tax rate before "
                "you save.",
                "TaxCodeRef",
            )
        return {}
    return _rates(context, line.tax_code)


def _rates(context: Context, code_id: str) -> dict[str, Decimal]:
    """The percentages of a tax code by the ids of its rates."""
    code = context.books.table("TaxCode").get(code_id)
    if code is None:
        raise refusals.bad_reference("TaxCodeRef", code_id)
    if not code.active:
        raise refusals.not_found()
    rates: dict[str, Decimal] = {}
    for rate_id in sales_rate_ids(code.values):
        rate = context.books.table("TaxRate").get(rate_id)
        rates[rate_id] = number(rate.values.get("RateValue")) if rate is not None else Decimal(0)
    return rates


def _left(values: JsonObject, lines: Lines) -> Decimal:
    """What part of each line is taxed: less than all where the discount comes before the tax."""
    if values.get("ApplyTaxAfterDiscount") is not True or not lines.subtotal:
        return Decimal(1)
    return (lines.subtotal - lines.discount) / lines.subtotal


def _summed(
    per_rate: Mapping[str, tuple[Decimal, Decimal]],
    currency: str,
    head: JsonObject,
    *,
    said: Decimal = Decimal(0),
    on_top: bool = True,
) -> Taxes:
    total = rounded(said, currency)
    shown: list[Json] = []
    for rate_id, (percent, base) in per_rate.items():
        amount = rounded(base * percent / _HUNDRED, currency)
        total += amount
        detail: JsonObject = {
            "PercentBased": True,
            "TaxPercent": percent,
            "NetAmountTaxable": rounded(base, currency),
        }
        if rate_id:
            detail["TaxRateRef"] = {"value": rate_id}
        if percent or rate_id:
            shown.append({"Amount": amount, "DetailType": "TaxLineDetail", "TaxLineDetail": detail})
    whole: JsonObject = head | {"TotalTax": total}
    if shown:
        whole["TaxLine"] = shown
    return Taxes(total, whole, on_top=on_top)
