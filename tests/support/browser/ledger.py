"""What the flows of the console enter over the API, and what the sandbox's books then have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from local.connect import CONNECTION
from tests.support.deployed.company import Company

SOON = 60.0
"""Seconds; functions may have to start first."""


def enter_item(company: Company, item_id: str, name: str, **more: object) -> None:
    body = {"name": name, "unitPrice": "175.00", "currency": "USD", **more}
    company.asked("PUT", f"/v1/items/{item_id}", body).raise_for_status()


def enter_customer(company: Company, customer_id: str, name: str) -> None:
    company.asked("PUT", f"/v1/customers/{customer_id}", {"name": name}).raise_for_status()


def enter_invoice(company: Company, invoice_id: str, **changes: Any) -> None:
    """Of 350.00 for the customer C-1, who ordered two of the item I-1."""
    body = {
        "number": invoice_id,
        "customerId": "C-1",
        "status": "SENT",
        "currency": "USD",
        "issuedOn": "2026-11-02",
        "lines": [{"itemId": "I-1", "quantity": "2", "unitPrice": "175.00"}],
        **changes,
    }
    company.asked("PUT", f"/v1/invoices/{quote(invoice_id, safe='')}", body).raise_for_status()


def enter_payment(
    company: Company, invoice_id: str, own_id: str, amount: str, **more: object
) -> None:
    body = {"amount": amount, "paidOn": "2026-11-20", "method": "Check", **more}
    path = f"/v1/invoices/{invoice_id}/payments/{own_id}"
    company.asked("PUT", path, body).raise_for_status()


def two_accounts(company: Company) -> list[str]:
    """Ids of income accounts of the books."""
    return [one["id"] for one in company.api.get(f"{CONNECTION}/accounts")["accounts"][:2]]


def booked(company: Company) -> dict[str, str]:
    """Item name to the account that the books have it on."""
    return {item["Name"]: item["IncomeAccountRef"]["value"] for item in company.books()}


def paid(company: Company, payments: int, total: str) -> Callable[[], bool]:
    """Whether the books have so many payments of that sum."""

    def look() -> bool:
        found = company.control.get("/money", realm=company.realm)
        return (found["payments"], f"{float(found['total']):.2f}") == (payments, total)

    return look
