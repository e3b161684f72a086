"""From a page's typed context to HTML: Jinja2, everything escaped, nothing silently missing.

Jinja2 is imported when the first page is rendered: callers of the API never need it.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from starlette.responses import HTMLResponse

from functions.api.console import static
from functions.api.console.addresses import INTEGRATIONS, INVOICES, PROBLEMS
from functions.api.console.said import Said
from functions.api.console.words import Words

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES: Final = Path(__file__).parent / "templates"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""No form leads away from here: where a person goes on to another site, a page says so (`leave.html`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a template is given, as `page`; a subclass for each template.

    `place` is the address of the entry of the navigation that the page belongs to.
    """

    template: ClassVar[str]
    place: ClassVar[str] = ""
    title: str
    refresh_seconds: int = 0
    """Where scripts are off, the page loads itself again after so long; 0: it stays."""


@dataclass(frozen=True, slots=True)
class NavigationEntry:
    address: str
    label: str


NAVIGATION: Final = (
    NavigationEntry(INTEGRATIONS, "Integrations"),
    NavigationEntry("/console/account-mapping", "Account Mapping"),
    NavigationEntry(INVOICES, "Invoices"),
    NavigationEntry(PROBLEMS, "Problems"),
    NavigationEntry("/console/activity", "Activity"),
    NavigationEntry("/console/help", "Help"),
)


@dataclass(frozen=True, slots=True)
class Shell:
    """What stands around every page. Empty texts where nobody is signed in."""

    words: Words
    company_name: str = ""
    person_name: str = ""
    may_write: bool = False
    said: Said | None = None
    support_address: str = ""
    correlation_id: str = ""

    @property
    def navigation(self) -> tuple[NavigationEntry, ...]:
        return NAVIGATION if self.person_name else ()


def rendered(
    page: Page, shell: Shell, status: int = 200, headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """The whole page. Raises Jinja2's `UndefinedError` for a name that the context does not have."""
    return _answer(page.template, page, shell, status, headers)


def fragment(name: str, page: Page, shell: Shell) -> HTMLResponse:
    """A part of a page for a script that puts it in place, from `templates/parts/<name>.html`."""
    return _answer(f"parts/{name}.html", page, shell, 200, None)


def _answer(
    template: str, page: Page, shell: Shell, status: int, headers: Mapping[str, str] | None
) -> HTMLResponse:
    html = environment().get_template(template).render(page=page, shell=shell, words=shell.words)
    return HTMLResponse(
        html, status_code=status, headers={**(headers or {}), "Content-Security-Policy": POLICY}
    )


@cache
def environment() -> Environment:
    """Once per container. `static('x.css')` gives a file's address in a template."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["static"] = static.address
    return made
