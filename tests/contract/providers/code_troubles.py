"""What is planted at the sandbox for the table of codes, and how it is put right."""

from __future__ import annotations

from typing import Any

from shared.domain.ids import RecordKind, SourceId
from shared.domain.records import Customer
from tests.contract.providers.code_row import HOUR, MINUTE, Story
from tests.contract.providers.quickbooks_office import NOBODYS_METHOD, QuickBooksOffice


def entry(code: str, **match: Any) -> Story:
    """The record itself comes back with this code, every time, alone or in a batch."""

    def plant(office: QuickBooksOffice) -> None:
        fault = {"type": "entryFault", "code": code}
        office.control.fault(fault, kind=["batch", "write"], repeats=True, **match)

    return plant


def call(fault: str | dict[str, Any], times: int) -> Story:
    """So many requests that write go wrong as a whole, an identical repeat counted."""

    def plant(office: QuickBooksOffice) -> None:
        office.control.fault(fault, kind=["batch", "write"], atMost=times, repeats=True)

    return plant


def waits(seconds: float) -> Story:
    return lambda office: office.settle_down(seconds)


def mended(kind: RecordKind, mend: Story | None = None) -> Story:
    """What was wrong is put right, and a person asks for another try."""

    def then(office: QuickBooksOffice) -> None:
        office.control.delete("/faults")
        if mend is not None:
            mend(office)
        office.retries(kind)
        office.settle_down(MINUTE)

    return then


def closed(until: str = "2026-11-30", **more: Any) -> Story:
    return lambda office: office.prefer(booksClosedUntil=until, **more)


OPENED = closed("")
RETRIED = mended(RecordKind.PAYMENT)
INVOICE_RETRIED = mended(RecordKind.INVOICE)


def deactivated(entity: str, *, active: bool = False) -> Story:
    def plant(office: QuickBooksOffice) -> None:
        ids = [row["Id"] for row in office.rows(entity) if row["Name"].startswith("Labor")]
        office.plant(entity, *({"Id": each, "Active": active} for each in ids))

    return plant


def payment_changed(office: QuickBooksOffice) -> None:
    (payment,) = office.rows("Payment")
    office.plant("Payment", {"Id": payment["Id"], "PaymentRefNum": "1002"})


def invoice_changed(office: QuickBooksOffice) -> None:
    (invoice,) = office.rows("Invoice")
    office.plant("Invoice", {"Id": invoice["Id"], "DueDate": "2027-01-31"})


def deposited(office: QuickBooksOffice, *, deposited: bool = True) -> None:
    ids = [row["Id"] for row in office.rows("Payment")]
    office.control.post(
        "/deposits",
        {
            "realm": office.connection.remote_company.remote_company_id,
            "payments": ids,
            "deposited": deposited,
        },
    )


def vendor(office: QuickBooksOffice) -> None:
    office.plant("Vendor", {"DisplayName": "Bea Hill"})
    office.saves(Customer(BEA, "Bea Hill", version=1))


def method_inactive(office: QuickBooksOffice) -> None:
    office.change_settings(payment_methods=(("check", NOBODYS_METHOD, ""),))


def method_chosen(office: QuickBooksOffice) -> None:
    office.change_settings(payment_methods=(("check", "2", ""),))


def withdrawn(office: QuickBooksOffice) -> None:
    office.control.post("/grants/revoke")


def reconnected(office: QuickBooksOffice) -> None:
    office.reconnect()
    office.settle_down(MINUTE)


def taken_out(office: QuickBooksOffice) -> None:
    deposited(office, deposited=False)


def late(office: QuickBooksOffice) -> None:
    """Neither the request nor its repeat is answered, and the first is carried out four hours later."""
    commit = {"type": "closedBeforeCommit", "commit": "late", "lateSeconds": 4 * HOUR}
    call(commit, 1)(office)
    call("closedBeforeCommit", 1)(office)


OF_INVOICE, OF_PAYMENT = '"Invoice":', '"Payment":'
BEA = SourceId("C-2")
HANG = {"type": "hang", "seconds": 3, "then": "close"}
