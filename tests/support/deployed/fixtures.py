"""One deployed stack for tests/deployed and tests/browser; a company and books of its own for each test.

The stack is what `make run` starts: template.yaml itself on the local AWS, which enforces the roles'
policies, and the sandbox as the provider. Its settings are those of an installation, but that the
schedule is held, so that nothing is taken over while a loaded machine is slow; what a test needs
otherwise it sets for itself (`tests.support.deployed.functions`). Browsers may call its API from one
page of another origin (`frontend`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from local.settings import StackOptions
from local.stack import Stack, start_stack
from tests.support.deployed.company import Company, open_company
from tests.support.deployed.frontend import Frontend, open_frontend
from tests.support.deployed.functions import Functions
from tests.support.deployed.traces import Traces
from tests.support.sandbox_process import ControlClient

_numbers = itertools.count(1)
_QUIET = {"batch": 20, "write": 0, "read": 0, "query": 0, "token": 0}


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stack's folder."""
    return tmp_path_factory.mktemp("stack")


@pytest.fixture(scope="session")
def frontend() -> Iterator[Frontend]:
    """BlueClerk's own, as far as the API's CORS rules know it."""
    with open_frontend() as serving:
        yield serving


@pytest.fixture(scope="session")
def stack(data: Path, frontend: Frontend) -> Iterator[Stack]:
    parameters = {"HeartbeatSeconds": "1", "CorsOrigins": frontend.origin}
    options = StackOptions(usual_ports=False, parameters=parameters)
    with start_stack(data, options) as running:
        Functions(running, data).hold_the_schedule()
        yield running
        # Nothing is to be kept, and saving it all takes a while.
        httpx2.post(f"{running.aws.endpoint_url}/_ministack/reset", timeout=30, trust_env=False)


@pytest.fixture(scope="session")
def control_client(stack: Stack) -> Iterator[ControlClient]:
    client = ControlClient(stack.sandbox.url)
    yield client
    client.close()


@pytest.fixture
def control(control_client: ControlClient) -> ControlClient:
    """The sandbox, quick and without faults, whatever the test before did with it."""
    control_client.delete("/faults")
    control_client.settings(latency=_QUIET, throttle="off", collisions=False)
    return control_client


@pytest.fixture(scope="session")
def functions(stack: Stack, data: Path) -> Functions:
    return Functions(stack, data)


@pytest.fixture
def new_company(stack: Stack, control: ControlClient) -> Iterator[Callable[..., Company]]:
    """Makes companies, each with a realm of its own."""
    with ExitStack() as closing:

        def make(currency: str = "USD") -> Company:
            return closing.enter_context(open_company(stack, control, next(_numbers), currency))

        yield make


@pytest.fixture
def company(new_company: Callable[[], Company]) -> Company:
    return new_company()


@pytest.fixture(scope="session")
def traces(stack: Stack, functions: Functions) -> Traces:
    return Traces(stack, functions)
