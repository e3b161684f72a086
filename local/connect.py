"""Connects a company to QuickBooks through the real consent flow, as a person with a browser would."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urljoin

import httpx2

from local.api import SuiteApi
from local.forms import first_form
from local.trouble import LaunchFailed

CONNECTION = "/v1/connections/quickbooks"
_SECONDS = 30.0
_HOPS = 10
_MINUTES_FOR_A_PERSON = 10
_LOOK_EVERY = 2.0


def connect(
    api: SuiteApi,
    api_url: str,
    *,
    consent_at: str = "",
    choices: Mapping[str, str] | None = None,
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Consent to the connection and answer it (`GET /v1/connections/quickbooks`).

    A page below `consent_at` (the sandbox) has its form filled in, with `choices` by field name. At any
    other place redirects are followed; where those do not come back, the address is said and a person
    has ten minutes. Raises `LaunchFailed`.
    """
    address = api.post(f"{CONNECTION}/authorize", {})["authorizeUrl"]
    if not _consent(address, api_url, consent_at, choices or {}):
        say(f"open this address, sign in and allow the connection:\n\n  {address}\n")
        _wait_for_a_person(api)
    connection = api.get(CONNECTION)
    if connection.get("state") != "connected":
        raise LaunchFailed(
            f"QuickBooks is not connected after the consent: {connection.get('state')}"
        )
    return connection


def _consent(address: str, api_url: str, consent_at: str, choices: Mapping[str, str]) -> bool:
    """True: came back through the callback. False: a page that only a person can answer."""
    with httpx2.Client(timeout=_SECONDS, trust_env=False) as browser:
        try:
            answer = browser.get(address)
            for _ in range(_HOPS):
                if str(answer.url).startswith(f"{api_url}/"):
                    _check_callback(answer)
                    return True
                if answer.is_redirect:
                    answer = browser.get(urljoin(str(answer.url), answer.headers["location"]))
                    continue
                form = first_form(answer.text) if answer.is_success else None
                if form is None or not consent_at or not str(answer.url).startswith(consent_at):
                    break
                answer = browser.request(
                    form.method,
                    urljoin(str(answer.url), form.action),
                    data={**form.fields, **choices},
                )
        except httpx2.TransportError as error:
            raise LaunchFailed(f"the consent at {_host(address)} got no answer: {error}") from None
    if consent_at:
        raise LaunchFailed(
            f"the consent page at {_host(address)} did not come back ({answer.status_code})"
        )
    return False


def _check_callback(answer: httpx2.Response) -> None:
    if answer.is_error:
        raise LaunchFailed(f"the consent came back and was refused: {answer.text[:300]}")


def _wait_for_a_person(api: SuiteApi) -> None:
    give_up = time.monotonic() + _MINUTES_FOR_A_PERSON * 60
    while api.get(CONNECTION).get("state") != "connected":
        if time.monotonic() > give_up:
            raise LaunchFailed(f"nobody allowed the connection in {_MINUTES_FOR_A_PERSON} minutes")
        time.sleep(_LOOK_EVERY)


def _host(address: str) -> str:
    url = httpx2.URL(address)
    return f"{url.scheme}://{url.netloc.decode()}"
