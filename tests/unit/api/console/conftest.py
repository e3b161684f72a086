"""One world per test."""

from __future__ import annotations

import pytest

from tests.support.api_client import ApiWorld, api_world


@pytest.fixture
def world() -> ApiWorld:
    return api_world()
