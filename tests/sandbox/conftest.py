"""One sandbox for all tests of this folder, reset before each; a connected client of its first company."""

from collections.abc import Iterator

import pytest

from tests.sandbox.books import Books
from tests.support.sandbox_process import ControlClient, SandboxProcess


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: SandboxProcess) -> SandboxProcess:
    running_sandbox.control.reset()
    return running_sandbox


@pytest.fixture
def control(sandbox: SandboxProcess) -> ControlClient:
    return sandbox.control


@pytest.fixture
def books(sandbox: SandboxProcess) -> Iterator[Books]:
    with Books(sandbox) as connected:
        yield connected
