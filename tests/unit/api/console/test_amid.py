"""What ends while a page that looks again by itself is being made is shown, or looked at once more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import pytest

from shared.domain.connections import ConnectionSettings
from shared.domain.ids import RecordKind
from tests.support.api_client import ApiWorld, api_world
from tests.support.counted import CountedStores
from tests.unit.api.console.test_integration import DONE, PAGE, put_items
from tests.unit.api.console.test_invoices import in_books, put

LOOKS_AGAIN = '<meta http-equiv="refresh"'
SETTINGS = ConnectionSettings(default_income_account_id="79")


@dataclass(frozen=True, slots=True)
class Watched:
    """A page that is watched, how what it shows ends, and what it says of that."""

    world: ApiWorld
    page: str
    ends: Callable[[], object]
    says: str


def a_sync(counted: CountedStores) -> Watched:
    world = api_world(counted.stores)
    world.connect(setup=DONE, settings=SETTINGS)
    put_items(world, "Hammer")
    world.presses(f"{PAGE}/sync")
    return Watched(
        world, PAGE, lambda: world.workflows.execute_all(world.services), "1 item: 1 created."
    )


def an_invoice(counted: CountedStores) -> Watched:
    world = api_world(counted.stores)
    connection = world.connect(setup=DONE, settings=SETTINGS)
    world.call("PUT", "/v1/customers/hill", {"name": "Hill & Sons"})
    world.call("PUT", "/v1/items/pipe", {"name": "Pipe", "unitPrice": "1"})
    put(world)
    pressed = world.presses("/console/invoices/47/sync", provider="quickbooks")

    def ends() -> None:
        in_books(world)
        due = world.services.stores.due
        due.remove(due.urgent(connection.key, RecordKind.INVOICE, 9))

    return Watched(world, pressed.headers["location"], ends, "in step already")


@pytest.mark.parametrize("begun", [a_sync, an_invoice])
def test_whatever_ends_in_that_moment_is_not_missed(
    begun: Callable[[CountedStores], Watched],
) -> None:
    for call in count(1):
        counted = CountedStores()
        watched = begun(counted)
        counted.asked.clear()
        counted.amid = (call, watched.ends)
        page = watched.world.sees(watched.page).text
        if counted.amid is not None:  # so many calls does the page not make
            break
        assert watched.says in page or LOOKS_AGAIN in page, f"ended after call {call}"
    assert call > 5
