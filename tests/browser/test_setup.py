"""From the consent to the end of the setup: done, left and taken up again, skipped with its effect said."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.browser.office import HOME, Office
from tests.support.browser.steps import INTEGRATION, LABEL, connects, imports, is_listed, sees_lists
from tests.support.browser.ways import EACH_WAY
from tests.support.deployed.company import until

pytestmark = [pytest.mark.deployed, EACH_WAY]

SETUP = f"{INTEGRATION}/setup"


def test_the_setup_from_the_consent_to_its_end(office: Office) -> None:
    company = office.company
    company.plant_customers("Aspen Court", "Birch & Sons")
    company.plant({"Name": "Ball valve", "Type": "Service", "IncomeAccountRef": {"value": "45"}})
    connects(office)

    expect(office.heading()).to_have_text("Import customers")
    office.is_fine_in_both("setup")
    office.page.locator("main").get_by_role("link", name="Review & Import").click()
    is_listed(office, "customers")
    imports(office, "customers", "Aspen Court", "Birch & Sons")
    expect(office.page.locator("tbody tr")).to_have_count(2)
    office.is_fine_in_both("import-finished")

    is_left_and_taken_up_again(office)
    expect(office.heading()).to_have_text("Import items")
    office.sees("Import customers (done)")
    office.page.locator("main").get_by_role("link", name="Review & Import").click()
    is_listed(office, "items")
    imports(office, "items", "Ball valve")
    office.page.get_by_role("link", name="Continue the setup").click()

    expect(office.heading()).to_have_text("Map items to income accounts")
    sees_lists(office)
    office.page.get_by_label("Default income account").select_option(index=1)
    office.is_fine_in_both("setup-mapping")
    office.presses("Save and continue")

    expect(office.heading()).to_have_text("You're connected")
    office.sees("From now on customers and items go there")
    office.is_fine_in_both("setup-connected")
    connection = company.connection()
    assert set(connection["setup"].values()) == {"done"}, connection
    assert connection["settings"]["defaultIncomeAccountId"]
    assert [one["name"] for one in company.api.get("/v1/items")["items"]] == ["Ball valve"]
    office.page.get_by_role("link", name=f"Open {LABEL}").click()
    expect(office.page.locator("main")).not_to_contain_text("setup")


def is_left_and_taken_up_again(office: Office) -> None:
    office.goes(HOME)
    office.page.get_by_role("link", name=f"Open {LABEL}").click()
    office.sees("The setup is not finished")
    office.sees("Nothing goes to QuickBooks by itself until")
    office.is_fine("integration-setup-open")
    office.page.get_by_role("link", name="Continue the setup").click()


def test_steps_that_are_skipped_are_remembered_and_their_effect_is_said(office: Office) -> None:
    office.company.connect()
    office.goes(SETUP)
    for effect in (
        "Customers that are new here will be matched by e-mail address, then by name",
        "Items that are new here will be matched by name",
        "items without an account are not sent to QuickBooks until you choose",
    ):
        office.sees("If you skip it:")
        office.sees(effect)
        office.presses("Skip this step")
        office.is_told("is skipped.")
    expect(office.heading()).to_have_text("You're connected")
    office.sees("The import of customers was skipped")
    office.is_fine_in_both("setup-skipped")
    until(
        lambda: set(office.company.connection()["setup"].values()) == {"skipped"}, "the steps", 10
    )
    office.goes(f"{SETUP}?step=customers")
    office.sees("This step is skipped")
    office.goes(INTEGRATION)
    office.sees("The import of customers was skipped")
    office.sees("Customers that are only in QuickBooks are not in BlueClerk yet.")
    office.is_fine_in_both("integration-skipped")
