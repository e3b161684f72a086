"""An invoice from the list to the books, its payments, and Resync: nothing is there twice."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from local.companies import skip_imports
from tests.support.browser.ledger import (
    SOON,
    enter_customer,
    enter_invoice,
    enter_item,
    enter_payment,
    paid,
)
from tests.support.browser.office import Office
from tests.support.browser.steps import INVOICES, LABEL
from tests.support.browser.ways import EACH_WAY
from tests.support.deployed.company import until

pytestmark = [pytest.mark.deployed, EACH_WAY]

NUMBER = "INV-0047"
KINDS = ("customer", "item", "invoice", "payment")
ONE_EACH = {"Customer": 1, "Item": 1, "Invoice": 1}


def fact(office: Office, name: str) -> Locator:
    """What stands beside that word at the top of the page."""
    return office.page.locator(".facts > div").filter(has_text=name).locator("dd").first


def records(office: Office, amount: str) -> None:
    """Two clicks, as an impatient person makes them."""
    office.page.get_by_label("Amount", exact=True).fill(amount)
    office.button("Record the payment").dblclick()


def test_an_invoice_and_its_payments_reach_the_books_once(office: Office) -> None:
    company = office.company
    office.goes(INVOICES)
    office.sees("No invoices yet")
    office.is_fine_in_both("invoices-empty")

    # Entered before the imports are decided: nothing goes by itself.
    company.ready()
    enter_customer(company, "C-1", "Ann Field")
    enter_item(company, "I-1", "Labor")
    enter_invoice(company, NUMBER, memo="Water heater, second floor")
    office.goes(f"{INVOICES}/{NUMBER}")
    office.sees("import of customers and items is not decided yet")
    expect(office.button(f"Sync to {LABEL}")).to_have_count(0)
    company.syncs_by_itself()
    skip_imports(company.api)

    office.goes(INVOICES)
    office.sees(f"Waits for {LABEL}")
    office.is_fine_in_both("invoices-waiting")
    office.page.get_by_role("link", name=NUMBER).click()
    office.arrives(f"**{INVOICES}/{NUMBER}")
    office.sees("Ann Field is not linked to QuickBooks yet: import before invoicing")
    office.is_fine_in_both("invoice-before-sync")

    office.button(f"Sync to {LABEL}").dblclick()
    office.sees(f"The invoice was created in {LABEL}.")
    expect(fact(office, f"Number in {LABEL}")).to_have_text(NUMBER)
    expect(office.page.locator("main")).not_to_contain_text("import before invoicing")
    assert company.counters()["created"] == ONE_EACH
    company.syncs_by_itself(*KINDS)

    refused_amounts(office)
    records(office, "100.00")
    office.is_told("payment of $100.00")
    until(paid(company, 1, "100.00"), "the payment", SOON)
    expect(fact(office, "Paid")).to_have_text("$100.00")

    enter_payment(company, NUMBER, "by-api", "50.00")
    office.goes(f"{INVOICES}/{NUMBER}")
    office.presses(f"Resync to {LABEL}")
    office.is_told(f"The invoice goes to {LABEL} now")
    office.sees("in step already: nothing had to be changed")
    until(paid(company, 2, "150.00"), "the payment over the API", SOON)

    marks_paid(office)
    until(paid(company, 3, "350.00"), "the rest", SOON)
    assert company.counters()["created"] == {**ONE_EACH, "Payment": 3}
    assert company.failures() == []
    office.goes(f"{INVOICES}/{NUMBER}")
    expect(fact(office, "Paid")).to_have_text("$350.00")
    expect(fact(office, "Open")).to_have_text("$0.00")
    expect(office.page.locator("#payments ~ .scroll .badge.green")).to_have_count(3)
    office.is_fine_in_both("invoice")
    office.goes(INVOICES)
    office.sees(f"Synced to {LABEL}")
    office.is_fine_in_both("invoices")


def refused_amounts(office: Office) -> None:
    """The field says why, and what was typed stays."""
    amount = office.page.get_by_label("Amount", exact=True)
    for typed, why in (
        ("12,3x", "The amount is not a plain number"),
        ("400", "Correct the amount"),
    ):
        office.page.get_by_label("Reference").fill("1001")
        amount.fill(typed)
        office.presses("Record the payment")
        office.is_told("Nothing was recorded.")
        expect(amount).to_have_value(typed)
        expect(amount).to_have_attribute("aria-invalid", "true")
        expect(office.page.locator("#amount-told .wrong")).to_contain_text(why)
        expect(office.page.get_by_label("Reference")).to_have_value("1001")
    office.is_fine_in_both("invoice-payment-refused")


def marks_paid(office: Office) -> None:
    """Asked once more before it is done."""
    office.page.get_by_role("link", name="Mark as paid").click()
    expect(office.heading()).to_have_text(f"Mark invoice {NUMBER} as paid?")
    office.is_fine_in_both("invoice-mark-paid")
    office.button("Record $200.00 as paid").dblclick()
    office.arrives(f"**{INVOICES}/{NUMBER}")
