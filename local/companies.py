"""Companies with books of their own at the sandbox, for tests of the deployed stack and the bench."""

from __future__ import annotations

from typing import Any

from local.api import SuiteApi
from local.connect import CONNECTION, connect
from local.stack import Stack
from local.trouble import LaunchFailed


def open_books(stack: Stack, realm: str, name: str, *, currency: str = "USD") -> None:
    """A new QuickBooks company at the sandbox; `realm` is 10 to 19 digits and new."""
    stack.sandbox.control(
        "companies", {"realm": realm, "name": name, "currency": currency, "country": "US"}
    )


def connect_to(stack: Stack, api: SuiteApi, realm: str) -> dict[str, Any]:
    """Consent to that company as a person would; the connection as the API answers it."""
    return connect(
        api,
        stack.api_url,
        consent_at=stack.sandbox.url,
        choices={"company": realm},
        say=lambda _line: None,
    )


def choose_first_account(api: SuiteApi, **settings: str) -> str:
    """The id of what is the default income account from now on; other settings go with it."""
    accounts = api.get(f"{CONNECTION}/accounts")["accounts"]
    if not accounts:
        raise LaunchFailed("the books have no income account")
    account = str(accounts[0]["id"])
    api.put(f"{CONNECTION}/settings", {"defaultIncomeAccountId": account, **settings})
    return account


def skip_imports(api: SuiteApi) -> None:
    """Decide the setup's import steps: changes go to the books by themselves from now on."""
    api.put(f"{CONNECTION}/setup", {"importCustomers": "skipped", "importItems": "skipped"})
