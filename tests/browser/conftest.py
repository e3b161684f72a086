"""A real browser at the deployed console; for each test a company of its own and somebody signed in."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from http import HTTPStatus
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Error, sync_playwright

from local.stack import ROOT, Stack
from tests.support.browser.office import WIDE, Office, Way, chromium_at, open_window, plant_person
from tests.support.deployed.company import Company, until

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""Nothing of it asks for anything beyond this machine."""

FILES_AT_ONCE = 6
COMPANY_NAME = "Cedar & Söhne <Heating>"


@pytest.fixture(scope="package")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    file: Path = tmp_path_factory.mktemp("browser") / "chromium"
    found = subprocess.run(
        [ROOT / "infra" / "setup-browser.sh", file], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=chromium_at(file), headless=True, args=_ARGUMENTS
        )
        yield running
        running.close()


@pytest.fixture
def awake(stack: Stack) -> None:
    """A browser asks for a page's files at once, each from a function of its own: none starts cold."""
    address = f"{stack.api_url}/console/static/any/console.js"

    def answered(_number: int) -> bool:
        try:
            return httpx2.get(address, timeout=60, trust_env=False).status_code == HTTPStatus.OK
        except httpx2.TransportError:
            return False

    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        until(lambda: all(pool.map(answered, range(FILES_AT_ONCE))), "the API's functions")


@pytest.fixture
def open_office(awake: None, browser: Browser, company: Company) -> Iterator[Callable[..., Office]]:
    """Opens windows of people of the company, signed in."""
    with ExitStack() as closing:

        def open_one(
            way: Way = WIDE,
            roles: tuple[str, ...] = ("read", "write"),
            of: Company | None = None,
            *,
            signed_in: bool = True,
        ) -> Office:
            whose = of or company
            name = "Dana Whitfield" if "write" in roles else "Luis Ortega"
            person_id = plant_person(whose, name, COMPANY_NAME, *roles)
            office = closing.enter_context(open_window(browser, whose, way, person_id))
            if signed_in:
                office.signs_in()
            return office

        yield open_one


@pytest.fixture
def office(open_office: Callable[..., Office], request: pytest.FixtureRequest) -> Office:
    """Somebody who may do everything, at a wide screen or in the way that the test names."""
    return open_office(getattr(request, "param", WIDE))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Of a test that fails, also what its page showed at that moment."""
    report = yield
    office = getattr(item, "funcargs", {}).get("office")
    if report.when == "call" and report.failed and isinstance(office, Office):
        with suppress(Error):  # the browser itself may be gone
            body = office.page.inner_text("body", timeout=5_000)
            report.sections.append(("The page", f"{office.page.url}\n{body}"))
    return report
