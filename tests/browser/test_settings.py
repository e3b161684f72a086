"""The settings of a connection: what syncs by itself, where things are booked, ways of paying."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from local.companies import skip_imports
from tests.support.browser.office import Office
from tests.support.browser.steps import INTEGRATION, LABEL, sees_lists
from tests.support.browser.ways import EACH_WAY
from tests.support.deployed.company import plain_rows, until

pytestmark = [pytest.mark.deployed, EACH_WAY]

SETTINGS = f"{INTEGRATION}/settings"


def test_items_that_are_kept_back_wait_for_sync_now(office: Office) -> None:
    company = office.company
    company.ready()
    skip_imports(company.api)
    office.goes(SETTINGS)
    sees_lists(office)
    office.is_fine_in_both("settings")
    office.page.get_by_role("checkbox", name="Items").uncheck()
    office.presses("Save")
    office.is_told("The settings are saved.")
    assert company.connection()["settings"]["syncsByItself"] == ["customer", "invoice", "payment"]

    company.import_rows(plain_rows(2))
    until(lambda: "have changed" in company.connection()["health"]["reason"], "it to be said")
    assert company.books() == []
    office.goes(INTEGRATION)
    office.sees("Items have changed since they were last synced, and wait until somebody asks.")
    office.is_fine_in_both("integration-kept-back")
    office.presses("Sync Now")
    until(lambda: len(company.books()) == 2, "both items")
    until(lambda: company.connection()["health"]["colour"] == "green", "the sync's end")
    office.sees("Sync Now compares everything once more, and sends what does not go by itself.")


def test_what_is_wrong_is_told_at_its_field_and_nothing_is_changed(office: Office) -> None:
    company = office.company
    company.ready(invoicesFrom="2026-01-31")
    office.goes(SETTINGS)
    sees_lists(office)
    office.page.get_by_label("Go-live date").fill("")
    office.page.get_by_role("checkbox", name="Send an e-mail").uncheck()
    office.presses("Save")
    expect(office.page.locator("#wrong-invoicesFrom")).to_contain_text(
        "A go-live date that was set can be moved, but not taken away"
    )
    expect(office.page.get_by_role("checkbox", name="Send an e-mail")).not_to_be_checked()
    office.is_fine("settings-refused")
    stored = company.connection()["settings"]
    assert (stored["invoicesFrom"], stored["notify"]) == ("2026-01-31", True)


def test_ways_of_paying_are_booked_where_the_office_says(office: Office) -> None:
    office.company.ready()
    office.goes(SETTINGS)
    office.page.get_by_role("link", name="Ways of paying and deposit accounts").click()
    sees_lists(office)
    office.page.get_by_label("In BlueClerk").first.fill("Bank card")
    office.page.get_by_label(f"In {LABEL}").first.select_option(index=1)
    office.presses("Save")
    office.is_told("saved")
    sees_lists(office)
    expect(office.page.get_by_label("In BlueClerk").first).to_have_value("bank card")
    office.is_fine_in_both("settings-payments")
