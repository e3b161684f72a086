"""Invoices and payments as they come back, void ones and odd ones among them; and how they are found."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from shared.domain.errors import ProviderContractBroken
from shared.domain.ids import RecordKind, RemoteId, SourceId
from shared.domain.invoice_fields import InvoiceFields
from shared.providers.base import RemoteAccount, RemoteMethod
from shared.providers.quickbooks.invoices import invoice_fields
from shared.providers.quickbooks.payments import payment_fields
from shared.providers.quickbooks.wire import ShapeUnknown
from tests.unit.providers.quickbooks.money import INVOICE, PAYMENT, VOID_PAYMENT, payment
from tests.unit.providers.quickbooks.payloads import ACCOUNT, rows
from tests.unit.providers.quickbooks.test_adapter import opened, statements
from tests.unit.providers.scripted import replied


def sale(line_id: str, amount: str, **detail: Any) -> dict[str, Any]:
    return {
        "Id": line_id,
        "Amount": Decimal(amount),
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "7"}, **detail},
    }


def test_the_recorded_invoice_is_read() -> None:
    fields = invoice_fields(INVOICE)
    assert fields == InvoiceFields(
        name="1069",
        customer_id=RemoteId("1"),
        currency="",
        issued_on=date(2015, 7, 24),
        due_on=date(2015, 8, 23),
        lines=fields.lines,
        total=Decimal(100),
        tax=Decimal(0),
        line_ids=("1",),
        balance=Decimal(100),
    )
    (line,) = fields.lines
    assert (line.item_id, line.amount, line.tax_code_id, line.taxed) == ("1", 100, "", False)
    assert line.discounted, "neither quantity nor price is told"


def test_lines_are_read_without_what_the_server_adds_and_ids_by_their_sort() -> None:
    row = INVOICE | {
        "Line": [
            sale("1", "25", Qty=2, UnitPrice=12.5, TaxCodeRef={"value": "TAX"}),
            {"Id": "2", "DetailType": "DescriptionOnly", "Description": "Thanks"},
            sale("3", "7", Qty=1, UnitPrice=7, TaxCodeRef={"value": "5"}),
            {"DetailType": "SubTotalLineDetail", "Amount": 32, "SubTotalLineDetail": {}},
            {
                "Id": "4",
                "DetailType": "DiscountLineDetail",
                "Amount": 3.2,
                "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": 10},
            },
        ],
    }
    fields = invoice_fields(row)
    assert [(line.item_id, line.tax_code_id, line.taxed) for line in fields.lines] == [
        ("7", "", True),
        ("", "", False),
        ("7", "5", True),
    ]
    assert (fields.lines[1].description, fields.lines[1].discounted) == ("Thanks", False)
    assert fields.line_ids == ("1", "text=2", "3", "discount=4")
    assert (fields.discount, fields.discount_percent) == (Decimal("3.2"), Decimal(10))


def test_prices_with_tax_are_read_as_the_amounts_that_a_customer_pays() -> None:
    row = INVOICE | {
        "GlobalTaxCalculation": "TaxInclusive",
        "TotalAmt": 108,
        "TxnTaxDetail": {"TotalTax": 18},
        "Line": [
            sale("1", "100", Qty=3, UnitPrice=33.33, TaxInclusiveAmt=120),
            {
                "Id": "2",
                "DetailType": "DiscountLineDetail",
                "Amount": 10,
                "DiscountLineDetail": {"PercentBased": False},
            },
        ],
    }
    fields = invoice_fields(row)
    assert fields.prices_include_tax
    assert (fields.lines[0].amount, fields.lines[0].unit_price) == (120, 40)
    assert (fields.discount, fields.discount_percent) == (12, 0)


VOIDED_LINES = [sale("1", "0", Qty=0, UnitPrice=12.5)]


@pytest.mark.parametrize(
    ("row", "active"),
    [
        ({}, True),
        ({"PrivateNote": "Voided"}, True),  # somebody's own word
        ({"TotalAmt": 0}, True),
        ({"TotalAmt": 0, "PrivateNote": "free of charge"}, True),
        ({"TotalAmt": 0, "PrivateNote": "Voidedly yours", "Line": []}, True),
        ({"TotalAmt": 0, "PrivateNote": "gift", "Line": [sale("1", "0", Qty=1)]}, True),
        ({"TotalAmt": 0, "Line": VOIDED_LINES}, True),
        ({"TotalAmt": 0, "PrivateNote": "Voided"}, False),
        ({"TotalAmt": 0, "PrivateNote": "Voided - BC"}, False),
        ({"TotalAmt": 0, "PrivateNote": "Annulé - BC", "Line": VOIDED_LINES}, False),
    ],
)
def test_a_void_invoice_is_known_by_its_word_and_total_or_by_being_empty(
    row: dict[str, Any], *, active: bool
) -> None:
    assert invoice_fields(INVOICE | row).active is active


def test_the_note_is_read_as_it_was_before_the_void() -> None:
    for note in ("Voided - ref 7", "Voided: ref 7", "Voided ref 7"):
        assert invoice_fields(INVOICE | {"TotalAmt": 0, "PrivateNote": note}).reference == "ref 7"
    assert invoice_fields(INVOICE | {"PrivateNote": "Voided - x"}).reference == "Voided - x"


@pytest.mark.parametrize(
    "row",
    [
        {"TotalAmt": None},
        {"TotalAmt": "much"},
        {"TxnDate": None},
        {"TxnDate": "soon"},
        {"DueDate": "2026-13-01"},
        {"CustomerRef": None},
        {"CustomerRef": {}},
        {"Line": {}},
        {"Line": ["x"]},
        {"Line": [{}]},
        {"Line": [sale("1", "1", Qty="many")]},
    ],
)
def test_an_invoice_of_another_shape_is_not_guessed(row: dict[str, Any]) -> None:
    with pytest.raises(ShapeUnknown):
        invoice_fields(INVOICE | row)


def test_dates_of_old_answers_have_an_offset() -> None:
    assert invoice_fields(INVOICE | {"TxnDate": "2013-10-11+05:30"}).issued_on == date(2013, 10, 11)


def test_the_recorded_payment_is_read() -> None:
    fields = payment_fields(PAYMENT)
    assert (fields.customer_id, fields.invoice_id, fields.name) == ("20", "", "")
    assert (fields.amount, fields.applied, fields.unapplied) == (25, 0, 25)
    assert (fields.paid_on, fields.deposit_account_id) == (date(2014, 12, 30), "4")
    assert fields.active
    assert not payment_fields(VOID_PAYMENT).active


def test_what_a_payment_pays_is_told_of_its_first_invoice() -> None:
    def link(kind: str, txn_id: str, amount: int) -> dict[str, Any]:
        return {"Amount": amount, "LinkedTxn": [{"TxnId": txn_id, "TxnType": kind}]}

    lines = [link("CreditMemo", "5", 3), link("Invoice", "6", 4), link("Invoice", "7", 5)]
    fields = payment_fields(PAYMENT | {"Line": lines, "UnappliedAmt": None})
    assert (fields.invoice_id, fields.applied) == ("6", 4)


def test_a_payment_of_nothing_that_settles_a_credit_is_not_void() -> None:
    settled = {"Amount": 5, "LinkedTxn": [{"TxnId": "6", "TxnType": "Invoice"}]}
    row = PAYMENT | {"TotalAmt": 0, "PrivateNote": "credit used", "Line": [settled]}
    assert payment_fields(row).active
    assert not payment_fields(row | {"PrivateNote": "Annulé", "Line": []}).active


@pytest.mark.parametrize("row", [{"TotalAmt": None}, {"TxnDate": ""}, {"Line": [7]}])
def test_a_payment_of_another_shape_is_not_guessed(row: dict[str, Any]) -> None:
    with pytest.raises(ShapeUnknown):
        payment_fields(PAYMENT | row)


def found(payment_id: str, note: str, **more: Any) -> dict[str, Any]:
    return PAYMENT | {"Id": payment_id, "PrivateNote": note, **more}


def test_payments_are_found_by_the_first_word_of_their_note_oldest_first() -> None:
    wanted = payment(name="BC-1")
    provider, transport = opened(
        replied(
            rows(
                "Payment",
                found("1000", "BC-1 thanks"),
                found("999", "BC-1"),
                found("3", "BC-11"),
                found("4", "see BC-1"),
                found("5", "bc-1"),
                found("6", "Voided - BC-1 thanks", TotalAmt=0),
                found("7", "Annulé : BC-1", TotalAmt=0),
                found("8", "Voided - BC-1"),  # not void: a person's own words
                PAYMENT,
            )
        )
    )
    matches = provider.find_payments({SourceId("p"): wanted})[SourceId("p")]
    assert [row.remote_id for row in matches] == ["6", "7", "999", "1000"]
    (asked,) = statements(transport)
    assert "where CustomerRef = '20' and TxnDate = '2026-11-21'" in asked


def test_payments_are_asked_for_once_for_each_customer_and_day_and_to_the_last_page() -> None:
    full = [found(str(number), "x") for number in range(1, 1001)]
    provider, transport = opened(
        replied(rows("Payment", *full)),
        replied(rows("Payment", found("1001", "BC-2"))),
        replied(rows("Payment", found("7", "BC-3"))),
        replied(rows("Payment")),
    )
    wanted = {
        SourceId("1"): payment(name="BC-1"),
        SourceId("2"): payment(name="BC-2"),
        SourceId("3"): payment(name="BC-3", paid_on=date(2026, 1, 2)),
        SourceId("4"): payment(name="BC-4", customer_id=RemoteId("21")),
    }
    assert sorted(provider.find_payments(wanted)) == ["2", "3"]
    asked = statements(transport)
    assert len(asked) == 4
    assert "startposition 1001" in asked[1]


def test_a_payment_that_cannot_be_read_is_no_answer_that_it_is_not_there() -> None:
    provider, _ = opened(replied(rows("Payment", found("1", "BC-1", TotalAmt=None))))
    with pytest.raises(ProviderContractBroken):
        provider.find_payments({SourceId("p"): payment(name="BC-1")})


def test_nothing_to_find_asks_for_nothing() -> None:
    provider, transport = opened(replied(rows("Payment")))
    assert provider.find_payments({}) == {}
    assert transport.requests == []


def test_payment_methods_are_the_active_ones() -> None:
    methods = [{"Id": "1", "Name": "Cash"}, {"Id": "7", "Name": "Diners", "Active": False}]
    provider, transport = opened(replied(rows("PaymentMethod", *methods)))
    assert provider.payment_methods() == [RemoteMethod(RemoteId("1"), "Cash")]
    assert statements(transport) == ["select * from PaymentMethod maxresults 1000"]


def test_deposit_accounts_are_banks_and_undeposited_funds_which_come_first() -> None:
    def account(number: str, type_name: str, sub_type: str, **more: Any) -> dict[str, Any]:
        return ACCOUNT | {
            "Id": number,
            "FullyQualifiedName": f"A{number}",
            "AccountType": type_name,
            "AccountSubType": sub_type,
            **more,
        }

    provider, transport = opened(
        replied(
            rows(
                "Account",
                account("2", "Bank", "Savings"),
                account("1", "Bank", "Checking"),
                account("3", "Bank", "Checking", Active=False),
                account("4", "Other Current Asset", "UndepositedFunds"),
                account("5", "Other Current Asset", "Inventory"),
                account("6", "Income", "SalesOfProductIncome"),
            )
        )
    )
    accounts = provider.deposit_accounts()
    assert [one.remote_id for one in accounts] == ["4", "1", "2"]
    assert accounts[1] == RemoteAccount(RemoteId("1"), "A1", "", "Checking", "USD")
    assert (
        "AccountType in ('Bank','Other Current Asset') and Active = true"
        in (statements(transport)[0])
    )


def test_invoices_are_asked_for_by_number_and_paged_without_the_void_ones() -> None:
    void = INVOICE | {"Id": "2", "TotalAmt": 0, "PrivateNote": "Voided"}
    provider, transport = opened(
        replied(rows("Invoice", INVOICE, INVOICE | {"Id": "3", "DocNumber": "10691"})),
        replied(rows("Invoice", INVOICE, void)),
    )
    named = provider.records_by_name(RecordKind.INVOICE, ["1069"])
    assert [row.remote_id for row in named] == ["238"]
    assert [row.remote_id for row in provider.page_records(RecordKind.INVOICE, None).rows] == [
        "238"
    ]
    assert statements(transport) == [
        "select * from Invoice where DocNumber in ('1069') maxresults 1000",
        "select * from Invoice orderby Id startposition 1 maxresults 1000",
    ]


def test_payments_by_name_are_looked_for_in_the_list() -> None:
    provider, transport = opened(replied(rows("Payment", found("1", "BC-1 x"), PAYMENT)))
    assert [row.remote_id for row in provider.records_by_name(RecordKind.PAYMENT, ["BC-1"])] == [
        "1"
    ]
    assert "from Payment orderby Id" in statements(transport)[0]
