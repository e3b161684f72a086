"""What control does about transactions: a person's invoices and payments, preferences, and sums."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.books import Books
from tests.sandbox.trade import Shop, line, link, sums
from tests.support.sandbox_process import CEDAR_RIDGE, HARBOR, ControlClient, SandboxProcess


@pytest.fixture
def shop(books: Books) -> Shop:
    return Shop(books)


def contents(control: ControlClient, entity: str) -> dict[str, Any]:
    shown = control.get("/state", realm=CEDAR_RIDGE, entity=entity, light=1)
    found: dict[str, Any] = shown["companies"][CEDAR_RIDGE][entity]
    return found


def test_a_person_bills_pays_changes_voids_and_deletes(shop: Shop, control: ControlClient) -> None:
    books = shop.books
    (invoice,) = books.plant("Invoice", shop.invoice_body(DocNumber="9"))
    (paid,) = books.plant("Payment", shop.payment_body("40", link(invoice["Id"], "40")))
    assert books.read("Invoice", invoice["Id"])["Balance"] == 60
    books.plant("Payment", {"Id": paid["Id"], "Line": []})
    assert books.read("Invoice", invoice["Id"])["Balance"] == 100
    (voided,) = books.plant("Payment", {"Id": paid["Id"]}, operation="void")
    assert voided["PrivateNote"] == "Voided"
    books.plant("Invoice", {"Id": invoice["Id"], "Line": [line(shop.item, "7")]})
    assert sums(books.read("Invoice", invoice["Id"])) == (107, 107)
    (gone,) = books.plant("Invoice", {"Id": invoice["Id"]}, operation="delete")

    assert gone["status"] == "Deleted"
    assert control.rows(entity="Invoice") == []
    with pytest.raises(AssertionError, match="610"):
        books.plant("Invoice", {"Id": invoice["Id"]}, operation="void")
    with pytest.raises(AssertionError, match="unknown entity"):
        books.plant("Estimate", {})


def test_state_counts_sums_and_finds_what_is_there_twice(
    shop: Shop, control: ControlClient
) -> None:
    shop.books.prefer(duplicateDocNumbers="allow")
    invoice = shop.invoice(DocNumber="7")
    shop.invoice(DocNumber="7")
    for number in ("P1", "P1", "P2"):
        shop.payment("10", link(invoice["Id"], "5"), PaymentRefNum=number)

    invoices, payments = contents(control, "Invoice"), contents(control, "Payment")
    assert (invoices["count"], invoices["duplicates"]) == (2, {"7": 2})
    assert (invoices["TotalAmt"], invoices["Balance"]) == (200, 185)
    assert (payments["count"], payments["duplicates"]) == (3, {"p1": 2})
    assert (payments["TotalAmt"], payments["UnappliedAmt"]) == (30, 15)
    assert "rows" not in invoices


def test_money_lists_the_payments_of_each_invoice(shop: Shop, control: ControlClient) -> None:
    first, second = shop.invoice(DocNumber="A"), shop.invoice(DocNumber="B")
    lines = (link(first["Id"], "60"), link(second["Id"], "10"))
    paid = shop.payment("100", *lines, PaymentRefNum="P")
    money = control.get("/money", realm=CEDAR_RIDGE)

    assert money["byInvoice"][first["Id"]] == {
        "docNumber": "A",
        "total": 100,
        "balance": 40,
        "payments": [{"id": paid["Id"], "refNum": "P", "amount": 60}],
    }
    sums_only = {"payments": 1, "total": 100, "applied": 70, "unapplied": 30}
    assert control.get("/money", realm=CEDAR_RIDGE, light=1) == sums_only
    assert {name: money[name] for name in sums_only} == sums_only
    with pytest.raises(AssertionError, match="no realm"):
        control.get("/money", realm="1")


def test_preferences_are_each_companys_own_and_checked(shop: Shop, control: ControlClient) -> None:
    chosen = shop.books.prefer(salesTaxRate=8.25, booksClosedUntil="2025-12-31")
    assert (chosen["salesTaxRate"], chosen["customTxnNumbers"]) == (8.25, False)
    other = control.get("/companies/preferences", realm=HARBOR)
    assert (other["salesTaxRate"], other["defaultDiscountAccount"]) == (0, "1054")
    for wrong in ({"salesTax": 1}, {"salesTaxRate": "much"}, {"duplicateDocNumbers": "maybe"}):
        with pytest.raises(AssertionError, match="error"):
            shop.books.prefer(**wrong)
    assert control.get("/companies/preferences", realm=CEDAR_RIDGE) == chosen


def test_every_preference_stands_in_the_readme(control: ControlClient) -> None:
    readme = (Path(__file__).parents[2] / "sandbox" / "README.md").read_text(encoding="utf-8")
    names = control.get("/companies/preferences", realm=CEDAR_RIDGE)

    assert [name for name in names if f"`{name}`" not in readme] == []


def test_an_unknown_payment_leaves_the_deposit_undone(shop: Shop, control: ControlClient) -> None:
    paid = shop.payment("10")
    with pytest.raises(AssertionError, match="610"):
        control.post("/deposits", {"realm": CEDAR_RIDGE, "payments": [paid["Id"], "99"]})

    assert shop.books.read("Payment", paid["Id"]) == paid


def test_money_outlives_a_stop(tmp_path: Path) -> None:
    with SandboxProcess(data=tmp_path, generation="g") as sandbox, Books(sandbox) as books:
        shop = Shop(books)
        books.prefer(salesTaxRate=8)
        invoice = shop.invoice(line(shop.item, tax="TAX"))
        paid = shop.payment("50", link(invoice["Id"], "50"))
        last = shop.payment("1")
        for entity, row in (("Payment", last), ("Invoice", shop.invoice())):
            last = shop.change(entity, row, "delete")
        before = sandbox.control.get("/money", realm=CEDAR_RIDGE)
        tokens = books.tokens
        assert sandbox.stop() == 0

    with SandboxProcess(data=tmp_path, generation="g") as sandbox, Books(sandbox) as books:
        books.use(tokens)
        assert sandbox.control.get("/money", realm=CEDAR_RIDGE) == before
        assert books.read("Payment", paid["Id"]) == paid
        again = books.made(
            "Invoice",
            {"CustomerRef": invoice["CustomerRef"], "Line": [line("1", tax="TAX")]},
        )
        assert (again["DocNumber"], again["TotalAmt"]) == ("1003", 108)
        assert int(again["Id"]) == int(last["Id"]) + 1


def test_ten_thousand_payments_are_counted_and_found_quickly(
    shop: Shop, control: ControlClient
) -> None:
    invoices = [shop.invoice_body(DocNumber=f"N{number}") for number in range(1000)]
    planted = shop.books.plant("Invoice", *invoices)
    bodies = [
        shop.payment_body("10", link(invoice["Id"], "10"), TxnDate=f"2026-01-{day:02}")
        for invoice in planted
        for day in range(1, 11)
    ]
    shop.books.plant("Payment", *bodies)

    started = time.monotonic()
    light = control.get("/money", realm=CEDAR_RIDGE, light=1)
    state = contents(control, "Payment")
    day = "TxnDate = '2026-01-05' and PaymentRefNum = 'none'"
    assert shop.books.query(f"select * from Payment where {day}") == {}  # noqa: S608
    seconds = time.monotonic() - started
    assert (light["payments"], light["applied"], state["count"]) == (10_000, 100_000, 10_000)
    assert seconds < 3
