"""What holds for every page there is: the routes are walked, so that a new one is looked at as well."""

from __future__ import annotations

import re

import pytest

from functions.api.app import routes
from functions.api.console.rendering import POLICY
from functions.api.console.session import ConsoleRoute
from tests.support.api_client import ApiWorld
from tests.support.dumps import rows_of
from tests.support.two_companies import ID, MARKS, TEXT, two_companies
from tests.unit.api.test_companies_apart import of_a

MOST_BYTES = 100_000
_VALUES = {
    "provider": ("quickbooks",),
    "id": (f"{ID}-invoice-1", f"{ID}-item-1", f"{ID}-customer-1", f"{ID}-cause-1"),
    "runId": (f"{ID}-run-1", f"{ID}-import"),
    "importId": (f"{ID}-import", f"{ID}-run-1"),
    "kind": ("customers", "items", "item", "customer", "invoice"),
    "paymentId": (f"{ID}-payment-1",),
    "itemId": (f"{ID}-item-1",),
    "nouns": ("customers", "items"),
}
_QUERIES = {
    "/console/problems/{provider}/{kind}": f"?cause={ID}-cause-1",
    "/console/invoices/{id:path}/payments/void": f"?payment={ID}-payment-1",
}


def paths(method: str = "") -> list[str]:
    """Of the pages, by method; without one those that are open to all."""
    return [
        route.path
        for route in routes()
        if route.path.startswith("/console")
        and isinstance(route, ConsoleRoute) == bool(method)
        and (not method or method in (route.methods or ()))
    ]


def addresses(path: str) -> list[str]:
    """The page with ids of the first company, in every way that makes sense or none."""
    found = [path + _QUERIES.get(path, "")]
    for place, name in re.findall(r"({(\w+)(?::path)?})", path):
        found = [one.replace(place, value) for one in found for value in _VALUES[name]]
    return found


_CONNECTED = "/console/integrations/quickbooks"
_WITH_LISTS = (
    f"{_CONNECTED}/settings?lists=1",
    f"{_CONNECTED}/settings/payments?lists=1",
    f"{_CONNECTED}/setup?step=mapping&lists=1",
    f"{_CONNECTED}/account-mapping?lists=1",
)
PAGES = [*(address for path in paths("GET") for address in addresses(path)), *_WITH_LISTS]
BUTTONS = [address for path in paths("POST") for address in addresses(path)]


@pytest.fixture
def world() -> ApiWorld:
    return two_companies()


def test_every_route_of_the_console_knows_who_looks() -> None:
    """But the sign-in itself and the files that are everybody's."""
    assert set(paths()) == {
        "/console",
        "/console/",
        "/console/sign-in",
        "/console/signed-in",
        "/console/sign-out",
        "/console/signed-out",
        "/console/static/{version}/{name}",
    }


@pytest.mark.parametrize("address", PAGES)
def test_a_page_is_small_safe_and_never_an_unexpected_error(world: ApiWorld, address: str) -> None:
    answer = world.sees(address)
    assert answer.status_code in (200, 303, 400, 404, 409), answer.text
    if answer.status_code == 303:
        return
    assert len(answer.content) < MOST_BYTES
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"<style|\sstyle=|\son\w+=\"|javascript:", answer.text)
    assert not re.search(r"<script(?! type=\"module\" src=)", answer.text)


@pytest.mark.parametrize("address", PAGES)
def test_a_page_shows_nothing_of_another_company_and_looking_changes_nothing(
    world: ApiWorld, address: str
) -> None:
    before = of_a(rows_of(world.services.stores))
    answer = world.sees(address, who="other")
    shown = answer.text + str(dict(answer.headers))
    for mark in (TEXT, MARKS[2]):
        assert mark not in shown.replace(address, "")
    after = rows_of(world.services.stores)
    assert {place: after.get(place) for place in before} == before


@pytest.mark.parametrize("address", BUTTONS)
def test_a_button_does_nothing_to_another_company_and_tells_nothing_of_it(
    world: ApiWorld, address: str
) -> None:
    before = of_a(rows_of(world.services.stores))
    answer = world.presses(address, who="other")
    assert answer.status_code < 500, answer.text
    shown = answer.text
    if answer.status_code == 303:
        shown += world.sees(answer.headers["location"], who="other").text
    for mark in (TEXT, MARKS[2]):
        assert mark not in shown
    after = rows_of(world.services.stores)
    assert {place: after.get(place) for place in before} == before


@pytest.mark.parametrize("address", BUTTONS)
def test_who_may_only_read_presses_no_button(world: ApiWorld, address: str) -> None:
    before = rows_of(world.services.stores)
    assert world.presses(address, who="clerk").status_code == 403
    after = rows_of(world.services.stores)
    assert {place for place in after if before.get(place) != after[place]} <= {
        place for place in after if place.startswith("sessions")
    }


@pytest.mark.parametrize("address", PAGES)
def test_nobody_sees_a_page(world: ApiWorld, address: str) -> None:
    answer = world.client.get(address, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/console/sign-in?next=")
