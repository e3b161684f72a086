"""Payments on the wire: what lies on which invoice, void, delete, deposits, and no uniqueness at all."""

from typing import Any

import pytest

from tests.sandbox.books import Books, entry_error
from tests.sandbox.trade import CHECK, CHECKING, UNDEPOSITED, Shop, line, link, sums
from tests.support.sandbox_process import CEDAR_RIDGE, ControlClient


@pytest.fixture
def shop(books: Books) -> Shop:
    return Shop(books)


def invoice_of(shop: Shop, row: dict[str, Any]) -> dict[str, Any]:
    return shop.books.read("Invoice", row["Id"])


def payment_ids(invoice: dict[str, Any]) -> list[str]:
    assert all(one["TxnType"] == "Payment" for one in invoice["LinkedTxn"])
    return [one["TxnId"] for one in invoice["LinkedTxn"]]


def test_a_payment_lies_on_an_invoice_and_moves_its_balance_links_and_version(shop: Shop) -> None:
    invoice = shop.invoice()
    paid = shop.payment(
        "60",
        link(invoice["Id"], "40"),
        TxnDate="2026-07-24",
        PaymentRefNum="1042",
        PaymentMethodRef={"value": CHECK},
        DepositToAccountRef={"value": CHECKING},
    )

    assert {name: paid[name] for name in paid if name not in ("MetaData", "Id")} == {
        "CustomerRef": {"value": shop.customer, "name": "Hill's Bakery"},
        "TxnDate": "2026-07-24",
        "CurrencyRef": {"value": "USD"},
        "TotalAmt": 60,
        "UnappliedAmt": 20,
        "Line": [{"Amount": 40, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}],
        "PaymentRefNum": "1042",
        "PaymentMethodRef": {"value": CHECK, "name": "Check"},
        "DepositToAccountRef": {"value": CHECKING, "name": "Checking"},
        "ProcessPayment": False,
        "domain": "QBO",
        "sparse": False,
        "SyncToken": "0",
    }
    now = invoice_of(shop, invoice)
    assert (sums(now), payment_ids(now), now["SyncToken"]) == ((100, 60), [paid["Id"]], "1")


def test_one_payment_lies_on_many_invoices_and_many_on_one(shop: Shop) -> None:
    first, second = shop.invoice(), shop.invoice()
    both = shop.payment("150", link(first["Id"], "100"), link(second["Id"], "50"))
    rest = shop.payment("50", link(second["Id"], "20"), link(second["Id"], "30"))

    assert (both["UnappliedAmt"], rest["UnappliedAmt"]) == (0, 0)
    assert len(rest["Line"]) == 1
    assert sums(invoice_of(shop, first)) == (100, 0)
    assert payment_ids(invoice_of(shop, second)) == [both["Id"], rest["Id"]]
    assert sums(invoice_of(shop, second)) == (100, 0)


def test_a_payment_needs_no_invoice_and_goes_to_undeposited_funds(shop: Shop) -> None:
    paid = shop.payment("100")

    assert ("Line" in paid, paid["UnappliedAmt"]) == (False, 100)
    assert paid["DepositToAccountRef"] == {"value": UNDEPOSITED, "name": "Undeposited Funds"}


def test_nothing_about_a_payment_is_unique(shop: Shop) -> None:
    same = {"TxnDate": "2026-07-24", "PaymentRefNum": "1042"}
    first, second = (shop.payment("10", **same) for _ in range(2))

    assert first["Id"] != second["Id"]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"TotalAmt": None}, "2020"),
        ({"CustomerRef": None}, "2020"),
        ({"CustomerRef": {"value": "99"}}, "2500"),
        ({"TotalAmt": -1}, "6000"),
        ({"TotalAmt": 1.005}, "6000"),
        ({"PaymentRefNum": "1" * 22}, "2050"),
        ({"PrivateNote": "1" * 4001}, "2050"),
        ({"PaymentMethodRef": {"value": "99"}}, "2500"),
        ({"PaymentMethodRef": {"value": "7"}}, "610"),
        ({"DepositToAccountRef": {"value": "99"}}, "2500"),
        ({"DepositToAccountRef": {"value": "45"}}, "6430"),
        ({"ProcessPayment": True}, "6000"),
        ({"CurrencyRef": {"value": "CAD"}}, "6000"),
        ({"Line": [link("99", "1")]}, "610"),
        ({"Line": [link("99", "1", "CreditMemo")]}, "2170"),
        ({"Line": [{"Amount": 1}]}, "2020"),
        ({"Line": [{"LinkedTxn": [{"TxnId": "1", "TxnType": "Invoice"}]}]}, "2020"),
        ({"Line": [{"Amount": 1, "LinkedTxn": [{"TxnId": "1"}]}]}, "2020"),
        ({"Line": [link("1", "0")]}, "6000"),
        ({"DocNumber": "7"}, "2010"),
    ],
)
def test_each_refusal_has_its_code_and_makes_nothing(
    shop: Shop, values: dict[str, Any], code: str
) -> None:
    assert shop.payment_refused("10", **values) == code
    assert shop.books.query("select count(*) from Payment")["totalCount"] == 0


def test_more_than_the_balance_is_refused_or_stays_unapplied(
    shop: Shop, control: ControlClient
) -> None:
    invoice = shop.invoice()
    assert shop.payment_refused("150", link(invoice["Id"], "100.01")) == "6000"
    assert shop.payment_refused("50", link(invoice["Id"], "60")) == "6000"
    assert invoice_of(shop, invoice) == invoice

    control.settings(overApplication="unapplied")
    paid = shop.payment("150", link(invoice["Id"], "150"))
    assert (paid["Line"][0]["Amount"], paid["UnappliedAmt"]) == (100, 50)
    assert sums(invoice_of(shop, invoice)) == (100, 0)
    assert "Line" not in shop.payment("10", link(invoice["Id"], "10"))


def test_the_id_of_another_kind_of_transaction_cannot_be_linked(
    shop: Shop, control: ControlClient
) -> None:
    invoice, paid = shop.invoice(), shop.payment("10")

    assert int(paid["Id"]) == int(invoice["Id"]) + 1
    assert shop.payment_refused("10", link(paid["Id"], "10")) == "620"
    assert shop.payment_refused("10", link(invoice["DocNumber"], "10")) == "610"
    control.settings(unknownLinkedTxn="620")
    assert shop.payment_refused("10", link(invoice["DocNumber"], "10")) == "620"


def test_a_payment_of_somebody_else_stays_unapplied_without_a_word(
    shop: Shop, control: ControlClient
) -> None:
    invoice = shop.invoice()
    other = str(shop.books.made("Customer", {"DisplayName": "Other"})["Id"])
    job_body = {"DisplayName": "Job", "Job": True, "ParentRef": {"value": shop.customer}}
    job = str(shop.books.made("Customer", job_body)["Id"])

    def unapplied(customer: str) -> int:
        paid = shop.payment("10", link(invoice["Id"], "10"), CustomerRef={"value": customer})
        return int(paid["UnappliedAmt"])

    assert (unapplied(other), unapplied(job)) == (10, 0)
    control.settings(paymentsForJobs="unapplied")
    assert (unapplied(job), unapplied(shop.customer)) == (10, 0)
    assert sums(invoice_of(shop, invoice)) == (100, 80)


# Changes


def test_updates_move_what_lies_where(shop: Shop) -> None:
    first, second = shop.invoice(), shop.invoice()
    paid = shop.payment("100", link(first["Id"], "100"))
    noted = shop.change("Payment", paid, PrivateNote="Note")
    assert (noted["Line"], noted["UnappliedAmt"]) == (paid["Line"], 0)

    moved = shop.change("Payment", noted, Line=[link(first["Id"], "30"), link(second["Id"], "70")])
    assert [sums(invoice_of(shop, row))[1] for row in (first, second)] == [70, 30]
    assert shop.change_refused("Payment", moved, TotalAmt=99) == "6000"
    assert shop.change_refused("Payment", paid, TotalAmt=100) == "5010"
    emptied = shop.change("Payment", moved, Line=[])
    assert emptied["UnappliedAmt"] == 100
    assert [sums(invoice_of(shop, row))[1] for row in (first, second)] == [100, 100]
    assert payment_ids(invoice_of(shop, first)) == []


def test_a_full_update_without_lines_takes_the_payment_off(shop: Shop) -> None:
    invoice = shop.invoice()
    paid = shop.payment("100", link(invoice["Id"], "100"), PaymentRefNum="7")
    body = {"Id": paid["Id"], "SyncToken": "0", "TotalAmt": 80}
    updated = shop.books.made("Payment", {**body, "CustomerRef": {"value": shop.customer}})

    assert (updated["UnappliedAmt"], "PaymentRefNum" in updated) == (80, False)
    assert sums(invoice_of(shop, invoice)) == (100, 100)


@pytest.mark.parametrize(
    "query", [{"operation": "void"}, {"operation": "update", "include": "void"}]
)
def test_a_voided_payment_is_worth_nothing_and_frees_its_invoice(
    shop: Shop, control: ControlClient, query: dict[str, str]
) -> None:
    invoice = shop.invoice()
    paid = shop.payment("100", link(invoice["Id"], "100"), PrivateNote="Check bounced")
    body = {"Id": paid["Id"], "SyncToken": "0", "sparse": True}
    voided = shop.books.made("Payment", body, **query)

    assert (voided["TotalAmt"], voided["UnappliedAmt"], "Line" in voided) == (0, 0, False)
    assert (voided["PrivateNote"], voided["SyncToken"]) == ("Voided - Check bounced", "1")
    now = invoice_of(shop, invoice)
    assert (sums(now), now["LinkedTxn"], now["SyncToken"]) == ((100, 100), [], "2")
    assert control.counters()["voided"] == {"Payment": 1}


def test_a_deleted_payment_frees_its_invoice(shop: Shop) -> None:
    invoice = shop.invoice()
    paid = shop.payment("100", link(invoice["Id"], "100"))
    assert shop.change_refused("Invoice", invoice_of(shop, invoice), "delete") == "6000"
    gone = shop.change("Payment", paid, "delete")

    assert gone["status"] == "Deleted"
    assert sums(invoice_of(shop, invoice)) == (100, 100)
    assert shop.change("Invoice", invoice_of(shop, invoice), "delete")["status"] == "Deleted"


def test_a_voided_invoice_lets_its_payments_go(shop: Shop) -> None:
    invoice = shop.invoice()
    other = shop.invoice()
    paid = shop.payment("150", link(invoice["Id"], "100"), link(other["Id"], "50"))
    shop.change("Invoice", invoice_of(shop, invoice), "void")
    now = shop.books.read("Payment", paid["Id"])

    assert (now["TotalAmt"], now["UnappliedAmt"], now["SyncToken"]) == (150, 100, "1")
    assert [one["LinkedTxn"][0]["TxnId"] for one in now["Line"]] == [other["Id"]]
    assert shop.payment_refused("10", link(invoice["Id"], "10")) == "6000"


def test_a_paid_invoice_keeps_its_balance_right_when_it_changes(
    shop: Shop, control: ControlClient
) -> None:
    invoice = shop.invoice()
    first = shop.payment("50", link(invoice["Id"], "50"))
    second = shop.payment("40", link(invoice["Id"], "40"))
    raised = shop.change(
        "Invoice", invoice_of(shop, invoice), Line=[{**line(shop.item, "120"), "Id": "1"}]
    )
    assert sums(raised) == (120, 30)
    less = [{**line(shop.item, "60"), "Id": "1"}]
    assert shop.change_refused("Invoice", raised, Line=less) == "6000"

    control.settings(overApplication="unapplied")
    shop.change("Invoice", raised, Line=less)
    assert sums(invoice_of(shop, invoice)) == (60, 0)
    assert [shop.books.read("Payment", row["Id"])["UnappliedAmt"] for row in (first, second)] == [
        0,
        30,
    ]
    other = str(shop.books.made("Customer", {"DisplayName": "Other"})["Id"])
    now = invoice_of(shop, invoice)
    assert shop.change_refused("Invoice", now, CustomerRef={"value": other}, Line=less) == "6000"


def test_what_is_in_a_deposit_stays_as_it_is(shop: Shop, control: ControlClient) -> None:
    invoice = shop.invoice()
    paid = shop.payment("100", link(invoice["Id"], "100"))
    order = {"realm": CEDAR_RIDGE, "payments": [paid["Id"]]}
    deposit = control.post("/deposits", order)["depositId"]
    now = shop.books.read("Payment", paid["Id"])

    assert now["LinkedTxn"] == [{"TxnId": deposit, "TxnType": "Deposit"}]
    assert now["SyncToken"] == "1"
    assert shop.change_refused("Payment", now, PrivateNote="x") == "6540"
    for operation in ("void", "delete"):
        assert shop.change_refused("Payment", now, operation) == "6540"
    control.post("/deposits", {**order, "deposited": False})
    assert shop.change("Payment", shop.books.read("Payment", paid["Id"]), "delete")


def test_closed_books_hold_for_payments_too(shop: Shop) -> None:
    paid = shop.payment("10", TxnDate="2026-03-31")
    shop.books.prefer(booksClosedUntil="2026-03-31")

    assert shop.payment_refused("10", TxnDate="2026-03-31") == "6200"
    for operation in ("", "void", "delete"):
        assert shop.change_refused("Payment", paid, operation) == "6200"


# Batches, request ids, faults, queries


def test_each_payment_of_a_batch_stands_alone_and_a_repeat_pays_once(shop: Shop) -> None:
    invoice = shop.invoice()
    entries = [
        {"bId": name, "operation": "create", "Payment": shop.payment_body("60", link(one, "60"))}
        for name, one in (("a", invoice["Id"]), ("b", invoice["Id"]), ("c", "99"))
    ]
    answered = shop.books.batch(entries, requestid="r" * 32)

    assert answered["a"]["Payment"]["UnappliedAmt"] == 0
    assert [entry_error(answered[b_id])["code"] for b_id in "bc"] == ["6000", "610"]
    assert shop.books.batch(entries, requestid="r" * 32) == answered
    assert shop.books.query("select count(*) from Payment")["totalCount"] == 1


def test_a_batch_changes_voids_and_deletes_payments(shop: Shop) -> None:
    rows = [shop.payment("10") for _ in range(3)]
    ids = [{"Id": row["Id"], "SyncToken": "0", "sparse": True} for row in rows]
    answered = shop.books.batch(
        [
            {"bId": "1", "operation": "update", "Payment": {**ids[0], "TotalAmt": 20}},
            {"bId": "2", "operation": "update", "optionsData": "void", "Payment": ids[1]},
            {"bId": "3", "operation": "delete", "Payment": ids[2]},
        ]
    )

    assert answered["1"]["Payment"]["TotalAmt"] == 20
    assert answered["2"]["Payment"]["PrivateNote"] == "Voided"
    assert answered["3"]["Payment"]["status"] == "Deleted"


def test_fault_rules_and_the_journal_know_a_payment_by_its_reference(
    shop: Shop, control: ControlClient
) -> None:
    control.fault({"type": "entryFault", "code": "6190"}, entries={"names": ["P-2"]})
    assert shop.payment_refused("10", PaymentRefNum="P-2") == "6190"
    shop.payment("10", PaymentRefNum="P-1")

    assert [one["names"] for one in control.requests(kind="write", names=1)[-2:]] == [
        ["P-2"],
        ["P-1"],
    ]


def test_queries_filter_by_what_the_reference_lists(shop: Shop) -> None:
    for number, date in enumerate(("2026-01-05", "2026-02-05", "2026-02-05")):
        shop.payment("10", PaymentRefNum=f"P{number}", TxnDate=date)

    def numbers(condition: str) -> list[str]:
        statement = f"select * from Payment where {condition} orderby Id"  # noqa: S608
        return [row["PaymentRefNum"] for row in shop.books.query(statement).get("Payment", [])]

    who = f"CustomerRef = '{shop.customer}'"
    assert numbers(f"{who} and TxnDate = '2026-02-05'") == ["P1", "P2"]
    assert numbers("PaymentRefNum in ('p0','P2')") == ["P0", "P2"]
    assert numbers("MetaData.LastUpdatedTime > '2020-01-01'") == ["P0", "P1", "P2"]
    for field in ("UnappliedAmt", "PrivateNote", "DocNumber", "TotalAmt"):
        refused = shop.books.query_refused(f"select * from Payment where {field} = '1'")  # noqa: S608
        assert refused["code"] == "4001"


def test_payment_methods_are_read_and_queried_and_not_written(shop: Shop) -> None:
    rows = shop.books.query("select * from PaymentMethod orderby Id")["PaymentMethod"]

    assert [row["Name"] for row in rows[:4]] == ["Cash", "Check", "Visa", "MasterCard"]
    assert (rows[2]["Type"], rows[0]["Type"]) == ("CREDIT_CARD", "NON_CREDIT_CARD")
    assert shop.books.read("PaymentMethod", CHECK)["Name"] == "Check"
    assert shop.books.refused("paymentmethod", {"Name": "Barter"})["code"] == "500"
    (barter,) = shop.books.plant("PaymentMethod", {"Name": "Barter"})
    assert barter["Type"] == "NON_CREDIT_CARD"
