"""Account Mapping: kept as it is chosen, several at once, and the item then syncs by itself."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from local.companies import skip_imports
from tests.support.browser.ledger import SOON, booked, enter_item, two_accounts
from tests.support.browser.office import Office
from tests.support.browser.steps import LABEL, MAPPING, chooses_account, row_of, sees_lists
from tests.support.browser.ways import EACH_WAY
from tests.support.deployed.company import Company, until

pytestmark = pytest.mark.deployed

MANY = 101
"""One more than are sent with a click."""


def ticks(office: Office, *names: str) -> None:
    sees_lists(office)
    for name in names:
        row_of(office, name).get_by_role("checkbox").check()


def for_all(office: Office) -> Locator:
    sees_lists(office)
    return office.page.get_by_label("Income account", exact=True)


@EACH_WAY
def test_accounts_are_chosen_one_by_one_and_many_at_once(office: Office) -> None:
    company = office.company
    company.connect()
    skip_imports(company.api)
    for item_id, name in (("1", "Pipe"), ("2", "Elbow"), ("3", "Tee"), ("4", "Valve")):
        enter_item(company, item_id, name)
    first, second = two_accounts(company)

    office.goes(MAPPING)
    sees_lists(office)
    office.is_fine_in_both("account-mapping-unmapped")
    chooses_account(office, "Pipe", first)
    until(lambda: booked(company) == {"Pipe": first}, "the item with its account", SOON)
    chooses_account(office, "Pipe", second)
    until(lambda: booked(company) == {"Pipe": second}, "the item on its other account", SOON)

    ticks(office, "Elbow", "Tee")
    office.presses("Map Selected")
    office.is_told("Neither an income account nor a tax code was given.")
    expect(row_of(office, "Tee").get_by_role("checkbox")).to_be_checked()
    for_all(office).select_option(first)
    office.presses("Map Selected")
    office.is_told("2 items are mapped.")
    for_all(office).select_option(second)
    office.presses("Map All Unmapped")
    office.is_told("1 item is mapped.")
    everything = {"Pipe": second, "Elbow": first, "Tee": first, "Valve": second}
    until(lambda: booked(company) == everything, "all that waited", SOON)
    for_all(office).select_option(first)
    office.presses("Map All Unmapped")
    office.is_told("Every item was mapped already.")
    assert booked(company) == everything, "what was chosen is not overwritten"
    sees_lists(office)
    office.is_fine_in_both("account-mapping")

    ticks(office, "Pipe")
    writes = company.written()
    office.presses(f"Sync Selected to {LABEL}")
    office.is_told(f"1 item is on the way to {LABEL}, ahead of all others.")
    assert company.written() == writes, "what is in step is not written again"


def test_more_than_a_click_may_send_is_said(office: Office) -> None:
    """More than a page offers: as whoever sends the form from elsewhere would."""
    office.company.ready()
    skip_imports(office.company.api)
    enter_item(office.company, "1", "Pipe")
    office.goes(MAPPING)
    office.sees("At most 100 items can be synced with one click.")
    office.page.locator("#bulk").evaluate(
        """(form, count) => {
            for (let number = 1; number <= count; number += 1) {
                const tick = document.createElement("input");
                Object.assign(tick, {type: "hidden", name: "selected", value: `I-${number}`});
                form.append(tick);
            }
        }""",
        MANY,
    )
    office.presses(f"Sync Selected to {LABEL}")
    office.is_told(f"At most 100 records can be synced at once; {MANY} were selected.")
    office.is_told("Select 100 or fewer, or sync all.")


def test_before_anything_is_connected_or_entered_the_page_says_what_to_do(
    office: Office, company: Company
) -> None:
    office.goes("/console/account-mapping")
    office.sees("Nothing is connected yet")
    office.is_fine_in_both("account-mapping-nothing-connected")
    company.connect()
    office.goes("/console/account-mapping")
    office.sees("There are no items yet")
    office.is_fine_in_both("account-mapping-empty")
