"""One deployed stack for all tests of this folder; a company and books of its own for each test.

The stack is what `make run` starts: template.yaml itself on the local AWS, which enforces the roles'
policies, and the sandbox as the provider.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.api import SuiteApi, suite_api
from local.connect import CONNECTION, connect
from local.settings import StackOptions
from local.stack import Stack, start_stack
from local.sync import sync_items

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Company:
    """A BlueClerk company, its API, and the QuickBooks company (realm) that is meant for it."""

    company_id: str
    realm: str
    api: SuiteApi
    stack: Stack

    def connect(self) -> dict[str, Any]:
        """Through the consent page, choosing this company's realm."""
        return connect(
            self.api,
            self.stack.api_url,
            consent_at=self.stack.sandbox.url,
            choices={"company": self.realm},
        )

    def ready(self) -> Company:
        """Connected, with the default income account chosen."""
        self.connect()
        account = self.api.get(f"{CONNECTION}/accounts")["accounts"][0]
        self.api.put(f"{CONNECTION}/settings", {"defaultIncomeAccountId": account["id"]})
        return self

    def import_names(self, names: Sequence[str]) -> dict[str, Any]:
        """Items I-0001, I-0002, ... of these names."""
        rows = (f'I-{number:04},"{name}",1.50' for number, name in enumerate(names, start=1))
        csv = "\n".join(["id,name,unit_price", *rows])
        return self.api.post_csv("/v1/items:import", csv.encode())

    def sync(self) -> dict[str, Any]:
        """The run after it has ended."""
        return sync_items(self.api)

    def books(self) -> list[dict[str, Any]]:
        """The items that QuickBooks has."""
        state = self.stack.sandbox.control(f"state?realm={self.realm}&entity=Item")
        items: list[dict[str, Any]] = state["companies"][self.realm]["Item"]
        return items

    def calls(self, kind: str) -> list[Mapping[str, Any]]:
        """What the sandbox was asked for this realm, by kind (batch, query, token and so on)."""
        found: list[Mapping[str, Any]] = self.stack.sandbox.control(
            f"requests?realm={self.realm}&kind={kind}"
        )["requests"]
        return found


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """With slices and heartbeats short enough for a test to see several."""
    options = StackOptions(
        usual_ports=False,
        parameters={"SliceSeconds": "20", "HeartbeatSeconds": "1", "AbandonedSeconds": "5"},
    )
    data: Path = tmp_path_factory.mktemp("stack")
    with start_stack(data, options) as running:
        running.sandbox.configure({"quickbooks": {"latency": {"batch": 20}}})
        yield running


@pytest.fixture
def new_company(stack: Stack) -> Iterator[Callable[[], Company]]:
    """Makes companies, each with a realm of its own."""
    with ExitStack() as closing:

        def make() -> Company:
            number = next(_numbers)
            company_id, realm = f"company-{number}", f"9000000000{number:06}"
            stack.sandbox.control("companies", {"realm": realm, "name": f"Books of {company_id}"})
            api = closing.enter_context(
                suite_api(stack.api_url, lambda: stack.sandbox.token(company_id))
            )
            return Company(company_id, realm, api, stack)

        yield make


@pytest.fixture
def company(new_company: Callable[[], Company]) -> Company:
    return new_company()
