"""The alert of unsynced customers, whose calls are counted at the provider, and Review & Import from it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from local.companies import skip_imports
from tests.support.browser.hostile import NAMES, long_name
from tests.support.browser.office import Office
from tests.support.browser.steps import (
    INTEGRATION,
    LABEL,
    access_ends,
    allows,
    imports,
    is_listed,
    opens_unsynced_customers,
    reviews,
)
from tests.support.browser.ways import EACH_WAY, WITH_SCRIPTS
from tests.support.deployed.company import until

pytestmark = pytest.mark.deployed

CUSTOMERS = [f"{tree} Street Apartments" for tree in ("Alder", "Beech", "Cedar", "Dogwood", "Elm")]
LONGEST_CUSTOMER, LONGEST_ITEM = 500, 100


@EACH_WAY
def test_the_alert_asks_once_when_opened_and_its_count_falls_with_an_import(office: Office) -> None:
    company = office.company
    company.ready()
    skip_imports(company.api)
    company.plant_customers(*CUSTOMERS)
    before = company.queries()
    office.goes(INTEGRATION)
    office.page.wait_for_load_state("networkidle")
    expect(office.page.get_by_text("is asked how many")).to_be_hidden()
    assert company.queries() == before, "collapsed it asks nothing"

    opens_unsynced_customers(office)
    office.sees(f"5 of 5 customers in {LABEL} are not yet imported into BlueClerk")
    office.is_fine_in_both("unsynced-customers")
    asked = company.queries()
    assert asked > before
    opens_unsynced_customers(office)
    office.sees(f"5 of 5 customers in {LABEL} are not yet imported into BlueClerk")
    assert company.queries() == asked, "within a minute it does not ask again"

    to_review = office.page.get_by_role("link", name="Review & Import", exact=True)
    to_review.and_(office.page.locator(".first")).click()
    is_listed(office, "customers")
    office.is_fine_in_both("review")
    imports(office, "customers", *CUSTOMERS[:2])
    office.sees("All imported")
    opens_unsynced_customers(office)
    office.sees(f"3 of 5 customers in {LABEL} are not yet imported into BlueClerk")
    reviews(office, "customers")
    expect(office.page.locator("tbody .badge.green")).to_have_count(2)


@EACH_WAY
def test_books_that_are_closed_to_us_or_do_not_answer_have_words_of_their_own(
    office: Office,
) -> None:
    company = office.company
    company.ready()
    skip_imports(company.api)
    company.plant_customers(CUSTOMERS[0])
    access_ends(office)
    opens_unsynced_customers(office)
    reconnect = office.page.locator("main").get_by_role("button", name=f"Reconnect {LABEL}")
    expect(reconnect).to_be_visible()
    office.is_fine_in_both("unsynced-customers-reconnect")
    reconnect.click()
    allows(office, company.realm)

    company.fault("html500", kind="query", repeats=True)
    opens_unsynced_customers(office)
    office.sees(f"{LABEL} gave no answer that can be used, so its customers could not be counted.")
    office.sees("Try again in a little while. Nothing was changed.")
    office.is_fine_in_both("unsynced-customers-provider-error")
    office.goes(f"{INTEGRATION}/review/customers")
    again = office.page.get_by_role("link", name="Try again")
    expect(again).to_be_visible()
    office.is_fine_in_both("review-provider-error")
    company.control.delete("/faults")
    until(lambda: mended(office), "the list")


def mended(office: Office) -> bool:
    """A failure is shown for some seconds before the books are asked again."""
    again = office.page.get_by_role("link", name="Try again")
    if again.count():
        again.click()
    return not again.count()


@WITH_SCRIPTS
def test_hostile_names_are_text_on_the_lists_and_in_results(office: Office) -> None:
    company = office.company
    company.ready()
    company.api.put("/v1/customers/C-1", {"name": NAMES[1], "email": "office@example.com"})
    names = [*NAMES, long_name(LONGEST_CUSTOMER)]
    company.plant_customers(*names)
    items = [*NAMES, long_name(LONGEST_ITEM)]
    company.plant(
        *({"Name": name, "Type": "Service", "IncomeAccountRef": {"value": "45"}} for name in items)
    )
    reviews(office, "customers")
    shows_as_text(office, names)
    office.is_fine_in_both("review-hostile-names")
    office.page.get_by_label("Select all on this page").check()
    office.button("Import Selected").first.click()
    expect(office.heading()).to_have_text("Import of customers finished")
    expect(office.page.locator("tbody tr")).to_have_count(len(names))
    shows_as_text(office, names)
    office.is_fine_in_both("import-hostile-names")
    reviews(office, "items")
    shows_as_text(office, items)
    office.is_fine("review-items-hostile-names")


def shows_as_text(office: Office, names: list[str]) -> None:
    shown = office.page.locator("tbody th").all_inner_texts()
    for name in names:
        assert any(name in text for text in shown), f"{name!r} is not among {shown}"
    inside = office.page.locator(".scroll").evaluate("box => box.scrollWidth - box.clientWidth")
    assert inside <= 0, "a long name makes no table wider than the page"
