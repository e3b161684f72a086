"""What offices do at the console, step by step; where a page changes, it is changed here."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.support.browser.office import HOME, Office

LABEL = "QuickBooks"
INTEGRATION = f"{HOME}/quickbooks"
MAPPING = f"{INTEGRATION}/account-mapping"
INVOICES = "/console/invoices"


def connects(office: Office, *, button: str = f"Connect {LABEL}") -> None:
    """From the first page through the provider's consent, back to the console."""
    office.goes(HOME)
    office.presses(button)
    allows(office, office.company.realm)


def reconnects(office: Office) -> None:
    connects(office, button=f"Reconnect {LABEL}")


def allows(office: Office, realm: str) -> None:
    """At the provider: this company, yes."""
    office.page.locator(f'input[name="company"][value="{realm}"]').check()
    office.page.get_by_role("button", name="Connect").click()
    office.arrives(re.compile(re.escape(INTEGRATION)))


def declines(office: Office) -> None:
    """At the provider: no."""
    office.page.get_by_role("button", name="No thanks").click()
    office.arrives("**/v1/oauth/**")


def disconnects(office: Office) -> None:
    """Asked a second time."""
    office.goes(f"{INTEGRATION}/disconnect")
    office.presses(f"Disconnect {LABEL}")
    office.arrives(f"**{HOME}")


def signs_out(office: Office) -> None:
    office.presses("Sign out")
    office.arrives("**/console/signed-out")


def withdrawn_at_the_provider(office: Office) -> None:
    """Somebody took the access away inside QuickBooks; whoever next asks it for something notices."""
    access_ends(office)
    office.company.asked("POST", "/v1/connections/quickbooks/customers/unsynced")


def access_ends(office: Office) -> None:
    """Inside QuickBooks, and nobody has noticed it yet."""
    for call in ("revoke", "expire-access"):
        office.company.control.post(f"/grants/{call}", {"realm": office.company.realm})


def opens_unsynced_customers(office: Office) -> None:
    """The alert of the integration page; without scripts its own page."""
    office.goes(INTEGRATION)
    office.page.get_by_text("Unsynced customers", exact=True).click()
    if not office.way.scripts:
        office.page.get_by_role("link", name="Show unsynced customers").click()


def reviews(office: Office, nouns: str) -> None:
    """Waits for the list."""
    office.goes(f"{INTEGRATION}/review/{nouns}")
    is_listed(office, nouns)


def is_listed(office: Office, nouns: str) -> None:
    expect(office.heading()).to_have_text(f"Review & Import: {nouns}")


def imports(office: Office, nouns: str, *names: str) -> None:
    """Of the list that is shown these, and waits for the end."""
    for name in names:
        office.page.get_by_role("checkbox", name=f"Select {name}", exact=True).check()
    office.button("Import Selected").first.click()
    expect(office.heading()).to_have_text(f"Import of {nouns} finished")


def row_of(office: Office, name: str) -> Locator:
    """Of a table; on a phone it is a small card."""
    return office.page.locator("tbody tr").filter(has_text=name)


def sees_lists(office: Office) -> None:
    """What there is to choose from in the books comes after the page; without scripts by its link."""
    office.page.wait_for_load_state()
    link = office.page.get_by_role("link", name="Show them")
    if link.count():
        link.click()
    expect(office.page.locator("main [data-refresh]")).to_have_count(0)


def chooses_account(office: Office, item: str, account: str) -> None:
    """In its row of Account Mapping; kept at once, or by the button that stands in for that."""
    expect(office.heading()).to_have_text("Account Mapping")
    sees_lists(office)
    row = row_of(office, item)
    form = row.locator("form").filter(has=office.page.locator('select[name="account"]'))
    form.locator("select").select_option(account)
    if office.way.scripts:
        expect(form.locator("output")).to_have_text("Saved")
    else:
        with office.page.expect_navigation():  # the page before may say the same
            form.get_by_role("button", name="Save").click()
        office.is_told("Saved")
    expect(form.locator("select")).to_have_value(account)
