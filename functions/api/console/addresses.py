"""Addresses of the console's pages. In one that names other people's ids a slash or a question mark stays
in the id.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlencode

from shared.domain.runs import Run

INTEGRATIONS: Final = "/console/integrations"
INVOICES: Final = "/console/invoices"
PROBLEMS: Final = "/console/problems"


def integration_address(provider: str, *parts: str) -> str:
    """A provider's page, or one of those below it."""
    return "/".join((INTEGRATIONS, provider, *parts))


def import_address(run: Run) -> str:
    return integration_address(run.connection.provider, "imports", run.run_id)


def invoice_address(invoice_id: str) -> str:
    return f"{INVOICES}/{quote(invoice_id, safe='')}"


def with_query(address: str, **parameters: str | None) -> str:
    """Without those that are empty."""
    said = {name: value for name, value in parameters.items() if value}
    return f"{address}?{urlencode(said)}" if said else address


def following(address: str, cursor: str | None, **parameters: str | None) -> str:
    """The next page of a list; empty where there is none."""
    return with_query(address, **parameters, cursor=cursor) if cursor else ""
