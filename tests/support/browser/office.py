"""Somebody of the office at the console, in a real browser."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Dialog,
    FloatRect,
    Locator,
    Page,
    Response,
    expect,
)

from local.stack import ROOT
from tests.support.deployed.company import Company

HOME = "/console/integrations"
SCREENSHOTS = ROOT / "docs" / "screenshots"
_MOST_BYTES = 200_000
PATIENCE = 60_000
"""Milliseconds; functions may have to start first, on a machine that has other things to do."""

expect.set_options(timeout=PATIENCE)


@dataclass(frozen=True, slots=True)
class Way:
    """How the console is looked at."""

    name: str
    width: int = 1280
    height: int = 900
    scripts: bool = True
    dark: bool = False


WIDE = Way("wide")
PHONE = Way("phone", width=390, height=844)
DARK = Way("dark", dark=True)
NO_SCRIPTS = Way("no-scripts", scripts=False)


@dataclass(slots=True)
class Office:
    """One browser window of one person; `troubles` is what the browser itself complained of."""

    company: Company
    page: Page
    way: Way
    person_id: str
    troubles: list[str] = field(default_factory=list)

    @property
    def context(self) -> BrowserContext:
        return self.page.context

    def goes(self, path: str) -> Response:
        # A page that loads itself again at that very moment goes first, and there is no answer then.
        answer = self.page.goto(path) or self.page.goto(path)
        assert answer is not None, f"{path} is no page"
        return answer

    def signs_in(self, path: str = HOME) -> None:
        """Through the issuer's page, beginning where they wanted to go."""
        answer = self.goes(path)
        assert answer.ok, f"{self.page.url}: {answer.status}\n{self.page.inner_text('body')}"
        self.page.locator(f'button[name="person"][value="{self.person_id}"]').click()
        self.arrives(f"**{path}")

    def arrives(self, address: str | re.Pattern[str]) -> None:
        """At that page, whose files may still be on their way: what is looked at next is waited for."""
        self.page.wait_for_url(address, wait_until="commit")

    def heading(self) -> Locator:
        return self.page.get_by_role("heading", level=1)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def presses(self, name: str) -> None:
        self.button(name).click()

    def is_told(self, text: str | re.Pattern[str]) -> None:
        """By the message at the top of the page."""
        expect(self.page.locator(".said")).to_contain_text(text)

    def sees(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.locator("main")).to_contain_text(text)

    def is_accessible(self) -> None:
        """Nothing that axe-core calls serious or critical. Needs scripts."""
        found = Axe().run(self.page).response["violations"]
        bad = [one for one in found if one["impact"] in ("serious", "critical")]
        told = [
            f"{one['id']} ({one['impact']}): {one['help']}\n  "
            + "\n  ".join(node["html"] for node in one["nodes"])
            for one in bad
        ]
        assert not told, f"{self.page.url}\n" + "\n".join(told)

    def fits(self) -> None:
        """The page is no wider than the window; what must be wide scrolls inside. Needs scripts."""
        wide = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0, f"{self.page.url} is {wide} pixels wider than the window"

    def shot(self, name: str) -> None:
        """Into docs/screenshots, only where SCREENSHOTS=1 asks for it; without scripts it looks the same,
        and the end of a heavy one is cut off.
        """
        if os.environ.get("SCREENSHOTS") != "1" or not self.way.scripts:
            return
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        suffix = "" if self.way == WIDE else f"-{self.way.name}"
        picture = self.page.screenshot(full_page=True)
        if len(picture) > _MOST_BYTES:
            width, height = struct.unpack(">II", picture[16:24])  # where a PNG has them
            shown = height * 0.9 * _MOST_BYTES / len(picture)
            clip: FloatRect = {"x": 0, "y": 0, "width": width, "height": shown}
            picture = self.page.screenshot(full_page=True, clip=clip)
        (SCREENSHOTS / f"{name}{suffix}.png").write_bytes(picture)

    def is_fine(self, name: str) -> None:
        """Fits, is accessible, and is kept as a picture."""
        if self.way.scripts:
            self.fits()
            self.is_accessible()
        self.shot(name)

    def is_fine_in_both(self, name: str) -> None:
        """At a wide screen also in dark, without loading the page again: colours do not depend on width."""
        self.is_fine(name)
        if self.way != WIDE:
            return
        self.page.emulate_media(color_scheme="dark")
        self.is_accessible()
        self.shot(f"{name}-dark")
        self.page.emulate_media(color_scheme="light")


def plant_person(company: Company, name: str, company_name: str, *roles: str, **more: str) -> str:
    """Somebody of that company who can sign in; their id."""
    person_id = f"{name.split(maxsplit=1)[0].lower()}-of-{company.company_id}"
    company.control.post(
        "/issuer/people",
        {
            "id": person_id,
            "name": name,
            "email": f"{person_id}@example.com",
            "companyId": company.company_id,
            "companyName": company_name,
            "roles": list(roles),
            **more,
        },
    )
    return person_id


@contextmanager
def open_window(browser: Browser, company: Company, way: Way, person_id: str) -> Iterator[Office]:
    """A browser of their own: no cookie of anybody else. Fails at the end if the browser complained."""
    context = browser.new_context(
        base_url=company.stack.api_url,
        viewport={"width": way.width, "height": way.height},
        java_script_enabled=way.scripts,
        color_scheme="dark" if way.dark else "light",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    office = Office(company, page, way, person_id)
    page.on("pageerror", lambda error: office.troubles.append(f"{page.url}: {error}"))
    page.on(
        "response",
        lambda answer: (
            office.troubles.append(f"{answer.url}: {answer.status}")
            if "/console/static/" in answer.url and answer.status >= 400
            else None
        ),
    )
    page.on("dialog", lambda dialog: _asked_by_a_script(office, dialog))
    page.on(
        "console",
        lambda said: (
            office.troubles.append(f"{page.url}: {said.text}")
            if "Content Security Policy" in said.text
            else None
        ),
    )
    try:
        yield office
    finally:
        context.close()
    assert not office.troubles, "\n".join(office.troubles)


def _asked_by_a_script(office: Office, dialog: Dialog) -> None:
    """No page of ours does that: somebody's text ran as a script."""
    office.troubles.append(f"{office.page.url}: {dialog.type} {dialog.message}")
    dialog.dismiss()


def chromium_at(file: Path) -> str:
    """The path that infra/setup-browser.sh wrote."""
    return file.read_text().strip()
