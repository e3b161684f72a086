"""Tokens, codes and the client secret are written down nowhere in clear, whatever goes wrong.

Looked for is everything that the sandbox ever issued for the company, also what no store of ours has
seen (`/control/grants/issued`): in logs, execution histories, tables, answers, pages and exceptions.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import httpx2
import pytest

from local.connect import CONNECTION
from local.sandbox import CLIENT_SECRET
from tests.support.deployed.company import Company, plain_rows, until
from tests.support.deployed.functions import API, SYNC_ITEMS, Functions
from tests.support.deployed.sealed import tokens_of
from tests.support.deployed.shapes import shapes
from tests.support.deployed.traces import Traces
from tests.support.sandbox_process import CEDAR_RIDGE

pytestmark = pytest.mark.deployed


def consent(company: Company, **instead: str) -> tuple[int, str]:
    """One consent; parameters of the callback replaced. The page's status, and the code as it was sent."""
    url = httpx2.URL(company.api.post(f"{CONNECTION}/authorize", {})["authorizeUrl"])
    with httpx2.Client(trust_env=False) as browser:
        back = browser.post(
            str(url.copy_with(query=None)), data={**url.params, "company": company.realm}
        )
        callback = httpx2.URL(back.headers["location"])
        landed = browser.get(callback.copy_merge_params(instead))
    company.heard.append(f"{landed.headers}\n{landed.text}")
    return landed.status_code, {**callback.params, **instead}["code"]


def seen_locally(company: Company, functions: Functions, used_code: str) -> dict[str, str]:
    """See `tests.support.deployed.failing_calls`."""
    company.control.fault("html500", kind="token", atMost=1)
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "tests.support.deployed.failing_calls"),
            *(company.company_id, used_code),
        ],
        env={"PATH": os.environ["PATH"], **functions.environment(API)},
        stdout=subprocess.PIPE,
        check=True,
    )
    *logged, told = ended.stdout.decode().splitlines()  # log lines first, as a function writes them
    texts: dict[str, str] = json.loads(told)
    for end, text in texts.items():
        assert end in text
    return texts | {"log lines of failing calls": "\n".join(logged)}


def test_no_token_no_code_and_no_client_secret_is_written_down_anywhere_in_clear(
    company: Company, functions: Functions, traces: Traces
) -> None:
    """Refused and good consents, refresh with rotation, a 401 that repeats the token, a kill, an end."""
    company.control.settings(rotationSeconds=0)
    company.import_rows(plain_rows(60))
    status, _ = consent(company, realmId=CEDAR_RIDGE)
    assert 400 <= status < 500, "a forged realm"
    assert consent(company)[0] == 200
    first_pair = tokens_of(company.stack, company.company_id)
    status, used_code = consent(company)
    assert status == 200
    status, _ = consent(company, code=used_code)
    assert 400 <= status < 500, "a code used twice, which ends what it gave"
    assert consent(company)[0] == 200

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

    company.control.post("/grants/revoke", {"realm": company.realm})
    exceptions = seen_locally(company, functions, used_code)
    company.api.put("/v1/items/I-0001", {"name": "Fitting 0001", "unitPrice": "9.99"})
    assert company.sync()["state"] == "needs_reauth"
    assert consent(company)[0] == 200
    company.api.post(f"{CONNECTION}/disconnect", {})

    issued = company.control.get("/grants/issued", realm=company.realm)["secrets"]
    assert {*first_pair, *rotated, used_code} < set(issued), "asked at the right place"
    sign_in = company.stack.sandbox.token(company.company_id).rpartition(".")[2]
    wanted = {shape for one in (*issued, CLIENT_SECRET, sign_in) for shape in shapes(one)}
    for place, text in (traces.of(company, run_id) | exceptions).items():
        for shape in wanted:
            assert shape not in text, f"{place} has {shape[:6]}..."
