"""What an invoice comes to: discounts, taxes in the US and elsewhere, several currencies."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.books import Books, content
from tests.sandbox.trade import Shop, discount, line, priced, sums
from tests.support.sandbox_process import ControlClient, SandboxProcess

LONDON = "1234567890"


@pytest.fixture
def shop(books: Books) -> Shop:
    return Shop(books)


@pytest.fixture
def london(sandbox: SandboxProcess) -> Iterator[Shop]:
    """A company outside the US: code 2 is 20 %, 3 is 5 %, 4 is 0 %."""
    order = {"realm": LONDON, "name": "London", "currency": "GBP", "country": "GB"}
    sandbox.control.post("/companies", order)
    with Books(sandbox, LONDON) as books:
        yield Shop(books)


def tax(invoice: dict[str, Any]) -> Decimal:
    total: Decimal = invoice["TxnTaxDetail"]["TotalTax"]
    return total


# Discounts


@pytest.mark.parametrize(
    ("given", "amount", "total"),
    [
        (discount("12.34"), "12.34", "87.66"),
        (discount(percent="10"), "10.00", "90.00"),
        (discount("999", percent="33.335"), "33.34", "66.66"),
        (discount(percent="100"), "100.00", "0.00"),
    ],
)
def test_a_discount_is_positive_and_taken_off_behind_a_subtotal(
    shop: Shop, given: dict[str, Any], amount: str, total: str
) -> None:
    made = shop.invoice(given, line(shop.item))

    assert [one["DetailType"] for one in made["Line"]] == [
        "SalesItemLineDetail",
        "SubTotalLineDetail",
        "DiscountLineDetail",
    ]
    assert made["Line"][2]["Amount"] == Decimal(amount)
    assert made["Line"][2]["DiscountLineDetail"]["DiscountAccountRef"] == {
        "value": "54",
        "name": "Discounts given",
    }
    assert made["TotalAmt"] == Decimal(total)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (discount("-1"), "6000"),
        (discount("0"), "6000"),
        (discount(), "2020"),
        (discount("100.01"), "6000"),
        (discount(percent="101"), "2050"),
        (discount("1", DiscountAccountRef={"value": "35"}), "6430"),
        (discount("1", DiscountAccountRef={"value": "999"}), "2500"),
        (discount("1", DiscountAccountRef={"value": "53"}), "610"),
    ],
)
def test_each_wrong_discount_has_its_code(shop: Shop, given: dict[str, Any], code: str) -> None:
    assert shop.refused(line(shop.item), given) == code


def test_a_form_has_one_discount_unless_the_setting_allows_more(
    shop: Shop, control: ControlClient
) -> None:
    lines = (line(shop.item), discount("10"), discount("5"))
    assert shop.refused(*lines) == "6000"
    control.settings(discountLines="many")
    assert shop.invoice(*lines)["TotalAmt"] == 85


def test_a_company_may_not_use_discounts(shop: Shop) -> None:
    shop.books.prefer(allowDiscount=False)
    assert shop.refused(line(shop.item), discount("10")) == "6000"
    preferences = content(shop.books.get("preferences"))["Preferences"]["SalesFormsPrefs"]
    assert preferences["AllowDiscount"] is False
    assert "DefaultDiscountAccount" not in preferences


# Tax in the US


def test_automated_tax_is_reckoned_once_on_the_sum_of_taxed_lines(shop: Shop) -> None:
    shop.books.prefer(salesTaxRate=8.25)
    taxed = [priced(shop.item, "1", "0.33", "0.33", tax="TAX") for _ in range(3)]
    made = shop.invoice(*taxed, line(shop.item, tax="NON"))

    assert (tax(made), made["TotalAmt"]) == (Decimal("0.08"), Decimal("101.07"))


@pytest.mark.parametrize(("after", "expected"), [(False, "8.25"), (True, "7.43")])
def test_a_discount_comes_before_or_after_the_tax(
    shop: Shop, *, after: bool, expected: str
) -> None:
    shop.books.prefer(salesTaxRate=8.25)
    made = shop.invoice(line(shop.item, tax="TAX"), discount("10"), ApplyTaxAfterDiscount=after)

    assert tax(made) == Decimal(expected)
    assert made["TotalAmt"] == 90 + Decimal(expected)


def test_a_tax_that_is_given_is_kept_until_the_lines_come_without_one(shop: Shop) -> None:
    shop.books.prefer(salesTaxRate=8)
    made = shop.invoice(line(shop.item, tax="TAX"), TxnTaxDetail={"TotalTax": 7.99})
    assert sums(made) == (Decimal("107.99"), Decimal("107.99"))

    more = [{**line(shop.item, "200", tax="TAX"), "Id": "1"}]
    assert tax(shop.change("Invoice", made, Line=more)) == Decimal("7.99")
    body = {**shop.invoice_body(line(shop.item, "200", tax="TAX")), "Id": made["Id"]}
    assert tax(shop.books.made("Invoice", {**body, "SyncToken": "1"})) == 16


def test_a_tax_reckoned_by_the_server_follows_the_lines(shop: Shop) -> None:
    shop.books.prefer(salesTaxRate=8)
    made = shop.invoice(line(shop.item, tax="TAX"))
    more = [{**line(shop.item, "200", tax="TAX"), "Id": "1"}]

    assert tax(shop.change("Invoice", made, Line=more)) == 16


def test_a_customer_who_is_not_taxed_pays_none(shop: Shop) -> None:
    shop.books.prefer(salesTaxRate=8)
    shop.books.plant("Customer", {"Id": shop.customer, "Taxable": False})

    assert tax(shop.invoice(line(shop.item, tax="TAX"))) == 0


def test_without_automated_tax_a_code_of_the_whole_invoice_decides(shop: Shop) -> None:
    assert (
        content(shop.books.get("preferences"))["Preferences"]["TaxPrefs"]["PartnerTaxEnabled"]
        is True
    )
    shop.books.prefer(partnerTaxEnabled=False)
    taxes = content(shop.books.get("preferences"))["Preferences"]["TaxPrefs"]
    assert "PartnerTaxEnabled" not in taxes
    detail = {"TxnTaxCodeRef": {"value": "2"}}
    made = shop.invoice(line(shop.item, tax="TAX"), line(shop.item), TxnTaxDetail=detail)

    assert (tax(made), made["TotalAmt"]) == (8, 208)
    assert made["TxnTaxDetail"]["TaxLine"][0]["TaxLineDetail"]["TaxRateRef"] == {"value": "1"}
    assert tax(shop.invoice(line(shop.item, tax="TAX"))) == 0
    for code, refusal in (("99", "2500"), ("3", "610")):
        wrong = {"TxnTaxCodeRef": {"value": code}}
        assert shop.refused(line(shop.item, tax="TAX"), TxnTaxDetail=wrong) == refusal


# Tax elsewhere


def test_outside_the_us_lines_have_codes_with_rates(london: Shop) -> None:
    made = london.invoice(
        line(london.item, "10.01", tax="2"),
        line(london.item, "10.01", tax="2"),
        line(london.item, "100", tax="3"),
        line(london.item, "100", tax="4"),
        GlobalTaxCalculation="TaxExcluded",
    )

    assert (tax(made), made["TotalAmt"]) == (Decimal("9.00"), Decimal("229.02"))
    assert [one["Amount"] for one in made["TxnTaxDetail"]["TaxLine"]] == [4, 5, 0]


@pytest.mark.parametrize(
    ("code", "values", "refusal"),
    [
        ("2", {}, "2020"),
        ("2", {"GlobalTaxCalculation": "Sometimes"}, "2170"),
        ("TAX", {"GlobalTaxCalculation": "TaxExcluded"}, "2500"),
        ("", {"GlobalTaxCalculation": "TaxExcluded"}, "6000"),
        ("2", {"GlobalTaxCalculation": "TaxExcluded", "CurrencyRef": {"value": "USD"}}, "6000"),
    ],
)
def test_each_wrong_tax_has_its_code(
    london: Shop, code: str, values: dict[str, Any], refusal: str
) -> None:
    assert london.refused(line(london.item, tax=code), **values) == refusal


def test_what_is_not_taxed_needs_no_code(london: Shop, control: ControlClient) -> None:
    untaxed = london.invoice(line(london.item), GlobalTaxCalculation="NotApplicable")
    assert sums(untaxed) == (100, 100)
    control.settings(requireLineTaxCode=False)
    assert tax(london.invoice(line(london.item), GlobalTaxCalculation="TaxExcluded")) == 0


def test_inclusive_amounts_are_net_beside_what_they_include(london: Shop) -> None:
    with_it = priced(london.item, "1", "8.33", "8.33", tax="2", TaxInclusiveAmt=9.99)
    without = line(london.item, tax="2")
    made = london.invoice(with_it, without, GlobalTaxCalculation="TaxInclusive")

    assert (tax(made), made["TotalAmt"]) == (Decimal("21.66"), Decimal("129.99"))


def test_inclusive_amounts_may_be_gross(london: Shop, control: ControlClient) -> None:
    control.settings(taxInclusiveLines="gross")
    made = london.invoice(line(london.item, tax="2"), GlobalTaxCalculation="TaxInclusive")

    assert (tax(made), made["TotalAmt"]) == (Decimal("16.67"), 100)


def test_planted_codes_take_planted_rates(london: Shop) -> None:
    (rate,) = london.books.plant("TaxRate", {"Name": "Islands", "RateValue": 12.5})
    rates = {"TaxRateDetail": [{"TaxRateRef": {"value": rate["Id"]}}]}
    (code,) = london.books.plant("TaxCode", {"Name": "Islands", "SalesTaxRateList": rates})
    made = london.invoice(line(london.item, tax=code["Id"]), GlobalTaxCalculation="TaxExcluded")

    assert tax(made) == Decimal("12.5")
    listed = london.books.query("select * from TaxRate where Name = 'Islands'")["TaxRate"]
    assert listed[0]["RateValue"] == Decimal("12.5")


# Currencies


def test_with_several_currencies_a_form_says_its_customers(shop: Shop) -> None:
    shop.books.prefer(multiCurrencyEnabled=True, exchangeRate=0.8)
    euro = {"CurrencyRef": {"value": "EUR"}}
    customer = shop.books.made("Customer", {"DisplayName": "Amsterdam", **euro})
    theirs = {"CustomerRef": {"value": customer["Id"]}}

    assert shop.refused() == "2020"
    assert shop.refused(**euro) == "6000"
    home = shop.invoice(CurrencyRef={"value": "USD"})
    assert (home["ExchangeRate"], home["HomeTotalAmt"]) == (1, 100)
    made = shop.invoice(line(shop.item, "99.99"), **euro, **theirs)
    assert (made["ExchangeRate"], made["HomeTotalAmt"]) == (Decimal("0.8"), Decimal("79.99"))
    given = shop.invoice(**euro, **theirs, ExchangeRate=2)
    assert (given["HomeTotalAmt"], given["HomeBalance"]) == (200, 200)
    assert shop.change_refused("Customer", customer, CurrencyRef={"value": "USD"}) == "6000"
    preferences = content(shop.books.get("preferences"))["Preferences"]["CurrencyPrefs"]
    assert preferences["MultiCurrencyEnabled"] is True


def test_with_one_currency_no_customer_has_another(shop: Shop) -> None:
    body = {"DisplayName": "Amsterdam", "CurrencyRef": {"value": "EUR"}}
    assert shop.books.refused("customer", body)["code"] == "6000"
