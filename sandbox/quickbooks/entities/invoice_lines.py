"""The lines of an invoice: what the client sends in, what is stored out, and their sums."""

from dataclasses import dataclass
from decimal import Decimal

from sandbox.jsontext import Json, JsonObject
from sandbox.quickbooks import refusals
from sandbox.quickbooks.entities.kind import Context
from sandbox.quickbooks.entities.schema import Property
from sandbox.quickbooks.entities.transactions import account_of, check_amount, referenced
from sandbox.quickbooks.money import amount_in, rounded
from sandbox.quickbooks.records import Record, number_of, reference_in

_DISCOUNT_ACCOUNTS = ("Income", "Other Income", "Expense", "Other Expense")
_NOT_SOLD = ("Category", "Group", "Bundle")
_KINDS = ("SalesItemLineDetail", "DiscountLineDetail", "DescriptionOnly")
_HUNDRED = Decimal(100)

LINE = Property(
    "list",
    properties={
        "Id": Property("text", longest=30),
        "LineNum": Property("ignored"),
        "Description": Property("text", longest=4000),
        "Amount": Property("number"),
        "DetailType": Property("text", longest=50),
        "LinkedTxn": Property("ignored"),
        "CustomField": Property("ignored"),
        "SalesItemLineDetail": Property(
            "object",
            properties={
                "ItemRef": Property("reference"),
                "Qty": Property("number"),
                "UnitPrice": Property("number"),
                "TaxCodeRef": Property("reference"),
                "TaxInclusiveAmt": Property("number"),
                "ServiceDate": Property("date"),
                "ClassRef": Property("reference"),
                "ItemAccountRef": Property("ignored"),
                "PriceLevelRef": Property("ignored"),
                "MarkupInfo": Property("ignored"),
                "DiscountAmt": Property("ignored"),
                "DiscountRate": Property("ignored"),
                "TaxClassificationRef": Property("ignored"),
                "DeferredRevenue": Property("ignored"),
            },
        ),
        "DiscountLineDetail": Property(
            "object",
            properties={
                "PercentBased": Property("boolean"),
                "DiscountPercent": Property("number"),
                "DiscountAccountRef": Property("reference"),
                "Discount": Property("ignored"),
                "ClassRef": Property("ignored"),
                "TaxCodeRef": Property("ignored"),
            },
        ),
        "DescriptionLineDetail": Property(
            "object",
            properties={"ServiceDate": Property("date"), "TaxCodeRef": Property("ignored")},
        ),
        "SubTotalLineDetail": Property("ignored"),
        "SubtotalLineDetail": Property("ignored"),
        "GroupLineDetail": Property("ignored"),
    },
)


@dataclass(frozen=True)
class SalesLine:
    """``inclusive`` is ``TaxInclusiveAmt``, 0 when none is given."""

    amount: Decimal
    tax_code: str
    inclusive: Decimal


@dataclass(frozen=True)
class Lines:
    stored: list[Json]
    sales: list[SalesLine]
    subtotal: Decimal
    discount: Decimal


def lines_of(context: Context, values: JsonObject, former: Record | None, currency: str) -> Lines:
    """The checked lines, numbered, with a subtotal before the discount. Raises ``Refusal``."""
    given = _numbered(context, _sent(values), former)
    for line in given:
        _check_kind(line)
    sales, discounts = _of_kind(given, "SalesItemLineDetail"), _of_kind(given, "DiscountLineDetail")
    if not sales:
        raise refusals.missing("Line")
    if len(discounts) > 1 and context.settings.discount_lines == "one":
        raise refusals.business_rule(
            "Business Validation Error: A form has one discount line.", "Line"
        )
    for line in sales:
        _check_sale(context, line, currency)
    subtotal = sum((amount_in(line, "Amount") for line in sales), Decimal(0))
    for line in discounts:
        _check_discount(context, line, subtotal, currency)
    discount = sum((amount_in(line, "Amount") for line in discounts), Decimal(0))
    before = [line for line in given if line not in discounts]
    for position, line in enumerate([*before, *discounts], start=1):
        line["LineNum"] = position
    total: JsonObject = {
        "DetailType": "SubTotalLineDetail",
        "Amount": rounded(subtotal, currency),
        "SubTotalLineDetail": {},
    }
    return Lines([*before, total, *discounts], [_sale(line) for line in sales], subtotal, discount)


def voided_lines(values: JsonObject) -> list[Json]:
    """The lines with nothing in them: amounts and quantities 0."""
    emptied: list[Json] = []
    for line in _objects(values.get("Line")):
        rest: JsonObject = {"Amount": Decimal(0)} if "Amount" in line else {}
        detail = line.get("SalesItemLineDetail")
        if isinstance(detail, dict):
            kept = {name: value for name, value in detail.items() if name != "TaxInclusiveAmt"}
            rest["SalesItemLineDetail"] = kept | {"Qty": 0}
        emptied.append(line | rest)
    return emptied


def _sent(values: JsonObject) -> list[JsonObject]:
    """The lines without the subtotals, which only the server adds."""
    return [
        dict(line)
        for line in _objects(values.get("Line"))
        if line.get("DetailType") != "SubTotalLineDetail"
    ]


def _objects(lines: Json) -> list[JsonObject]:
    return [line for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []


def _of_kind(lines: list[JsonObject], kind: str) -> list[JsonObject]:
    return [line for line in lines if line["DetailType"] == kind]


def _check_kind(line: JsonObject) -> None:
    kind = line.get("DetailType")
    if kind is None:
        raise refusals.missing("Line.DetailType")
    if kind == "GroupLineDetail":
        raise refusals.unsupported("write a GroupLineDetail")
    if kind not in _KINDS:
        raise refusals.bad_enum("DetailType", str(kind))


def _numbered(context: Context, given: list[JsonObject], former: Record | None) -> list[JsonObject]:
    """Each line with its ``Id``: that of the line it changes, a new one otherwise.

    In a sparse update the array replaces all lines. One that names none of those there may be read as an
    addition to them instead, which the setting ``linesWithoutId`` decides.
    """
    there = {} if former is None else {str(line["Id"]): line for line in _sent(former.values)}
    named = [str(line["Id"]) for line in given if "Id" in line] if former is not None else []
    for line_id in named:
        if line_id not in there or named.count(line_id) > 1:
            raise refusals.bad_id("Line.Id", line_id)
    if context.sparse and given and not named and context.settings.lines_without_id == "append":
        given = [*there.values(), *given]
    last = max((number_of(line_id) for line_id in there), default=0)
    numbered = []
    for line in given:
        if former is not None and "Id" in line:
            numbered.append(dict(line))
        else:
            last += 1
            numbered.append(line | {"Id": str(last)})
    return numbered


def _check_sale(context: Context, line: JsonObject, currency: str) -> None:
    detail = line.get("SalesItemLineDetail")
    if not isinstance(detail, dict):
        raise refusals.missing("SalesItemLineDetail")
    item = referenced(context, detail, "ItemRef", "Item")
    if item is None:
        raise refusals.missing("ItemRef")
    if item.values.get("Type") in _NOT_SOLD:
        raise refusals.bad_reference("ItemRef", item.id)
    if "Amount" not in line:
        raise refusals.missing("Line.Amount")
    amount = amount_in(line, "Amount")
    detail = detail | {"ItemRef": {"value": item.id, "name": item.values["FullyQualifiedName"]}}
    if not amount_in(detail, "Qty") and not amount_in(detail, "UnitPrice") and amount:
        # python-quickbooks sends both as 0 where it means that they are not set.
        detail = {name: one for name, one in detail.items() if name not in ("Qty", "UnitPrice")}
    if "UnitPrice" in detail:
        quantity = amount_in(detail, "Qty") if "Qty" in detail else Decimal(1)
        product = rounded(quantity * amount_in(detail, "UnitPrice"), currency)
        if amount != product:
            raise refusals.wrong_amount(str(amount), str(product))
    check_amount(amount, currency, "Amount")
    if context.books.country == "US" and not reference_in(detail, "TaxCodeRef"):
        detail["TaxCodeRef"] = {"value": "NON"}
    line["SalesItemLineDetail"] = detail


def _check_discount(context: Context, line: JsonObject, subtotal: Decimal, currency: str) -> None:
    if not context.books.preferences.allow_discount:
        raise refusals.business_rule("Discounts are not turned on.", "DiscountLineDetail")
    detail = line.get("DiscountLineDetail")
    detail = detail if isinstance(detail, dict) else {}
    kept: JsonObject = {"PercentBased": detail.get("PercentBased") is True}
    if kept["PercentBased"]:
        percent = amount_in(detail, "DiscountPercent")
        if not 0 < percent <= _HUNDRED:
            raise refusals.out_of_range("DiscountPercent", "0", "100")
        kept["DiscountPercent"] = percent
        line["Amount"] = rounded(subtotal * percent / _HUNDRED, currency)
    elif "Amount" not in line:
        raise refusals.missing("Line.Amount")
    amount = amount_in(line, "Amount")
    check_amount(amount, currency, "Amount")
    if amount < 0 or (not amount and not kept["PercentBased"]):
        raise refusals.business_rule(
            "Business Validation Error: The amount of a discount is positive.", "Amount"
        )
    usual: JsonObject = {
        "DiscountAccountRef": {"value": context.books.preferences.default_discount_account}
    }
    kept["DiscountAccountRef"] = account_of(
        context, usual | detail, "DiscountAccountRef", _DISCOUNT_ACCOUNTS
    )
    line["DiscountLineDetail"] = kept


def _sale(line: JsonObject) -> SalesLine:
    detail = line["SalesItemLineDetail"]
    detail = detail if isinstance(detail, dict) else {}
    return SalesLine(
        amount_in(line, "Amount"),
        reference_in(detail, "TaxCodeRef"),
        amount_in(detail, "TaxInclusiveAmt"),
    )
