"""How often a page asks the stores: each read is a round trip, one after the other."""

from __future__ import annotations

from collections import Counter

import pytest

from shared.domain.connections import ConnectionSettings
from tests.support.api_client import ApiWorld, api_world
from tests.support.counted import CountedStores
from tests.unit.api.console.test_integration import DONE, PAGE, put_items, refuse, sync_all
from tests.unit.api.console.test_invoices import put


@pytest.fixture
def counted() -> CountedStores:
    return CountedStores()


@pytest.fixture
def world(counted: CountedStores) -> ApiWorld:
    world = api_world(counted.stores)
    world.connect(setup=DONE, settings=ConnectionSettings(default_income_account_id="79"))
    put_items(world, "Hammer")
    sync_all(world)
    return world


def reads_of(world: ApiWorld, counted: CountedStores, path: str) -> Counter[tuple[str, str, str]]:
    counted.asked.clear()
    assert world.sees(path).status_code == 200
    return Counter(one for one in counted.asked if one[1] != "put")


@pytest.mark.parametrize("path", ["/console/integrations", PAGE])
def test_nothing_is_read_twice(world: ApiWorld, counted: CountedStores, path: str) -> None:
    twice = [one for one, count in reads_of(world, counted, path).items() if count > 1]
    assert not twice


@pytest.mark.parametrize(("path", "most"), [("/console/integrations", 13), (PAGE, 15)])
def test_where_all_is_well_so_many_reads_do(
    world: ApiWorld, counted: CountedStores, path: str, most: int
) -> None:
    """The session, the connections, what waits and what stands refused of four kinds, and so on."""
    assert "All synced" in world.sees(path).text
    assert sum(reads_of(world, counted, path).values()) <= most


@pytest.mark.parametrize(
    "path",
    [
        *("/console/integrations", PAGE, f"{PAGE}/live", f"{PAGE}/disconnect", f"{PAGE}/runs"),
        *(f"{PAGE}/settings", f"{PAGE}/settings/payments", f"{PAGE}/setup?step=mapping"),
        *(f"{PAGE}/account-mapping", "/console/account-mapping"),
        *("/console/invoices", "/console/invoices/47", "/console/invoices/47/sync"),
        "/console/invoices/47/payments/rest",
        *("/console/problems", "/console/problems/now", "/console/activity", "/console/help"),
    ],
)
def test_the_connections_are_read_once_for_all_of_a_page(
    world: ApiWorld, counted: CountedStores, path: str
) -> None:
    """For its words, what it shows and what it offers."""
    world.call("PUT", "/v1/customers/hill", {"name": "Hill & Sons"})
    world.call("PUT", "/v1/items/pipe", {"name": "Pipe", "unitPrice": "1"})
    put(world)
    counted.asked.clear()
    assert world.sees(path).status_code in (200, 303)
    assert [store for store, _, _ in counted.asked].count("connections") == 1


def test_what_stands_refused_is_looked_for_unless_all_is_well(
    world: ApiWorld, counted: CountedStores
) -> None:
    refuse(world)
    reads = reads_of(world, counted, PAGE)
    assert any(store == "failures" and "200" in said for store, _, said in reads)
    assert "Too long." in world.sees(PAGE).text
