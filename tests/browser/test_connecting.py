"""Connect through the provider's consent, say no there, disconnect, reconnect after a revocation."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.browser.office import HOME, Office
from tests.support.browser.steps import (
    INTEGRATION,
    LABEL,
    connects,
    declines,
    disconnects,
    reconnects,
    withdrawn_at_the_provider,
)
from tests.support.browser.ways import EACH_WAY
from tests.support.deployed.company import until

pytestmark = [pytest.mark.deployed, EACH_WAY]


def test_connecting_leads_through_the_consent_and_back(office: Office) -> None:
    connects(office)
    assert office.company.connection()["state"] == "connected"
    office.goes(HOME)
    office.sees(f"Books of {office.company.company_id}")
    expect(office.button(f"Connect {LABEL}")).to_have_count(0)
    office.is_fine("integrations-connected")


def test_saying_no_there_is_told_and_connects_nothing(office: Office) -> None:
    office.goes(HOME)
    office.presses(f"Connect {LABEL}")
    declines(office)
    expect(office.heading()).to_have_text("Not connected")
    office.sees("was not allowed to connect; nothing changed")
    office.is_fine("consent-declined")
    office.page.get_by_role("link", name="Back to Integrations").click()
    office.sees("Not connected")
    assert office.company.connection()["state"] == "not_connected"


def test_disconnecting_is_asked_twice(office: Office) -> None:
    office.company.connect()
    office.goes(f"{INTEGRATION}/disconnect")
    office.sees("Nothing is deleted on either side.")
    office.is_fine("disconnect")
    office.goes(HOME)
    assert office.company.connection()["state"] == "connected", "asking does nothing"
    disconnects(office)
    office.is_told(f"{LABEL} is disconnected.")
    office.sees("Not connected")
    assert office.company.connection()["state"] == "disconnected"


def test_a_revoked_connection_is_red_and_its_button_mends_it(office: Office) -> None:
    office.company.ready()
    before = office.company.connection()["settings"]
    withdrawn_at_the_provider(office)
    until(lambda: office.company.connection()["state"] == "needs_reauth", "the revocation", 60)
    office.goes(HOME)
    office.sees("Reconnect Required")
    office.is_fine("integrations-reconnect-required")
    reconnects(office)
    connection = office.company.connection()
    assert (connection["state"], connection["settings"]) == ("connected", before)
    office.goes(HOME)
    expect(office.page.locator("main")).not_to_contain_text("Reconnect Required")
