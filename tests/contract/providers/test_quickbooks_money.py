"""QuickBooks against the contract of invoices and payments, on the sandbox over real sockets."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from shared.domain.ids import RecordKind, RemoteCompanyId, RemoteId
from shared.domain.invoice_fields import InvoiceFields, PaymentFields
from shared.domain.outcomes import Done, EntryBusy, EntryRefused
from shared.providers.transport import HttpxTransport
from tests.contract.providers.money_contract import (
    MoneyContract,
    create,
    entries,
    invoice,
    line,
    payment,
    push,
    update,
    void,
    written,
)
from tests.contract.providers.money_desk import BookedInvoice, BookedPayment
from tests.contract.providers.quickbooks_desk import QuickBooksDesk
from tests.support.sandbox_process import SandboxProcess

BRITISH = RemoteCompanyId("1234567890123")
STANDARD, REDUCED = "2", "3"


class QuickBooksMoney(QuickBooksDesk):
    currency = "USD"
    deposit_account_id = RemoteId("4")

    def __init__(
        self,
        sandbox: SandboxProcess,
        transport: HttpxTransport,
    ) -> None:
        super().__init__(sandbox, transport)
        account = {"IncomeAccountRef": {"value": "79"}, "ExpenseAccountRef": {"value": "80"}}
        names = ({"DisplayName": "Hill"}, {"DisplayName": "Vale"})
        sold = ({"Name": name, "Type": "Service", **account} for name in ("Labor", "Parts"))
        self.customer_id, self.other_customer_id = self._made("Customer", *names)
        self.item_id, self.other_item_id = self._made("Item", *sold)

    def _made(self, entity: str, *rows: dict[str, Any]) -> list[RemoteId]:
        order = {"realm": self.company, "entity": entity, "values": list(rows)}
        made = self._sandbox.control.post("/entities", order)
        return [RemoteId(row["Id"]) for row in made["entities"]]

    def invoices(self) -> list[BookedInvoice]:
        return [
            BookedInvoice(
                RemoteId(row["Id"]),
                row["DocNumber"],
                Decimal(str(row["TotalAmt"])),
                Decimal(str(row["Balance"])),
            )
            for row in self._rows("Invoice")
        ]

    def payments(self) -> list[BookedPayment]:
        return [
            BookedPayment(
                RemoteId(row["Id"]),
                Decimal(str(row["TotalAmt"])),
                Decimal(str(row["UnappliedAmt"])),
                row.get("PrivateNote", ""),
            )
            for row in self._rows("Payment")
        ]

    def _rows(self, entity: str) -> list[dict[str, Any]]:
        return self._sandbox.control.rows(self.company, entity)

    def edit_due_date(self, invoice_id: RemoteId, due_on: date) -> None:
        self._made("Invoice", {"Id": invoice_id, "DueDate": due_on.isoformat()})

    def edit_payment_number(self, payment_id: RemoteId, number: str) -> None:
        self._made("Payment", {"Id": payment_id, "PaymentRefNum": number})

    def close_books(self, until: date) -> None:
        self.prefer(booksClosedUntil=until.isoformat())

    def prefer(self, **preferences: Any) -> None:
        self._sandbox.control.post("/companies/preferences", {"realm": self.company, **preferences})

    def commit_late(self, seconds: float) -> None:
        fault = {"type": "closedBeforeCommit", "commit": "late", "lateSeconds": seconds}
        self._sandbox.control.fault(fault, kind=["batch", "write"], atMost=1)

    def pass_time(self, seconds: float) -> None:
        self._sandbox.control.advance(seconds)

    def deposit(self, payment_id: RemoteId) -> None:
        order = {"realm": self.company, "payments": [payment_id]}
        self._sandbox.control.post("/deposits", order)

    def set(self, **settings: Any) -> None:
        self._sandbox.control.settings(**settings)


@pytest.fixture
def desk(sandbox: SandboxProcess, transport: HttpxTransport) -> QuickBooksMoney:
    sandbox.control.reset()
    return QuickBooksMoney(sandbox, transport)


class TestQuickBooksMoney(MoneyContract):
    """Everything of the contract, and what is QuickBooks' own."""

    @pytest.mark.parametrize("reading", ["replace", "append"])
    def test_lines_are_replaced_whichever_way_quickbooks_takes_them(
        self, desk: QuickBooksMoney, reading: str
    ) -> None:
        desk.set(linesWithoutId=reading)
        self.test_changed_lines_are_the_lines_afterwards(desk)

    def test_our_tax_is_kept_in_the_united_states(self, desk: QuickBooksMoney) -> None:
        desk.prefer(salesTaxRate=8.25)
        provider = desk.open()
        taxed = line(desk.item_id, "1", "100", taxed=True)
        free = line(desk.item_id, "1", "50")
        sent = invoice(desk, "INV-1", taxed, free, tax=Decimal("8.26"), total=Decimal("158.26"))
        (row,) = written(provider, sent)
        assert row.fields.canonical() == sent.canonical()
        change = [update(row, lines=(free,), tax=Decimal(0))]
        (entry,) = entries(push(provider, change, 2), change)
        assert isinstance(entry, Done)
        assert desk.invoices()[0].total == Decimal(50)

    def test_without_a_tax_of_ours_quickbooks_reckons_it(self, desk: QuickBooksMoney) -> None:
        desk.prefer(salesTaxRate=8.25)
        taxed = line(desk.item_id, "1", "100", taxed=True)
        discounted = invoice(desk, "INV-1", taxed, tax=None, discount=Decimal(10))
        (row,) = written(desk.open(), discounted)
        assert isinstance(row.fields, InvoiceFields)
        assert row.fields.tax == Decimal("7.43"), "the discount comes first"

    @pytest.mark.parametrize("several", [True, False])
    def test_the_currency_is_told_whether_or_not_there_are_several(
        self, desk: QuickBooksMoney, *, several: bool
    ) -> None:
        desk.prefer(multiCurrencyEnabled=several)
        written(desk.open(), invoice(desk, "INV-1"))

    def test_a_number_that_is_taken_may_be_allowed_by_the_company(
        self, desk: QuickBooksMoney
    ) -> None:
        desk.prefer(duplicateDocNumbers="allow")
        provider = desk.open()
        written(provider, invoice(desk, "INV-1"))
        again = [create(invoice(desk, "INV-1"))]
        assert isinstance(entries(push(provider, again, 2), again)[0], Done)
        assert len(provider.records_by_name(RecordKind.INVOICE, ["INV-1"])) == 2

    def test_a_deposited_payment_is_not_voided(self, desk: QuickBooksMoney) -> None:
        provider = desk.open()
        (row,) = written(provider, payment(desk, "BC-1", "", applied=Decimal(0)))
        desk.deposit(row.remote_id)
        (row,) = provider.records_by_id(RecordKind.PAYMENT, [row.remote_id])
        writes = [void(row)]
        (entry,) = entries(push(provider, writes, 2), writes)
        assert isinstance(entry, EntryRefused)
        assert entry.problem.code == "DEPOSITED"
        assert desk.payments()[0].amount == Decimal(40)

    def test_a_payment_above_the_balance_is_not_written(self, desk: QuickBooksMoney) -> None:
        provider = desk.open()
        (bill,) = written(provider, invoice(desk, "INV-1"))
        writes = [create(payment(desk, "BC-1", bill.remote_id, "100.01"))]
        (entry,) = entries(push(provider, writes, 2), writes)
        assert isinstance(entry, EntryBusy), "6000: of all rules, so it may be a passing one"
        assert desk.payments() == []

    def test_a_customer_of_another_bill_leaves_the_payment_as_credit_and_says_so(
        self, desk: QuickBooksMoney
    ) -> None:
        provider = desk.open()
        (bill,) = written(provider, invoice(desk, "INV-1"))
        theirs = payment(desk, "BC-1", bill.remote_id, customer_id=desk.other_customer_id)
        (row,) = written(provider, theirs, number=2)
        assert isinstance(row.fields, PaymentFields)
        assert (row.fields.applied, row.fields.unapplied) == (Decimal(0), Decimal(40))


class LondonMoney(QuickBooksMoney):
    """Outside the US: code 2 is 20 %, 3 is 5 %, 4 is 0 %."""

    company = BRITISH
    currency = "GBP"
    country = "GB"


@pytest.fixture
def london(sandbox: SandboxProcess, transport: HttpxTransport) -> LondonMoney:
    sandbox.control.reset()
    order = {"realm": BRITISH, "name": "London", "currency": "GBP", "country": "GB"}
    sandbox.control.post("/companies", order)
    return LondonMoney(sandbox, transport)


def test_elsewhere_each_line_names_its_code_and_quickbooks_reckons_the_tax(
    london: LondonMoney,
) -> None:
    sent = invoice(
        london,
        "INV-1",
        line(london.item_id, "1", "100", taxed=True, tax_code_id=STANDARD),
        line(london.item_id, "2", "10", taxed=True, tax_code_id=REDUCED),
        tax=Decimal("21.00"),
        total=Decimal("141.00"),
    )
    (row,) = written(london.open(), sent)
    assert row.fields.canonical() == sent.canonical()


@pytest.mark.parametrize(
    ("discount", "percent", "tax"),
    [("0", "0", "21.08"), ("12.65", "10", "18.97"), ("12.65", "0", "18.97")],
)
def test_prices_that_include_tax_come_to_the_same_total(
    london: LondonMoney, discount: str, percent: str, tax: str
) -> None:
    lines = (
        line(london.item_id, "3", "33.33", taxed=True, tax_code_id=STANDARD),
        line(london.item_id, "0.5", "53.00", taxed=True, tax_code_id=STANDARD),
    )
    sent = invoice(
        london,
        "INV-1",
        *lines,
        tax=Decimal(tax),
        prices_include_tax=True,
        discount=Decimal(discount),
        discount_percent=Decimal(percent),
    )
    provider = london.open()
    (row,) = written(provider, sent)
    assert isinstance(row.fields, InvoiceFields)
    assert (row.fields.total, row.fields.tax) == (sent.total, sent.tax)
    assert [one.amount for one in row.fields.lines] == [one.amount for one in lines]
    assert row.fields.canonical() == sent.canonical()
    change = [update(row, memo="New")]
    (entry,) = entries(push(provider, change, 2), change)
    assert isinstance(entry, Done)
    assert london.invoices()[0].total == sent.total


def test_an_invoice_without_any_tax_needs_no_codes(london: LondonMoney) -> None:
    sent = invoice(london, "INV-1", line(london.item_id, "1", "100"))
    (row,) = written(london.open(), sent)
    assert row.fields.canonical() == sent.canonical()
