"""The lines of an invoice to and from QuickBooks' JSON (quickbooks.md 2.5, 6.4, 6.6).

*Marks*: in some countries a line is only marked as taxed or not (`TAX`, `NON`); elsewhere it names a
tax code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, Final

from shared.domain.ids import RemoteId
from shared.domain.invoice_fields import InvoiceFields, InvoiceLineFields
from shared.domain.invoices import ZERO
from shared.domain.money import canonical_amount, smallest_unit
from shared.domain.totals import allocated, rounded
from shared.providers.quickbooks.transactions import group_of, reference, referred, rows_of
from shared.providers.quickbooks.wire import ShapeUnknown, number_of, text_of

SALE: Final = "SalesItemLineDetail"
TEXT: Final = "DescriptionOnly"
DISCOUNT: Final = "DiscountLineDetail"
TAXED, UNTAXED = "TAX", "NON"
"""6.6: all the tax codes that lines of US companies have [verified: B-ast17, D-ust]."""

_PREFIXES: Final = {SALE: "", TEXT: "text=", DISCOUNT: "discount="}
"""How the id of a line of each sort is kept, so that an update gives it to a line of its sort again."""
_PRICE_STEP: Final = Decimal("1e-7")
"""The decimals of a unit price (`profile.PROFILE.unit_price_decimals`)."""


def lines_text(fields: InvoiceFields, line_ids: Sequence[str], *, marks: bool) -> str:
    """The whole array as JSON text: our lines in order, then the discount.

    `line_ids` are those that lines have in the books (`InvoiceLineFields.line_ids`); they go to our
    lines of the same sort in order, and lines beyond them have none, which makes them new (2.5). So the
    lines are replaced, whether QuickBooks takes an array as the whole or as changes by `Id`.
    """
    ids = {sort: iter(_ids_of(sort, line_ids)) for sort in _PREFIXES}
    amounts, discount = _without_tax(fields)
    parts = [
        _text(line, next(ids[TEXT], ""))
        if not line.item_id
        else _sale(fields, line, amount, next(ids[SALE], ""), marks=marks)
        for line, amount in zip(fields.lines, amounts, strict=True)
    ]
    if fields.discount:
        parts.append(_discount(fields, discount, next(ids[DISCOUNT], "")))
    return "[" + ",".join(parts) + "]"


def _ids_of(sort: str, line_ids: Sequence[str]) -> Iterator[str]:
    prefix = _PREFIXES[sort]
    for line_id in line_ids:
        mark, separator, bare = line_id.rpartition("=")
        if mark + separator == prefix:
            yield bare


def _without_tax(fields: InvoiceFields) -> tuple[tuple[Decimal, ...], Decimal]:
    """Amounts of the lines and the discount as QuickBooks wants them: without tax.

    Where prices include tax, `Amount` is net all the same and `TaxInclusiveAmt` has what we call the
    amount [uncertain: public connector code; Intuit's page of JournalEntry names the attribute]. The
    tax that is in the lines is spread over those that bear any; what is left of a line's own rate is
    not known here, so that with several rates a line may be off while the sum is not.
    """
    amounts = tuple(line.amount for line in fields.lines)
    whole = sum(amounts, ZERO)
    left = whole - fields.discount
    if not (fields.prices_include_tax and fields.tax and left):
        return amounts, fields.discount
    unit = smallest_unit(fields.currency)
    # `tax` is of what is left behind the discount; the lines and the discount hold theirs each.
    contained = rounded(fields.tax * whole / left, unit)
    weights = [line.amount if line.taxed else ZERO for line in fields.lines]
    shares = allocated(contained, weights, unit) if any(weights) else [ZERO] * len(amounts)
    nets = tuple(amount - share for amount, share in zip(amounts, shares, strict=True))
    return nets, fields.discount - (contained - fields.tax)


def _sale(
    fields: InvoiceFields, line: InvoiceLineFields, amount: Decimal, line_id: str, *, marks: bool
) -> str:
    """`Qty` and `UnitPrice` go only where their product is the amount: 6070 compares them."""
    detail = [reference("ItemRef", line.item_id)]
    if not line.discounted:
        detail.append(f'"Qty":{canonical_amount(line.quantity)}')
        if amount == line.amount:
            detail.append(f'"UnitPrice":{canonical_amount(line.unit_price)}')
    mark = (TAXED if line.taxed else UNTAXED) if marks else ""
    if line.tax_code_id or mark:
        detail.append(reference("TaxCodeRef", line.tax_code_id or mark))
    if fields.prices_include_tax and not marks:
        detail.append(f'"TaxInclusiveAmt":{canonical_amount(line.amount)}')
    return _line(
        SALE,
        line_id,
        f'"Amount":{canonical_amount(amount)}',
        _description(line, line_id),
        f'"{SALE}":{{{",".join(detail)}}}',
    )


def _text(line: InvoiceLineFields, line_id: str) -> str:
    return _line(TEXT, line_id, _description(line, line_id), '"DescriptionLineDetail":{}')


def _discount(fields: InvoiceFields, amount: Decimal, line_id: str) -> str:
    """6.4: the amount is positive. The account is left to the company's own setting."""
    detail = '"PercentBased":false'
    if fields.discount_percent:
        percent = canonical_amount(fields.discount_percent)
        detail = f'"PercentBased":true,"DiscountPercent":{percent}'
    money = f'"Amount":{canonical_amount(amount)}'
    return _line(DISCOUNT, line_id, money, f'"{DISCOUNT}":{{{detail}}}')


def _line(sort: str, line_id: str, *parts: str) -> str:
    head = f'"Id":{quoted(line_id)}' if line_id else ""
    return "{" + ",".join(part for part in (head, f'"DetailType":"{sort}"', *parts) if part) + "}"


def _description(line: InvoiceLineFields, line_id: str) -> str:
    """Empty ones go only to a line that is there and may have one."""
    if not line.description and not line_id:
        return ""
    return f'"Description":{quoted(line.description)}'


def lines_of(row: Mapping[str, Any]) -> tuple[InvoiceLineFields, ...]:
    """Our sort of lines of an answer, subtotals and discounts left out. Raises `ShapeUnknown`.

    A code that is only a mark is read as `taxed` and no code. A bundle is one line without an item.
    """
    inclusive = row.get("GlobalTaxCalculation") == "TaxInclusive"
    return tuple(
        _read(line, inclusive=inclusive)
        for line in rows_of(row, "Line")
        if _sort(line) not in (DISCOUNT, "SubTotalLineDetail")
    )


def _read(line: Mapping[str, Any], *, inclusive: bool) -> InvoiceLineFields:
    detail = group_of(line, SALE)
    code = referred(detail, "TaxCodeRef")
    read = InvoiceLineFields(
        item_id=RemoteId(referred(detail, "ItemRef")),
        description=text_of(line, "Description"),
        quantity=number_of(detail, "Qty"),
        unit_price=number_of(detail, "UnitPrice"),
        amount=number_of(line, "Amount"),
        tax_code_id="" if code in (TAXED, UNTAXED) else code,
        taxed=bool(code) and code != UNTAXED,
        discounted=bool(detail) and "Qty" not in detail and "UnitPrice" not in detail,
    )
    if inclusive and "TaxInclusiveAmt" in detail:
        amount = number_of(detail, "TaxInclusiveAmt")
        price = amount / read.quantity if read.quantity else read.unit_price
        return replace(read, amount=amount, unit_price=price.quantize(_PRICE_STEP))
    return read


def discount_of(row: Mapping[str, Any], *, total: Decimal) -> tuple[Decimal, Decimal]:
    """The discount of the whole, as an amount and as a percentage (0 where it is an amount).

    Where prices include tax so does our discount: what the lines are more than the total.
    Raises `ShapeUnknown`.
    """
    found = [line for line in rows_of(row, "Line") if _sort(line) == DISCOUNT]
    if not found:
        return ZERO, ZERO
    detail = group_of(found[0], DISCOUNT)
    percent = number_of(detail, "DiscountPercent") if detail.get("PercentBased") is True else ZERO
    if row.get("GlobalTaxCalculation") == "TaxInclusive":
        return sum((line.amount for line in lines_of(row)), ZERO) - total, percent
    return sum((number_of(line, "Amount") for line in found), ZERO), percent


def line_ids_of(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of all lines that have one, marked with their sort; what `lines_text` takes."""
    return tuple(
        _PREFIXES[_sort(line)] + text_of(line, "Id")
        for line in rows_of(row, "Line")
        if _sort(line) in _PREFIXES and text_of(line, "Id")
    )


def emptied(row: Mapping[str, Any]) -> bool:
    """Whether a void has been over the lines (2.6): amounts and quantities are 0. A line that costs
    nothing has a quantity.
    """
    sold = [line for line in rows_of(row, "Line") if _sort(line) == SALE]
    return bool(sold) and not any(
        number_of(line, "Amount") or number_of(group_of(line, SALE), "Qty") for line in sold
    )


def _sort(line: Mapping[str, Any]) -> str:
    sort = line.get("DetailType")
    if not isinstance(sort, str):
        raise ShapeUnknown("Line.DetailType")
    return sort
