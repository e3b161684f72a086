"""What is refused is one line with its action, goes by it, and is told; who did it stands in Activity."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from local.companies import skip_imports
from tests.support.browser.ledger import SOON, booked, enter_item, two_accounts
from tests.support.browser.office import Office
from tests.support.browser.steps import LABEL, chooses_account
from tests.support.browser.ways import EACH_WAY
from tests.support.deployed.company import until

pytestmark = [pytest.mark.deployed, EACH_WAY]

PROBLEMS = "/console/problems"
REFUSED = {"type": "entryFault", "code": "2020"}


def causes(office: Office) -> Locator:
    return office.page.locator("[data-part] .box")


def test_a_failure_is_fixed_by_its_button_and_closes_itself(office: Office) -> None:
    company = office.company
    office.goes(PROBLEMS)
    office.sees("Nothing is connected")
    company.connect()
    skip_imports(company.api)
    office.goes(PROBLEMS)
    office.sees("Nothing is wrong")
    office.is_fine_in_both("problems-none")

    enter_item(company, "I-1", "Copper elbow")
    until(lambda: len(company.failures()) == 1, "the refusal", SOON)
    until(lambda: is_open(office), "its notification, which is written after it", SOON)
    office.goes(PROBLEMS)
    expect(causes(office)).to_have_count(1)
    expect(causes(office)).to_contain_text("Copper elbow")
    expect(causes(office).locator("a.button")).to_have_text(["Open Account Mapping"])
    office.sees("Some items could not be synced")
    office.is_fine_in_both("problems")

    office.page.get_by_role("link", name="Open Account Mapping").click()
    [account, _] = two_accounts(company)
    chooses_account(office, "Copper elbow", account)
    until(lambda: booked(company) == {"Copper elbow": account}, "the item", SOON)
    until(lambda: company.failures() == [], "the failure's end", SOON)
    until(lambda: not is_open(office), "the notification's end", SOON)
    office.goes(PROBLEMS)
    office.sees("Nothing is wrong")
    office.sees("Over since")
    office.sees(f"No item is kept from {LABEL} any more by this cause")

    retried(office)
    told_who(office)


def is_open(office: Office) -> bool:
    notices = office.company.api.get("/v1/notifications")["notifications"]
    return any(one["closedAt"] is None and not one["recoveryOf"] for one in notices)


def retried(office: Office) -> None:
    """What QuickBooks refuses for a reason of its own, until somebody cured it there."""
    company = office.company
    company.fault(REFUSED, entries={"names": ["Copper bend"]})
    enter_item(company, "I-1", "Copper bend")
    until(lambda: len(company.failures()) == 1, "the second refusal", SOON)
    company.control.delete("/faults")
    office.goes(PROBLEMS)
    office.page.get_by_role("link", name="Details").click()
    expect(office.heading()).to_have_text(f"Items not synced to {LABEL}")
    office.is_fine_in_both("problems-of-a-cause")
    office.page.get_by_role("link", name="Problems").first.click()
    office.presses("Retry")
    office.is_told("1 record is tried again.")
    expect(causes(office)).to_have_count(0)
    until(lambda: list(booked(company)) == ["Copper bend"], "the item's new name", SOON)


def told_who(office: Office) -> None:
    office.goes("/console/activity")
    mine = office.page.locator("tbody tr").filter(has_text="You")
    expect(mine).to_have_count(2)
    expect(mine.first).to_contain_text(f"tried 1 record again with {LABEL}")
    expect(mine.last).to_contain_text(f"chose accounts or tax codes in {LABEL} for 1 item")
    office.is_fine_in_both("activity")


def test_help_leads_to_support(office: Office) -> None:
    office.goes("/console/help")
    question = office.page.locator("details").first
    question.locator("summary").click()
    expect(question.locator("p").first).to_be_visible()
    support = office.page.locator("main").get_by_role("link", name="Contact Support")
    address = support.get_attribute("href") or ""
    assert address.startswith("mailto:support@blueclerk.example?subject=")
    assert (office.page.locator("#support ~ p code").text_content() or "?") in address
    office.is_fine_in_both("help")
