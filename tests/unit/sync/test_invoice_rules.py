"""What the rules of invoices let through: see tests/unit/api/test_invoices.py for what they refuse."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.ids import SourceId
from shared.domain.invoices import (
    MAX_LINE_TEXTS,
    MAX_LINES,
    MAX_MEMO,
    MAX_NUMBER,
    Invoice,
)
from shared.domain.totals import totals_of
from shared.storage.dynamo.bulk import to_json
from shared.storage.dynamo.record_bodies import body_of
from shared.storage.limits import MAX_ROW_BYTES
from shared.sync.field_rules import FieldsInvalid
from shared.sync.invoice_rules import read_invoice

ID = SourceId("1")


def said(**changes: Any) -> dict[str, Any]:
    return {
        "number": "INV-1",
        "customerId": "customer",
        "status": "SENT",
        "currency": "USD",
        "issuedOn": "2026-03-02",
        "lines": [{"itemId": "i", "unitPrice": "1"}],
        **changes,
    }


def longest(description: str) -> Invoice:
    """An invoice with everything as long as it may be, and this description on each of its lines."""
    line = {
        "itemId": "i" * 20,
        "description": description,
        "quantity": "-999999999.999999",
        "unitPrice": "-999999999999.999999",
        "discountPercent": "100.0000",
        "taxPercent": "100.0000",
    }
    return read_invoice(
        ID,
        said(
            number="😀" * MAX_NUMBER,
            customerId="é" * 64,
            memo="😀" * MAX_MEMO,
            discountPercent="100.0000",
            dueOn="2026-03-02",
            lines=[line] * MAX_LINES,
        ),
    )


@pytest.mark.parametrize("mark", ["x", "é", "中", "😀", '"', "\n", "\\"])
def test_the_longest_invoice_that_the_rules_allow_fits_a_row(mark: str) -> None:
    stored_bytes = len(to_json(mark)[1:-1].encode())
    most = MAX_LINE_TEXTS // MAX_LINES - 22  # the item's id and two dots
    invoice = longest(f".{mark * (most // stored_bytes)}.")
    assert 0.95 < len(to_json(body_of(invoice)).encode()) / MAX_ROW_BYTES <= 1
    with pytest.raises(FieldsInvalid) as refused:
        longest(f".{mark * (most // stored_bytes + 1)}.")
    assert (refused.value.problem.code, refused.value.problem.field) == ("TOO_LONG", "lines")


@given(
    st.integers(-(10**9) + 1, 10**9 - 1),
    st.integers(0, 6),
    st.integers(-(10**12) + 1, 10**12 - 1),
    st.integers(0, 6),
    st.sampled_from(["USD", "JPY", "KWD"]),
)
def test_numbers_within_the_limits_keep_their_value_and_have_a_total(
    quantity: int, places: int, price: int, price_places: int, currency: str
) -> None:
    """Or the line, the total or its sign is what is refused; never a number, and nothing breaks."""
    pair = Decimal(quantity).scaleb(-places), Decimal(price).scaleb(-price_places)
    line = {"itemId": "i", "quantity": format(pair[0], "f"), "unitPrice": pair[1]}
    refusal, invoice = "", None
    try:
        invoice = read_invoice(ID, said(currency=currency, lines=[line]))
    except FieldsInvalid as refused:
        refusal = refused.problem.code
    if invoice is None:
        assert refusal in {"OUT_OF_RANGE", "NEGATIVE_TOTAL"}
        return
    assert (invoice.lines[0].quantity, invoice.lines[0].unit_price) == pair
    assert 0 <= totals_of(invoice).total < 10**12


def test_what_is_left_out_is_empty() -> None:
    invoice = read_invoice(ID, said())
    assert (invoice.due_on, invoice.memo, invoice.discount_percent) == (None, "", 0)
    [line] = invoice.lines
    assert (line.quantity, line.discount_percent, line.tax_percent) == (1, 0, 0)


def test_all_bad_fields_are_named_at_once_lines_by_their_place() -> None:
    bad_line = {"itemId": "i", "quantity": "many", "unitPrice": "1", "taxPercent": "101"}
    with pytest.raises(FieldsInvalid) as refused:
        read_invoice(
            ID, said(number=" ", issuedOn="2026-02-30", lines=[*said()["lines"], bad_line])
        )
    assert [problem.field for problem in refused.value.problems] == [
        "number",
        "issuedOn",
        "lines[1].quantity",
        "lines[1].taxPercent",
    ]
