"""Fixtures for more than one folder: only a conftest at the top may name them."""

pytest_plugins = ["tests.support.deployed.fixtures"]
