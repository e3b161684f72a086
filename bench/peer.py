"""The peer: python-quickbooks' own `batch_create` over the same items, and our provider layer alone.

`peer.py python-quickbooks|ours URL REALM TOKEN ACCOUNT COUNT` prints CPU and wall seconds of the
pushing loop. Neither saves any state.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from typing import Any

from local.price_book import rows
from shared.domain.ids import RecordKind


def _names(count: int) -> list[tuple[str, str, str]]:
    """Names that every client can send: plain, unique, within 100 characters."""
    book = rows()
    return [
        (
            f"Item {number:05d}",
            book[number % len(book)].description,
            str(book[number % len(book)].unit_price),
        )
        for number in range(count)
    ]


def python_quickbooks(url: str, realm: str, token: str, account: str, count: int) -> dict[str, Any]:
    """As its README shows it: objects, `batch_create`, 30 a batch, one after another."""
    warnings.simplefilter("ignore")
    from intuitlib.client import AuthClient  # noqa: PLC0415 - same
    from quickbooks import QuickBooks  # noqa: PLC0415 - only this task needs it
    from quickbooks.batch import batch_create  # noqa: PLC0415 - same
    from quickbooks.exceptions import QuickbooksException  # noqa: PLC0415 - same
    from quickbooks.objects.base import Ref  # noqa: PLC0415 - same
    from quickbooks.objects.item import Item  # noqa: PLC0415 - same

    QuickBooks.sandbox_api_url_v3 = QuickBooks.api_url_v3 = f"{url}/v3"
    discovery = f"{url}/.well-known/openid_configuration"
    auth = AuthClient(
        "sandbox-client", "", "http://127.0.0.1:1/callback", discovery, access_token=token
    )
    client = QuickBooks(auth_client=auth, refresh_token="", company_id=realm, minorversion=75)
    reference = Ref()
    reference.value = account
    began, cpu = time.perf_counter(), time.process_time()
    items = []
    for name, description, price in _names(count):
        item = Item()
        item.Name, item.Type, item.Description = name, "Service", description
        item.UnitPrice = float(price)
        item.IncomeAccountRef = reference
        items.append(item)
    error = ""
    try:
        batch_create(items, qb=client)
    except QuickbooksException as stopped:  # the first 429 ends it, whatever was left
        error = type(stopped).__name__
    return {
        "cpu": time.process_time() - cpu,
        "seconds": time.perf_counter() - began,
        "error": error,
    }


class _OneToken:
    """A `TokenSource` over one access token."""

    def __init__(self, token: str) -> None:
        self._token = token

    def access_token(self) -> tuple[str, int]:
        return self._token, 1

    def renew(self, *, after_version: int) -> tuple[str, int]:
        raise SystemExit(f"the access token (version {after_version}) was refused")


def ours(url: str, realm: str, token: str, account: str, count: int) -> dict[str, Any]:
    """The provider layer as the engine uses it: build, send, judge; nothing stored."""
    from decimal import Decimal  # noqa: PLC0415 - only this task needs it

    from shared.config import ProviderEndpoints  # noqa: PLC0415 - same
    from shared.domain.ids import (  # noqa: PLC0415 - same
        ProviderName,
        RemoteCompanyId,
        RequestKey,
        SourceId,
    )
    from shared.domain.links import ItemFields  # noqa: PLC0415 - same
    from shared.domain.outcomes import Answered  # noqa: PLC0415 - same
    from shared.domain.runs import PushAction  # noqa: PLC0415 - same
    from shared.providers.base import RecordWrite  # noqa: PLC0415 - same
    from shared.providers.registry import open_provider  # noqa: PLC0415 - same
    from shared.providers.transport import HttpxTransport  # noqa: PLC0415 - same
    from shared.system import SystemChance, SystemClock  # noqa: PLC0415 - same

    provider = open_provider(
        ProviderName("quickbooks"),
        ProviderEndpoints(url, "", "", ""),
        remote_company_id=RemoteCompanyId(realm),
        tokens=_OneToken(token),
        transport=HttpxTransport(),
        pacer=None,
        clock=SystemClock(),
        chance=SystemChance(),
        deadline=25.0,
    )
    began, cpu = time.perf_counter(), time.process_time()
    writes = [
        RecordWrite(
            SourceId(name),
            PushAction.CREATE,
            ItemFields(name, description, Decimal(price), "", account),
        )
        for name, description, price in _names(count)
    ]
    size = provider.profile.batch_size
    for start in range(0, count, size):
        key = RequestKey(f"{start:032x}")
        outcome = provider.send(
            provider.write_request(RecordKind.ITEM, writes[start : start + size], key, single=False)
        )
        if not isinstance(outcome, Answered):
            raise SystemExit(f"a batch of the bench was not answered: {outcome}")
    return {"cpu": time.process_time() - cpu, "seconds": time.perf_counter() - began, "error": ""}


def main() -> None:
    task, url, realm, token, account, count = sys.argv[1:]
    measure = {"python-quickbooks": python_quickbooks, "ours": ours}[task]
    print(json.dumps(measure(url, realm, token, account, int(count))))


if __name__ == "__main__":
    main()
