"""Signs somebody in to the console at the sandbox's issuer, as their browser would."""

from __future__ import annotations

import httpx2

from local.forms import first_form
from local.trouble import LaunchFailed


def sign_in(browser: httpx2.Client, console_url: str, person: str) -> httpx2.Response:
    """The page they come to; the client has their session from then on. Raises `LaunchFailed`."""
    issuer = browser.get(console_url, follow_redirects=True)
    form = first_form(issuer.text) if issuer.is_success else None
    if form is None:
        raise LaunchFailed(f"there is no page to sign in on ({issuer.status_code})")
    page = browser.request(
        form.method,
        issuer.url.join(form.action),
        data={**form.fields, "person": person},
        follow_redirects=True,
    )
    if not page.is_success:
        raise LaunchFailed(f"{person} could not sign in ({page.status_code})")
    return page
