"""Where the figures are taken: the deployed local stack, fresh companies, measured processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.api import suite_api
from local.companies import choose_first_account, connect_to, open_books
from local.settings import StackOptions
from local.stack import ROOT, Stack, start_stack

QUIET: dict[str, Any] = {
    "throttle": "off",
    "collisions": False,
    "latency": {"batch": 0, "write": 0, "read": 0, "query": 0, "token": 0},
}
"""The sandbox as every row begins with it."""


@dataclass(frozen=True, slots=True)
class Company:
    company_id: str
    realm: str
    account: str


class Lab:
    """One running stack; every row gets a company and a remote company of its own."""

    def __init__(self, stack: Stack, data: Path) -> None:
        """`data`: the stack's folder."""
        self.stack = stack
        self.data = data
        self._made = 0
        functions = stack.aws.session.client(
            "lambda", endpoint_url=stack.aws.endpoint_url, config=stack.aws.config
        )
        deployed = functions.get_function_configuration(
            FunctionName=stack.deployed.resources["SyncItemsFunction"]
        )
        self._environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": str(ROOT),
            "PYTHONWARNINGS": "ignore",
            "OAUTHLIB_INSECURE_TRANSPORT": "1",  # python-quickbooks insists on https otherwise
            "AWS_ENDPOINT_URL": stack.aws.endpoint_url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            **deployed["Environment"]["Variables"],
        }

    def sandbox(self, **settings: Any) -> None:  # noqa: ANN401 - whatever the sandbox's settings take
        """QuickBooks' settings for what follows; what is not named is quiet."""
        self.stack.sandbox.configure({"quickbooks": {**QUIET, **settings}})

    def counters(self) -> dict[str, Any]:
        return self.stack.sandbox.control("counters")

    def reset_counters(self) -> None:
        self.stack.sandbox.control("counters/reset", {})

    def company(self, **settings: str) -> Company:
        """A new company, connected through the API to a new remote one, its account chosen."""
        self._made += 1
        company_id = f"bench-{self._made}"
        realm = f"93{self._made:014d}"
        open_books(self.stack, realm, f"Bench {self._made}")
        with suite_api(self.stack.api_url, lambda: self.stack.sandbox.token(company_id)) as api:
            connect_to(self.stack, api, realm)
            account = choose_first_account(api, **settings)
        return Company(company_id, realm, account)

    def worker(self, *arguments: str) -> dict[str, Any]:
        """`bench.worker` in a process of its own; what it measured."""
        return self._measured("bench.worker", *arguments)

    def peer(self, who: str, company: Company, count: int) -> dict[str, Any]:
        """`bench.peer`: python-quickbooks, or our provider layer without any storage."""
        return self._measured(
            "bench.peer",
            who,
            f"{self.stack.sandbox.url}/quickbooks",
            company.realm,
            self._access_token(company),
            company.account,
            str(count),
        )

    def rows_in_books(self, company: Company) -> int:
        light = self.stack.sandbox.control(f"state?realm={company.realm}&light=1")
        return int(light["companies"][company.realm]["Item"]["count"])

    def _access_token(self, company: Company) -> str:
        """A consent of the peer's own, so that neither side's tokens disturb the other's."""
        import httpx2  # noqa: PLC0415 - same

        from local.forms import first_form  # noqa: PLC0415 - only the peer rows need a browser

        base = f"{self.stack.sandbox.url}/quickbooks"
        redirect = "http://127.0.0.1:1/callback"
        with httpx2.Client(trust_env=False) as browser:
            page = browser.get(
                f"{base}/connect/oauth2",
                params={
                    "client_id": "sandbox-client",
                    "response_type": "code",
                    "scope": "com.intuit.quickbooks.accounting",
                    "redirect_uri": redirect,
                    "state": "bench",
                },
            )
            form = first_form(page.text)
            if form is None:
                raise SystemExit("the sandbox shows no consent page")
            answer = browser.post(
                str(page.url.join(form.action)), data={**form.fields, "company": company.realm}
            )
            code = httpx2.URL(answer.headers["location"]).params["code"]
            tokens = browser.post(
                f"{base}/oauth2/v1/tokens/bearer",
                data={"grant_type": "authorization_code", "code": code, "redirect_uri": redirect},
                auth=("sandbox-client", "sandbox-secret"),
                headers={"accept": "application/json"},
            )
            return str(tokens.json()["access_token"])

    def _measured(self, module: str, *arguments: str) -> dict[str, Any]:
        ended = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env=self._environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode != 0:
            raise SystemExit(f"{module} {arguments[0]} failed:\n{ended.stderr[-3000:]}")
        measured: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
        return measured


@contextmanager
def lab(data: Path) -> Iterator[Lab]:
    # AWS checks policies outside of our two cores; the emulator would take its time from the push.
    with start_stack(data, StackOptions(enforce_policies=False)) as stack:
        yield Lab(stack, data)
