"""Tokens and codes are in no log, execution history or table in clear, whatever goes wrong."""

from __future__ import annotations

import base64

import httpx2
import pytest

from local.connect import CONNECTION
from tests.support.deployed.company import Company, plain_rows, until
from tests.support.deployed.functions import SYNC_ITEMS, Functions
from tests.support.deployed.sealed import tokens_of
from tests.support.deployed.traces import Traces

pytestmark = pytest.mark.deployed

_PIECE = 24


def consent_by_hand(company: Company) -> str:
    """As `Company.connect`; the code that QuickBooks sent the person's browser back with."""
    url = httpx2.URL(company.api.post(f"{CONNECTION}/authorize", {})["authorizeUrl"])
    with httpx2.Client(trust_env=False) as browser:
        back = browser.post(
            str(url.copy_with(query=None)), data={**url.params, "company": company.realm}
        )
        landed = browser.get(back.headers["location"])
    assert landed.is_success
    code: str = httpx2.URL(back.headers["location"]).params["code"]
    assert code not in landed.text
    return code


def shapes(secret: str) -> list[str]:
    """A piece of its beginning and one of its middle, as they are and in base64."""
    middle = len(secret) // 2
    pieces = [secret[:_PIECE], secret[middle : middle + _PIECE], secret[-_PIECE:]]
    encoded = base64.b64encode(secret.encode()).decode()
    return [*pieces, encoded[: 2 * _PIECE]]


def test_no_token_and_no_code_is_written_down_anywhere_in_clear(
    company: Company, functions: Functions, traces: Traces
) -> None:
    """Through consent, refresh with rotation, a 401 that repeats the token, a kill and an end."""
    company.control.settings(rotationSeconds=0)
    company.import_rows(plain_rows(60))
    secrets = [consent_by_hand(company)]
    secrets += tokens_of(company.stack, company.company_id)
    account = company.api.get(f"{CONNECTION}/accounts")["accounts"][0]["id"]
    company.api.put(f"{CONNECTION}/settings", {"defaultIncomeAccountId": account})
    company.control.post("/grants/expire-access", {"realm": company.realm})
    company.fault("html500", kind="token", atMost=1)
    company.fault({"type": "hang", "seconds": 20}, kind="batch", nth=[2])
    run_id = company.click()["runId"]
    until(lambda: len(company.requests("batch")) == 2, "a call to hang")
    functions.kill(SYNC_ITEMS)
    assert company.ended(run_id)["state"] == "finished"
    rotated = tokens_of(company.stack, company.company_id)
    assert set(rotated).isdisjoint(secrets), "both were replaced"
    secrets += rotated
    company.control.post("/grants/revoke", {"realm": company.realm})
    company.api.put("/v1/items/I-0001", {"name": "Fitting 0001", "unitPrice": "9.99"})
    assert company.sync()["state"] == "needs_reauth"
    secrets += [company.stack.sandbox.token(company.company_id).rpartition(".")[2]]

    for place, text in traces.of(company, run_id).items():
        for secret in secrets:
            for shape in shapes(secret):
                assert shape not in text, f"{place} has {shape[:6]}..."
