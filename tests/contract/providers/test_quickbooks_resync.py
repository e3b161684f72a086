"""A payment recorded after its invoice was synced, and Resync; on the real adapter and the sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from shared.providers.transport import HttpxTransport
from shared.sync.invoice_standing import Did, invoice_in_books
from shared.sync.resync import Asked, sync_invoice
from tests.contract.providers.quickbooks_office import OFFICE, QuickBooksOffice
from tests.support.sandbox_process import SandboxProcess
from tests.support.services import COMPANY

MINUTE = 60.0


@pytest.fixture
def office(sandbox: SandboxProcess, transport: HttpxTransport) -> QuickBooksOffice:
    return QuickBooksOffice(sandbox, transport)


def resynced(office: QuickBooksOffice) -> tuple[Asked, Any]:
    """What was asked for, and what a person is told a minute later."""
    office.settle_down(MINUTE)
    invoice = office.invoice_here()
    assert invoice is not None
    asked = sync_invoice(office.services, COMPANY, invoice.source_id, OFFICE)
    office.settle_down(MINUTE)
    [told] = invoice_in_books(office.services, COMPANY, invoice, asked.at)
    return asked, told


def test_resync_leaves_the_invoice_and_posts_the_payment_and_again_writes_nothing(
    office: QuickBooksOffice,
) -> None:
    office.invoice()
    office.settle_down(MINUTE)
    (before,) = office.rows("Invoice")
    office.pays("350.00")
    office.forget_wake_ups()  # so that Resync alone brings it there
    asked, told = resynced(office)
    assert (asked.payments, told.did, told.posted) == (1, Did.UNCHANGED, ("1",))
    assert office.paid_in_books() == ["350.00"]
    (after,) = office.rows("Invoice")
    moved = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert moved <= {"Balance", "LinkedTxn", "SyncToken", "MetaData"}, "what the payment moves"
    counters = office.control.counters()
    assert counters["updated"].get("Invoice", 0) == 0
    writes = counters["batches"] + counters["singleWrites"]
    asked, told = resynced(office)
    assert (asked.payments, told.did, told.posted) == (0, Did.UNCHANGED, ())
    counters = office.control.counters()
    assert counters["batches"] + counters["singleWrites"] == writes, "nothing is written"
