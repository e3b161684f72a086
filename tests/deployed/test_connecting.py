"""Connections over the deployed stack: forged and replayed callbacks, other companies, coming back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit, urlunsplit

import httpx2
import pytest

from local.connect import CONNECTION
from local.forms import first_form
from tests.support.deployed.company import Company, plain_rows
from tests.support.sandbox_process import plain_client

pytestmark = pytest.mark.deployed

ORGANISATION = f"{CONNECTION}/organisation"


def allowed(company: Company, realm: str) -> str:
    """A person allows access to that QuickBooks company: the address their browser is sent back to."""
    address = company.api.post(f"{CONNECTION}/authorize", {})["authorizeUrl"]
    with plain_client() as browser:
        form = first_form(browser.get(address).text)
        assert form is not None
        sent = browser.request(
            form.method, urljoin(address, form.action), data={**form.fields, "company": realm}
        )
    return str(sent.headers["location"])


def come_back(company: Company, callback: str) -> httpx2.Response:
    """As the browser does: without a bearer token."""
    return company.client.get(callback)


def with_realm(callback: str, realm: str) -> str:
    parts = urlsplit(callback)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return urlunsplit(parts._replace(query=urlencode({**query, "realmId": realm})))


def grants(company: Company, realm: str) -> list[bool]:
    """Each grant that QuickBooks has for this company of its own, in order: whether it is revoked."""
    return [
        one["revoked"] for one in company.control.get("/grants")["grants"] if one["realm"] == realm
    ]


def works(company: Company) -> bool:
    """Whether QuickBooks takes the connection's token."""
    return company.asked("GET", f"{CONNECTION}/accounts").status_code == 200


def audited(company: Company) -> list[str]:
    """Newest first."""
    return [entry["what"] for entry in company.api.get("/v1/audit")["entries"]]


def differing(company: Company, other: str) -> tuple[dict[str, Any], httpx2.Response]:
    """A consent for another company than the connected one: the connection before, and the page."""
    before = company.connection()
    return before, come_back(company, allowed(company, other))


def test_a_forged_realm_connects_nothing_and_opens_nobodys_books(
    company: Company, new_company: Callable[[], Company]
) -> None:
    other = new_company().ready()
    page = come_back(company, with_realm(allowed(company, company.realm), other.realm))
    assert page.status_code == 409
    assert "does not let this connection into the company" in page.text
    assert company.connection()["state"] == "not_connected"
    assert company.connection()["pendingChoice"] is None
    assert works(other)


def test_a_replayed_callback_is_refused_and_harms_nothing(company: Company) -> None:
    callback = allowed(company, company.realm)
    assert come_back(company, callback).status_code == 200
    again = come_back(company, callback)
    assert (again.status_code, "used already" in again.text) == (400, True)
    assert works(company)
    assert grants(company, company.realm) == [False]


def test_another_company_is_refused_and_cancelling_leaves_the_connection_as_it_was(
    company: Company, new_company: Callable[[], Company]
) -> None:
    company.ready()
    other = new_company().realm
    before, page = differing(company, other)
    assert page.status_code == 409
    for part in (before["remoteCompany"]["name"], "Cancel", "start afresh"):
        assert part in page.text
    waiting = company.connection()["pendingChoice"]
    assert waiting["offered"][0]["id"] == other
    assert waiting["offered"][0]["name"] in page.text
    assert waiting["startAfreshNeeded"] is True
    answer = company.asked("DELETE", ORGANISATION)
    assert (answer.status_code, answer.json()) == (200, before)
    assert works(company)
    assert grants(company, other) == [True]
    assert audited(company)[0] == "connection.choice_cancelled"


def test_another_company_can_be_started_afresh_with(
    company: Company, new_company: Callable[[], Company]
) -> None:
    company.ready()
    other = new_company()
    differing(company, other.realm)
    refused = company.asked("POST", ORGANISATION, {"remoteCompanyId": other.realm})
    assert (refused.status_code, refused.json()["code"]) == (409, "REMOTE_COMPANY_DIFFERS")
    body = {"remoteCompanyId": other.realm, "startAfresh": True}
    answer = company.asked("POST", ORGANISATION, body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["remoteCompany"]["id"] == other.realm
    assert answer.json()["settings"]["defaultIncomeAccountId"] is None
    assert works(company)
    assert grants(company, company.realm) == [True]
    assert audited(company)[0] == "connection.started_afresh"
    # Its former company is free again.
    page = come_back(other, allowed(other, company.realm))
    assert page.status_code == 200


def test_a_company_that_another_blueclerk_company_has_is_refused_without_its_name(
    company: Company, new_company: Callable[[], Company]
) -> None:
    owner = new_company().ready()
    page = come_back(company, allowed(company, owner.realm))
    assert page.status_code == 409
    assert "another BlueClerk company" in page.text
    assert owner.company_id not in page.text
    assert company.connection()["state"] == "not_connected"
    assert company.connection()["pendingChoice"] is None
    assert works(owner)


def test_disconnecting_keeps_the_links_and_reconnecting_goes_on_without_a_write(
    company: Company,
) -> None:
    company.ready().import_rows(plain_rows(40))
    assert company.sync()["counts"]["created"] == 40
    settings = company.connection()["settings"]
    assert company.asked("POST", f"{CONNECTION}/disconnect").json()["state"] == "disconnected"
    assert grants(company, company.realm) == [True]
    assert company.asked("GET", f"{CONNECTION}/accounts").json()["code"] == "NOT_CONNECTED"
    written = company.written()

    assert company.connect()["settings"] == settings

    run = company.sync()
    assert (run["state"], run["counts"]["created"], run["counts"]["updated"]) == ("finished", 0, 0)
    assert company.written() == written
    assert audited(company)[0] == "connection.reconnected"
