"""Invoices and payments on the deployed stack: what a customer pays is in the books once, to the cent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local.companies import skip_imports
from tests.support.deployed.company import Company, until
from tests.support.deployed.functions import SCHEDULE_SYNCS, SYNC_PAYMENTS, Functions

pytestmark = [pytest.mark.deployed, pytest.mark.alone]

SOON = 40.0
"""Seconds, on a loaded machine: an invoice may wait for its customer and its item."""
SILENT = 3


@pytest.fixture
def office(company: Company) -> Company:
    """Connected, its imports decided, a customer and an item recorded."""
    company.ready()
    skip_imports(company.api)
    company.api.put("/v1/customers/C-1", {"name": "Ann Field"})
    company.api.put("/v1/items/I-1", {"name": "Labor", "unitPrice": "175.00", "currency": "USD"})
    return company


def invoice(office: Company, number: str = "INV-0047", **changes: Any) -> dict[str, Any]:
    body = {
        "number": number,
        "customerId": "C-1",
        "status": "SENT",
        "currency": "USD",
        "issuedOn": "2026-11-02",
        "lines": [{"itemId": "I-1", "quantity": "2", "unitPrice": "175.00"}],
        **changes,
    }
    return office.api.put(f"/v1/invoices/{number}", body)


def pay(office: Company, own_id: str, amount: str, number: str = "INV-0047") -> dict[str, Any]:
    body = {"amount": amount, "paidOn": "2026-11-20", "method": "Check", "reference": "1001"}
    return office.api.put(f"/v1/invoices/{number}/payments/{own_id}", body)


def money(office: Company) -> dict[str, Any]:
    """What the books have of invoices and payments."""
    found: dict[str, Any] = office.control.get("/money", realm=office.realm)
    return found


def in_books(office: Company, number: str = "INV-0047") -> dict[str, Any]:
    [books] = office.api.get(f"/v1/invoices/{number}/sync")["books"]
    return dict(books)


def stands(office: Company, state: str, number: str = "INV-0047") -> Callable[[], bool]:
    return lambda: in_books(office, number)["state"] == state


def paid(office: Company, payments: int, total: str) -> Callable[[], bool]:
    """Whether the books have so many payments of that sum."""

    def look() -> bool:
        found = money(office)
        return (found["payments"], f"{float(found['total']):.2f}") == (payments, total)

    return look


def test_inv_0047_says_amount_paid_0_a_payment_of_350_00_exists_and_quickbooks_gets_350_00(
    office: Company,
) -> None:
    """Its customer and item go first, the payment follows it."""
    invoice(office, "INV-0047", amountPaid="0")
    recorded = pay(office, "1", "350.00")
    assert recorded["quickbooksPaymentId"] is None
    until(paid(office, 1, "350.00"), "the payment", SOON)
    [there] = money(office)["byInvoice"].values()
    assert (there["docNumber"], float(there["balance"])) == ("INV-0047", 0.0)
    assert [float(one["amount"]) for one in there["payments"]] == [350.00]
    until(lambda: in_books(office)["payments"][0]["state"] == "in_step", "its row", SOON)
    stored = office.api.get("/v1/invoices/INV-0047")
    [payment] = stored["payments"]
    assert payment["quickbooksPaymentId"] == there["payments"][0]["id"]
    assert stored["amountPaid"] == "350.00"
    assert office.failures() == []


def test_resync_after_a_payment_leaves_the_invoice_posts_the_payment_and_again_writes_nothing(
    office: Company,
) -> None:
    invoice(office)
    pay(office, "1", "100.00")
    until(paid(office, 1, "100.00"), "the first payment", SOON)
    assert in_books(office)["syncLabel"] == "Resync to QuickBooks"
    pay(office, "2", "250.00")
    asked = office.api.post("/v1/invoices/INV-0047/sync", {})
    until(paid(office, 2, "350.00"), "the second payment", SOON)
    since = asked["askedAt"].replace("+", "%2B")
    [did] = office.api.get(f"/v1/invoices/INV-0047/sync?since={since}")["books"]
    assert did["did"] == "unchanged"
    counted = office.counters()
    assert counted["created"] == {"Customer": 1, "Item": 1, "Invoice": 1, "Payment": 2}
    assert counted["updated"] == {}
    writes = office.written()
    again = office.api.post("/v1/invoices/INV-0047/sync", {})
    assert again["payments"] == 0
    until(stands(office, "in_step"), "the invoice", SOON)
    assert office.written() == writes


def test_a_void_goes_when_it_is_asked_for(office: Company) -> None:
    invoice(office)
    until(stands(office, "in_step"), "the invoice", SOON)
    pay(office, "1", "350.00")
    until(paid(office, 1, "350.00"), "the payment", SOON)
    office.asked("DELETE", "/v1/invoices/INV-0047/payments/1")
    until(paid(office, 1, "0.00"), "the payment's void", SOON)
    assert office.asked("DELETE", "/v1/invoices/INV-0047").status_code == 200
    assert in_books(office)["state"] == "not_sent"
    office.api.post("/v1/invoices/INV-0047/sync", {})
    until(stands(office, "voided"), "the void", SOON)


def test_a_payment_whose_answer_never_came_is_there_once(office: Company) -> None:
    invoice(office)
    until(stands(office, "in_step"), "the invoice", SOON)
    office.fault("closedAfterCommit", kind="batch", nth=[1], repeats=True)
    pay(office, "1", "350.00")
    until(lambda: in_books(office)["payments"][0]["state"] == "in_step", "the payment", SOON)
    assert paid(office, 1, "350.00")()


def test_a_batch_refused_as_a_whole_goes_one_at_a_time(office: Company) -> None:
    invoice(office)
    until(stands(office, "in_step"), "the invoice", SOON)
    office.fault({"type": "batch400"}, kind="batch", nth=[1])
    for number in range(3):
        pay(office, str(number), "10.00")
    until(paid(office, 3, "30.00"), "the payments", SOON)
    assert office.failures() == []


def test_closed_books_refuse_a_payment_and_say_what_to_do(office: Company) -> None:
    invoice(office)
    until(stands(office, "in_step"), "the invoice", SOON)
    office.control.post(
        "/companies/preferences", {"realm": office.realm, "booksClosedUntil": "2026-11-21"}
    )
    pay(office, "1", "350.00")
    until(lambda: in_books(office)["payments"][0]["state"] == "failed", "the refusal", SOON)
    reason = in_books(office)["payments"][0]["reason"]
    assert reason["code"] == "BOOKS_CLOSED"
    assert reason["action"]
    office.control.post("/companies/preferences", {"realm": office.realm, "booksClosedUntil": ""})
    office.api.post("/v1/failures:retry", {"provider": "quickbooks", "kind": "payment"})
    until(paid(office, 1, "350.00"), "the payment after the retry", SOON)


def test_a_worker_killed_amid_a_batch_of_payments_doubles_none(
    office: Company, functions: Functions
) -> None:
    invoice(office)
    until(stands(office, "in_step"), "the invoice", SOON)
    hung = {"type": "hang", "when": "afterCommit", "seconds": 20}
    short = {"ABANDONED_SECONDS": str(SILENT)}
    with functions.settings(SYNC_PAYMENTS, **short), functions.settings(SCHEDULE_SYNCS, **short):
        office.fault(hung, kind="batch", nth=[1])
        pay(office, "1", "100.00")
        until(lambda: money(office)["payments"] == 1, "the batch to hang", SOON)
        functions.kill(SYNC_PAYMENTS)
        pay(office, "2", "250.00")

        def settled() -> bool:
            functions.invoke(SCHEDULE_SYNCS, {})
            return [one["state"] for one in in_books(office)["payments"]] == ["in_step"] * 2

        until(settled, "both payments", SOON)
    assert paid(office, 2, "350.00")()
    assert office.failures() == []
