"""template.yaml as data for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.template import Template, load_yaml

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def template() -> Template:
    return load_yaml(ROOT / "template.yaml")
