"""The first page: a card for each provider."""

from __future__ import annotations

import pytest

from shared.domain.connections import ConnectionState
from tests.support.api_client import ApiWorld


def test_nothing_connected(world: ApiWorld) -> None:
    shown = world.sees("/console/integrations")
    assert shown.status_code == 200
    assert "Not connected" in shown.text
    assert f"Connect {world.books.profile.label}" in shown.text


def test_one_that_needs_reauthorising_is_red_with_its_button(world: ApiWorld) -> None:
    world.connect(state=ConnectionState.NEEDS_REAUTH)
    shown = world.sees("/console/integrations").text
    assert "Reconnect Required" in shown
    assert f"Reconnect {world.books.profile.label}" in shown
    assert "badge red" in shown


def test_who_may_only_read_has_no_button(world: ApiWorld) -> None:
    assert "<button" not in world.sees("/console/integrations", who="clerk").text.split("<main")[1]


@pytest.mark.parametrize("state", [ConnectionState.CONNECTED, ConnectionState.NEEDS_REAUTH])
@pytest.mark.parametrize("path", ["/console/integrations", "/console/integrations/quickbooks"])
def test_disconnecting_begins_here_for_who_may(
    world: ApiWorld, path: str, state: ConnectionState
) -> None:
    """Asked twice: a link to the question, and no link to a question that has no button."""
    world.connect(state=state)
    question = 'href="/console/integrations/quickbooks/disconnect"'
    assert question in world.sees(path).text
    assert question not in world.sees(path, who="clerk").text
