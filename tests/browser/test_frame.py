"""What stands around every page: signing in and out, error pages, keyboard, dark, phone, no scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import COMPANY_NAME
from tests.support.browser.office import DARK, HOME, NO_SCRIPTS, PHONE, WIDE, Office
from tests.support.browser.steps import signs_out
from tests.support.deployed.company import Company
from tests.support.deployed.frontend import Frontend

pytestmark = pytest.mark.deployed

Open = Callable[..., Office]
WAYS = [WIDE, PHONE, DARK, NO_SCRIPTS]


def cookies(page: Page) -> dict[str, dict[str, object]]:
    return {str(one.get("name")): dict(one) for one in page.context.cookies()}


@pytest.mark.parametrize("office", WAYS, ids=lambda way: way.name, indirect=True)
def test_somebody_signs_in_sees_the_first_page_and_signs_out(office: Office) -> None:
    expect(office.heading()).to_have_text("Integrations")
    expect(office.page.locator("header .company")).to_have_text(COMPANY_NAME)
    expect(office.page.get_by_role("link", name="Integrations")).to_have_attribute(
        "aria-current", "page"
    )
    office.sees("Not connected")
    office.is_fine("integrations-nothing-connected")
    signs_out(office)
    expect(office.heading()).to_have_text("You are signed out")
    office.is_fine("signed-out")
    office.goes(HOME)
    expect(office.heading()).to_have_text("Sign in to BlueClerk")


def test_the_address_that_was_asked_for_is_where_signing_in_leads(open_office: Open) -> None:
    office = open_office(signed_in=False)
    office.signs_in("/console/integrations?from=mail")
    expect(office.heading()).to_have_text("Integrations")


def test_no_script_reads_the_cookies_and_no_other_site_sends_them(office: Office) -> None:
    for cookie in cookies(office.page).values():
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert office.page.evaluate("document.cookie") == ""


def test_a_session_of_another_company_sees_its_own(
    open_office: Open, new_company: Callable[[], Company]
) -> None:
    """Also with the first one's browser beside it."""
    mine = open_office()
    mine.company.connect()
    theirs = open_office(of=new_company())
    mine.goes(HOME)
    mine.sees(f"Books of {mine.company.company_id}")
    theirs.goes(HOME)
    theirs.sees("Not connected")
    expect(theirs.page.locator("main")).not_to_contain_text("Books of")


def test_who_may_only_read_sees_no_button(open_office: Open) -> None:
    reader = open_office(roles=("read",))
    reader.sees("Not connected")
    expect(reader.page.locator("main button")).to_have_count(0)
    expect(reader.page.locator("header")).to_contain_text("may read")
    reader.is_accessible()


@pytest.mark.parametrize("office", [WIDE, PHONE, DARK], ids=lambda way: way.name, indirect=True)
def test_a_page_that_does_not_exist(office: Office) -> None:
    assert office.goes("/console/nothing").status == 404
    office.sees("This page does not exist")
    office.sees("Reference for support")
    office.is_fine("error-not-found")
    office.page.get_by_role("link", name="Back to Integrations").click()
    expect(office.heading()).to_have_text("Integrations")


def test_a_sign_in_that_somebody_else_began(open_office: Open) -> None:
    office = open_office(signed_in=False)
    assert office.goes("/console/signed-in?code=x&state=y").status == 401
    office.sees("begun elsewhere or is too old")
    office.is_fine("error-sign-in")
    office.page.locator("main").get_by_role("link", name="Sign in").click()
    expect(office.heading()).to_have_text("Sign in to BlueClerk")


def test_a_form_on_another_site_does_nothing(office: Office, frontend: Frontend) -> None:
    """Same host, other port: the browser sends the cookie along, and says where the form was."""
    office.goes(frontend.origin)
    action = f"{office.company.stack.api_url}/console/integrations/quickbooks/connect"
    office.page.evaluate(
        """action => {
            const form = document.createElement("form");
            form.method = "post"; form.action = action;
            document.body.append(form); form.submit();
        }""",
        action,
    )
    office.arrives("**/console/integrations/quickbooks/connect")
    office.sees("This request came from another site, so nothing was done.")


def test_the_keyboard_reaches_the_content_first(office: Office) -> None:
    office.page.wait_for_load_state(
        "load"
    )  # what is pressed before it is pressed on the page before
    office.page.keyboard.press("Tab")
    skip = office.page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    office.page.keyboard.press("Enter")
    assert office.page.evaluate("document.activeElement.id") == "main"
    office.page.keyboard.press("Tab")
    expect(office.button("Connect QuickBooks")).to_be_focused()
