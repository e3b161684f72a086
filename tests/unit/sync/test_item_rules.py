"""Rules that addresses and JSON never get to: see tests/unit/api/test_items.py for the others."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import RequestInvalid
from shared.domain.records import MAX_UNIT_PRICE_DECIMALS, MAX_UNIT_PRICE_DIGITS
from shared.sync.field_rules import FieldsInvalid, checked_source_id
from shared.sync.item_rules import read_values


@pytest.mark.parametrize(
    "item_id",
    ["", " ", "50%2Foff", "a%41", "a\nb", "a\x00b", "\ud800", ".", "..", "/a", "a/", 7, None],
)
def test_an_id_that_would_not_stay_itself_in_an_address_is_refused(item_id: object) -> None:
    with pytest.raises(RequestInvalid) as refused:
        checked_source_id(item_id, "code")
    assert refused.value.problem.field == "code"


@given(
    st.decimals(
        min_value=0,
        max_value=10**MAX_UNIT_PRICE_DIGITS - 1,
        places=MAX_UNIT_PRICE_DECIMALS,
        allow_nan=False,
    )
)
def test_every_price_within_the_limits_keeps_its_value(price: Decimal) -> None:
    for said in (price, str(price) if "E" not in str(price) else format(price, "f")):
        assert read_values({"name": "Pipe", "unitPrice": said}).unit_price == price


@pytest.mark.parametrize(
    "price", [Decimal("1e999999999"), Decimal("1e-999999999"), Decimal("-1e999999999")]
)
def test_a_number_of_a_billion_digits_is_refused_without_being_spelled_out(price: Decimal) -> None:
    with pytest.raises(FieldsInvalid):
        read_values({"name": "Pipe", "unitPrice": price})


def test_the_currency_may_be_written_small_or_be_left_empty() -> None:
    said = {"name": "Pipe", "unitPrice": "1"}
    assert read_values({**said, "currency": " usd "}).currency == "USD"
    assert read_values({**said, "currency": ""}).currency is None
