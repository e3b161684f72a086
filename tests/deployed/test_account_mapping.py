"""Accounts chosen over the API reach the books by themselves, under the roles as they are deployed."""

from __future__ import annotations

import pytest

from local.companies import skip_imports
from tests.support.deployed.company import Company, until

pytestmark = pytest.mark.deployed

CONNECTION = "/v1/connections/quickbooks"
MAPPING = f"{CONNECTION}/account-mapping"
SOON = 90.0
"""Seconds: on a loaded machine the first change takes some, while the functions start."""


def booked(office: Company) -> dict[str, str]:
    """Item name to the account that the books have it on."""
    return {item["Name"]: item["IncomeAccountRef"]["value"] for item in office.books()}


def test_a_chosen_account_moves_its_item_and_map_all_sends_what_waited(company: Company) -> None:
    company.connect()
    skip_imports(company.api)
    for source_id, name in (("1", "Pipe"), ("2", "Elbow"), ("3", "Tee")):
        body = {"name": name, "unitPrice": "2.50", "currency": "USD"}
        company.api.put(f"/v1/items/{source_id}", body)
    waiting = "/v1/failures?provider=quickbooks"
    until(lambda: len(company.api.get(waiting)["failures"]) == 3, "the refusals", SOON)
    assert {one["cause"] for one in company.api.get(waiting)["failures"]} == {
        "ACCOUNT_MAPPING_MISSING"
    }
    assert company.written() == 0

    first, second = (
        account["id"] for account in company.api.get(f"{CONNECTION}/accounts")["accounts"][:2]
    )
    company.api.put(f"{MAPPING}/1", {"incomeAccountId": first})
    until(lambda: booked(company) == {"Pipe": first}, "the item with its account", SOON)
    company.api.put(f"{MAPPING}/1", {"incomeAccountId": second, "taxCodeId": "TAX"})
    until(lambda: booked(company) == {"Pipe": second}, "the item on its other account", SOON)

    done = company.api.post(f"{MAPPING}:assign", {"unmapped": True, "incomeAccountId": first})
    assert done == {"assigned": 2, "more": False}
    everything = {"Pipe": second, "Elbow": first, "Tee": first}
    until(lambda: booked(company) == everything, "all that waited", SOON)
    until(lambda: company.api.get(waiting)["failures"] == [], "the failures' end", SOON)
    assert company.api.get(f"{MAPPING}?unmapped=true")["mappings"] == []
    assert company.written() == 3, "one, the same on its other account, and the two together"
