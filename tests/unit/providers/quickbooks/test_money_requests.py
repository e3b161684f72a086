"""What goes out for invoices and payments: exact JSON, the same each time."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.ids import RecordKind, RemoteCompanyId, RequestKey
from shared.domain.runs import PushAction
from shared.providers.base import CallClass, RecordWrite, WriteRequest
from shared.providers.quickbooks import query
from shared.providers.quickbooks.batch import write_request
from shared.providers.quickbooks.invoices import invoice_object
from shared.providers.quickbooks.payments import payment_object
from tests.unit.providers.quickbooks.money import invoice, line, payment, text, write

HEAD = {"Id": "238", "SyncToken": "3", "sparse": True}
UPDATE, VOID = PushAction.UPDATE, PushAction.VOID


def sent(made: RecordWrite, country: str = "US") -> Any:
    return json.loads(invoice_object(made, country), parse_float=Decimal)


def sold(amount: str, tax: str = "NON", **more: Any) -> dict[str, Any]:
    """A line of one at its price, as it goes out."""
    detail: dict[str, Any] = {"ItemRef": {"value": "7"}, **more, "TaxCodeRef": {"value": tax}}
    return {
        "DetailType": "SalesItemLineDetail",
        "Amount": Decimal(amount),
        "Description": "Work",
        "SalesItemLineDetail": detail,
    }


def test_a_new_invoice_says_all_there_is() -> None:
    fields = invoice(
        line(taxed=True),
        text(),
        line("8", amount=Decimal("20"), discounted=True, description=""),
        discount=Decimal("4.5"),
        discount_percent=Decimal("10"),
        tax=Decimal("1.86"),
        memo="See you",
        reference="BlueClerk INV-1",
    )
    assert sent(write(fields)) == {
        "DocNumber": "INV-1",
        "CustomerRef": {"value": "20"},
        "CurrencyRef": {"value": "USD"},
        "TxnDate": "2026-11-20",
        "DueDate": "2026-12-20",
        "Line": [
            {
                "DetailType": "SalesItemLineDetail",
                "Amount": 25,
                "Description": "Work",
                "SalesItemLineDetail": {
                    "ItemRef": {"value": "7"},
                    "Qty": 2,
                    "UnitPrice": Decimal("12.5"),
                    "TaxCodeRef": {"value": "TAX"},
                },
            },
            {
                "DetailType": "DescriptionOnly",
                "Description": "Thanks",
                "DescriptionLineDetail": {},
            },
            {
                "DetailType": "SalesItemLineDetail",
                "Amount": 20,
                "SalesItemLineDetail": {
                    "ItemRef": {"value": "8"},
                    "TaxCodeRef": {"value": "NON"},
                },
            },
            {
                "DetailType": "DiscountLineDetail",
                "Amount": Decimal("4.5"),
                "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": 10},
            },
        ],
        "ApplyTaxAfterDiscount": True,
        "TxnTaxDetail": {"TotalTax": Decimal("1.86")},
        "CustomerMemo": {"value": "See you"},
        "PrivateNote": "BlueClerk INV-1",
    }


def test_a_plain_invoice_says_no_more_than_it_needs() -> None:
    made = sent(write(invoice(name="", due_on=None, tax=Decimal(0))))
    assert sorted(made) == ["CurrencyRef", "CustomerRef", "Line", "TxnDate"]


def test_a_discount_that_is_a_sum_names_no_percentage() -> None:
    (_, discount) = sent(write(invoice(discount=Decimal(5))))["Line"]
    assert discount == {
        "DetailType": "DiscountLineDetail",
        "Amount": 5,
        "DiscountLineDetail": {"PercentBased": False},
    }


@pytest.mark.parametrize(
    ("country", "taxed", "code", "said", "calculation"),
    [
        ("US", True, "", "TAX", None),
        ("US", False, "", "NON", None),
        ("US", True, "NON", "NON", None),  # chosen
        ("GB", True, "5", "5", "TaxExcluded"),
        ("GB", False, "", None, "NotApplicable"),
        ("CA", False, "9", "9", "TaxExcluded"),
        ("", True, "", "TAX", None),
        ("", True, "5", "5", "TaxExcluded"),
    ],
)
def test_tax_is_told_as_the_country_wants_it(
    country: str, *, taxed: bool, code: str, said: str | None, calculation: str | None
) -> None:
    fields = invoice(line(taxed=taxed, tax_code_id=code), tax=Decimal(5))
    made = sent(write(fields), country)
    detail = made["Line"][0]["SalesItemLineDetail"]
    assert detail.get("TaxCodeRef") == ({"value": said} if said else None)
    assert made.get("GlobalTaxCalculation") == calculation
    # Elsewhere than in the US the tax is reckoned there, whatever we say.
    assert made.get("TxnTaxDetail") == (None if calculation else {"TotalTax": 5})


def test_no_tax_of_ours_is_no_tax_detail() -> None:
    assert "TxnTaxDetail" not in sent(write(invoice(line(taxed=True), tax=None)))


def test_prices_with_tax_go_without_it_and_say_what_they_were() -> None:
    fields = invoice(
        line("7", "1", "60", taxed=True, tax_code_id="2"),
        line("7", "1", "60", tax_code_id="4"),
        tax=Decimal(10),
        prices_include_tax=True,
        currency="GBP",
    )
    made = sent(write(fields), "GB")
    assert made["GlobalTaxCalculation"] == "TaxInclusive"
    assert made["Line"] == [
        sold("50", "2", Qty=1) | {"SalesItemLineDetail": _detail("2", 60)},
        sold("60", "4") | {"SalesItemLineDetail": _detail("4", 60, UnitPrice=60)},
    ]


def _detail(code: str, gross: int, **more: int) -> dict[str, Any]:
    return {
        "ItemRef": {"value": "7"},
        "Qty": 1,
        **more,
        "TaxCodeRef": {"value": code},
        "TaxInclusiveAmt": gross,
    }


def test_in_the_united_states_prices_with_tax_become_prices_and_a_tax() -> None:
    taxed = line("7", "1", "108.25", taxed=True)
    made = sent(write(invoice(taxed, tax=Decimal("8.25"), prices_include_tax=True)))
    assert made["Line"] == [sold("100", "TAX", Qty=1)]
    assert made["TxnTaxDetail"] == {"TotalTax": Decimal("8.25")}


@settings(deadline=None)
@given(
    prices=st.lists(st.integers(-5_000_00, 50_000_00), min_size=1, max_size=6),
    percent=st.integers(0, 25),
    discount=st.integers(0, 100),
)
def test_what_goes_out_without_tax_and_the_tax_come_to_our_total(
    prices: list[int], percent: int, discount: int
) -> None:
    lines = [line("7", "1", str(Decimal(price) / 100), taxed=True) for price in prices]
    whole = sum((one.amount for one in lines), Decimal(0))
    off = (whole * discount / 1000).quantize(Decimal("0.01"))
    if whole <= 0:
        return
    tax = ((whole - off) * percent / (100 + percent)).quantize(Decimal("0.01"))
    fields = invoice(*lines, tax=tax, prices_include_tax=True, discount=off)
    parts = sent(write(fields), "GB")["Line"]
    signs = {"SalesItemLineDetail": 1, "DiscountLineDetail": -1}
    assert sum(part["Amount"] * signs[part["DetailType"]] for part in parts) + tax == whole - off


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("name", {"DocNumber": "INV-1"}),
        ("customer_id", {"CustomerRef": {"value": "20"}}),
        ("currency", {"CurrencyRef": {"value": "USD"}}),
        ("issued_on", {"TxnDate": "2026-11-20"}),
        ("due_on", {"DueDate": "2026-12-20"}),
        ("memo", {"CustomerMemo": {"value": ""}}),
        ("total", {}),
        ("active", {}),
        ("tax", {"TxnTaxDetail": {"TotalTax": 0}}),
    ],
)
def test_an_update_is_sparse(changed: str, expected: dict[str, Any]) -> None:
    made = sent(write(invoice(tax=Decimal(0)), UPDATE, changed, line_ids="1"))
    assert made == HEAD | expected


def test_a_due_date_that_is_gone_stays() -> None:
    assert sent(write(invoice(due_on=None), UPDATE, "due_on")) == HEAD


@pytest.mark.parametrize("changed", ["lines", "discount", "prices_include_tax"])
def test_changed_lines_go_as_a_whole_with_the_ids_they_have(changed: str) -> None:
    fields = invoice(
        line(), text(""), line("8"), line("9", description=""), text("new"), discount=Decimal(1)
    )
    made = sent(write(fields, UPDATE, changed, line_ids="11,text=12,13,14,discount=15"))
    assert [(part.get("Id"), part["DetailType"]) for part in made["Line"]] == [
        ("11", "SalesItemLineDetail"),
        ("12", "DescriptionOnly"),
        ("13", "SalesItemLineDetail"),
        ("14", "SalesItemLineDetail"),
        (None, "DescriptionOnly"),
        ("15", "DiscountLineDetail"),
    ]
    # What a line may have had before is emptied, not left.
    assert [part.get("Description") for part in made["Line"][1:4]] == ["", "Work", ""]
    assert made["ApplyTaxAfterDiscount"] is True


def test_another_tax_in_prices_with_tax_sends_the_lines() -> None:
    fields = invoice(line(taxed=True, tax_code_id="2"), tax=Decimal(2), prices_include_tax=True)
    assert "Line" in sent(write(fields, UPDATE, "tax", line_ids="1"), "GB")


def test_a_tax_that_was_given_once_is_told_to_be_none() -> None:
    made = sent(write(invoice(tax=Decimal(0)), UPDATE, "lines", "tax", line_ids="1"))
    assert made["TxnTaxDetail"] == {"TotalTax": 0}


def test_a_payment_says_all_there_is() -> None:
    fields = payment(
        method_id="2",
        deposit_account_id="35",
        number="CHK-" + "7" * 30,
        note="paid at the door",
        applied=Decimal("30.25"),
    )
    made = json.loads(payment_object(write(fields), "US"), parse_float=Decimal)
    assert made == {
        "TotalAmt": Decimal("40.5"),
        "CustomerRef": {"value": "20"},
        "CurrencyRef": {"value": "USD"},
        "TxnDate": "2026-11-21",
        "PaymentRefNum": "CHK-" + "7" * 17,
        "PaymentMethodRef": {"value": "2"},
        "DepositToAccountRef": {"value": "35"},
        "PrivateNote": "BC-0123456789ab paid at the door",
        "Line": [
            {
                "Amount": Decimal("30.25"),
                "LinkedTxn": [{"TxnId": "238", "TxnType": "Invoice"}],
            }
        ],
    }


def test_a_prepayment_is_applied_to_nothing() -> None:
    made = json.loads(payment_object(write(payment(applied=Decimal(0), invoice_id="")), ""))
    assert sorted(made) == ["CurrencyRef", "CustomerRef", "PrivateNote", "TotalAmt", "TxnDate"]
    assert made["PrivateNote"] == "BC-0123456789ab"


@settings(deadline=None)
@given(st.text(max_size=30), st.text(max_size=6))
def test_a_note_of_any_length_keeps_the_reference_first(number: str, unit: str) -> None:
    made = json.loads(payment_object(write(payment(number=number, note=unit * 3000)), "US"))
    assert made["PrivateNote"].split(" ")[0] == "BC-0123456789ab"
    assert len(made["PrivateNote"].encode("utf-16-le")) <= 8000
    assert len(made.get("PaymentRefNum", "").encode("utf-16-le")) <= 42
    assert number.startswith(made.get("PaymentRefNum", ""))


def test_a_payment_is_never_updated() -> None:
    with pytest.raises(ValueError, match="voided"):
        payment_object(write(payment(), UPDATE, "amount"), "US")


def built(*writes: RecordWrite, kind: RecordKind, single: bool = False) -> WriteRequest:
    company, key = RemoteCompanyId("123"), RequestKey("0af1" * 8)
    return write_request(company, kind, writes, key, single=single, country="US")


@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize(
    ("kind", "path", "how"),
    [
        (RecordKind.INVOICE, "invoice", (("operation", "void"),)),
        (RecordKind.PAYMENT, "payment", (("operation", "update"), ("include", "void"))),
    ],
)
def test_a_void_alone_goes_by_itself_in_the_way_of_its_kind(
    kind: RecordKind, path: str, how: tuple[tuple[str, str], ...], *, single: bool
) -> None:
    fields = invoice() if kind is RecordKind.INVOICE else payment()
    request = built(write(fields, VOID, "active"), kind=kind, single=single)
    assert request.call_class is CallClass.SINGLE
    assert request.path == f"/v3/company/123/{path}"
    assert request.query == (*how, ("requestid", "0af1" * 8), ("minorversion", "75"))
    assert json.loads(request.body) == HEAD
    assert request.actions == (VOID,)


def test_voids_in_a_batch_are_updates_that_nothing_can_be_emptied_by() -> None:
    request = built(
        write(payment(), VOID, "active"), write(payment(), number=2), kind=RecordKind.PAYMENT
    )
    void, made = json.loads(request.body)["BatchItemRequest"]
    assert void == {"bId": "1", "operation": "update", "optionsData": "void", "Payment": HEAD}
    assert made["operation"] == "create"
    assert "optionsData" not in made


@settings(deadline=None)
@given(st.text(), st.text())
def test_every_text_arrives_as_it_was(name: str, words: str) -> None:
    fields = invoice(line(description=words), text(words), name=name, memo=words)
    one_way = built(write(fields), kind=RecordKind.INVOICE)
    assert one_way == built(write(fields), kind=RecordKind.INVOICE)
    body = json.loads(one_way.body)["BatchItemRequest"][0]["Invoice"]
    assert body.get("DocNumber", "") == name
    assert [part.get("Description", "") for part in body["Line"]] == [words, words]
    assert body.get("CustomerMemo", {"value": ""})["value"] == words


def test_transactions_are_asked_for_without_a_word_of_active() -> None:
    assert query.page_of("Invoice", 1, has_inactive=False) == (
        "select * from Invoice orderby Id startposition 1 maxresults 1000"
    )
    assert query.among("Invoice", "DocNumber", ["O'1"], has_inactive=False) == (
        r"select * from Invoice where DocNumber in ('O\'1') maxresults 1000"
    )
    assert query.page_of_payments("20", date(2026, 1, 2), 1001) == (
        "select * from Payment where CustomerRef = '20' and TxnDate = '2026-01-02' "
        "orderby Id startposition 1001 maxresults 1000"
    )
