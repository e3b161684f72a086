"""Sync Now, watched to its end; the history, and a sync's own page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Error, Locator, expect

from local.companies import skip_imports
from tests.support.browser.hostile import NAMES, long_name
from tests.support.browser.office import Office
from tests.support.browser.steps import INTEGRATION, LABEL
from tests.support.browser.ways import EACH_WAY, WITH_SCRIPTS
from tests.support.deployed.company import plain_rows, until

pytestmark = pytest.mark.deployed

ITEMS = 160
"""Requests with 30 of them are ramped up: one, four at once, the rest."""
LONGEST = 1000


@EACH_WAY
def test_sync_now_is_watched_to_its_end_and_found_in_the_history(office: Office) -> None:
    company = office.company
    company.import_rows(plain_rows(ITEMS))
    company.ready()
    company.syncs_by_itself()
    skip_imports(company.api)
    office.goes(INTEGRATION)
    office.sees(re.compile("Nothing has been synced yet|have changed since they were last synced"))
    office.is_fine_in_both("integration-not-synced")
    company.control.settings(latency={"batch": 3000 if office.way.scripts else 5000})
    office.presses("Sync Now")
    office.is_told("The sync has begun.")

    bar = office.page.get_by_role("progressbar", name="Items done")
    expect(bar).to_be_visible()
    office.shot("integration-syncing")
    seen: set[str] = set()

    def ended() -> bool:
        seen.add(value_of(bar))
        return office.page.get_by_text(f"{ITEMS} items: {ITEMS} created.").is_visible()

    until(ended, "the summary")
    assert len({one for one in seen if one not in ("", "0", str(ITEMS))}) >= 2, seen
    office.is_fine_in_both("integration")
    assert len(company.books()) == ITEMS

    office.page.get_by_role("link", name="All syncs").click()
    expect(office.heading()).to_have_text(f"Syncs with {LABEL}")
    office.is_fine_in_both("runs")
    office.page.locator("tbody").get_by_role("link", name="Items").click()
    office.sees(f"{ITEMS} items: {ITEMS} created.")
    expect(office.page.locator("tbody tr").first).to_contain_text("Fitting 0001")
    expect(office.page.locator("tbody tr").first).to_contain_text("Created")
    office.is_fine_in_both("run")
    office.page.get_by_role("link", name="Next page").click()
    expect(office.page.get_by_role("link", name="First page")).to_be_visible()


def value_of(bar: Locator) -> str:
    """Empty where there is none, or the page is just being loaded again."""
    try:
        return bar.get_attribute("value", timeout=500) or ""
    except Error:
        return ""


@WITH_SCRIPTS
def test_hostile_names_are_text_on_a_syncs_page_and_among_what_was_refused(office: Office) -> None:
    company = office.company
    company.ready()
    company.syncs_by_itself()
    skip_imports(company.api)
    names = [*NAMES, long_name(LONGEST), f"Refused {NAMES[0]}"]
    company.import_rows(
        [
            {"id": f"I-{number}", "name": name, "unit_price": "2.50"}
            for number, name in enumerate(names)
        ]
    )
    company.fault(
        {"type": "entryFault", "code": "2010"},
        kind=["batch", "write"],
        entries={"nameContains": "Refused"},
    )
    run = company.sync()
    assert run["counts"]["refused"] == 1, run
    office.goes(f"{INTEGRATION}/runs/{run['runId']}")
    shown = office.page.locator("tbody th").all_inner_texts()
    assert set(names) <= set(shown)
    office.sees("Finished, some refused")
    office.is_fine_in_both("run-refused")
    office.goes(INTEGRATION)
    office.sees("What could not be synced")
    office.is_fine_in_both("integration-refused")
