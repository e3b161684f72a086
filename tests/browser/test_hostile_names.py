"""Names that look like markup, run the other way or never end are text, and widen no page."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from local.companies import skip_imports
from tests.support.browser.hostile import HOSTILE, SCRIPT
from tests.support.browser.ledger import (
    SOON,
    enter_customer,
    enter_invoice,
    enter_item,
    enter_payment,
)
from tests.support.browser.office import Office
from tests.support.browser.steps import INVOICES, MAPPING
from tests.support.browser.ways import WITH_SCRIPTS
from tests.support.deployed.company import Company, until

pytestmark = pytest.mark.deployed

LONGEST = "W" * 1000
"""A name without a place to break it."""
ENDLESS = "M" * 4000
NAMES = {**HOSTILE, "long": LONGEST}


def entered(company: Company) -> None:
    """Items without an account, so that they are refused, and invoices that wait for them."""
    for number, name in enumerate(NAMES.values(), start=1):
        enter_item(company, f"I-{number}", name, code=name[:100], description=ENDLESS)
        enter_customer(company, f"C-{number}", name)
        enter_invoice(
            company,
            f"INV-{number}",
            number=name[:100],
            customerId=f"C-{number}",
            memo=f"{name} {ENDLESS}"[:4000],
            lines=[
                {
                    "itemId": f"I-{number}",
                    "quantity": "2",
                    "unitPrice": "1.00",
                    "description": ENDLESS,
                },
                {"description": name},
            ],
        )
    enter_payment(
        company, "INV-4", "1", "1.00", method="X" * 100, reference="R" * 100, note=ENDLESS
    )
    enter_payment(company, "INV-1", "1", "1.00", method=SCRIPT, reference=SCRIPT, note=SCRIPT)


def asked_for(company: Company, invoice_id: str) -> None:
    """Its id then stands in Activity."""
    enter_invoice(company, invoice_id, number="X")
    path = f"/v1/invoices/{quote(invoice_id, safe='')}/sync"
    company.asked("POST", path, {}).raise_for_status()


@WITH_SCRIPTS
def test_hostile_names_are_text_everywhere(office: Office) -> None:
    company = office.company
    office.page.on("dialog", lambda dialog: office.troubles.append(f"said {dialog.message}"))
    company.connect()
    skip_imports(company.api)
    entered(company)
    asked_for(company, SCRIPT)
    asked_for(company, "W" * 128)
    until(lambda: len(company.failures()) >= len(NAMES), "the refusals", SOON)
    for path, shown in (
        (MAPPING, NAMES.values()),
        (INVOICES, [one[:100] for one in NAMES.values()]),
        (f"{INVOICES}/INV-1", [SCRIPT]),
        (f"{INVOICES}/INV-4", [LONGEST, ENDLESS]),
        (f"{INVOICES}/INV-1/payments/rest", [SCRIPT]),
        ("/console/problems", NAMES.values()),
        ("/console/activity", [SCRIPT, "W" * 128]),
    ):
        office.goes(path)
        for text in shown:
            expect(office.page.locator("main")).to_contain_text(text)
        assert office.page.locator("main script").count() == 0
        office.fits()
        office.is_accessible()
        if path in _SHOWN:
            office.shot(_SHOWN[path])
        if path == MAPPING:
            accounts_are_in_reach(office)


_SHOWN = {
    INVOICES: "hostile-invoices",
    "/console/problems": "hostile-problems",
    MAPPING: "hostile-mapping",
}


def accounts_are_in_reach(office: Office) -> None:
    """Nobody has to scroll a table past somebody's endless word to choose."""
    found = office.page.locator('select[name="account"]').nth(1).bounding_box()
    assert found is not None
    assert found["x"] + found["width"] <= office.way.width
