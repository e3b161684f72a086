"""What an invoice may say, field by field (see `field_rules`), and as a whole.

What depends on other records (its customer, items and payments, and how it stood before) is checked where
it is stored: `shared.sync.invoicing`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, NoReturn

from shared.domain.ids import SourceId
from shared.domain.invoices import (
    MAX_AMOUNT_DIGITS,
    MAX_LINE_DESCRIPTION,
    MAX_LINE_TEXTS,
    MAX_LINES,
    MAX_MEMO,
    MAX_NUMBER,
    MAX_PERCENT_DECIMALS,
    MAX_QUANTITY_DECIMALS,
    MAX_QUANTITY_DIGITS,
    Invoice,
    InvoiceLine,
    InvoiceStatus,
)
from shared.domain.money import smallest_unit
from shared.domain.records import MAX_UNIT_PRICE_DECIMALS
from shared.domain.runs import Problem
from shared.domain.totals import totals_of
from shared.sync.field_rules import (
    FieldRule,
    FieldsInvalid,
    Refused,
    checked_source_id,
    missing,
    read_fields,
    text_field,
)
from shared.sync.value_rules import date_field, number_field, read_currency, yes_or_no_field

_OF_PAYMENTS: Final = "payments"
_OF_SYNC: Final = "sync"
_NUMBERS_OF_A_LINE: Final = ("quantity", "unitPrice", "discountPercent", "taxPercent")
_TOO_LARGE: Final = Decimal(10) ** MAX_AMOUNT_DIGITS


def checked_invoice_id(text: object) -> SourceId:
    """As `checked_source_id`; besides, no part after a slash is `payments`, which addresses payments, and
    the last one not `sync`.
    """
    source_id = checked_source_id(text)
    if _OF_PAYMENTS in source_id.split("/")[1:]:
        _refuse(
            "INVALID_ID",
            "The id has the part /payments, which addresses the payments of an invoice.",
            "Choose another id; the id of a payment has no slash.",
            "id",
        )
    if source_id.endswith(f"/{_OF_SYNC}"):
        _refuse(
            "INVALID_ID",
            "The id ends in /sync, which addresses the sync of an invoice.",
            "Choose another id.",
            "id",
        )
    return source_id


def read_invoice(source_id: SourceId, said: Mapping[str, object]) -> Invoice:
    """The invoice as it was said, version 0. What is left out is empty.

    Raises `FieldsInvalid` with every problem of a field; where there is none, with the first of the whole.
    """
    problems: list[Problem] = []
    read: dict[str, Any] = {}
    try:
        read = read_fields(said, _RULES)
    except FieldsInvalid as invalid:
        problems += invalid.problems
    read["lines"] = _lines(said.get("lines"), problems)
    if problems:
        raise FieldsInvalid(problems)
    invoice = Invoice(source_id, **read)
    _check_whole(invoice)
    return invoice


def _lines(said: object, problems: list[Problem]) -> tuple[InvoiceLine, ...]:
    """What can be read of them; what cannot is added to `problems`."""
    if not isinstance(said, Sequence) or isinstance(said, str):
        problems.append(missing("lines", "list of lines"))
        return ()
    if len(said) > MAX_LINES:
        message = f"The invoice has {len(said)} lines; at most {MAX_LINES} are possible."
        problems.append(Problem("TOO_MANY_LINES", message, "Split the invoice.", "lines"))
        return ()
    lines = []
    for number, one in enumerate(said):
        try:
            lines.append(_line(one))
        except FieldsInvalid as invalid:
            problems += [
                replace(problem, field=f"lines[{number}].{problem.field}")
                for problem in invalid.problems
            ]
    if len(lines) == len(said) and all(line.is_text for line in lines):
        problems.append(
            Problem("NO_LINES", "The invoice has no line with an item.", "Add one.", "lines")
        )
    return tuple(lines)


def _line(said: Mapping[str, object]) -> InvoiceLine:
    read = read_fields(said, _LINE_RULES)
    if not read.get("item_id"):
        charged = [name for name in _NUMBERS_OF_A_LINE if said.get(name) is not None]
        if charged:
            raise FieldsInvalid([missing("itemId", f"item of a line with {charged[0]}")])
        return InvoiceLine(SourceId(""), read.get("description", ""))
    if "unit_price" not in read:
        raise FieldsInvalid([missing("unitPrice", "unit price")])
    return InvoiceLine(**read)


def _check_whole(invoice: Invoice) -> None:
    """Raises `FieldsInvalid`."""
    if invoice.due_on and invoice.due_on < invoice.issued_on:
        _refuse(
            "DUE_BEFORE_ISSUED",
            "The invoice is due before it is issued.",
            "Correct one of the two dates.",
            "dueOn",
        )
    unit = smallest_unit(invoice.currency)
    if invoice.discount_amount and invoice.discount_percent:
        _refuse(
            "TWO_DISCOUNTS",
            "The discount is given as a percentage and as an amount.",
            "Give one of them.",
            "discountAmount",
        )
    if invoice.discount_amount % unit:
        _refuse(
            "TOO_MANY_DECIMALS",
            f"The discount has more decimals than {invoice.currency} has.",
            f"Round it to {unit}.",
            "discountAmount",
        )
    texts = sum(_stored_size(line.description + line.item_id) for line in invoice.lines)
    if texts > MAX_LINE_TEXTS:
        _refuse(
            "TOO_LONG",
            f"The texts of the lines are {texts} bytes; at most {MAX_LINE_TEXTS} are possible.",
            "Shorten the descriptions, or split the invoice.",
            "lines",
        )
    _check_totals(invoice)


def _check_totals(invoice: Invoice) -> None:
    totals = totals_of(invoice)
    for number, amount in enumerate(totals.lines):
        if abs(amount) >= _TOO_LARGE:
            _refuse(
                "OUT_OF_RANGE",
                f"The line comes to an amount of more than {MAX_AMOUNT_DIGITS} digits.",
                "Check quantity and price.",
                f"lines[{number}].quantity",
            )
    if totals.total < 0:
        by_discount = totals.subtotal >= 0 and invoice.discount_amount
        _refuse(
            "NEGATIVE_TOTAL",
            "The invoice comes to less than nothing.",
            "Lower the discount." if by_discount else "Check quantities and prices.",
            "discountAmount" if by_discount else "lines",
        )
    if totals.total >= _TOO_LARGE:
        _refuse(
            "OUT_OF_RANGE",
            f"The invoice comes to an amount of more than {MAX_AMOUNT_DIGITS} digits.",
            "Split the invoice.",
            "lines",
        )


def _stored_size(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode()) - 2


def _refuse(code: str, message: str, action: str, field: str) -> NoReturn:
    raise FieldsInvalid([Problem(code, message, action, field)])


def _number_text(value: object) -> object:
    kept = _NUMBER_TEXT.read(value)
    if not str(kept).strip():
        raise Refused("EMPTY", "The number is empty.", "Give the invoice a number.")
    return kept


def _status(value: object) -> InvoiceStatus:
    try:
        return InvoiceStatus(str(value))
    except ValueError:
        known = ", ".join(InvoiceStatus)
        raise Refused(
            "UNKNOWN_VALUE", "The status is none that is known.", f"Write one of {known}."
        ) from None


def _currency(value: object) -> str:
    code = read_currency(value)
    if code is None:
        raise Refused("EMPTY", "The currency is empty.", "Write three letters such as USD.")
    return code


def _percent_field(attribute: str, words: str) -> FieldRule:
    return number_field(
        attribute, words, digits=3, decimals=MAX_PERCENT_DECIMALS, most=Decimal(100)
    )


def _id_field(attribute: str, words: str, *, optional: bool = False) -> FieldRule:
    """The id of another record; whether there is one is looked up where the invoice is stored."""

    def read(value: object) -> SourceId:
        if optional and value == "":
            return SourceId("")
        text = _ID_TEXT.read(value)
        if not str(text).strip():
            raise Refused("EMPTY", f"The {words} is empty.", f"Name the {words} by its id.")
        return SourceId(str(value))

    return FieldRule(attribute, words, read, needed=not optional)


_NUMBER_TEXT: Final = text_field("number", "number", MAX_NUMBER)
_ID_TEXT: Final = text_field("id", "id", 128)

_RULES: Final[Mapping[str, FieldRule]] = {
    "number": FieldRule("number", "number", _number_text, needed=True),
    "customerId": _id_field("customer_id", "customer"),
    "status": FieldRule("status", "status", _status, needed=True),
    "currency": FieldRule("currency", "currency", _currency, needed=True),
    "issuedOn": date_field("issued_on", "date of issue", needed=True),
    "dueOn": date_field("due_on", "due date"),
    "discountPercent": _percent_field("discount_percent", "discount"),
    "discountAmount": number_field(
        "discount_amount", "discount", digits=MAX_AMOUNT_DIGITS, decimals=3
    ),
    "pricesIncludeTax": yes_or_no_field("prices_include_tax", "statement that prices include tax"),
    "memo": text_field("memo", "memo", MAX_MEMO),
}
"""By field as the API spells it; problems name them so. The lines are read apart."""

_LINE_RULES: Final[Mapping[str, FieldRule]] = {
    "itemId": _id_field("item_id", "item", optional=True),
    "description": text_field("description", "description", MAX_LINE_DESCRIPTION),
    "quantity": number_field(
        "quantity",
        "quantity",
        digits=MAX_QUANTITY_DIGITS,
        decimals=MAX_QUANTITY_DECIMALS,
        negative=True,
    ),
    "unitPrice": number_field(
        "unit_price",
        "unit price",
        digits=MAX_AMOUNT_DIGITS,
        decimals=MAX_UNIT_PRICE_DECIMALS,
        negative=True,
    ),
    "discountPercent": _percent_field("discount_percent", "discount of the line"),
    "taxPercent": _percent_field("tax_percent", "tax rate"),
}
