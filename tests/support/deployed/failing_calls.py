"""Calls that fail with a token pair open or at hand, by the very library and settings of a function.

    python -m tests.support.deployed.failing_calls COMPANY USED_CODE

For a company whose consent was revoked at the provider, and whose next token call is answered with
HTML. Says as JSON what a developer would see of each: the answer, or the whole traceback.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable

from shared.bootstrap import services
from shared.domain.ids import CompanyId, ConnectionKey, GrantId, ProviderName, RecordKind
from shared.providers.base import ConsentCallback

QUICKBOOKS = ProviderName("quickbooks")


def main(company_id: str, used_code: str) -> dict[str, str]:
    """What was seen, by the name of what must have come of the call."""
    made = services()
    connection = made.stores.connections.get(ConnectionKey(CompanyId(company_id), QUICKBOOKS))
    assert connection is not None
    grant = made.stores.grants.get(connection.grant_id)
    assert grant is not None
    pair = made.vault().open(grant.sealed_pair, grant.grant_id)
    oauth = made.oauth(QUICKBOOKS)
    books = made.open_books(connection, RecordKind.ITEM).provider
    realm = connection.remote_company.remote_company_id

    def exchange() -> object:
        callback = ConsentCallback({"realmId": realm})
        return oauth.exchange(
            code=used_code, redirect_uri="http://127.0.0.1/", code_verifier="", callback=callback
        )

    def refresh() -> object:
        return oauth.refresh(pair.refresh_token, made.clock.now())

    calls: list[tuple[str, Callable[[], object]]] = [
        ("RefreshUnanswered", refresh),
        ("RefreshRefused", refresh),
        ("RequestInvalid", exchange),
        ("NeedsReauth", books.company_info),
        ("SealBroken", lambda: made.vault().open(grant.sealed_pair, GrantId("another"))),
        ("TokenPair", lambda: (pair, grant, connection)),
    ]
    return {end: _told(call) for end, call in calls}


def _told(call: Callable[[], object]) -> str:
    try:
        return repr(call())
    except Exception as error:  # noqa: BLE001 - whatever it is, it is read for secrets
        return "".join(traceback.format_exception(error))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:])))
