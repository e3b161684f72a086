"""BlueClerk's own frontend calls the API from another origin; nobody else's page does."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.deployed.company import Company
from tests.support.deployed.frontend import Frontend, open_frontend

pytestmark = pytest.mark.deployed

FETCH = """async ([url, token, method, body]) => {
    try {
        const answer = await fetch(url, {
            method,
            headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
            body: body && JSON.stringify(body),
        });
        const correlation = answer.headers.get("X-Correlation-Id");
        return { status: answer.status, body: await answer.json(), correlation };
    } catch (error) {
        return { refused: String(error) };
    }
}"""
ITEM = {"name": "Pipe", "unitPrice": "1.00"}


def fetched(
    browser: Browser, company: Company, origin: str, method: str = "GET", body: object = None
) -> dict[str, Any]:
    """What a script of that origin's page is given."""
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(origin)
        path = "/v1/items/I-1" if body else "/v1/connections"
        token = company.stack.sandbox.token(company.company_id)
        arguments = [f"{company.stack.api_url}{path}", token, method, body]
        answer: dict[str, Any] = page.evaluate(FETCH, arguments)
        return answer
    finally:
        context.close()


def test_a_page_of_an_allowed_origin_reads_and_writes(
    browser: Browser, company: Company, frontend: Frontend
) -> None:
    read = fetched(browser, company, frontend.origin)
    assert read.get("status") == 200, read
    assert read["body"]["connections"][0]["state"] == "not_connected"
    assert read["correlation"], "the header that support asks for can be read"
    written = fetched(browser, company, frontend.origin, "PUT", ITEM)
    assert written.get("status") == 201, written


def test_a_page_of_any_other_origin_is_refused_by_the_browser(
    browser: Browser, company: Company
) -> None:
    with open_frontend() as stranger:
        assert "refused" in fetched(browser, company, stranger.origin)
        assert "refused" in fetched(browser, company, stranger.origin, "PUT", ITEM)
    assert company.asked("GET", "/v1/items/I-1").status_code == 404, "it was not even sent"
