"""One sandbox and one transport for each module of provider contracts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.providers.transport import HttpxTransport
from tests.support.sandbox_process import SandboxProcess


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with SandboxProcess() as running:
        yield running


@pytest.fixture(scope="module")
def transport() -> Iterator[HttpxTransport]:
    made = HttpxTransport()
    yield made
    made.close()
