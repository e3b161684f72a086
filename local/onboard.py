"""Takes the demo company through what an office does on day one: import, connect, choose, sync."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.api import SuiteApi
from local.companies import skip_imports
from local.connect import CONNECTION, connect
from local.seed import Imported, catalogue, import_items
from local.sync import Show, sync_items
from local.trouble import LaunchFailed

COMPANY_ID = "cedar-ridge-plumbing"
PEOPLE = "Dana Whitfield (may change things) or Luis Ortega (may read)"
"""Who signs in for it at the sandbox's issuer (sandbox/issuer/people.py)."""

_USUAL_ACCOUNT = "Sales of Product Income"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Onboarded:
    """`connection` and `run` as the API answers them."""

    imported: Imported
    connection: dict[str, Any]
    account: str
    run: dict[str, Any]

    @property
    def complete(self) -> bool:
        """Whether every row of the catalogue is in the provider."""
        counts = self.run["counts"]
        return (
            self.imported.rejected == 0
            and self.run["state"] == "finished"
            and counts["refused"] == 0
            and counts["settled"] == counts["total"]
        )


def onboard(
    api: SuiteApi, api_url: str, *, catalog: Path | None, consent_at: str, say: Say, show: Show
) -> Onboarded:
    """Each step is skipped where it was done before. Raises `LaunchFailed`."""
    content = catalogue(catalog)
    say(f"importing {catalog or 'the demo price book'}")
    imported = import_items(api, content)
    connection = api.get(CONNECTION)
    if connection["state"] != "connected":
        say("connecting to QuickBooks")
        connection = connect(api, api_url, consent_at=consent_at, say=say)
    account = _choose_account(api, connection)
    say("syncing items")
    run = sync_items(api, show)
    skip_imports(api)  # the books were empty; what changes from now on goes by itself
    return Onboarded(imported, connection, account, run)


def _choose_account(api: SuiteApi, connection: dict[str, Any]) -> str:
    """The default income account's name: the one chosen before, the usual one, or the first."""
    accounts = api.get(f"{CONNECTION}/accounts")["accounts"]
    if not accounts:
        raise LaunchFailed(
            "the books have no income account: add one in QuickBooks, then run again"
        )
    chosen = (connection["settings"] or {}).get("defaultIncomeAccountId")
    for account in accounts:
        if account["id"] == chosen:
            return str(account["name"])
    account = next((one for one in accounts if one["name"] == _USUAL_ACCOUNT), accounts[0])
    api.put(f"{CONNECTION}/settings", {"defaultIncomeAccountId": account["id"]})
    return str(account["name"])
